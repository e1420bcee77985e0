// Expressions, first step: the words of an expression in expr-lang's syntax (view's `expr`, template's `expr` and `var`). A text that
// has a bad word ends in a token of kind 'error', so that what stands before it is complained about first.

import { quote } from './number.ts'

/** A place in an expression where it cannot be understood; expression.ts turns it into the message that people see. */
export class SyntaxFault extends Error {
  /** Offset in code points. */
  readonly at: number

  constructor(message: string, at: number) {
    super(message)
    this.at = at
  }
}

export type TokenKind = 'Identifier' | 'Number' | 'String' | 'Operator' | 'Bracket' | 'EOF' | 'error'

/** A word; `at` counts code points, `text` of a string is unescaped, of an error the message. */
export interface Token {
  readonly kind: TokenKind
  readonly text: string
  readonly at: number
}

const WORD_OPERATORS: ReadonlySet<string> = new Set([
  'not',
  'in',
  'or',
  'and',
  'matches',
  'contains',
  'startsWith',
  'endsWith',
  'let',
  'if',
  'else',
])

const isLetter = (character: string | undefined): boolean => character !== undefined && /[\p{L}_$]/u.test(character)
const isWord = (character: string | undefined): boolean => character !== undefined && /[\p{L}\p{Nd}_$]/u.test(character)

/** Whether a word can name a variable or a field. */
export function isIdentifier(text: string): boolean {
  const characters = [...text]
  return isLetter(characters[0]) && characters.every(isWord)
}

/** How an error message names a token: `Operator("+")`, `EOF`. */
export function printToken(token: Token): string {
  return token.text === '' ? token.kind : `${token.kind}(${quote(token.text)})`
}

/** Splits an expression into tokens; the last one is EOF or an error. */
export function tokenize(source: string): Token[] {
  const tokens: Token[] = []
  const scanner = new Scanner([...source])
  try {
    for (;;) {
      const token = scanner.next()
      if (token === undefined) continue
      tokens.push(token)
      if (token.kind === 'EOF') return tokens
    }
  } catch (error) {
    if (!(error instanceof SyntaxFault)) throw error
    tokens.push({ kind: 'error', text: error.message, at: error.at })
    return tokens
  }
}

class Scanner {
  readonly #characters: readonly string[]
  #at = 0

  constructor(characters: readonly string[]) {
    this.#characters = characters
  }

