// Writes: create, replace, patch, delete, as the handlers of an API server do them: checks, defaults, one new revision, or none if nothing changed.

import { randomUUID } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import { parse as parseYaml } from 'yaml'
import { ApiError, alreadyExists, badRequest, conflict, invalid, notFound } from './api-status.ts'
import type { ClusterState, Collection } from './cluster-state.ts'
import { ServiceAddresses, withDefaults } from './defaults.ts'
import { isJsonObject, type JsonObject, type KubernetesObject, objectAt, textAt, without } from './kubernetes-object.ts'
import { jsonPatch, mergePatch } from './patch.ts'
import { type ApiResource, apiVersionOf, resourceOf } from './resource-table.ts'
import { StoredObject } from './stored-object.ts'
import { applyConfiguration, strategicMergePatch } from './strategic-merge.ts'

/** Which object a write is about. */
export interface Target {
  readonly resource: ApiResource
  /** '' for objects of the whole cluster. */
  readonly namespace: string
  readonly name: string
  readonly subresource: '' | 'status'
  /** Check everything, change nothing. */
  readonly dryRun: boolean
}

/** A patch as it came. */
export interface Patch {
  /** Media type without parameters. */
  readonly type: string
  readonly body: Buffer
  /** Who applies (server-side apply only). */
  readonly fieldManager: string
}

const patchTypes = {
  json: 'application/json-patch+json',
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  apply: 'application/apply-patch+yaml',
}

const dnsName = /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/
const serviceName = /^[a-z]([-a-z0-9]*[a-z0-9])?$/

/** Writes to one cluster state. */
export class Writer {
  readonly #state: ClusterState
  readonly #wall: () => number
  readonly #addresses: ServiceAddresses
  /** What each manager applied to an object, by uid and manager. */
  readonly #applied = new Map<string, JsonObject>()

  /** `wall` in milliseconds since 1970. */
  constructor(state: ClusterState, wall: () => number) {
    this.#state = state
    this.#wall = wall
    this.#addresses = new ServiceAddresses(state.collection(resourceOf('services')))
  }

