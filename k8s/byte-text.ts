// The smallest parts of objects as bytes: counts as base-128 varints, text as UTF-8 behind its length. Names in a cluster repeat (namespaces, ports, zones), so a
// reader may be given a table that gives out one string for equal bytes instead of a new one each time.

/** Bytes that cannot be what they should be: cut short, or not written by a ByteWriter. */
export class DamagedBytes extends Error {
  override readonly name = 'DamagedBytes'
}

/** Writes one thing after the other into a buffer that grows. */
export class ByteWriter {
  bytes: Buffer
  length = 0

  constructor(capacity = startBytes) {
    this.bytes = Buffer.allocUnsafeSlow(capacity)
  }

  /** Begins anew; what an unusually long text took is given back. */
  reset(): void {
    this.length = 0
    if (this.bytes.length > keptBytesMax) this.bytes = Buffer.allocUnsafeSlow(startBytes)
  }

  /** `value` below 2^53. */
  count(value: number): void {
    this.#reserve(varintBytesMax)
    let rest = value
    for (; rest > 0x7f; rest = Math.floor(rest / 0x80)) this.bytes[this.length++] = (rest % 0x80) | 0x80
    this.bytes[this.length++] = rest
  }

  octet(value: number): void {
    this.#reserve(1)
    this.bytes[this.length++] = value
  }

  text(text: string): void {
    const { length } = text
    this.#reserve(varintBytesMax + length)
    if (length <= plainTextMax) {
      const start = this.length + 1
      let i = 0
      for (; i < length; i++) {
        const code = text.charCodeAt(i)
        if (code > 0x7f) break
        this.bytes[start + i] = code
      }
      if (i === length) {
        this.bytes[this.length] = length
        this.length = start + length
        return
      }
    }
    this.append(Buffer.from(text, 'utf8'), true)
  }

  /** Copies `bytes`, behind their length if `counted`. */
  append(bytes: Uint8Array, counted: boolean): void {
    if (counted) this.count(bytes.length)
    this.#reserve(bytes.length)
    this.bytes.set(bytes, this.length)
    this.length += bytes.length
  }

  /** A copy of what was written. */
  copy(): Uint8Array {
    return new Uint8Array(this.bytes.subarray(0, this.length))
  }

  /** What was written, in the writer's own buffer: it must not be used again. */
  take(): Uint8Array {
    return new Uint8Array(this.bytes.buffer, this.bytes.byteOffset, this.length)
  }

  #reserve(more: number): void {
    if (this.length + more <= this.bytes.length) return
    const grown = Buffer.allocUnsafeSlow(Math.max(2 * this.bytes.length, this.length + more))
    grown.set(this.bytes.subarray(0, this.length))
    this.bytes = grown
  }
}

/** Reads what a ByteWriter wrote; throws DamagedBytes past the end. */
export class ByteReader {
  readonly bytes: Buffer
  position: number
  readonly end: number
  readonly #strings: SharedStrings

  constructor(bytes: Uint8Array, strings: SharedStrings, start = 0, end = bytes.length) {
    this.bytes = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
    this.position = start
    this.end = end
    this.#strings = strings
  }

  get ended(): boolean {
    return this.position >= this.end
  }

  /** A count of things that take at least a byte each. */
  countOfMore(): number {
    const count = this.count()
    if (count > this.end - this.position) throw new DamagedBytes('the bytes end early')
    return count
  }

  count(): number {
    let value = 0
    for (let unit = 1; unit < 2 ** 49; unit *= 0x80) {
      const octet = this.octet()
      value += (octet & 0x7f) * unit
      if (octet < 0x80) return value
    }
    throw new DamagedBytes('a count is too long')
  }

  octet(): number {
    if (this.position >= this.end) throw new DamagedBytes('the bytes end early')
    return this.bytes[this.position++]!
  }

  /** Text that is unlike others. */
  text(): string {
    const { start, end } = this.#take(this.count())
    return end === start ? '' : this.bytes.toString('utf8', start, end)
  }

  /** Text that is likely to be met again. */
  sharedText(): string {
    const { start, end } = this.#take(this.count())
    return this.#strings.get(this.bytes, start, end)
  }

  /** The next `length` bytes, one character each. */
  latin1(length: number): string {
    const { start, end } = this.#take(length)
    return this.bytes.toString('latin1', start, end)
  }

  #take(length: number): { start: number; end: number } {
    const start = this.position
    const end = start + length
    if (end > this.end) throw new DamagedBytes('the bytes end early')
    this.position = end
    return { start, end }
  }
}

/** Gives one string for equal bytes, as far as a small table remembers. */
export class SharedStrings {
  readonly #slots = new Array<string>(sharedSlots).fill('')

  /** The UTF-8 text of `bytes` from `start` to `end`. */
  get(bytes: Buffer, start: number, end: number): string {
    if (start === end) return ''
    let hash = end - start
    for (let i = start; i < end; i++) hash = Math.imul(hash ^ bytes[i]!, 0x01000193)
    const slot = (hash ^ (hash >>> 15)) & (sharedSlots - 1)
    const known = this.#slots[slot]!
    if (isAscii(known, bytes, start, end)) return known
    const text = bytes.toString('utf8', start, end)
    this.#slots[slot] = text
    return text
  }
}

/** True if the bytes are `text`, which they never are where it is more than ASCII. */
function isAscii(text: string, bytes: Buffer, start: number, end: number): boolean {
  if (text.length !== end - start) return false
  for (let i = start; i < end; i++) {
    const octet = bytes[i]!
    if (octet > 0x7f || text.charCodeAt(i - start) !== octet) return false
  }
  return true
}

/** Text up to here is copied letter by letter: a call into native code costs more. Below 0x80, so that its length is one byte. */
const plainTextMax = 0x7f

/** Bytes of the longest count. */
export const varintBytesMax = 8
const startBytes = 1024
/** A buffer that grew beyond this is not kept for the next use. */
const keptBytesMax = 256 * 1024
/** A power of two. */
const sharedSlots = 2048
