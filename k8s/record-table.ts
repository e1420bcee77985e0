// Records of bytes, found by the bytes of their key, without a JavaScript object for any of them: 150,000 pods are some megabytes of slabs and nothing to collect.
//
//   slots (hash table)  ─► position ─► slab ┌ length │ hash │ stamp (2) │ mark │ content ……… ┐┌ next record …
//                                           └ content = tag │ key │ rest                      ┘
//
// A changed record is written over if it keeps its size, else at the end of the last slab. Any other slab that is more holes than records is emptied into the last
// one, so any amount of change leaves no more than half of the bytes unused.

/** A record's place; it may change with every change of the table. */
export type Position = number

/** What is known beside a record's content. */
export interface Stamp {
  readonly high: number
  readonly low: number
}

/** Told that a record was moved because of changes to others. */
export type Moved = (from: Position, to: Position) => void

interface Slab {
  readonly bytes: Buffer
  readonly words: Uint32Array
  /** Bytes from the start that hold records or holes. */
  used: number
  /** Bytes of records. */
  live: number
}

/** Records by key. A content's key is what follows its first byte, to `keyEnd`. */
export class RecordTable {
  readonly #moved: Moved
  readonly #slabs: (Slab | null)[] = []
  #spare: Slab | null = null
  #last = -1
  /** Slabs that were the last one when they were looked at last: nothing may ever touch what has become holes in them. */
  readonly #retired = new Set<number>()
  #slots = new Uint32Array(startSlots)
  #count = 0

  constructor(moved: Moved = () => {}) {
    this.#moved = moved
  }

  get count(): number {
    return this.#count
  }

