// One page of a list in protobuf, as its bytes arrive. Everything in it has a length before it, so it is never held whole: only the item that is not all there yet is kept.
//
//   k8s\0  Unknown { typeMeta (1) { kind: ServiceList }, raw (2): ServiceList { metadata (1) { resourceVersion (2), continue (3) }, items (2) … } }

import { SharedStrings } from '../byte-text.ts'
import { Carry } from '../carry.ts'
import { DecodeError, type ListEnd } from '../decoder.ts'
import { objectBytesMax } from '../limits.ts'
import { magic, rawField, readKindOnly, typeMetaField } from './envelope.ts'
import { WireReader } from './wire-reader.ts'

/** What a ListStream is for. */
export interface ListStreamOptions<Item> {
  /** Throws DecodeError if a list of this kind is not what was asked for. */
  readonly checkKind: (kind: string) => void
  /** Reads one item's message up to its end. */
  readonly readItem: (reader: WireReader) => Item
}

/** What comes next: the envelope's first bytes, a field's tag, its length, a number to pass over, or a field's content. */
type Step = 'magic' | 'tag' | 'length' | 'number' | 'content'

/** Reads one page; see ListDecoder. */
export class ListStream<Item> {
  readonly #options: ListStreamOptions<Item>
  readonly #reader = new WireReader(new SharedStrings())
  readonly #carry = new Carry(objectBytesMax)
  #items: Item[] = []
  #step: Step = 'magic'
  /** The body's byte that `push` is at, and the one after the list's last, once the list has begun. */
  #offset = 0
  #listEnd = 0
  #inList = false
  #kind = ''
  #resourceVersion = ''
  #continueToken = ''
  /** The number that is being read, and the value of its next bit; for `magic` how much of it there was. */
  #number = 0
  #unit = 1
  #tag = 0
  /** Of a field's content: how much is to come, and whether it counts. */
  #left = 0
  #wanted = false

  constructor(options: ListStreamOptions<Item>) {
    this.#options = options
  }

  /** The items that the next bytes complete; throws DecodeError. */
  push(bytes: Uint8Array): Item[] {
    const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
    const start = this.#offset
    const items: Item[] = []
    this.#items = items
    for (let at = 0; at < buffer.length; at = this.#offset - start) {
      if (this.#step === 'content') this.#takeContent(buffer, at)
      else this.#takeOctet(buffer[at]!)
    }
    this.#items = []
    return items
  }

  /** The page's metadata; throws DecodeError if the body ended early. */
  end(): ListEnd {
    const isBetweenFields = this.#step === 'tag' && this.#unit === 1
    if (!isBetweenFields || this.#inList || this.#listEnd === 0) throw this.#damaged('the list ends early')
    return { resourceVersion: this.#resourceVersion, continueToken: this.#continueToken }
  }

  #takeOctet(octet: number): void {
    this.#offset++
    if (this.#step === 'magic') {
      if (octet !== magic[this.#number]) throw this.#damaged('a list that does not begin with k8s\\0')
      if (++this.#number < magic.length) return
      this.#number = 0
      this.#step = 'tag'
      return
    }
    if (this.#inList && this.#offset > this.#listEnd) throw this.#damaged('a field that ends beyond its message')
    this.#number += (octet & 0x7f) * this.#unit
    this.#unit *= 0x80
    if (octet >= 0x80) {
      if (this.#unit >= 2 ** varintBitsMax) throw this.#damaged('a number of more than ten bytes')
      return
    }
    const value = this.#number
    this.#number = 0
    this.#unit = 1
    if (this.#step === 'tag') this.#beginField(value)
    else if (this.#step === 'length') this.#beginContent(value)
    else this.#fieldEnded()
  }

  #beginField(tag: number): void {
    this.#tag = tag
    const type = tag % 8
    if (tag < 8) throw this.#damaged('a field without a number')
    if (type === 0) this.#step = 'number'
    else if (type === 1) this.#beginContent(8)
    else if (type === 2) this.#step = 'length'
    else if (type === 5) this.#beginContent(4)
    else throw this.#damaged(`a field of wire type ${type}`)
  }

  #beginContent(length: number): void {
    if (this.#inList) {
      if (length > this.#listEnd - this.#offset) throw this.#damaged('a field that ends beyond its message')
    } else if (this.#tag === fieldTag(rawField)) {
      if (this.#kind === '' || this.#listEnd !== 0) throw this.#damaged('an object before its kind, or a second one')
      if (!Number.isSafeInteger(this.#offset + length)) throw this.#damaged('a length beyond all bounds')
      this.#inList = true
      this.#listEnd = this.#offset + length
      this.#fieldEnded()
      return
    }
    this.#wanted = this.#inList
      ? this.#tag === fieldTag(metadataField) || this.#tag === fieldTag(itemsField)
      : this.#tag === fieldTag(typeMetaField)
    if (this.#wanted && length > objectBytesMax)
      throw this.#damaged(`an object of ${length} bytes, more than ${objectBytesMax}`)
    this.#left = length
    this.#step = 'content'
    if (length === 0) this.#contentEnded(noBytes, 0, 0)
  }

  #takeContent(buffer: Buffer, at: number): void {
    const end = Math.min(at + this.#left, buffer.length)
    const before = this.#carry.length
    this.#left -= end - at
    this.#offset += end - at
    if (!this.#wanted) {
      if (this.#left === 0) this.#fieldEnded()
    } else if (this.#left > 0) {
      this.#carry.append(buffer, at, end)
    } else if (before === 0) {
      this.#contentEnded(buffer, at, end)
    } else {
      this.#carry.append(buffer, at, end)
      const whole = this.#carry.take()
      this.#contentEnded(whole, 0, whole.length)
    }
  }

  /** The bytes from `start` to `end` are a field that counts; they end at the current offset. */
  #contentEnded(bytes: Buffer, start: number, end: number): void {
    if (this.#wanted) {
      this.#reader.begin(bytes, start, end, this.#offset - (end - start))
      if (!this.#inList) {
        this.#kind = readKindOnly(this.#reader)
        this.#options.checkKind(this.#kind)
      } else if (this.#tag === fieldTag(itemsField)) this.#items.push(this.#options.readItem(this.#reader))
      else this.#readMetadata()
    }
    this.#fieldEnded()
  }

  #readMetadata(): void {
    const reader = this.#reader
    for (let field = reader.next(); field !== 0; field = reader.next()) {
      if (field === 2) this.#resourceVersion = reader.text()
      else if (field === 3) this.#continueToken = reader.text()
      else reader.skip()
    }
  }

  #fieldEnded(): void {
    this.#step = 'tag'
    if (this.#inList && this.#offset === this.#listEnd) this.#inList = false
  }

  #damaged(reason: string): DecodeError {
    return new DecodeError(`no protobuf: ${reason}, at byte ${this.#offset}`)
  }
}

/** Fields of every list. */
const metadataField = 1
const itemsField = 2
const varintBitsMax = 70
const noBytes = Buffer.alloc(0)

/** The tag of a field that has a length. */
const fieldTag = (field: number): number => field * 8 + 2
