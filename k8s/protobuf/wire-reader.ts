// Protobuf's wire format, field by field over bytes that are all there: nothing is built for what nobody asks for. https://protobuf.dev/programming-guides/encoding
//
//   for (let field = reader.next(); field !== 0; field = reader.next())
//     if (field === 1) name = reader.text()
//     else reader.skip()

import type { SharedStrings } from '../byte-text.ts'
import { DecodeError } from '../decoder.ts'

const varint = 0
const fixed64 = 1
const lengthDelimited = 2
const fixed32 = 5

/** Reads messages; everything throws DecodeError where the bytes are no protobuf. */
export class WireReader {
  readonly #strings: SharedStrings
  #bytes: Buffer = Buffer.alloc(0)
  #position = 0
  #end = 0
  /** Where the bytes begin in the whole body. */
  #offset = 0
  #type = 0

  /** Shared texts come from `strings`. */
  constructor(strings: SharedStrings) {
    this.#strings = strings
  }

  /** Begins at a message: the bytes from `start` to `end`, of which the first is number `offset` of the body. */
  begin(bytes: Buffer, start: number, end: number, offset: number): void {
    this.#bytes = bytes
    this.#position = start
    this.#end = end
    this.#offset = offset - start
  }

  /** The number of the next field of the message, 0 after the last. */
  next(): number {
    if (this.#position >= this.#end) return 0
    const tag = this.#varint()
    this.#type = tag & 7
    const field = tag >>> 3
    if (field === 0) throw this.damaged('a field without a number')
    return field
  }

  skip(): void {
    if (this.#type === varint) this.#varint()
    else if (this.#type === lengthDelimited) this.#advance(this.#length())
    else if (this.#type === fixed64) this.#advance(8)
    else if (this.#type === fixed32) this.#advance(4)
    else throw this.damaged(`a field of wire type ${this.#type}`)
  }

  /** An int32; of longer integers the low 32 bits. */
  number(): number {
    this.#expect(varint)
    return this.#varint()
  }

  flag(): boolean {
    return this.number() !== 0
  }

  /** Text that is unlike others. */
  text(): string {
    const start = this.#content()
    if (start === this.#position) return ''
    return this.#bytes.toString('utf8', start, this.#position)
  }

  /** Text that is likely to be met again. */
  sharedText(): string {
    const start = this.#content()
    if (this.#position - start > sharedTextMax) return this.#bytes.toString('utf8', start, this.#position)
    return this.#strings.get(this.#bytes, start, this.#position)
  }

  /** How many bytes the field has. */
  size(): number {
    const start = this.#content()
    return this.#position - start
  }

  /** Enters a message; gives what `leave` needs once `next` was 0. */
  enter(): number {
    this.#expect(lengthDelimited)
    const length = this.#length()
    const outer = this.#end
    if (length > outer - this.#position) throw this.damaged('a field that ends beyond its message')
    this.#end = this.#position + length
    return outer
  }

  /** Goes back to the outer message. */
  leave(outer: number): void {
    this.#position = this.#end
    this.#end = outer
  }

  /** True if the message goes on with `expected`, which is then passed over. */
  startsWith(expected: Buffer): boolean {
    const end = this.#position + expected.length
    if (end > this.#end || expected.compare(this.#bytes, this.#position, end) !== 0) return false
    this.#position = end
    return true
  }

  damaged(reason: string): DecodeError {
    return new DecodeError(`no protobuf: ${reason}, at byte ${this.#offset + this.#position}`)
  }

  /** Passes over the field's bytes; gives where they begin. */
  #content(): number {
    this.#expect(lengthDelimited)
    const length = this.#length()
    const start = this.#position
    this.#advance(length)
    return start
  }

  #expect(type: number): void {
    if (this.#type !== type) throw this.damaged(`wire type ${this.#type} where ${type} was expected`)
  }

  #advance(length: number): void {
    if (length > this.#end - this.#position) throw this.damaged('a field that ends beyond its message')
    this.#position += length
  }

  #length(): number {
    const length = this.#varint()
    if (length < 0) throw this.damaged('a length of gigabytes')
    return length
  }

  /** The low 32 bits, as a signed number. */
  #varint(): number {
    const first = this.#bytes[this.#position]!
    if (first < 0x80 && this.#position < this.#end) {
      this.#position++
      return first
    }
    let value = 0
    for (let shift = 0; shift < varintBitsMax; shift += 7) {
      if (this.#position >= this.#end) throw this.damaged('a number that ends beyond its message')
      const octet = this.#bytes[this.#position++]!
      if (shift < 32) value |= (octet & 0x7f) << shift
      if (octet < 0x80) return value
    }
    throw this.damaged('a number of more than ten bytes')
  }
}

const varintBitsMax = 70
/** Longer texts are hardly ever met twice. */
const sharedTextMax = 64
