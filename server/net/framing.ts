// Messages on a stream: each after its length in two octets (RFC 1035 4.2.2). Chunks go in as they come, messages come out one by one, so that
// whoever reads can stop between any two.

const lengthBytes = 2

/** A message with its length in front, in one piece so that it is sent in one (RFC 7766 8). Throws RangeError past 65,535 octets. */
export function frame(message: Uint8Array): Uint8Array {
  if (message.length > 0xffff) throw new RangeError(`message of ${message.length} octets`)
  const framed = new Uint8Array(lengthBytes + message.length)
  framed[0] = message.length >> 8
  framed[1] = message.length & 0xff
  framed.set(message, lengthBytes)
  return framed
}

/** Takes a stream apart. Holds no more than twice what has come: a length is a claim, nothing is allocated for it. */
export class FrameReader {
  #bytes: Uint8Array = new Uint8Array(0)
  #start = 0
  #end = 0

  /** True while a message has begun and is not complete. */
  get partial(): boolean {
    return this.#end > this.#start
  }

  /** True if `next` has a message. */
  get ready(): boolean {
    const held = this.#end - this.#start
    return held >= lengthBytes && held >= lengthBytes + this.#length()
  }

  /** Takes the next chunk of the stream; it must not change afterwards. */
  push(chunk: Uint8Array): void {
    if (this.#start === this.#end) {
      // The usual case, whole messages in one chunk, copies nothing.
      this.#bytes = chunk
      this.#start = 0
      this.#end = chunk.length
      return
    }
    const held = this.#end - this.#start
    const needed = held + chunk.length
    if (this.#end + chunk.length > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(needed, 2 * held))
      grown.set(this.#bytes.subarray(this.#start, this.#end))
      this.#bytes = grown
      this.#start = 0
      this.#end = held
    }
    this.#bytes.set(chunk, this.#end)
    this.#end += chunk.length
  }

  /** The next message without its length, or null if it is not complete. */
  next(): Uint8Array | null {
    if (!this.ready) return null
    const from = this.#start + lengthBytes
    const to = from + this.#length()
    this.#start = to
    return this.#bytes.subarray(from, to)
  }

  #length(): number {
    return (this.#bytes[this.#start]! << 8) | this.#bytes[this.#start + 1]!
  }
}