  /** Bytes held for records, holes and slots. */
  get bytesHeld(): number {
    const slabs = this.#slabs.reduce((sum, slab) => sum + (slab?.bytes.length ?? 0), 0)
    return slabs + (this.#spare?.bytes.length ?? 0) + this.#slots.byteLength
  }

  /** The record with the key of this content, -1 if there is none. */
  find(content: Uint8Array, keyEnd: number): Position {
    const hash = hashOf(content, keyEnd)
    const mask = this.#slots.length - 1
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const entry = this.#slots[slot]!
      if (entry === 0) return -1
      const position = entry - 1
      if (this.#word(position, hashWord) === hash && this.#hasKey(position, content, keyEnd)) return position
    }
  }

  /** Writes a new record, whose key the table must not have; all but the content is zero. */
  add(content: Uint8Array, length: number, keyEnd: number): Position {
    if ((this.#count + 1) * 4 > this.#slots.length * 3) this.#resize(2 * this.#slots.length)
    const hash = hashOf(content, keyEnd)
    const position = this.#write(content, length)
    const { words, at } = this.#header(position)
    words[at + hashWord] = hash
    words.fill(0, at + stampWord, at + headerWords)
    this.#slots[this.#emptySlot(hash)] = position + 1
    this.#count++
    this.#tidy(position)
    return position
  }

  /** Gives a record another content with the same key; returns its place now. */
  replace(position: Position, content: Uint8Array, length: number): Position {
    const { words, at, slab } = this.#header(position)
    if (sizeOf(words[at]!) === sizeOf(length)) {
      words[at] = length
      slab.bytes.set(content.subarray(0, length), 4 * (at + headerWords))
      return position
    }
    const to = this.#write(content, length)
    const target = this.#header(to)
    target.words.set(words.subarray(at + 1, at + headerWords), target.at + 1)
    this.#slots[this.#slotAt(position)] = to + 1
    this.#free(position)
    this.#tidy(to)
    return to
  }

  remove(position: Position): void {
    const mask = this.#slots.length - 1
    let hole = this.#slotAt(position)
    // Entries that were pushed behind the hole come forward, so that no search ends too early.
    for (let slot = (hole + 1) & mask; this.#slots[slot] !== 0; slot = (slot + 1) & mask) {
      const home = this.#word(this.#slots[slot]! - 1, hashWord) & mask
      if (((slot - home) & mask) < ((slot - hole) & mask)) continue
      this.#slots[hole] = this.#slots[slot]!
      hole = slot
    }
    this.#slots[hole] = 0
    this.#count--
    this.#free(position)
    this.#tidy(-1)
    if (this.#slots.length > startSlots && this.#count * 8 < this.#slots.length) this.#resize(this.#slots.length / 2)
  }

  /** The content's bytes in place: good until the table changes. */
  content(position: Position): Buffer {
    const { words, at, slab } = this.#header(position)
    const start = 4 * (at + headerWords)
    return slab.bytes.subarray(start, start + words[at]!)
  }

  tag(position: Position): number {
    const { at, slab } = this.#header(position)
    return slab.bytes[4 * (at + headerWords)]!
  }

  /** True if the content is the first `length` bytes of `content`. */
  equals(position: Position, content: Uint8Array, length: number): boolean {
    return this.#word(position, lengthWord) === length && this.startsWith(position, content, length)
  }

  /** True if the content begins with the first `length` bytes of `content`. */
  startsWith(position: Position, content: Uint8Array, length: number): boolean {
    const { words, at, slab } = this.#header(position)
    if (words[at]! < length) return false
    const start = 4 * (at + headerWords)
    for (let i = 0; i < length; i++) if (slab.bytes[start + i] !== content[i]) return false
    return true
  }

  hasStamp(position: Position, { high, low }: Stamp): boolean {
    return this.#word(position, stampWord) === high && this.#word(position, stampWord + 1) === low
  }

  setStamp(position: Position, { high, low }: Stamp): void {
    const { words, at } = this.#header(position)
    words[at + stampWord] = high
    words[at + stampWord + 1] = low
  }

  mark(position: Position): number {
    return this.#word(position, markWord)
  }

  setMark(position: Position, mark: number): void {
    const { words, at } = this.#header(position)
    words[at + markWord] = mark
  }

  /** Every record; the table must not change meanwhile. */
  *positions(): Generator<Position, void, void> {
    for (const [index, slab] of this.#slabs.entries()) {
      if (!slab) continue
      for (let at = 0; at < slab.used; at += sizeOf(slab.words[at / 4]!)) {
        if (slab.words[at / 4 + markWord] !== holeMark) yield positionOf(index, at)
      }
    }
  }

  // ---- slots -----------------------------------------------------------------------------------------------------------------------

  #hasKey(position: Position, content: Uint8Array, keyEnd: number): boolean {
    const { words, at, slab } = this.#header(position)
    if (words[at]! < keyEnd) return false
    const start = 4 * (at + headerWords)
    for (let i = 1; i < keyEnd; i++) if (slab.bytes[start + i] !== content[i]) return false
    return true
  }

  #emptySlot(hash: number): number {
    const mask = this.#slots.length - 1
    let slot = hash & mask
    while (this.#slots[slot] !== 0) slot = (slot + 1) & mask
    return slot
  }

  #slotAt(position: Position): number {
    const mask = this.#slots.length - 1
    let slot = this.#word(position, hashWord) & mask
    while (this.#slots[slot] !== position + 1) slot = (slot + 1) & mask
    return slot
  }

  #resize(slots: number): void {
    const before = this.#slots
    this.#slots = new Uint32Array(slots)
    for (const entry of before) if (entry !== 0) this.#slots[this.#emptySlot(this.#word(entry - 1, hashWord))] = entry
  }

  // ---- slabs -----------------------------------------------------------------------------------------------------------------------

  #header(position: Position): { words: Uint32Array; at: number; slab: Slab } {
    const slab = this.#slabs[Math.floor(position / slabUnits)]!
    return { words: slab.words, at: (position % slabUnits) * unitWords, slab }
  }

  #word(position: Position, word: number): number {
    return this.#slabs[Math.floor(position / slabUnits)]!.words[(position % slabUnits) * unitWords + word]!
  }

