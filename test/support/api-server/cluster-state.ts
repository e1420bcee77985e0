// What the API server knows: every object, one resource version for all, and for each resource the log of its changes, from which watches go on and old pages are read.
//
//   revision 101   102        103       104
//   log      ADDED MODIFIED   DELETED   ADDED       each change holds the state before and after it
//            └─ compacted ─┘  └── watches from 103 on, lists at 103 or 104

import { ApiError, expired } from './api-status.ts'
import type { KubernetesObject } from './kubernetes-object.ts'
import { type ApiResource, apiResources } from './resource-table.ts'
import { StoredObject } from './stored-object.ts'

/** One change of one object. */
export interface Change {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'
  readonly revision: number
  /** The state after it; of a deleted object its last one, with the revision of the deletion. */
  readonly object: StoredObject
  readonly before: StoredObject | null
}

/** Changes that are kept for each resource unless told otherwise. */
const historyMax = 20_000

/** How the state begins. */
export interface StateOptions {
  /** The resource version before the first change (default 100). A server that was set up anew from a backup begins lower than it ended. */
  readonly firstRevision?: number | undefined
  /** Changes that are kept for each resource (default 20,000); older ones are compacted. */
  readonly historyMax?: number | undefined
}

/** All resources and their common counter. */
export class ClusterState {
  #revision: number
  readonly #collections: ReadonlyMap<ApiResource, Collection>

  constructor({ firstRevision = 100, historyMax: max = historyMax }: StateOptions = {}) {
    this.#revision = firstRevision
    this.#collections = new Map(
      apiResources.map((resource) => [resource, new Collection(resource, firstRevision, max)]),
    )
  }

  /** Of the latest change of anything. */
  get revision(): number {
    return this.#revision
  }

  resources(): readonly ApiResource[] {
    return [...this.#collections.keys()]
  }

  collection(resource: ApiResource): Collection {
    return this.#collections.get(resource)!
  }

  /** Adds or replaces; the object's resourceVersion is the new revision. */
  put(resource: ApiResource, object: KubernetesObject): StoredObject {
    const stored = new StoredObject(resource, object, ++this.#revision)
    this.collection(resource).put(stored)
    return stored
  }

  /** Removes what `key` names; null if it isn't there. */
  remove(resource: ApiResource, key: string): StoredObject | null {
    const collection = this.collection(resource)
    const known = collection.get(key)
    if (!known) return null
    const last = new StoredObject(resource, known.object, ++this.#revision)
    collection.remove(known, last)
    return last
  }

  /** Forgets how any present state came about: older resource versions and continue tokens are gone. */
  compact(): void {
    for (const collection of this.#collections.values()) collection.compact(this.#revision)
  }
}

/** The objects of one resource. */
export class Collection {
  readonly resource: ApiResource
  readonly #objects = new Map<string, StoredObject>()
  readonly #historyMax: number
  #log: Change[] = []
  /** Of the last change that the log has no more. */
  #compacted: number
  #latest: number
  #sorted: { revision: number; objects: readonly StoredObject[] } | null = null
  readonly #listeners = new Set<(change: Change) => void>()

  constructor(resource: ApiResource, revision: number, max: number) {
    this.resource = resource
    this.#historyMax = max
    this.#compacted = revision
    this.#latest = revision
  }

  get(key: string): StoredObject | undefined {
    return this.#objects.get(key)
  }

  get size(): number {
    return this.#objects.size
  }

  values(): Iterable<StoredObject> {
    return this.#objects.values()
  }

  put(stored: StoredObject): void {
    const before = this.#objects.get(stored.key) ?? null
    this.#objects.set(stored.key, stored)
    this.#note({ type: before ? 'MODIFIED' : 'ADDED', revision: stored.revision, object: stored, before })
  }

  remove(known: StoredObject, last: StoredObject): void {
    this.#objects.delete(known.key)
    this.#note({ type: 'DELETED', revision: last.revision, object: last, before: known })
  }

  /** Calls `listener` with every later change, before the request that made it is answered. */
  listen(listener: (change: Change) => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  /** The changes after a revision; throws 410 if some of them are compacted. */
  since(revision: number): readonly Change[] {
    if (revision < this.#compacted) throw expired(`too old resource version: ${revision} (${this.#compacted})`)
    return this.#log.slice(firstAfter(this.#log, revision))
  }

  /** All objects in the order of their keys, as they were at a revision; throws 410 if it is compacted. */
  at(revision: number): readonly StoredObject[] {
    const wanted = Math.min(revision, this.#latest)
    if (revision < this.#compacted) throw expired('The resourceVersion for the provided list is too old.')
    if (this.#sorted?.revision === wanted) return this.#sorted.objects
    const objects = new Map(this.#objects)
    const later = this.#log.slice(firstAfter(this.#log, wanted))
    for (const { object, before } of later.toReversed()) {
      if (before) objects.set(object.key, before)
      else objects.delete(object.key)
    }
    const sorted = [...objects.values()].sort((a, b) => (a.key < b.key ? -1 : 1))
    this.#sorted = { revision: wanted, objects: sorted }
    return sorted
  }

  compact(revision: number): void {
    this.#compacted = revision
    this.#log = this.#log.slice(firstAfter(this.#log, revision))
  }

  #note(change: Change): void {
    this.#latest = change.revision
    this.#log.push(change)
    // Cut in big steps: cutting a long array at every change costs more than the memory.
    if (this.#log.length > 2 * this.#historyMax) this.compact(this.#log.at(-this.#historyMax - 1)!.revision)
    for (const listener of [...this.#listeners]) listener(change)
  }
}

/** Index of the first change after a revision, in a log that is in order. */
function firstAfter(log: readonly Change[], revision: number): number {
  let low = 0
  let high = log.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (log[middle]!.revision > revision) high = middle
    else low = middle + 1
  }
  return low
}

/** A resource version as a number; '' is null. Throws 500 for anything else, as the real one does. */
export function parseRevision(text: string): number | null {
  if (text === '') return null
  if (!/^\d{1,15}$/.test(text))
    throw new ApiError(
      500,
      '',
      `resourceVersion: Invalid value: "${text}": strconv.ParseUint: parsing "${text}": invalid syntax`,
    )
  return Number(text)
}

/** Refuses a revision that has not come yet. */
export function requireKnown(state: ClusterState, revision: number): void {
  if (revision <= state.revision) return
  throw new ApiError(504, 'Timeout', `Timeout: Too large resource version: ${revision}, current: ${state.revision}`, {
    details: {
      causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
      retryAfterSeconds: 1,
    },
    retryAfterSeconds: 1,
  })
}