  /** The next token; undefined after blanks and comments. */
  next(): Token | undefined {
    const start = this.#at
    const character = this.#characters[start]
    if (character === undefined) return { kind: 'EOF', text: '', at: Math.max(0, start - 1) }
    if (/\s/u.test(character)) return this.#skip(1)
    if (character === "'" || character === '"') return this.#token('String', this.#string(character), start)
    if (character === '`') return this.#token('String', this.#rawString(), start)
    if (/[0-9]/.test(character) || (character === '.' && /[0-9]/.test(this.#characters[start + 1] ?? ''))) {
      return this.#token('Number', this.#number(), start)
    }
    const pair = character + (this.#characters[start + 1] ?? '')
    if (pair === '//') return this.#lineComment()
    if (pair === '/*') return this.#blockComment()
    if (['?.', '??', '||', '::', '..'].includes(pair) || /^[&!=*<>][&=*]$/.test(pair)) return this.#operator(pair)
    if ('([{}])'.includes(character)) return this.#token('Bracket', this.#take(1), start)
    if ('?/#|:,;%+-^&!=*<>.'.includes(character)) return this.#operator(character)
    if (isWord(character)) {
      while (isWord(this.#characters[this.#at])) this.#at++
      const word = this.#characters.slice(start, this.#at).join('')
      return { kind: WORD_OPERATORS.has(word) ? 'Operator' : 'Identifier', text: word, at: start }
    }
    const code = character.codePointAt(0) ?? 0
    const number = code.toString(16).toUpperCase().padStart(4, '0')
    throw new SyntaxFault(`unrecognized character: U+${number} '${character}'`, start)
  }

  #token(kind: TokenKind, text: string, at: number): Token {
    return { kind, text, at }
  }

  #operator(text: string): Token {
    const at = this.#at
    this.#at += text.length
    return { kind: 'Operator', text, at }
  }

  #take(count: number): string {
    const text = this.#characters.slice(this.#at, this.#at + count).join('')
    this.#at += count
    return text
  }

  #skip(count: number): undefined {
    this.#at += count
  }

  #lineComment(): undefined {
    while (this.#at < this.#characters.length && this.#characters[this.#at] !== '\n') this.#at++
  }

  #blockComment(): undefined {
    this.#at += 2
    for (; this.#at < this.#characters.length; this.#at++) {
      if (this.#characters[this.#at] === '*' && this.#characters[this.#at + 1] === '/') return this.#skip(2)
    }
    throw new SyntaxFault('unclosed comment', this.#at)
  }

  #number(): string {
    const start = this.#at
    const rest = this.#numberCharacters()
    const text =
      /^0[xX][0-9a-fA-F_]*|^0[oO][0-7_]*|^0[bB][01_]*/.exec(rest)?.[0] ??
      // A dot that another follows is the range operator.
      /^[0-9_]*(?:\.(?!\.)[0-9_]*)?(?:[eE][+-]?[0-9_]*)?/.exec(rest)?.[0] ??
      ''
    this.#at += text.length
    if (isWord(this.#characters[this.#at])) {
      this.#at++
      const bad = this.#characters.slice(start, this.#at).join('')
      throw new SyntaxFault(`bad number syntax: ${quote(bad)}`, this.#at - 1)
    }
    return text
  }

  /** What may belong to a number from here on: digits, letters, dots, and the sign of an exponent. */
  #numberCharacters(): string {
    let end = this.#at
    for (; end < this.#characters.length; end++) {
      const character = this.#characters[end] ?? ''
      const sign = (character === '+' || character === '-') && /^[eE]$/.test(this.#characters[end - 1] ?? '')
      if (!/^[0-9a-zA-Z_.]$/.test(character) && !sign) break
    }
    return this.#characters.slice(this.#at, end).join('')
  }

  #string(ending: string): string {
    let text = ''
    this.#at++
    for (;;) {
      const character = this.#characters[this.#at]
      if (character === undefined || character === '\n') throw new SyntaxFault('literal not terminated', this.#at)
      this.#at++
      if (character === ending) return text
      text += character === '\\' ? this.#escape(ending) : character
    }
  }

  #rawString(): string {
    let text = ''
    this.#at++
    for (;;) {
      const character = this.#characters[this.#at]
      if (character === undefined) throw new SyntaxFault('literal not terminated', this.#at)
      this.#at++
      if (character !== '`') text += character
      else if (this.#characters[this.#at] === '`') {
        text += '`'
        this.#at++
      } else return text
    }
  }

  /** What follows a backslash. */
  #escape(ending: string): string {
    const letter = this.#characters[this.#at] ?? ''
    const named = 'abfnrtv\\'.indexOf(letter)
    if (letter !== '' && named >= 0) {
      this.#at++
      return '\x07\b\f\n\r\t\v\\'.charAt(named)
    }
    if (letter === ending) return this.#take(1)
    const rest = this.#characters.slice(this.#at, this.#at + 9).join('')
    const found = /^(?:([0-7]{3})|x([0-9a-f]{2})|u\{([0-9a-f]{1,6})\}|u([0-9a-f]{4})|U([0-9a-f]{8}))/i.exec(rest)
    const code = found?.[1] ? Number.parseInt(found[1], 8) : Number.parseInt(found?.slice(2).join('') ?? '', 16)
    if (!found || !(code <= 0x10ffff)) throw new SyntaxFault('invalid char escape', this.#at)
    this.#at += found[0].length
    return String.fromCodePoint(code)
  }
}
