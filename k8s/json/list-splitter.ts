// Finds the parts of a list's JSON as its bytes arrive, so that no page is ever parsed whole: each item, and each other member, is handed out when its last byte has come.
// Inside a part only quotes and brackets are looked at; whether it is JSON its parser says.
//
//   { "kind": "ServiceList", "metadata": {…}, "items": [ {…}, {…}, … ] }
//            └─── member ──┘             └member┘       └item┘

import { Carry } from '../carry.ts'
import { DecodeError } from '../decoder.ts'
import { jsonDepthMax, objectBytesMax } from '../limits.ts'

/** Takes the parts; the text is one JSON value, `offset` the body's byte that it begins at. */
export interface ListParts {
  item(text: string, offset: number): void
  member(key: string, text: string, offset: number): void
}

type State =
  | 'start'
  | 'first-key'
  | 'key'
  | 'colon'
  | 'value'
  | 'after-value'
  | 'first-item'
  | 'item'
  | 'after-item'
  | 'done'

/** Splits one page. */
export class ListSplitter {
  readonly #parts: ListParts
  readonly #carry = new Carry(objectBytesMax)
  #state: State = 'start'
  #key = ''
  #listed = false
  /** Of the part that is being read: what it is, where it began, and the brackets that are open in it. */
  #part: 'key' | 'member' | 'item' | null = null
  #partOffset = 0
  #depth = 0
  #inText = false
  #escaped = false
  #scalar = false
  /** The body's byte that the chunk begins at. */
  #offset = 0

  constructor(parts: ListParts) {
    this.#parts = parts
  }

  /** Hands out what the next bytes complete; throws DecodeError. */
  push(bytes: Uint8Array): void {
    const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
    let at = 0
    while (at < buffer.length) {
      if (this.#part !== null) {
        const end = this.#scan(buffer, at)
        if (end === -1) {
          this.#carry.append(buffer, at, buffer.length)
          break
        }
        this.#partEnded(buffer, at, end)
        at = end
      } else if (isSpace(buffer[at]!)) at++
      else at = this.#step(buffer, at)
    }
    this.#offset += buffer.length
  }

  /** Throws DecodeError if the body ended early or was no list. */
  end(): void {
    if (this.#state !== 'done') throw new DecodeError(`the list ends early, at byte ${this.#offset}`)
    if (!this.#listed) throw new DecodeError('no list: it has no items')
  }

  /** Takes what stands between parts; gives where to go on. */
  #step(buffer: Buffer, at: number): number {
    const octet = buffer[at]!
    const state = this.#state
    if (state === 'start' && octet === openBrace) this.#state = 'first-key'
    else if ((state === 'first-key' || state === 'after-value') && octet === closeBrace) this.#state = 'done'
    else if ((state === 'first-key' || state === 'key') && octet === quote) return this.#begin('key', at)
    else if (state === 'colon' && octet === colon) this.#state = 'value'
    else if (state === 'value' && this.#key === 'items' && octet === openBracket) this.#state = 'first-item'
    else if (state === 'value') return this.#begin('member', at)
    else if (state === 'after-value' && octet === comma) this.#state = 'key'
    else if ((state === 'first-item' || state === 'after-item') && octet === closeBracket) this.#listEnded()
    else if (state === 'first-item' || state === 'item') return this.#begin('item', at)
    else if (state === 'after-item' && octet === comma) this.#state = 'item'
    else throw notJson(buffer.toString('utf8', at, at + excerptLetters * 4), this.#offset + at)
    return at + 1
  }

  #listEnded(): void {
    this.#listed = true
    this.#state = 'after-value'
  }

  #begin(part: 'key' | 'member' | 'item', at: number): number {
    this.#part = part
    this.#partOffset = this.#offset + at
    this.#depth = 0
    this.#inText = false
    this.#escaped = false
    this.#scalar = false
    return at
  }

  /** Where the part ends that goes on at `at`, or -1 if that is beyond the chunk. */
  #scan(buffer: Buffer, at: number): number {
    let depth = this.#depth
    for (let i = at; i < buffer.length; i++) {
      const octet = buffer[i]!
      if (this.#inText) {
        i = this.#textEnd(buffer, i)
        if (i === -1) break
        if (depth === 0) return i + 1
      } else if (octet === quote) {
        if (this.#scalar) return i
        this.#inText = true
      } else if (octet === openBrace || octet === openBracket) {
        if (this.#scalar) return i
        if (++depth > jsonDepthMax)
          throw new DecodeError(`more than ${jsonDepthMax} brackets in one another, at byte ${this.#offset + i}`)
      } else if (octet === closeBrace || octet === closeBracket) {
        if (depth === 0) return i
        if (--depth === 0) return i + 1
      } else if (depth === 0) {
        // A number or a word, which ends before whatever follows it.
        if (octet === comma || isSpace(octet)) return i
        this.#scalar = true
      }
    }
    this.#depth = depth
    return -1
  }

  /** The quote that ends the text, or -1 if that is beyond the chunk. */
  #textEnd(buffer: Buffer, at: number): number {
    let escaped = this.#escaped
    for (let i = at; i < buffer.length; i++) {
      const octet = buffer[i]!
      if (escaped) escaped = false
      else if (octet === backslash) escaped = true
      else if (octet === quote) {
        this.#inText = false
        this.#escaped = false
        return i
      }
    }
    this.#escaped = escaped
    return -1
  }

  /** The part's last bytes are those from `at` to `end`. */
  #partEnded(buffer: Buffer, at: number, end: number): void {
    let bytes = buffer
    let start = at
    let stop = end
    if (this.#carry.length > 0) {
      this.#carry.append(buffer, at, end)
      bytes = this.#carry.take()
      start = 0
      stop = bytes.length
    } else if (end - at > objectBytesMax) throw new DecodeError(`an object of more than ${objectBytesMax} bytes`)
    const text = bytes.toString('utf8', start, stop)
    const part = this.#part
    const offset = this.#partOffset
    this.#part = null
    if (part === 'key') {
      this.#key = String(parseJson(text, offset))
      this.#state = 'colon'
    } else if (part === 'item') {
      this.#state = 'after-item'
      this.#parts.item(text, offset)
    } else {
      this.#state = 'after-value'
      // An empty list may be written as null.
      if (this.#key === 'items' && text === 'null') this.#listed = true
      this.#parts.member(this.#key, text, offset)
    }
  }
}

/** The value of `text`, which is at byte `offset` of the body; DecodeError if it is no JSON. */
export function parseJson(text: string, offset: number): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    throw notJson(text, offset)
  }
}

const notJson = (text: string, offset: number): DecodeError =>
  new DecodeError(`no JSON at byte ${offset}: ${JSON.stringify(text.slice(0, excerptLetters))}`)

const isSpace = (octet: number): boolean => octet === 0x20 || octet === 0x0a || octet === 0x0d || octet === 0x09

const excerptLetters = 40
const quote = 0x22
const comma = 0x2c
const colon = 0x3a
const openBracket = 0x5b
const backslash = 0x5c
const closeBracket = 0x5d
const openBrace = 0x7b
const closeBrace = 0x7d
