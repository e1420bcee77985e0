// The contract between `transfer` and the plugins of its block that have whole zones to give away (RFC 5936, RFC 1995, RFC 1996): they know what is in a zone, it knows who
// may have it and how it is sent.
//
//   secondary ─ AXFR ─► transfer ─ open(apex) ─► TransferableZone ─ SOA, records()…, SOA ─► secondary
//   source ─ a zone has a new serial ─► watch(changed) ─► transfer ─ NOTIFY ─► secondaries

import type { Name } from '../wire/name.ts'
import type { LiveSerial, ResourceRecord } from '../wire/record.ts'
import type { Zone } from '../zones/zone.ts'
import type { Contract, Host } from './plugin.ts'

/** A zone as it is now; it stays like this while it is sent, however long the client takes. */
export interface TransferableZone {
  /** Begins and ends the transfer; without a live serial. */
  readonly soa: ResourceRecord
  /** A secondary that has this serial, or a newer one, lacks nothing. */
  readonly serial: number
  /** Every record but the SOA, made while they are sent: the NS of the apex first. Null: nothing is ready yet, other work may have its turn. May be called once. */
  records(): Iterable<ResourceRecord | null>
}

/** Where zones come from. */
export interface TransferSource {
  /** The zone of exactly this apex; null if it is not this source's, `unready` if it is and its data are not there yet (or not all of them). */
  open(apex: Name): TransferableZone | 'unready' | null
  /** From now on calls `changed` for each zone that it has (at once) or gets, and again for each new serial: secondaries are told. Called at most once, when the configuration starts. */
  watch(changed: (apex: Name, serial: number) => void): void
}

/** Offered by every plugin whose zones can be transferred. */
export const transferSource: Contract<TransferSource> = { name: 'zone transfer' }

/** How often secondaries are told of a new serial of a zone that goes on changing, milliseconds. */
const announceMs = 10_000
/** Seconds after which no further change of that second can arrive from the watch. */
const settlingSeconds = 2

/** The serials of zones that are made from a cluster, which changes many times a second: seconds since 1970. */
export class SettledSerial {
  readonly #host: Pick<Host, 'clock' | 'onStop'>

  constructor(host: Pick<Host, 'clock' | 'onStop'>) {
    this.#host = host
  }

  /** The last second that is over, at most: one serial stands for all changes of a second, and more of them may come. */
  of({ value }: LiveSerial): number {
    return Math.max(0, Math.min(value, Math.floor(this.#host.clock.wall() / 1000) - settlingSeconds))
  }

  /** Calls `announce` from time to time, until the configuration ends. */
  announcing(announce: () => void): void {
    const { clock, onStop } = this.#host
    const look = (): void => {
      announce()
      timer = clock.after(announceMs, look)
    }
    let timer = clock.after(0, look)
    onStop(() => timer.cancel())
  }
}

/** A zone of `zones/`, which never changes, for a transfer. Its SOA is the apex's, whatever origin the file was written for. */
export function transferable(zone: Zone): TransferableZone {
  const { soa, serial, origin } = zone
  return {
    soa: soa.owner.equals(origin) ? soa : soa.withOwner(origin),
    serial,
    *records() {
      for (const record of zone.records()) if (record !== soa) yield record
    },
  }
}
