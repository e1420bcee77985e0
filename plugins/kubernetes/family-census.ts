// Counts the addresses of each family, so that a cluster that becomes dual-stack, or is no longer, is noticed at once.

import { type Version, Versioned } from '../version.ts'

/** Addresses by family. */
export class FamilyCensus {
  readonly #changes = new Versioned()
  #v4 = 0
  #v6 = 0

  get v4(): boolean {
    return this.#v4 > 0
  }

  get v6(): boolean {
    return this.#v6 > 0
  }

  /** Stands until the first address of a family comes or its last one goes. */
  get version(): Version {
    return this.#changes.version
  }

  /** `octets` is the length of the addresses, 4 or 16; what goes is counted negative. */
  add(octets: number, count: number): void {
    if (count === 0) return
    const before = octets === 4 ? this.#v4 : this.#v6
    const after = before + count
    if (octets === 4) this.#v4 = after
    else this.#v6 = after
    if (before > 0 !== after > 0) this.#changes.changed()
  }
}
