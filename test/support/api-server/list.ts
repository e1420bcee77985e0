// Lists: pages at one resource version, and what resourceVersion, resourceVersionMatch, limit and continue mean together.
// https://kubernetes.io/docs/reference/using-api/api-concepts/#resource-versions

import { ApiError, badRequest, expired, invalid } from './api-status.ts'
import { type ClusterState, type Collection, parseRevision, requireKnown } from './cluster-state.ts'
import type { PageMeta } from './frames.ts'
import { numberOf } from './negotiation.ts'
import { type Match, matchOf } from './selectors.ts'
import type { StoredObject } from './stored-object.ts'

/** One page. */
export interface Page {
  readonly meta: PageMeta
  readonly objects: readonly StoredObject[]
}

/** What a list is taken from. */
export interface ListRequest {
  readonly state: ClusterState
  readonly collection: Collection
  /** '' is all namespaces. */
  readonly namespace: string
  readonly query: URLSearchParams
  /** The most items a page, whatever the client asks for. */
  readonly pageLimitMax: number
}

/** Where a list goes on; `revision` -1 is whatever is newest then. */
interface Place {
  readonly revision: number
  /** The key of the last object that was sent. */
  readonly after: string
}

const tooOld =
  'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.'

/** Reads a page. Throws 400, 410, 422 and 504 as ApiError. */
export function listPage(request: ListRequest): Page {
  const { state, collection, namespace, query, pageLimitMax } = request
  checkListOptions(query)
  const match = matchOf(collection.resource, {
    namespace,
    labelSelector: query.get('labelSelector') ?? '',
    fieldSelector: query.get('fieldSelector') ?? '',
  })
  const place = placeOf(request)
  // What comes from the cache (resource version 0) comes whole.
  const asked = query.get('resourceVersion') === '0' ? 0 : (numberOf(query, 'limit') ?? 0)
  const limit = Math.min(asked === 0 ? Number.POSITIVE_INFINITY : asked, pageLimitMax)
  const { revision, objects } = objectsAt(state, collection, place)
  const page = pageFrom(objects, match, { after: place.after, limit })
  const narrowed = query.get('labelSelector') || query.get('fieldSelector')
  const { rest } = page
  const last = page.objects.at(-1)
  return {
    objects: page.objects,
    meta: {
      resourceVersion: String(revision),
      continueToken: rest > 0 && last ? tokenOf({ revision, after: last.key }) : '',
      remainingItemCount: rest > 0 && !narrowed ? rest : null,
    },
  }
}

function objectsAt(state: ClusterState, collection: Collection, { revision, after }: Place) {
  const wanted = revision < 0 ? state.revision : revision
  try {
    return { revision: wanted, objects: collection.at(wanted) }
  } catch (error) {
    if (!(error instanceof ApiError) || error.code !== 410 || after === '') throw error
    throw expired(tooOld, { continueToken: tokenOf({ revision: -1, after }) })
  }
}

interface Cut {
  readonly after: string
  readonly limit: number
}

/** Up to `limit` objects after a key, and how many more there are. */
function pageFrom(sorted: readonly StoredObject[], match: Match, { after, limit }: Cut) {
  const objects: StoredObject[] = []
  let rest = 0
  for (let index = after === '' ? 0 : indexAfter(sorted, after); index < sorted.length; index++) {
    const stored = sorted[index]!
    if (!match(stored.object)) continue
    if (objects.length < limit) objects.push(stored)
    else rest++
  }
  return { objects, rest }
}

function indexAfter(sorted: readonly StoredObject[], key: string): number {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (sorted[middle]!.key > key) high = middle
    else low = middle + 1
  }
  return low
}

/** The state that is asked for: the newest unless `continue`, `resourceVersionMatch=Exact`, or a limit with a resource version say which. */
function placeOf({ state, query }: ListRequest): Place {
  const token = query.get('continue') ?? ''
  const revision = parseRevision(query.get('resourceVersion') ?? '')
  if (token !== '') {
    if (revision !== null && revision !== 0)
      throw badRequest('specifying resource version is not allowed when using continue')
    return placeOfToken(token)
  }
  if (revision === null || revision === 0) return { revision: state.revision, after: '' }
  requireKnown(state, revision)
  const match = query.get('resourceVersionMatch') ?? ''
  const exact = match === 'Exact' || (match === '' && (numberOf(query, 'limit') ?? 0) > 0)
  return { revision: exact ? revision : state.revision, after: '' }
}

/** As Kubernetes' own tokens: JSON in base64url. */
function tokenOf({ revision, after }: Place): string {
  return Buffer.from(JSON.stringify({ v: 'meta.k8s.io/v1', rv: revision, start: `${after}\0` })).toString('base64url')
}

function placeOfToken(token: string): Place {
  try {
    const { v, rv, start } = JSON.parse(Buffer.from(token, 'base64url').toString()) as Record<string, unknown>
    if (v === 'meta.k8s.io/v1' && typeof rv === 'number' && typeof start === 'string')
      return { revision: rv, after: start.slice(0, -1) }
  } catch {
    // Not JSON: no token of ours.
  }
  throw badRequest('continue key is not valid')
}

/** Combinations of options that Kubernetes refuses. */
function checkListOptions(query: URLSearchParams): void {
  const match = query.get('resourceVersionMatch') ?? ''
  const revision = query.get('resourceVersion') ?? ''
  const faults: string[] = []
  if (query.has('sendInitialEvents'))
    faults.push('sendInitialEvents: Forbidden: sendInitialEvents is forbidden for list')
  if (match !== '') {
    const forbidden = 'resourceVersionMatch: Forbidden: resourceVersionMatch'
    if (revision === '') faults.push(`${forbidden} is forbidden unless resourceVersion is provided`)
    if ((query.get('continue') ?? '') !== '') faults.push(`${forbidden} is forbidden when continue is provided`)
    if (match !== 'Exact' && match !== 'NotOlderThan')
      faults.push(`resourceVersionMatch: Unsupported value: "${match}": supported values: "Exact", "NotOlderThan", ""`)
    if (match === 'Exact' && revision === '0') faults.push(`${forbidden} "exact" is forbidden for resourceVersion "0"`)
  }
  if (faults.length > 0) throw invalid('ListOptions.meta.k8s.io', '', faults)
}
