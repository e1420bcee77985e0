// Reads the parts of a message from bytes that nobody has checked. A reader that meets a fault keeps it and returns empty values from then on, so that
// callers look once, at the end of a record. Bounds: a name takes at most 255 octets and its pointers, no more than it may have labels, only go back (RFC 1035
// 4.1.4), so every read ends soon.

import { type Fault, faults } from './fault.ts'
import { layoutOf, tailOf } from './layout.ts'
import { Name, nameBytesMax } from './name.ts'
import type { Question } from './record.ts'
import { ResourceRecord } from './record.ts'
import { classes, types } from './registry.ts'

/** A name has at most 127 labels, so a longer chain of pointers is an attack: thousands of owners that each walk it. */
const pointersMax = 127

const emptyBytes = new Uint8Array(0)

/** A cursor over one message. */
export class Reader {
  readonly bytes: Uint8Array
  readonly end: number
  offset: number
  fault: Fault | null = null

  constructor(bytes: Uint8Array, offset = 0, end = bytes.length) {
    this.bytes = bytes
    this.offset = offset
    this.end = end
  }

  u8(): number {
    if (this.offset + 1 > this.end) return this.#fail(faults.short)
    return this.bytes[this.offset++]!
  }

  u16(): number {
    const at = this.offset
    if (at + 2 > this.end) return this.#fail(faults.short)
    this.offset = at + 2
    return (this.bytes[at]! << 8) | this.bytes[at + 1]!
  }

  u32(): number {
    return this.u16() * 0x10000 + this.u16()
  }

  /** `count` octets as a view of the message. */
  take(count: number): Uint8Array {
    if (this.offset + count > this.end) {
      this.#fail(faults.short)
      return emptyBytes
    }
    this.offset += count
    return this.bytes.subarray(this.offset - count, this.offset)
  }

  /** A name, with pointers followed; the cursor goes behind its first pointer or its root label. */
  name(): Name {
    const start = this.offset
    const length = this.#nameLength()
    return length === 0 ? Name.root : new Name(this.#copyName(start, length))
  }

  question(): Question {
    const name = this.name()
    const type = this.u16()
    return { name, type, class: this.u16() }
  }

  /** A record with its rdata copied out and the names inside it uncompressed. */
  record(): ResourceRecord | null {
    const owner = this.name()
    const type = this.u16()
    const klass = this.u16()
    const ttl = this.u32()
    const length = this.u16()
    if (this.fault) return null
    if (this.offset + length > this.end) {
      this.fault = faults.rdataPastEnd
      return null
    }
    const rdata = this.#rdata(type, klass, length)
    if (this.fault) return null
    // A TTL with the top bit set is taken as 0 (RFC 2181 8); OPT uses the field otherwise.
    return new ResourceRecord(owner, type, klass, ttl > 0x7fffffff && type !== types.OPT ? 0 : ttl, rdata)
  }

  #rdata(type: number, klass: number, length: number): Uint8Array {
    const end = this.offset + length
    // Only the classes of dynamic updates have records without the rdata of their type (RFC 2136 2.5).
    if (length === 0 && (klass === classes.ANY || klass === classes.NONE)) return emptyBytes
    const parts: Uint8Array[] = []
    for (const field of layoutOf(type) ?? []) {
      if (field.kind === 'octets') parts.push(this.take(field.count))
      else if (field.kind === 'string') parts.push(this.take(1 + (this.bytes[this.offset] ?? 0)))
      else parts.push(this.name().wire)
      if (this.fault || this.offset > end) return this.#malformed()
    }
    const tail = end - this.offset
    if (tail !== (tailOf(type) ?? tail)) return this.#malformed()
    const octets = this.take(tail)
    return parts.length === 0 ? octets.slice() : joinBytes([...parts, octets])
  }

  #malformed(): Uint8Array {
    this.fault = faults.rdataMalformed
    return emptyBytes
  }

  // The uncompressed length of the name at the cursor, which goes behind it; 0 on a fault. Everything about the name is checked here.
  #nameLength(): number {
    const bytes = this.bytes
    let at = this.offset
    let fragmentStart = at
    let length = 0
    let behind = -1
    let pointers = 0
    for (;;) {
      if (at >= this.end) return this.#fail(faults.namePastEnd)
      const octet = bytes[at]!
      if (octet === 0) {
        if (length >= nameBytesMax) return this.#fail(faults.nameTooLong)
        this.offset = behind < 0 ? at + 1 : behind
        return length + 1
      }
      if (octet < 0x40) {
        if (at + 1 + octet > this.end) return this.#fail(faults.namePastEnd)
        if (length + 1 + octet >= nameBytesMax) return this.#fail(faults.nameTooLong)
        length += 1 + octet
        at += 1 + octet
      } else if (octet >= 0xc0) {
        if (at + 2 > this.end) return this.#fail(faults.namePastEnd)
        const target = ((octet & 0x3f) << 8) | bytes[at + 1]!
        if (behind < 0) behind = at + 2
        // Every jump lands before the fragment that it leaves, so a chain of pointers ends.
        if (target >= fragmentStart) return this.#fail(faults.pointerForward)
        if (++pointers > pointersMax) return this.#fail(faults.pointerChain)
        at = target
        fragmentStart = target
      } else {
        return this.#fail(faults.labelType)
      }
    }
  }

  // Copies the name at `start`, which has been checked, into an array of its own.
  #copyName(start: number, length: number): Uint8Array {
    const bytes = this.bytes
    const wire = new Uint8Array(length)
    let at = start
    for (let copied = 0; copied < length - 1; ) {
      const octet = bytes[at]!
      if (octet >= 0xc0) {
        at = ((octet & 0x3f) << 8) | bytes[at + 1]!
        continue
      }
      for (let i = 0; i <= octet; i++) wire[copied++] = bytes[at + i]!
      at += 1 + octet
    }
    return wire
  }

  #fail(fault: Fault): 0 {
    this.fault ??= fault
    this.offset = this.end
    return 0
  }
}

/** One array of all the parts. */
export function joinBytes(parts: readonly Uint8Array[]): Uint8Array {
  let length = 0
  for (const part of parts) length += part.length
  const joined = new Uint8Array(length)
  let at = 0
  for (const part of parts) {
    joined.set(part, at)
    at += part.length
  }
  return joined
}
