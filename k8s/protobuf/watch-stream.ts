// The events of a watch in protobuf, as their bytes arrive: frames of four octets of length (big-endian) and a WatchEvent { type (1), object (2) { raw (1) } }, the
// object being enveloped as everywhere. An event is read when its last byte has come; only the one that is not all there yet is kept.

import { SharedStrings } from '../byte-text.ts'
import { Carry } from '../carry.ts'
import { DecodeError, type WatchEvent } from '../decoder.ts'
import { objectBytesMax } from '../limits.ts'
import type { ClusterObject, Trim } from '../objects.ts'
import { writtenKind } from '../trim.ts'
import { checkKind, openObject } from './envelope.ts'
import { readBookmark } from './metadata.ts'
import { type ObjectReader, readGone } from './objects.ts'
import { readStatus } from './status.ts'
import { WireReader } from './wire-reader.ts'

/** What a WatchStream is for. */
export interface WatchStreamOptions {
  readonly kind: ClusterObject['kind']
  readonly readObject: ObjectReader
  readonly trim: Trim
}

/** Reads the events of one watch; see WatchDecoder. */
export class WatchStream {
  readonly #options: WatchStreamOptions
  readonly #reader = new WireReader(new SharedStrings())
  readonly #carry = new Carry(objectBytesMax)
  #offset = 0
  /** Octets of the length that there were, and their value. */
  #lengthOctets = 0
  #length = 0

  constructor(options: WatchStreamOptions) {
    this.#options = options
  }

  /** The events that the next bytes complete; throws DecodeError. */
  push(bytes: Uint8Array): WatchEvent[] {
    const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
    const events: WatchEvent[] = []
    let at = 0
    for (;;) {
      while (this.#lengthOctets < lengthOctets && at < buffer.length) this.#takeLength(buffer[at++]!)
      if (this.#lengthOctets < lengthOctets) break
      const missing = this.#length - this.#carry.length
      const end = Math.min(at + missing, buffer.length)
      if (end - at < missing) {
        this.#carry.append(buffer, at, end)
        this.#offset += end - at
        break
      }
      events.push(this.#frame(buffer, at, end))
      at = end
    }
    return events
  }

  #takeLength(octet: number): void {
    this.#length = this.#length * 0x100 + octet
    this.#lengthOctets++
    this.#offset++
    if (this.#lengthOctets === lengthOctets && this.#length > objectBytesMax)
      throw new DecodeError(`no watch: an event of ${this.#length} bytes, more than ${objectBytesMax}`)
  }

  /** The frame whose last bytes are those from `at` to `end`. */
  #frame(buffer: Buffer, at: number, end: number): WatchEvent {
    const reader = this.#reader
    this.#offset += end - at
    const offset = this.#offset - this.#length
    this.#lengthOctets = 0
    this.#length = 0
    if (this.#carry.length === 0) {
      reader.begin(buffer, at, end, offset)
    } else {
      this.#carry.append(buffer, at, end)
      const whole = this.#carry.take()
      reader.begin(whole, 0, whole.length, offset)
    }
    return this.#event()
  }

  #event(): WatchEvent {
    const reader = this.#reader
    let type = ''
    let event: WatchEvent | null = null
    for (let field = reader.next(); field !== 0; field = reader.next()) {
      if (field === 1) type = reader.sharedText()
      else if (field === 2 && !event) event = this.#rawExtension(type)
      else reader.skip()
    }
    if (!event) throw reader.damaged('an event without an object')
    return event
  }

  #rawExtension(type: string): WatchEvent | null {
    const reader = this.#reader
    let event: WatchEvent | null = null
    const outer = reader.enter()
    for (let field = reader.next(); field !== 0; field = reader.next()) {
      if (field !== 1 || event) {
        reader.skip()
        continue
      }
      const rawOuter = reader.enter()
      event = openObject(reader, (kind) => this.#object(type, kind))
      reader.leave(rawOuter)
    }
    reader.leave(outer)
    return event
  }

  #object(type: string, kind: string): WatchEvent {
    const { readObject, trim } = this.#options
    const reader = this.#reader
    if (type === 'ERROR') {
      checkKind(kind, 'Status')
      return { type, status: readStatus(reader) }
    }
    checkKind(kind, writtenKind(this.#options.kind))
    if (type === 'ADDED' || type === 'MODIFIED') return { type, item: readObject(reader, trim) }
    if (type === 'DELETED') return { type, item: readGone(this.#options.kind, reader) }
    if (type === 'BOOKMARK') return { type, ...readBookmark(reader) }
    throw reader.damaged(`an event of type ${JSON.stringify(type.slice(0, 40))}`)
  }
}

const lengthOctets = 4
