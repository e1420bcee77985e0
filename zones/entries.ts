// Splits a master file (RFC 1035 5.1) into entries: the words of one record or directive, which may span lines inside parentheses or quotes. Keeps where each
// word stands, because an error that names no line is of no use in a file of thousands.

import type { Word } from '../wire/words.ts'
import { entryOctetsMax, idleOctetsMax } from './limits.ts'

/** A word with its place: line and column (both from 1) of the character that ended it, as CoreDNS prints them. */
export interface PlacedWord extends Word {
  readonly line: number
  readonly column: number
}

/** One entry; `indented` means that its owner is the one before. One without words stands for a stretch of blank lines and comments: there is more to read. */
export interface Entry {
  readonly words: readonly PlacedWord[]
  readonly indented: boolean
}

/** Text of a master file that is no entry. */
export class EntryError extends Error {
  override readonly name = 'EntryError'
  readonly reason: string
  readonly token: string
  readonly line: number
  readonly column: number

  constructor(reason: string, place: { readonly text: string; readonly line: number; readonly column: number }) {
    super(reason)
    this.reason = reason
    this.token = place.text
    this.line = place.line
    this.column = place.column
  }
}

// Runs without a backslash, which takes the next character with it.
const plainRun = /[^ \t\r\n"();\\]+/y
const quotedRun = /[^"\\]+/y
const blankRun = /[ \t\r]+/y

/** Reads entries one after the other; `text` holds one octet a character. */
export class EntryReader {
  readonly #text: string
  #at = 0
  #line: number
  #lineStart = 0
  #depth = 0
  /** The outermost parenthesis that is open. */
  #opened = { text: '(', line: 0, column: 0 }

  constructor(text: string, firstLine = 1) {
    this.#text = text
    this.#line = firstLine
  }

  /** The next entry, null at the end; throws EntryError for quotes and parentheses that do not pair up. */
  next(): Entry | null {
    const text = this.#text
    const words: PlacedWord[] = []
    const start = this.#at
    let end = this.#text.length
    let glued = false
    let indented = this.#isBlank()
    while (this.#at < text.length) {
      if (this.#at > end) throw new EntryError('record too long', words[0]!)
      const character = text[this.#at]!
      if (character === '\n') {
        this.#newLine()
        glued = false
        if (this.#depth > 0) continue
        if (words.length > 0 || this.#at - start > idleOctetsMax) return { words, indented }
        indented = this.#isBlank()
      } else if (character === ';') {
        this.#skipComment()
      } else if (character === '(' || character === ')') {
        this.#parenthesis(character)
        glued = false
      } else if (character === '"') {
        words.push(this.#quoted(glued))
        glued = true
      } else if (this.#skip(blankRun)) {
        glued = false
      } else {
        words.push(this.#plain(glued))
        glued = true
      }
      if (words.length === 1) end = Math.min(end, this.#at + entryOctetsMax)
    }
    // What is wrong inside the parenthesis is told first: it may be why the other one is missing.
    if (words.length > 0) return { words, indented }
    if (this.#depth > 0) throw new EntryError('unbalanced brace', this.#opened)
    return null
  }

  #isBlank(): boolean {
    const character = this.#text[this.#at]
    return character === ' ' || character === '\t'
  }

  #skip(run: RegExp): string {
    run.lastIndex = this.#at
    const found = run.exec(this.#text)?.[0] ?? ''
    this.#at += found.length
    return found
  }

  #skipEscaped(run: RegExp): string {
    const start = this.#at
    for (;;) {
      this.#skip(run)
      if (this.#text[this.#at] !== '\\') return this.#text.slice(start, this.#at)
      this.#at = Math.min(this.#at + 2, this.#text.length)
    }
  }

  #skipComment(): void {
    const end = this.#text.indexOf('\n', this.#at)
    this.#at = end < 0 ? this.#text.length : end
  }

  #parenthesis(character: string): void {
    if (character === '(' && this.#depth === 0) this.#opened = this.#place(character)
    this.#at++
    this.#depth += character === '(' ? 1 : -1
    if (this.#depth < 0) throw new EntryError('extra closing brace', this.#place('extra closing brace'))
  }

  #plain(glued: boolean): PlacedWord {
    const text = this.#skipEscaped(plainRun)
    return { ...this.#place(text), quoted: false, glued }
  }

  #quoted(glued: boolean): PlacedWord {
    const opening = this.#place('"')
    this.#at++
    const text = this.#skipEscaped(quotedRun)
    if (this.#text[this.#at] !== '"') throw new EntryError('unterminated quote', opening)
    const place = this.#place(text)
    for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) {
      this.#line++
      this.#lineStart = this.#at - text.length + at + 1
    }
    this.#at++
    return { ...place, quoted: true, glued }
  }

  #newLine(): void {
    this.#at++
    this.#line++
    this.#lineStart = this.#at
  }

  #place(text: string): { text: string; line: number; column: number } {
    const atLineEnd = this.#at >= this.#text.length || this.#text[this.#at] === '\n'
    return { text, line: this.#line, column: this.#at - this.#lineStart + (atLineEnd ? 0 : 1) }
  }
}
