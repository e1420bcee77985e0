// The zones of a folder as a serving thread has them. A zone counts from when it is built whole; what is answered also rests on which zones there are, because one that comes
// takes names from the one above it.

import { Name } from '../../wire/name.ts'
import type { Host } from '../plugin.ts'
import { ServedZone } from '../served-zone.ts'
import { Versioned } from '../version.ts'
import { type TransferSource, transferable } from '../zone-transfer.ts'
import type { DirectoryBatch } from './zone-directory.ts'

/** Every zone of one `auto`. */
export class ServedZones implements TransferSource {
  readonly #host: Host
  /** By key of the origin: all, and those that are built. */
  readonly #known = new Map<string, ServedZone>()
  readonly #built = new Map<string, ServedZone>()
  /** Raised when a zone comes or goes. */
  readonly #census = new Versioned()
  #told: (apex: Name, serial: number) => void = () => {}

  constructor(host: Host) {
    this.#host = host
  }

  /** Stands as long as the same zones are there. */
  get census(): Versioned {
    return this.#census
  }

  receive({ zones }: DirectoryBatch): void {
    for (const { origin, records } of zones) {
      if (records) this.#take(Name.parse(origin), records)
      else this.#drop(Name.parse(origin))
    }
  }

  /** The zone that a name belongs to: the longest. */
  find(name: Name): ServedZone | null {
    for (let count = 0; count <= name.labelCount; count++) {
      const zone = this.#built.get(name.suffixKey(count))
      if (zone) return zone
    }
    return null
  }

  open(apex: Name): ReturnType<TransferSource['open']> {
    const zone = this.#known.get(apex.key)
    if (!zone) return null
    return zone.zone ? transferable(zone.zone) : 'unready'
  }

  watch(changed: (apex: Name, serial: number) => void): void {
    this.#told = changed
    for (const { zone } of this.#built.values()) if (zone) changed(zone.origin, zone.serial)
  }

  #take(origin: Name, records: Uint8Array): void {
    const { key } = origin
    const known = this.#known.get(key)
    const served = known ?? new ServedZone(origin, this.#host)
    if (!known) {
      this.#known.set(key, served)
      served.watch(({ serial }) => {
        if (this.#known.get(key) !== served) return
        if (this.#built.get(key) !== served) {
          this.#built.set(key, served)
          this.#census.changed()
        }
        this.#told(origin, serial)
      })
    }
    served.receive(records)
  }

  #drop({ key }: Name): void {
    this.#known.delete(key)
    if (this.#built.delete(key)) this.#census.changed()
  }
}