  /** A new object from what a client sent. Throws 400, 404 (no such namespace), 409 and 422. */
  create(target: Target, body: KubernetesObject): StoredObject {
    const { resource, namespace, dryRun } = target
    const named = this.#named(target, body)
    const { name } = named.metadata
    if (resource.namespaced && !this.#collection(resourceOf('namespaces')).get(namespace))
      throw notFound(resourceOf('namespaces'), namespace)
    const clean = resource.statusSubresource ? without(named, 'status') : named
    const metadata = {
      ...without(clean.metadata, 'deletionTimestamp', 'resourceVersion'),
      uid: randomUUID(),
      creationTimestamp: this.#now(),
    }
    const object = this.#defaulted({ ...clean, metadata } as KubernetesObject, null)
    if (this.#collection(resource).get(keyOf({ resource, namespace, name }))) throw alreadyExists(resource, name)
    return this.#commit(resource, object, dryRun)
  }

  /** Puts an object in another's place. Throws as create, and 409 if it was changed since the client read it. */
  replace(target: Target, body: KubernetesObject): StoredObject {
    const known = this.#known(target)
    if (body.metadata.name !== target.name)
      throw badRequest('the name of the object does not match the name on the URL')
    return this.#update(target, known, this.#named(target, body))
  }

  /** Changes an object; server-side apply makes it if it isn't there. `created` tells which it was. Throws 400, 404, 409, 415 and 422. */
  patch(target: Target, patch: Patch): { stored: StoredObject; created: boolean } {
    const { resource, name } = target
    if (patch.type === patchTypes.apply) return this.#apply(target, patch)
    const known = this.#known(target)
    const body = parseBody(patch.body)
    const result = this.#patched(known, patch.type, body)
    if (!isJsonObject(result) || !isJsonObject(result.metadata)) throw badRequest('the patch leaves no object')
    const object = result as KubernetesObject
    if (object.metadata.name !== name) throw invalid(resource.kind, name, ['metadata.name: field is immutable'])
    return { stored: this.#update(target, known, object), created: false }
  }

  /** Removes an object, and with a namespace all that is in it. Throws 404 and 409 (preconditions). */
  delete(target: Target, options: JsonObject = {}): StoredObject {
    const known = this.#known(target)
    const { uid, resourceVersion } = objectAt(options, 'preconditions')
    const { metadata } = known.object
    for (const [wanted, found, what] of [
      [uid, metadata.uid, 'UID'],
      [resourceVersion, metadata.resourceVersion, 'ResourceVersion'],
    ] as const) {
      if (wanted !== undefined && wanted !== found)
        throw conflict(
          target.resource,
          target.name,
          `Precondition failed: ${what} in precondition: ${String(wanted)}, ${what} in object meta: ${found}`,
        )
    }
    if (target.dryRun) return known
    return this.remove(known)
  }

  /** Removes a stored object without questions. */
  remove(known: StoredObject): StoredObject {
    const { resource, key, object } = known
    if (resource.plural !== 'namespaces') return this.#state.remove(resource, key) ?? known
    const leaving = {
      ...object,
      metadata: { ...object.metadata, deletionTimestamp: this.#now() },
      status: { ...objectAt(object, 'status'), phase: 'Terminating' },
    }
    const last = this.#state.put(resource, leaving)
    for (const each of this.#state.resources().filter(({ namespaced }) => namespaced)) {
      const collection = this.#collection(each)
      for (const inside of [...collection.values()]) {
        if (inside.object.metadata.namespace === object.metadata.name) this.#state.remove(each, inside.key)
      }
    }
    this.#state.remove(resource, key)
    return last
  }

  /** Puts an object in as it is (test data): only uid, creation time and revision are given to it if it has none. No change, no revision. */
  put(resource: ApiResource, object: KubernetesObject): StoredObject {
    const namespace = resource.namespaced ? (object.metadata.namespace ?? 'default') : ''
    const { name } = object.metadata
    const known = this.#collection(resource).get(keyOf({ resource, namespace, name }))
    const metadata = {
      ...object.metadata,
      ...(namespace !== '' && { namespace }),
      uid: object.metadata.uid ?? known?.object.metadata.uid ?? randomUUID(),
      creationTimestamp: object.metadata.creationTimestamp ?? known?.object.metadata.creationTimestamp ?? this.#now(),
    }
    const whole = { ...object, metadata }
    return known && sameState(known.object, whole) ? known : this.#state.put(resource, whole)
  }

  #collection(resource: ApiResource): Collection {
    return this.#state.collection(resource)
  }

  #known(target: Target): StoredObject {
    const known = this.#collection(target.resource).get(keyOf(target))
    if (!known) throw notFound(target.resource, target.name)
    return known
  }

  #now(): string {
    return new Date(this.#wall()).toISOString().replace(/\.\d+Z$/, 'Z')
  }

  /** Checks type, namespace and name, and fills them in. */
  #named({ resource, namespace }: Target, body: KubernetesObject): KubernetesObject {
    const apiVersion = apiVersionOf(resource)
    if (body.kind !== resource.kind || body.apiVersion !== apiVersion)
      throw badRequest(
        `the object provided is unrecognized (must be of type ${resource.kind}): got ${body.apiVersion} ${body.kind}`,
      )
    const { metadata } = body
    const given = metadata.namespace ?? ''
    if (resource.namespaced && given !== '' && given !== namespace)
      throw badRequest(`the namespace of the provided object does not match the namespace sent on the request`)
    const prefix = textAt(metadata, 'generateName')
    const name = metadata.name || (prefix === '' ? '' : prefix + randomUUID().slice(0, 5))
    if (name === '')
      throw invalid(resource.kind, '', ['metadata.name: Required value: name or generateName is required'])
    const format = resource.kind === 'Service' ? serviceName : dnsName
    if (!format.test(name) || name.length > 253)
      throw invalid(resource.kind, name, [
        `metadata.name: Invalid value: "${name}": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character`,
      ])
    return { ...body, metadata: { ...metadata, name, ...(resource.namespaced && { namespace }) } }
  }

  #defaulted(object: KubernetesObject, before: KubernetesObject | null): KubernetesObject {
    return withDefaults(object, before, this.#addresses)
  }

  #update({ resource, subresource, dryRun }: Target, known: StoredObject, body: KubernetesObject): StoredObject {
    const before = known.object
    const { resourceVersion } = body.metadata
    if (resourceVersion !== undefined && resourceVersion !== '' && resourceVersion !== before.metadata.resourceVersion)
      throw conflict(resource, known.object.metadata.name)
    if (body.metadata.uid !== undefined && body.metadata.uid !== before.metadata.uid)
      throw conflict(
        resource,
        before.metadata.name,
        'Precondition failed: UID in precondition: other, UID in object meta: this',
      )
    const kept = ['uid', 'creationTimestamp', 'deletionTimestamp', 'name', 'namespace']
    const own = Object.fromEntries(Object.entries(before.metadata).filter(([field]) => kept.includes(field)))
    const metadata = { ...without(body.metadata, ...kept), ...own, name: before.metadata.name }
    let object: KubernetesObject
    if (subresource === 'status') object = { ...before, status: body.status }
    else {
      const status = resource.statusSubresource ? before.status : body.status
      object = this.#defaulted({ ...body, metadata, status }, before)
    }
    if (sameState(before, object)) return known
    return this.#commit(resource, object, dryRun)
  }

