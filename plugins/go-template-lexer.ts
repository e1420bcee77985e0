// Templates, first step: the words of a text in the language of Go's text/template. Text outside of actions stays whole (blanks that a
// trim marker eats are cut off); a text with a bad word ends in a token of kind 'error'.

import { quote } from './number.ts'

export type TokenKind =
  | 'text'
  | 'left'
  | 'right'
  | 'keyword'
  | 'name'
  | 'field'
  | 'variable'
  | 'dot'
  | 'nil'
  | 'bool'
  | 'number'
  | 'char'
  | 'string'
  | 'raw'
  | 'assign'
  | 'declare'
  | 'pipe'
  | 'open'
  | 'close'
  | 'other'
  | 'error'
  | 'EOF'

/** A word; `at` is its offset in the text, `spaced` whether blanks stand before it. */
export interface Token {
  readonly kind: TokenKind
  readonly text: string
  readonly at: number
  readonly line: number
  readonly spaced: boolean
}

const KEYWORDS: ReadonlySet<string> = new Set('block break continue define else end if range template with'.split(' '))

const isBlank = (character: string): boolean => character !== '' && ' \t\r\n'.includes(character)
const isWord = (character: string): boolean => /^[\p{L}\p{Nd}_]$/u.test(character)

/** How an error names a token: keywords in angle brackets, long texts cut. */
export function printToken(token: Token): string {
  if (token.kind === 'EOF') return 'EOF'
  if (token.kind === 'error') return token.text
  if (token.kind === 'keyword' || token.kind === 'nil' || token.kind === 'dot') return `<${token.text}>`
  const characters = [...token.text]
  return characters.length > 10 ? `${quote(characters.slice(0, 10).join(''))}...` : quote(token.text)
}

/** Splits a text into tokens; the last one is EOF or an error. */
export function tokenize(text: string): Token[] {
  return new Lexer(text).run()
}

class LexicalFault extends Error {}

class Lexer {
  readonly #text: string
  readonly #tokens: Token[] = []
  #at = 0
  /** Where the word that is being read starts. */
  #start = 0
  #line = 1
  #depth = 0
  #spaced = false

  constructor(text: string) {
    this.#text = text
  }

  run(): Token[] {
    try {
      while (this.#outside()) this.#inside()
      this.#emit('EOF')
    } catch (error) {
      if (!(error instanceof LexicalFault)) throw error
      this.#tokens.push({ kind: 'error', text: error.message, at: this.#start, line: this.#line, spaced: false })
    }
    return this.#tokens
  }

  /** The character so many places ahead, '' past the end. */
  #peek(ahead = 0): string {
    return this.#text.charAt(this.#at + ahead)
  }

