// Paths: which resource, namespace, object and subresource a request is about, and by which verb.

import type { Verb } from './access.ts'
import { methodNotAllowed } from './api-status.ts'
import { switchOf } from './negotiation.ts'
import { type ApiResource, apiResources } from './resource-table.ts'

/** What a request is about. */
export interface Route {
  readonly resource: ApiResource
  readonly verb: Verb
  /** '' for all namespaces and for objects of the whole cluster. */
  readonly namespace: string
  /** '' for lists, watches and new objects. */
  readonly name: string
  readonly subresource: '' | 'status'
}

const path = /^\/(?:api\/(?<core>[^/]+)|apis\/(?<group>[^/]+)\/(?<version>[^/]+))(?<rest>\/.*)$/

/** Null for paths that are no resource's; throws 405 for methods that a resource doesn't know. */
export function routeOf(method: string, url: URL): Route | null {
  const found = path.exec(url.pathname)?.groups
  if (!found) return null
  const [group, version] = [found.group ?? '', found.core ?? found.version ?? '']
  const parts = found.rest!.slice(1).split('/').map(decodeURIComponent)
  // `namespaces/NAME` alone is an object; with more behind it, it is where that is.
  const isScoped = parts[0] === 'namespaces' && parts.length > 2 && parts[2] !== 'status'
  const [, namespace = ''] = isScoped ? parts : []
  const [plural = '', name = '', subresource = '', ...more] = isScoped ? parts.slice(2) : parts
  const resource = apiResources.find((row) => row.plural === plural && row.group === group && row.version === version)
  if (!resource || more.length > 0 || (isScoped && !resource.namespaced)) return null
  // Lists go over all namespaces; an object has one.
  if (resource.namespaced && namespace === '' && name !== '') return null
  if (subresource !== '' && !(subresource === 'status' && resource.statusSubresource)) return null
  const verb = verbOf(method, name !== '', switchOf(url.searchParams, 'watch'))
  return { resource, verb, namespace, name, subresource: subresource === 'status' ? 'status' : '' }
}

function verbOf(method: string, named: boolean, watch: boolean): Verb {
  switch (method) {
    case 'GET':
    case 'HEAD':
      if (named) return 'get'
      return watch ? 'watch' : 'list'
    case 'POST':
      if (named) throw methodNotAllowed()
      return 'create'
    case 'DELETE':
      return named ? 'delete' : 'deletecollection'
    case 'PUT':
      if (!named) throw methodNotAllowed()
      return 'update'
    case 'PATCH':
      if (!named) throw methodNotAllowed()
      return 'patch'
    default:
      throw methodNotAllowed()
  }
}
