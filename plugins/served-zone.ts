// A zone as a serving thread has it, for *file* and *auto*: the latest data that was completely built, and the version that every answer from it depends on.

import type { Name } from '../wire/name.ts'
import { readRecords } from '../zones/record-stream.ts'
import type { Zone } from '../zones/zone.ts'
import { ZoneBuilder } from '../zones/zone-builder.ts'
import type { Host } from './plugin.ts'
import { Versioned } from './version.ts'

/** Records added before the thread may look at its queries again. */
const recordsAPiece = 16

/** One zone of a serving thread. */
export class ServedZone {
  readonly origin: Name
  readonly versioned = new Versioned()
  readonly #host: Host
  #zone: Zone | null = null
  #bytes: Uint8Array | null = null
  /** Told of each version of the zone. */
  #changed: (zone: Zone) => void = () => {}

  constructor(origin: Name, host: Host) {
    this.origin = origin
    this.#host = host
  }

  /** Null until its file could be read. */
  get zone(): Zone | null {
    return this.#zone
  }

  /** Calls `changed` with the zone as it is, if it is there, and with each version that comes. */
  watch(changed: (zone: Zone) => void): void {
    this.#changed = changed
    if (this.#zone) changed(this.#zone)
  }

  /** Takes new data: built beside the old in small pieces, then swapped in whole. Null: the file is not there yet. */
  receive(bytes: Uint8Array | null): void {
    if (!bytes) return
    this.#bytes = bytes
    let built: Zone | null = null
    const steps = build(this.origin, bytes, (zone) => {
      built = zone
    })
    this.#host.inPieces(steps, () => {
      // Newer data may have come meanwhile, and need not have been finished later.
      if (this.#bytes !== bytes) return
      this.#zone = built
      this.versioned.changed()
      if (built) this.#changed(built)
    })
  }
}

function* build(origin: Name, bytes: Uint8Array, done: (zone: Zone) => void): Generator<void> {
  const builder = new ZoneBuilder(origin)
  let added = 0
  for (const record of readRecords(bytes)) {
    builder.add(record)
    if (++added % recordsAPiece === 0) yield
  }
  done(yield* builder.finishing())
}
