// A zone on its way from the thread that reads files to the threads that answer: its records one after the other in one piece of shared memory, so that any
// number of threads build their trees over the same bytes (rdata and names are views of it).
//
//   owner, uncompressed (or 0xff: the one before) │ type 2 │ class 2 │ TTL 4 │ length 2 │ rdata

import { Name } from '../wire/name.ts'
import { ResourceRecord } from '../wire/record.ts'

const sameOwner = 0xff

/** Appends records to a buffer that grows. */
export class RecordWriter {
  #bytes = new Uint8Array(64 * 1024)
  #length = 0
  #owner: Name | null = null

  add(record: ResourceRecord): void {
    const { owner, rdata } = record
    this.#room(owner.wire.length + 10 + rdata.length)
    if (this.#owner?.key === owner.key) this.#bytes[this.#length++] = sameOwner
    else this.#copy(owner.wire)
    this.#owner = owner
    const view = new DataView(this.#bytes.buffer, this.#length)
    view.setUint16(0, record.type)
    view.setUint16(2, record.class)
    view.setUint32(4, record.ttl)
    view.setUint16(8, rdata.length)
    this.#length += 10
    this.#copy(rdata)
  }

  /** All records, in memory that threads share. */
  finish(): Uint8Array<SharedArrayBuffer> {
    const shared = new Uint8Array(new SharedArrayBuffer(this.#length))
    shared.set(this.#bytes.subarray(0, this.#length))
    return shared
  }

  #copy(bytes: Uint8Array): void {
    this.#bytes.set(bytes, this.#length)
    this.#length += bytes.length
  }

  #room(octets: number): void {
    const needed = this.#length + octets
    if (needed <= this.#bytes.length) return
    const grown = new Uint8Array(Math.max(needed, this.#bytes.length * 2))
    grown.set(this.#bytes.subarray(0, this.#length))
    this.#bytes = grown
  }
}

/** The records that a RecordWriter wrote; records of one owner share its Name. */
export function* readRecords(bytes: Uint8Array): Generator<ResourceRecord> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  let owner = Name.root
  let at = 0
  while (at < bytes.length) {
    if (bytes[at] === sameOwner) at++
    else {
      const start = at
      while (bytes[at] !== 0) at += 1 + bytes[at]!
      owner = new Name(bytes.subarray(start, ++at))
    }
    const length = view.getUint16(at + 8)
    const rdata = bytes.subarray(at + 10, at + 10 + length)
    yield new ResourceRecord(owner, view.getUint16(at), view.getUint16(at + 2), view.getUint32(at + 4), rdata)
    at += 10 + length
  }
}