  #codePoint(): string {
    const code = this.#text.codePointAt(this.#at)
    return code === undefined ? '' : String.fromCodePoint(code)
  }

  #skip(): void {
    for (; this.#start < this.#at; this.#start++) if (this.#text[this.#start] === '\n') this.#line++
  }

  #emit(kind: TokenKind): void {
    const text = this.#text.slice(this.#start, this.#at)
    this.#tokens.push({ kind, text, at: this.#start, line: this.#line, spaced: this.#spaced })
    this.#spaced = false
    this.#skip()
  }

  /** Text up to the next action; false at the end. */
  #outside(): boolean {
    let eaten = false
    for (;;) {
      if (eaten) while (isBlank(this.#peek())) this.#at++
      this.#skip()
      const open = this.#text.indexOf('{{', this.#at)
      const end = open < 0 ? this.#text.length : open
      const marked = open >= 0 && this.#text[open + 2] === '-' && isBlank(this.#text.charAt(open + 3))
      this.#at = end
      if (marked) while (this.#at > this.#start && isBlank(this.#text.charAt(this.#at - 1))) this.#at--
      if (this.#at > this.#start) this.#emit('text')
      this.#at = end
      this.#skip()
      if (open < 0) return false
      if (!this.#text.startsWith('/*', open + (marked ? 4 : 2))) {
        this.#at = open + 2
        this.#emit('left')
        this.#at = open + (marked ? 4 : 2)
        this.#skip()
        this.#depth = 0
        return true
      }
      eaten = this.#comment(open + (marked ? 4 : 2))
    }
  }

  /** Passes a comment; whether its end eats the blanks behind. */
  #comment(start: number): boolean {
    const end = this.#text.indexOf('*/', start)
    this.#at = start
    this.#skip()
    if (end < 0) throw new LexicalFault('unclosed comment')
    this.#at = end + 2
    const closing = this.#closing()
    if (closing === 0) throw new LexicalFault('comment ends before closing delimiter')
    this.#at += closing
    return closing === 4
  }

  /** The length of the closing delimiter here: 2, with a trim marker 4; 0 if there is none. */
  #closing(): number {
    if (this.#text.startsWith('}}', this.#at)) return 2
    return isBlank(this.#peek()) && this.#text.startsWith('-}}', this.#at + 1) ? 4 : 0
  }

  /** The words of one action, the closing delimiter included. */
  #inside(): void {
    for (;;) {
      const closing = this.#closing()
      if (closing > 0) {
        if (this.#depth > 0) throw new LexicalFault('unclosed left paren')
        if (closing === 4) this.#at += 2
        this.#skip()
        this.#at += 2
        this.#emit('right')
        if (closing === 4) while (isBlank(this.#peek())) this.#at++
        this.#skip()
        return
      }
      if (this.#peek() === '') throw new LexicalFault('unclosed action')
      if (isBlank(this.#peek())) {
        while (isBlank(this.#peek()) && this.#closing() === 0) this.#at++
        this.#skip()
        this.#spaced = true
      } else this.#word()
    }
  }

  #word(): void {
    const character = this.#codePoint()
    const next = this.#peek(1)
    if (/[-+0-9]/.test(character) || (character === '.' && /[0-9]/.test(next))) {
      this.#number()
      return
    }
    if (character === '.' || character === '$') {
      this.#path(character)
      return
    }
    if (isWord(character)) {
      this.#name()
      return
    }
    switch (character) {
      case '=':
        this.#take(1, 'assign')
        return
      case ':':
        if (next !== '=') throw new LexicalFault('expected :=')
        this.#take(2, 'declare')
        return
      case '|':
        this.#take(1, 'pipe')
        return
      case '(':
        this.#depth++
        this.#take(1, 'open')
        return
      case ')':
        if (--this.#depth < 0) throw new LexicalFault('unexpected right paren')
        this.#take(1, 'close')
        return
      case '"':
        this.#quoted('"', 'string', 'unterminated quoted string')
        return
      case "'":
        this.#quoted("'", 'char', 'unterminated character constant')
        return
      case '`': {
        const end = this.#text.indexOf('`', this.#at + 1)
        if (end < 0) throw new LexicalFault('unterminated raw quoted string')
        this.#take(end + 1 - this.#at, 'raw')
        return
      }
    }
    if (!/^[\x20-\x7e]$/.test(character))
      throw new LexicalFault(`unrecognized character in action: ${printCharacter(character)}`)
    this.#take(1, 'other')
  }

  #take(count: number, kind: TokenKind): void {
    this.#at += count
    this.#emit(kind)
  }

  #quoted(ending: string, kind: TokenKind, unterminated: string): void {
    this.#at++
    for (;;) {
      const character = this.#peek()
      if (character === '' || character === '\n') throw new LexicalFault(unterminated)
      this.#at++
      if (character === ending) {
        this.#emit(kind)
        return
      }
      if (character === '\\' && this.#peek() !== '' && this.#peek() !== '\n') this.#at++
    }
  }

  #number(): void {
    const rest = this.#text.slice(this.#at)
    const number =
      /^[-+]?(?:0[xX][0-9a-fA-F_]*(?:\.[0-9a-fA-F_]*)?(?:[pP][-+]?[0-9_]*)?|0[oO][0-7_]*|0[bB][01_]*|[0-9_]*(?:\.[0-9_]*)?(?:[eE][-+]?[0-9_]*)?)i?/
    this.#at += number.exec(rest)?.[0].length ?? 1
    const following = this.#codePoint()
    if (isWord(following)) {
      this.#at += following.length
      throw new LexicalFault(`bad number syntax: ${quote(this.#text.slice(this.#start, this.#at))}`)
    }
    if (following === '+' || following === '-') {
      // Go reads a complex number here; there is no use for one.
      const rest = /^[-+0-9_.eEi]*/.exec(this.#text.slice(this.#at))?.[0] ?? ''
      throw new LexicalFault(`bad number syntax: ${quote(this.#text.slice(this.#start, this.#at) + rest)}`)
    }
    this.#emit('number')
  }

  /** `.`, `.field`, `$` or `$variable`. */
  #path(mark: string): void {
    this.#at++
    if (this.#atTerminator()) {
      this.#emit(mark === '.' ? 'dot' : 'variable')
      return
    }
    this.#wordCharacters()
    this.#emit(mark === '.' ? 'field' : 'variable')
  }

  #name(): void {
    this.#wordCharacters()
    const word = this.#text.slice(this.#start, this.#at)
    if (KEYWORDS.has(word)) {
      this.#emit('keyword')
      return
    }
    this.#emit(word === 'nil' ? 'nil' : word === 'true' || word === 'false' ? 'bool' : 'name')
  }

  #wordCharacters(): void {
    while (isWord(this.#codePoint())) this.#at += this.#codePoint().length
    if (!this.#atTerminator()) throw new LexicalFault(`bad character ${printCharacter(this.#codePoint())}`)
  }

  #atTerminator(): boolean {
    const character = this.#peek()
    return (
      character === '' || isBlank(character) || '.,|:)('.includes(character) || this.#text.startsWith('}}', this.#at)
    )
  }
}

function printCharacter(character: string): string {
  const code = character.codePointAt(0) ?? 0
  return `U+${code.toString(16).toUpperCase().padStart(4, '0')} '${character}'`
}
