// The state of the cluster as its source last told it, and the feed of changes to it. A watch applies events, a list (or a directory of manifests read again) replaces
// whole kinds: either way what goes out is the difference in what DNS can show, so a list of 10,000 unchanged objects is no change at all and never a moment without them.

import { type ClusterObject, keyOf, type ObjectName, sameObject } from './objects.ts'

/** What changed, in one go. Plain data: it is copied into every serving thread. */
export interface ChangeBatch {
  readonly upserts: readonly ClusterObject[]
  readonly deletes: readonly ObjectName[]
  /** Unix seconds of the last change that DNS shows; 0 before the first. */
  readonly serial: number
  /** Every kind that is needed has been listed: what is not here does not exist. */
  readonly synced: boolean
}

/** Holds the current objects and turns news about them into batches. */
export class ObjectStore {
  readonly #objects = new Map<string, ClusterObject>()
  readonly #wall: () => number
  #serial = 0
  #synced = false

  /** `wall` gives milliseconds since 1970. */
  constructor(wall: () => number) {
    this.#wall = wall
  }

  /** Everything, for who joins now. */
  snapshot(): ChangeBatch {
    return { upserts: [...this.#objects.values()], deletes: [], serial: this.#serial, synced: this.#synced }
  }

  /** Every kind has been listed once; null if that was known. */
  markSynced(): ChangeBatch | null {
    if (this.#synced) return null
    this.#synced = true
    return { upserts: [], deletes: [], serial: this.#serial, synced: true }
  }

  /** Objects that were added, changed or deleted; null if DNS shows no difference. */
  apply(upserts: Iterable<ClusterObject>, deletes: Iterable<ObjectName>): ChangeBatch | null {
    const changed: ClusterObject[] = []
    const gone: ObjectName[] = []
    let relevant = false
    for (const object of upserts) {
      const key = keyOf(object)
      const before = this.#objects.get(key)
      if (before && sameObject(before, object)) continue
      this.#objects.set(key, object)
      changed.push(object)
      relevant ||= isRelevant(before, object)
    }
    for (const { kind, namespace, name } of deletes) {
      if (!this.#objects.delete(keyOf({ kind, namespace, name }))) continue
      gone.push({ kind, namespace, name })
      relevant = true
    }
    if (changed.length === 0 && gone.length === 0) return null
    if (relevant) this.#serial = Math.floor(this.#wall() / 1000)
    return { upserts: changed, deletes: gone, serial: this.#serial, synced: this.#synced }
  }

  /** `objects` are all there are now of `kinds`; null if DNS shows no difference. */
  replace(kinds: ReadonlySet<ClusterObject['kind']>, objects: Iterable<ClusterObject>): ChangeBatch | null {
    const listed = new Map([...objects].map((object) => [keyOf(object), object]))
    const gone = [...this.#objects].filter(([key, { kind }]) => kinds.has(kind) && !listed.has(key))
    return this.apply(
      listed.values(),
      gone.map(([, object]) => object),
    )
  }
}

/** Records of pods show only their address; their labels are for metadata, so no secondary needs to hear of them. */
function isRelevant(before: ClusterObject | undefined, after: ClusterObject): boolean {
  if (before?.kind !== 'Pod' || after.kind !== 'Pod') return true
  return before.address !== after.address
}
