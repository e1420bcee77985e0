// The paths that are asked of an API server: lists by pages, watches, and watches that begin with all there is (WatchList).
// https://kubernetes.io/docs/reference/using-api/api-concepts/

import { pathOf, type Resource } from '../resources.ts'

/** What is asked for: a resource in all namespaces, selected. */
export interface Selection {
  readonly resource: Resource
  /** Label selector of the Corefile; '' for none. */
  readonly labels: string
}

/** A page of a list; `limit` 0 asks for all at once. */
export function listPath(selection: Selection, limit: number, continueToken = ''): string {
  const query = selectors(selection)
  if (limit > 0) query.set('limit', String(limit))
  if (continueToken !== '') query.set('continue', continueToken)
  return `${pathOf(selection.resource)}?${query}`
}

/** Changes since a version. */
export function watchPath(selection: Selection, resourceVersion: string, timeoutSeconds: number): string {
  const query = selectors(selection)
  query.set('watch', '1')
  query.set('allowWatchBookmarks', 'true')
  query.set('resourceVersion', resourceVersion)
  query.set('timeoutSeconds', String(timeoutSeconds))
  return `${pathOf(selection.resource)}?${query}`
}

/** Everything there is as of now, then the changes. */
export function watchListPath(selection: Selection, timeoutSeconds: number): string {
  const query = selectors(selection)
  query.set('watch', '1')
  query.set('sendInitialEvents', 'true')
  query.set('resourceVersionMatch', 'NotOlderThan')
  query.set('allowWatchBookmarks', 'true')
  query.set('timeoutSeconds', String(timeoutSeconds))
  return `${pathOf(selection.resource)}?${query}`
}

function selectors({ resource, labels }: Selection): URLSearchParams {
  const query = new URLSearchParams()
  const labelSelector = [labels, resource.labelSelector].filter((each) => each !== '').join(',')
  if (labelSelector !== '') query.set('labelSelector', labelSelector)
  if (resource.fieldSelector !== '') query.set('fieldSelector', resource.fieldSelector)
  return query
}