  #patched(known: StoredObject, type: string, body: unknown): unknown {
    const { resource, object } = known
    if (type === patchTypes.json) return jsonPatch(object, body)
    if (!isJsonObject(body)) throw badRequest('a patch is an object')
    if (type === patchTypes.merge) return mergePatch(object, body)
    if (type === patchTypes.strategic && !resource.custom) return strategicMergePatch(object, body, resource.merges)
    const types = resource.custom ? [patchTypes.json, patchTypes.merge, patchTypes.apply] : Object.values(patchTypes)
    throw new ApiError(
      415,
      'UnsupportedMediaType',
      `the body of the request was in an unknown format - accepted media types include: ${types.join(', ')}`,
    )
  }

  #apply(target: Target, { body, fieldManager }: Patch): { stored: StoredObject; created: boolean } {
    const { resource, name } = target
    if (fieldManager === '')
      throw invalid('PatchOptions.meta.k8s.io', '', ['fieldManager: Required value: is required for apply patch'])
    const applied = parseBody(body)
    if (!isJsonObject(applied) || !isJsonObject(applied.metadata)) throw badRequest('an apply patch is a whole object')
    const configuration = applied as KubernetesObject
    const known = this.#collection(resource).get(keyOf(target))
    let stored: StoredObject
    if (known) {
      const before = this.#applied.get(`${known.object.metadata.uid} ${fieldManager}`) ?? {}
      const { live, merges } = { live: known.object, merges: resource.merges }
      const merged = applyConfiguration({ live, before, applied: configuration, merges }) as KubernetesObject
      stored = this.#update(target, known, { ...merged, metadata: without(merged.metadata, 'resourceVersion') })
    } else {
      stored = this.create(target, { ...configuration, metadata: { ...configuration.metadata, name } })
    }
    if (!target.dryRun) this.#applied.set(`${stored.object.metadata.uid} ${fieldManager}`, configuration)
    return { stored, created: !known }
  }

  #commit(resource: ApiResource, object: KubernetesObject, dryRun: boolean): StoredObject {
    return dryRun ? new StoredObject(resource, object, this.#state.revision) : this.#state.put(resource, object)
  }
}

/** The key of an object in its collection. */
export const keyOf = ({ resource, namespace, name }: Pick<Target, 'resource' | 'namespace' | 'name'>): string =>
  resource.namespaced ? `${namespace}/${name}` : name

/** JSON or YAML; throws ApiError 400. */
export function parseBody(body: Buffer): unknown {
  const text = body.toString()
  try {
    return /^\s*[[{]/.test(text) ? JSON.parse(text) : parseYaml(text)
  } catch (error) {
    throw badRequest(`couldn't read the body: ${error instanceof Error ? error.message : String(error)}`)
  }
}

/** Equal but for the resource version. */
function sameState(one: KubernetesObject, other: KubernetesObject): boolean {
  const bare = (object: KubernetesObject) =>
    JSON.parse(JSON.stringify({ ...object, metadata: without(object.metadata, 'resourceVersion') }))
  return isDeepStrictEqual(bare(one), bare(other))
}
