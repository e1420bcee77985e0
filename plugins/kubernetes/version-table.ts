// Versions of data that is too small or too much to have one each: endpoint names, addresses, and whatever does not exist (yet). Each key falls into one of a fixed
// number of slots; a change raises its slot. Bounded whatever is asked; two keys in one slot cost an answer made again now and then, never a stale one.

import { type Version, Versioned } from '../version.ts'
import { versionSlots } from './limits.ts'

/** Versions by key. */
export class VersionTable {
  #slots: (Versioned | undefined)[] | null = null

  /** True if nobody ever asked: no change needs to be told. */
  get idle(): boolean {
    return this.#slots === null
  }

  /** Stands until `key` (or a stranger in its slot) changes. */
  version(key: string): Version {
    const slot = slotOf(key)
    this.#slots ??= new Array(versionSlots)
    this.#slots[slot] ??= new Versioned()
    return this.#slots[slot].version
  }

  changed(key: string): void {
    this.#slots?.[slotOf(key)]?.changed()
  }
}

/** FNV-1a, folded to the table's size. */
function slotOf(key: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193)
  return (hash ^ (hash >>> 16)) & (versionSlots - 1)
}
