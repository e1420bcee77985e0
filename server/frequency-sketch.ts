// Remembers which keys were asked lately, in a fixed quarter of a megabyte: each key has one place, and the last key that fell there is remembered by its hash.
// Unlike a Bloom filter it fills up without ever claiming to know strangers: a flood of new names is taken for known once in 65,536 times.

import { sketchPlaces } from './limits.ts'

/** Says whether a key was seen within about the last `places` other keys. */
export class FrequencySketch {
  readonly #last: Uint32Array

  /** `places` must be a power of two. */
  constructor(places = sketchPlaces) {
    this.#last = new Uint32Array(places)
  }

  /** Notes `key`; true if it had been noted before and nothing has taken its place. */
  seenBefore(key: string): boolean {
    const hash = hashOf(key)
    const place = hash & (this.#last.length - 1)
    if (this.#last[place] === hash) return true
    this.#last[place] = hash
    return false
  }
}

// FNV-1a; 0 marks an empty place.
function hashOf(key: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193)
  return hash >>> 0 || 1
}
