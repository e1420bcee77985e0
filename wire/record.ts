// A resource record with its rdata as bytes (names inside are uncompressed), and questions.

import type { Name } from './name.ts'

/** A serial that moves while a record lives: the SOA of a cluster zone. Encoders write `value` over the five-number tail of the SOA. */
export interface LiveSerial {
  readonly value: number
}

/** One immutable resource record (RFC 1035 3.2.1). */
export class ResourceRecord {
  readonly owner: Name
  readonly type: number
  readonly class: number
  /** Seconds, as of `born`. */
  readonly ttl: number
  readonly rdata: Uint8Array
  /** The clock's milliseconds when `ttl` was right, if the record ages (it came from a cache); 0 for one whose TTL stands still. */
  readonly born: number
  readonly serial: LiveSerial | null

  constructor(
    owner: Name,
    type: number,
    klass: number,
    ttl: number,
    rdata: Uint8Array,
    born = 0,
    serial: LiveSerial | null = null,
  ) {
    this.owner = owner
    this.type = type
    this.class = klass
    this.ttl = ttl
    this.rdata = rdata
    this.born = born
    this.serial = serial
  }

  withOwner(owner: Name): ResourceRecord {
    return new ResourceRecord(owner, this.type, this.class, this.ttl, this.rdata, this.born, this.serial)
  }

  withTtl(ttl: number, born = 0): ResourceRecord {
    return new ResourceRecord(this.owner, this.type, this.class, ttl, this.rdata, born, this.serial)
  }

  withRdata(rdata: Uint8Array): ResourceRecord {
    return new ResourceRecord(this.owner, this.type, this.class, this.ttl, rdata, this.born, this.serial)
  }

  /** The TTL that a response sent at `now` (clock milliseconds) carries: whole seconds of age taken off, never below 0. */
  ttlAt(now: number): number {
    if (this.born === 0) return this.ttl
    const age = Math.floor((now - this.born) / 1000)
    return age <= 0 ? this.ttl : Math.max(0, this.ttl - age)
  }
}

/** One entry of the question section (RFC 1035 4.1.2). */
export interface Question {
  readonly name: Name
  readonly type: number
  readonly class: number
}
