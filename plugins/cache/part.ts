// One part of the cache, success or denial: entries by key, bounded by number and by octets. What was not asked for longest goes first.

import { LRUCache } from 'lru-cache'
import type { Entry } from './entry.ts'
import { bytesPerEntry, partBytesMax } from './limits.ts'

/** A bounded store. */
export class Part {
  readonly #entries: LRUCache<string, Entry>
  readonly #capacity: number
  #evicted = 0

  /** `bytes` bounds the memory in octets, by estimate. */
  constructor(capacity: number, bytes: number = Math.min(capacity * bytesPerEntry, partBytesMax)) {
    this.#capacity = capacity
    // Counted here and not by lru-cache's `max`, which takes memory for the whole capacity at once.
    this.#entries = new LRUCache({
      maxSize: bytes,
      sizeCalculation: (entry, key) => entry.bytes + 2 * key.length,
      dispose: (_entry, _key, reason) => {
        if (reason === 'evict') this.#evicted++
      },
    })
  }

  get size(): number {
    return this.#entries.size
  }

  get(key: string): Entry | undefined {
    return this.#entries.get(key)
  }

  delete(key: string): void {
    this.#entries.delete(key)
  }

  /** Keeps `entry`; returns how many others had to go. */
  set(key: string, entry: Entry): number {
    this.#evicted = 0
    this.#entries.set(key, entry)
    while (this.#entries.size > this.#capacity) this.#entries.pop()
    return this.#evicted
  }
}
