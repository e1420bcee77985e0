// The beginning of something whose end has not arrived yet: bytes of several chunks in one piece. It grows as they come, never by what a length in them promises.

import { DecodeError } from './decoder.ts'

/** Keeps the bytes of one object (or event) that chunk borders cut apart. */
export class Carry {
  readonly #bytesMax: number
  #bytes: Buffer = none
  #length = 0

  /** More than `bytesMax` octets are a DecodeError. */
  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax
  }

  get length(): number {
    return this.#length
  }

  /** Copies the bytes from `start` to `end`; throws DecodeError if that is too much. */
  append(bytes: Buffer, start: number, end: number): void {
    const length = this.#length + end - start
    if (length > this.#bytesMax) throw new DecodeError(`an object of more than ${this.#bytesMax} bytes`)
    if (length > this.#bytes.length) {
      const grown = Buffer.allocUnsafeSlow(Math.max(length, Math.min(2 * length, this.#bytesMax), startBytes))
      this.#bytes.copy(grown, 0, 0, this.#length)
      this.#bytes = grown
    }
    bytes.copy(this.#bytes, this.#length, start, end)
    this.#length = length
  }

  /** All of it, until the next `append`. What an unusually large object took is given back then. */
  take(): Buffer {
    const bytes = this.#bytes.subarray(0, this.#length)
    this.#length = 0
    if (this.#bytes.length > keptBytesMax) this.#bytes = none
    return bytes
  }
}

const none = Buffer.alloc(0)
const startBytes = 4 * 1024
const keptBytesMax = 256 * 1024
