// Writes a message into one buffer with name compression (RFC 1035 4.1.4), always: offsets of names already written are kept by suffix, as spelled, so that data keep their spelling. A record that does
// not fit is taken back whole and TC is set (RFC 2181 9): no partial record is ever sent, sections are cut from the end.

import { fieldEnd, layoutOf } from './layout.ts'
import { latin1, type Name } from './name.ts'
import { pooledBytes } from './octets.ts'
import type { Question, ResourceRecord } from './record.ts'
import { types } from './registry.ts'

/** A pointer has 14 bits (RFC 1035 4.1.4). */
const pointerMax = 0x3fff

export type SectionName = 'answer' | 'authority' | 'additional'
const countAt = { answer: 6, authority: 8, additional: 10 } as const

/** Builds one message; `now` is the clock's milliseconds that ageing TTLs are computed for. */
export class Encoder {
  readonly limit: number
  readonly now: number
  /** Octets the message would take with no name compressed (what CoreDNS logs and measures). */
  uncompressedLength = 12
  truncated = false
  #buffer: Uint8Array<ArrayBuffer>
  #length = 12
  #reserved = 0
  #typeAt = 0
  #offsets = new Map<string, number>()

  constructor(limit: number, now = 0) {
    this.limit = limit
    this.now = now
    this.#buffer = pooledBytes(Math.max(12, Math.min(limit, 1232)))
    this.#buffer.fill(0, 0, 12)
  }

  get length(): number {
    return this.#length
  }

  /** Keeps room at the end for what will be written with `raw`. */
  reserve(octets: number): void {
    this.#reserved = octets
    this.uncompressedLength += octets
  }

  header(id: number, flags: number): void {
    this.#put16(0, id)
    this.#put16(2, flags)
  }

  question(question: Question): void {
    this.#room(question.name.wire.length + 4)
    this.#name(question.name)
    this.#append16(question.type)
    this.#append16(question.class)
    this.#bump(4)
    this.uncompressedLength += question.name.wire.length + 4
  }

  /** Appends records until one does not fit; from then on every section stays empty. Calls `wrote` after each record with the offsets of its owner and of its type field. */
  section(
    section: SectionName,
    records: readonly ResourceRecord[],
    wrote?: (record: ResourceRecord, at: number, typeAt: number) => void,
  ): void {
    for (const record of records) {
      this.uncompressedLength += record.owner.wire.length + 10 + record.rdata.length
      if (this.truncated) continue
      const at = this.#length
      if (this.#record(record)) {
        this.#bump(countAt[section])
        wrote?.(record, at, this.#typeAt)
      } else {
        this.#length = at
        this.truncated = true
      }
    }
  }

  /** Appends one record if it fits; else the message is full, and only `raw` may follow. */
  add(section: SectionName, record: ResourceRecord): boolean {
    const at = this.#length
    if (!this.#record(record)) {
      this.#length = at
      return false
    }
    this.uncompressedLength += record.owner.wire.length + 10 + record.rdata.length
    this.#bump(countAt[section])
    return true
  }

  /** Appends a ready record (OPT) to the additional section, into the room that was reserved. */
  raw(record: Uint8Array): void {
    this.#reserved = 0
    this.#room(record.length)
    this.#buffer.set(record, this.#length)
    this.#length += record.length
    this.#bump(countAt.additional)
  }

  /** The message; TC is set if something was left out. A slice of a shared pool: what is kept for long should be copied. */
  finish(): Uint8Array<ArrayBuffer> {
    if (this.truncated) this.#buffer[2]! |= 0x02
    const message = pooledBytes(this.#length)
    message.set(this.#buffer.subarray(0, this.#length))
    return message
  }

  #record(record: ResourceRecord): boolean {
    const worst = record.owner.wire.length + 10 + record.rdata.length
    this.#room(worst)
    this.#name(record.owner)
    this.#typeAt = this.#length
    this.#append16(record.type)
    this.#append16(record.class)
    const ttl = record.ttlAt(this.now)
    this.#append16(ttl >>> 16)
    this.#append16(ttl & 0xffff)
    const lengthAt = this.#length
    this.#length += 2
    this.#rdata(record)
    this.#put16(lengthAt, this.#length - lengthAt - 2)
    return this.#length + this.#reserved <= this.limit
  }

  #rdata(record: ResourceRecord): void {
    const { rdata, type } = record
    let at = 0
    for (const field of layoutOf(type) ?? []) {
      const end = fieldEnd(field, rdata, at)
      // Rdata that does not fit its type is sent as it is.
      if (end < 0) break
      if (field.kind === 'name') this.#wireName(rdata.subarray(at, end), field.compress)
      else this.#copy(rdata.subarray(at, end))
      at = end
    }
    this.#copy(rdata.subarray(at))
    if (record.serial && type === types.SOA) this.#put32(this.#length - 20, record.serial.value)
  }

  #name(name: Name): void {
    this.#compressed(name.wire, name.spelling)
  }

  #wireName(wire: Uint8Array, compress: boolean): void {
    this.#compressed(wire, latin1(wire), compress)
  }

  // A name that must be written whole (the target of SRV, RFC 3597 4) can still be pointed to: by the owner of its address, say.
  #compressed(wire: Uint8Array, key: string, compress = true): void {
    let at = 0
    while (wire[at] !== 0) {
      const suffix = at === 0 ? key : key.slice(at)
      const known = this.#offsets.get(suffix)
      if (compress && known !== undefined && known < this.#length) {
        this.#append16(0xc000 | known)
        return
      }
      if (known === undefined && this.#length <= pointerMax) this.#offsets.set(suffix, this.#length)
      const end = at + 1 + wire[at]!
      this.#copy(wire.subarray(at, end))
      at = end
    }
    this.#buffer[this.#length++] = 0
  }

  #copy(bytes: Uint8Array): void {
    this.#buffer.set(bytes, this.#length)
    this.#length += bytes.length
  }

  #append16(value: number): void {
    this.#put16(this.#length, value)
    this.#length += 2
  }

  #put16(at: number, value: number): void {
    this.#buffer[at] = value >> 8
    this.#buffer[at + 1] = value
  }

  #put32(at: number, value: number): void {
    this.#put16(at, value >>> 16)
    this.#put16(at + 2, value & 0xffff)
  }

  #bump(at: number): void {
    this.#put16(at, ((this.#buffer[at]! << 8) | this.#buffer[at + 1]!) + 1)
  }

  #room(octets: number): void {
    const needed = this.#length + octets + this.#reserved
    if (needed <= this.#buffer.length) return
    const grown = pooledBytes(Math.max(needed, this.#buffer.length * 2))
    grown.set(this.#buffer)
    this.#buffer = grown
  }
}
