// A cursor over a message: everything that the decoder reads goes through here, and nothing reads past the end. A fault is a
// thrown WireFault: the judge reports an undecodable reply.
import { formatLabel } from './text.ts'

/** A message that breaks the format (RFC 1035 section 4). */
export class WireFault extends Error {
  override readonly name = 'WireFault'
}

/** Pointers one name may follow: more than a name can have labels is a loop. */
const pointersMax = 127

export class Reader {
  readonly message: Buffer
  offset: number
  readonly end: number

  constructor(message: Buffer, offset = 0, end = message.length) {
    this.message = message
    this.offset = offset
    this.end = end
  }

  get left(): number {
    return this.end - this.offset
  }

  /** The next `length` bytes. */
  bytes(length: number): Buffer {
    if (length > this.left) throw new WireFault(`${length} bytes wanted, ${this.left} left at offset ${this.offset}`)
    this.offset += length
    return this.message.subarray(this.offset - length, this.offset)
  }

  rest(): Buffer {
    return this.bytes(this.left)
  }

  u8(): number {
    return this.bytes(1).readUInt8()
  }

  u16(): number {
    return this.bytes(2).readUInt16BE()
  }

  u32(): number {
    return this.bytes(4).readUInt32BE()
  }

  u48(): number {
    return this.bytes(6).readUIntBE(0, 6)
  }

  /** Bytes behind a length of one byte. */
  counted8(): Buffer {
    return this.bytes(this.u8())
  }

  /** Bytes behind a length of two bytes. */
  counted16(): Buffer {
    return this.bytes(this.u16())
  }

  /** A name in presentation form; compression pointers may lead anywhere in the message. */
  name(): string {
    let text = ''
    let size = 1
    let place: Reader = this
    for (let pointers = 0; ; ) {
      const length = place.u8()
      if (length === 0) return text === '' ? '.' : text
      if (length >= 0xc0) {
        if (++pointers > pointersMax) throw new WireFault('compression loop')
        place = new Reader(this.message, ((length & 0x3f) << 8) | place.u8())
      } else if (length >= 0x40) {
        throw new WireFault(`label type ${length >> 6}`)
      } else {
        size += 1 + length
        if (size > 255) throw new WireFault('name longer than 255 bytes')
        text += `${formatLabel(place.bytes(length))}.`
      }
    }
  }
}