  /** Copies the content to the end of the last slab; the header but for its length is not written. */
  #write(content: Uint8Array, length: number): Position {
    const size = sizeOf(length)
    let slab = this.#slabs[this.#last]
    if (!slab || slab.used + size > slab.bytes.length) slab = this.#addSlab(size)
    const start = slab.used
    slab.words[start / 4] = length
    slab.bytes.set(content.subarray(0, length), start + 4 * headerWords)
    slab.used += size
    slab.live += size
    return positionOf(this.#last, start)
  }

  #addSlab(size: number): Slab {
    const slab = (size <= slabBytes ? this.#spare : null) ?? newSlab(Math.max(size, slabBytes))
    if (slab === this.#spare) this.#spare = null
    const free = this.#slabs.indexOf(null)
    if (this.#last !== -1) this.#retired.add(this.#last)
    this.#last = free === -1 ? this.#slabs.push(slab) - 1 : free
    this.#slabs[this.#last] = slab
    return slab
  }

  #free(position: Position): void {
    const index = Math.floor(position / slabUnits)
    const { words, at, slab } = this.#header(position)
    words[at + markWord] = holeMark
    slab.live -= sizeOf(words[at]!)
    this.#emptyIfSparse(index)
  }

  /** Looks at the slabs that are no longer the last; that of the record at `kept`, which must not move, has to wait for the next change. */
  #tidy(kept: Position): void {
    for (const index of this.#retired) {
      if (index === Math.floor(kept / slabUnits)) continue
      this.#retired.delete(index)
      this.#emptyIfSparse(index)
    }
  }

  #emptyIfSparse(index: number): void {
    const slab = this.#slabs[index]
    if (slab && slab.live * 2 < slab.used && index !== this.#last) this.#empty(index, slab)
  }

  /** Moves the records of a slab away and gives it back. */
  #empty(index: number, slab: Slab): void {
    for (let start = 0; start < slab.used; ) {
      const at = start / 4
      const length = slab.words[at]!
      if (slab.words[at + markWord] !== holeMark) {
        const from = positionOf(index, start)
        const to = this.#write(slab.bytes.subarray(start + 4 * headerWords), length)
        const target = this.#header(to)
        target.words.set(slab.words.subarray(at + 1, at + headerWords), target.at + 1)
        this.#slots[this.#slotAt(from)] = to + 1
        this.#moved(from, to)
      }
      start += sizeOf(length)
    }
    this.#slabs[index] = null
    if (slab.bytes.length !== slabBytes) return
    slab.used = 0
    slab.live = 0
    this.#spare = slab
  }
}

/** A 32-bit hash of a key (FNV-1a, mixed once more since slots are its low bits). */
function hashOf(content: Uint8Array, keyEnd: number): number {
  let hash = 0x811c9dc5
  for (let i = 1; i < keyEnd; i++) hash = Math.imul(hash ^ content[i]!, 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  return (hash ^ (hash >>> 13)) >>> 0
}

const newSlab = (bytes: number): Slab => {
  const buffer = new ArrayBuffer(Math.ceil(bytes / unitBytes) * unitBytes)
  return { bytes: Buffer.from(buffer), words: new Uint32Array(buffer), used: 0, live: 0 }
}

const lengthWord = 0
const hashWord = 1
const stampWord = 2
const markWord = 4
const headerWords = 5
/** The mark of a hole. */
const holeMark = 0xffffffff

/** Records begin at multiples of this, so that a position of 32 bits reaches 32 GB. */
const unitBytes = 8
const unitWords = unitBytes / 4
const slabBytes = 64 * 1024
const slabUnits = slabBytes / unitBytes
const startSlots = 64

const positionOf = (slab: number, start: number): Position => slab * slabUnits + start / unitBytes
const sizeOf = (length: number): number => (4 * headerWords + length + unitBytes - 1) & -unitBytes
