// Templates, second step: from words to a tree, with the complaints of Go's text/template in its words and with its line numbers.

import { printToken, type Token, type TokenKind, tokenize } from './go-template-lexer.ts'
import { type Command, type Operand, type Piece, type Pipeline, parseNumber, printOperand } from './go-template-tree.ts'
import { quote } from './number.ts'

/** How deep pipelines and control structures may nest, so that no template exhausts the stack. */
const DEPTH_MAX = 200

/** A template that does not parse; the message is complete. */
export class ParseFault extends Error {}

/** The trees of a text: its own under '', and those that it defines. */
export interface Parsed {
  readonly root: readonly Piece[]
  readonly defined: ReadonlyMap<string, readonly Piece[]>
}

/** Parses a template; throws ParseFault. */
export function parseTemplate(text: string, name: string, hasFunction: (name: string) => boolean): Parsed {
  return new Parser(text, name, hasFunction).parse()
}

/** What ended a list of pieces. */
interface Ending {
  readonly kind: 'end' | 'else'
  /** The word after `else`, which starts the next branch. */
  readonly branch: Token | null
}

const OPERANDS: ReadonlySet<TokenKind> = new Set<TokenKind>([
  ...(['bool', 'char', 'dot', 'field', 'name', 'number', 'nil', 'raw', 'string', 'variable', 'open'] as const),
])

class Parser {
  readonly #tokens: readonly Token[]
  readonly #name: string
  readonly #hasFunction: (name: string) => boolean
  readonly #defined = new Map<string, readonly Piece[]>()
  #index = 0
  /** The furthest token that was looked at: errors name its line. */
  #furthest = 0
  #actionLine = 0
  #variables: string[] = ['$']
  #rangeDepth = 0
  #depth = 0

  constructor(text: string, name: string, hasFunction: (name: string) => boolean) {
    this.#tokens = tokenize(text)
    this.#name = name
    this.#hasFunction = hasFunction
  }

  parse(): Parsed {
    const root: Piece[] = []
    while (this.#peek().kind !== 'EOF') {
      if (this.#peek().kind === 'left' && this.#isKeyword(this.#peek(1), 'define')) {
        this.#index += 2
        this.#definition()
        continue
      }
      const piece = this.#piece()
      if ('branch' in piece) this.#fail(`unexpected {{${piece.kind}}}`)
      root.push(piece)
    }
    return { root, defined: this.#defined }
  }

  #peek(ahead = 0): Token {
    const at = Math.min(this.#index + ahead, this.#tokens.length - 1)
    this.#furthest = Math.max(this.#furthest, at)
    return this.#tokens[at] ?? { kind: 'EOF', text: '', at: 0, line: 1, spaced: false }
  }

  #next(): Token {
    const token = this.#peek()
    this.#index++
    return token
  }

  #isKeyword(token: Token, text: string): boolean {
    return token.kind === 'keyword' && token.text === text
  }

  #fail(message: string): never {
    throw new ParseFault(`template: ${this.#name}:${this.#tokens[this.#furthest]?.line ?? 1}: ${message}`)
  }

  #unexpected(token: Token, context: string): never {
    if (token.kind !== 'error') return this.#fail(`unexpected ${printToken(token)} in ${context}`)
    if (this.#actionLine === 0 || this.#actionLine === token.line) return this.#fail(token.text)
    const started = ` started at ${this.#name}:${this.#actionLine}`
    return this.#fail(token.text + (token.text.endsWith(' action') ? '' : ' in action') + started)
  }

  #expect(kind: TokenKind, context: string): Token {
    const token = this.#next()
    return token.kind === kind ? token : this.#unexpected(token, context)
  }

  #nested<T>(run: () => T): T {
    if (++this.#depth > DEPTH_MAX) this.#fail('max expression depth exceeded')
    const result = run()
    this.#depth--
    return result
  }

  /** Text, an action, or the end of a list. */
  #piece(): Piece | Ending {
    const token = this.#next()
    if (token.kind === 'text') return { kind: 'text', at: token.at, text: token.text }
    if (token.kind !== 'left') return this.#unexpected(token, 'input')
    this.#actionLine = token.line
    const piece = this.#nested(() => this.#action())
    this.#actionLine = 0
    return piece
  }

  #action(): Piece | Ending {
    const token = this.#peek()
    const { at } = token
    if (token.kind !== 'keyword') {
      const pipeline = this.#pipeline('command', 'right')
      return { kind: 'action', at: pipeline.at, pipeline }
    }
    this.#index++
    switch (token.text) {
      case 'if':
      case 'range':
      case 'with':
        return this.#control(token.text)
      case 'end':
        this.#expect('right', 'end')
        return { kind: 'end', branch: null }
      case 'else': {
        const following = this.#peek()
        if (this.#isKeyword(following, 'if') || this.#isKeyword(following, 'with'))
          return { kind: 'else', branch: following }
        this.#expect('right', 'else')
        return { kind: 'else', branch: null }
      }
      case 'template':
        return this.#templateCall()
      case 'block':
        return this.#block()
      case 'break':
      case 'continue': {
        const following = this.#next()
        if (following.kind !== 'right') this.#unexpected(following, `{{${token.text}}}`)
        if (this.#rangeDepth === 0) this.#fail(`{{${token.text}}} outside {{range}}`)
        return { kind: token.text, at }
      }
    }
    return this.#unexpected(token, 'command')
  }

  /** Pieces up to `end` or `else`. */
  #list(): { pieces: Piece[]; ending: Ending } {
    const pieces: Piece[] = []
    while (this.#peek().kind !== 'EOF') {
      const piece = this.#piece()
      if ('branch' in piece) return { pieces, ending: piece }
      pieces.push(piece)
    }
    return this.#fail('unexpected EOF')
  }

  #control(kind: 'if' | 'range' | 'with'): Piece {
    const variables = this.#variables.length
    const pipeline = this.#pipeline(kind, 'right')
    if (kind === 'range') this.#rangeDepth++
    const { pieces: body, ending } = this.#list()
    if (kind === 'range') this.#rangeDepth--
    let otherwise: readonly Piece[] | null = null
    if (ending.kind === 'else') {
      if (ending.branch && ending.branch.text === kind) {
        this.#index++
        otherwise = [this.#nested(() => this.#control(kind))]
      } else {
        const rest = this.#list()
        if (rest.ending.kind !== 'end') this.#fail('expected end; found {{else}}')
        otherwise = rest.pieces
      }
    }
    this.#variables.length = variables
    return { kind, at: pipeline.at, pipeline, body, otherwise }
  }

  #definition(): void {
    const context = 'define clause'
    const name = this.#next()
    if (name.kind !== 'string' && name.kind !== 'raw') this.#unexpected(name, context)
    this.#expect('right', context)
    this.#variables = ['$']
    const { pieces, ending } = this.#list()
    if (ending.kind !== 'end') this.#fail(`unexpected {{else}} in ${context}`)
    this.#define(this.#unquote(name), pieces)
  }

  #define(name: string, pieces: readonly Piece[]): void {
    const before = this.#defined.get(name)
    const blank = (list: readonly Piece[]): boolean =>
      list.every((piece) => piece.kind === 'text' && piece.text.trim() === '')
    if (!before || blank(before)) this.#defined.set(name, pieces)
    else if (!blank(pieces)) this.#fail(`template: multiple definition of template ${quote(name)}`)
  }

  #templateCall(): Piece {
    const context = 'template clause'
    const { name, source, at } = this.#templateName(context)
    if (this.#peek().kind === 'right') {
      this.#index++
      return { kind: 'template', at, name, source, pipeline: null }
    }
    return { kind: 'template', at, name, source, pipeline: this.#pipeline(context, 'right') }
  }

  #templateName(context: string): { name: string; source: string; at: number } {
    const token = this.#next()
    if (token.kind !== 'string' && token.kind !== 'raw') return this.#unexpected(token, context)
    const name = this.#unquote(token)
    return { name, source: quote(name), at: token.at }
  }

  #block(): Piece {
    const context = 'block clause'
    const { name, source, at } = this.#templateName(context)
    const pipeline = this.#pipeline(context, 'right')
    const outer = this.#variables
    this.#variables = ['$']
    const { pieces, ending } = this.#list()
    if (ending.kind !== 'end') this.#fail(`unexpected {{else}} in ${context}`)
    this.#variables = outer
    this.#define(name, pieces)
    return { kind: 'template', at, name, source, pipeline }
  }

  #pipeline(context: string, ending: 'right' | 'close'): Pipeline {
    const { at } = this.#peek()
    const { variables, assigned } = this.#declarations(context)
    const commands: Command[] = []
    for (;;) {
      const token = this.#peek()
      if (token.kind === ending) {
        this.#index++
        break
      }
      if (!OPERANDS.has(token.kind)) {
        this.#index++
        this.#unexpected(token, context)
      }
      commands.push(this.#command())
    }
    if (commands.length === 0) this.#fail(`missing value for ${context}`)
    for (const [index, command] of commands.entries()) {
      const kind = command.parts[0]?.kind
      if (index > 0 && kind && ['bool', 'dot', 'nil', 'number', 'string'].includes(kind)) {
        this.#fail(`non executable command in pipeline stage ${index + 1}`)
      }
    }
    return { kind: 'pipeline', at, assigned, variables, commands }
  }

  /** `$x :=`, `$x =`, and in range `$i, $x :=`. */
  #declarations(context: string): { variables: string[]; assigned: boolean } {
    const variables: string[] = []
    while (this.#peek().kind === 'variable') {
      const following = this.#peek(1)
      const name = this.#peek().text
      if (following.kind === 'assign' || following.kind === 'declare') {
        this.#index += 2
        variables.push(name)
        this.#variables.push(name)
        return { variables, assigned: following.kind === 'assign' }
      }
      if (following.kind !== 'other' || following.text !== ',') break
      this.#index += 2
      variables.push(name)
      this.#variables.push(name)
      if (context !== 'range' || variables.length > 1) this.#fail(`too many declarations in ${context}`)
      if (!['variable', 'right', 'close'].includes(this.#peek().kind)) {
        this.#fail('range can only initialize variables')
      }
    }
    return { variables, assigned: false }
  }

  #command(): Command {
    const { at } = this.#peek()
    const parts: Operand[] = []
    for (;;) {
      const operand = this.#operand()
      if (operand) parts.push(operand)
      const token = this.#peek()
      if (token.kind === 'right' || token.kind === 'close') break
      if (token.kind === 'pipe') {
        this.#index++
        break
      }
      if (!token.spaced || (!operand && !OPERANDS.has(token.kind))) {
        this.#index++
        this.#unexpected(token, 'operand')
      }
    }
    if (parts.length === 0) this.#fail('empty command')
    return { at, parts }
  }

  /** A term and the fields that stand right behind it. */
  #operand(): Operand | null {
    const term = this.#term()
    const adjacent = (): boolean => this.#peek().kind === 'field' && !this.#peek().spaced
    if (!term || !adjacent()) return term
    // Go names the place of the first of these fields.
    const { at } = this.#peek()
    const path: string[] = []
    while (adjacent()) path.push(this.#next().text.slice(1))
    if (term.kind === 'field' || term.kind === 'variable') return { ...term, at, path: [...term.path, ...path] }
    if (['bool', 'string', 'number', 'nil', 'dot'].includes(term.kind)) {
      this.#fail(`unexpected . after term ${quote(printOperand(term))}`)
    }
    return { kind: 'chain', at, base: term, path }
  }

  #term(): Operand | null {
    const token = this.#peek()
    const { at, text } = token
    if (!OPERANDS.has(token.kind)) return null
    this.#index++
    switch (token.kind) {
      case 'name':
        if (!this.#hasFunction(text)) this.#fail(`function ${quote(text)} not defined`)
        return { kind: 'name', at, name: text }
      case 'dot':
      case 'nil':
        return { kind: token.kind, at }
      case 'bool':
        return { kind: 'bool', at, value: text === 'true' }
      case 'field':
        return { kind: 'field', at, path: [text.slice(1)] }
      case 'variable':
        if (!this.#variables.includes(text)) this.#fail(`undefined variable ${quote(text)}`)
        return { kind: 'variable', at, path: [text] }
      case 'char': {
        const value = this.#unquote(token)
        const code = value.codePointAt(0) ?? 0
        if ([...value].length !== 1) this.#fail(`malformed character constant: ${text}`)
        return { kind: 'number', at, source: text, ideal: code, integer: code }
      }
      case 'number': {
        const parsed = parseNumber(text)
        if (parsed === 'overflow') return this.#fail(`integer overflow: ${quote(text)}`)
        if (parsed === 'syntax') return this.#fail(`illegal number syntax: ${quote(text)}`)
        return { kind: 'number', at, source: text, ...parsed }
      }
      case 'open':
        return this.#nested(() => this.#pipeline('parenthesized pipeline', 'close'))
    }
    return { kind: 'string', at, value: this.#unquote(token), source: text }
  }

  /** The value of a quoted token. */
  #unquote(token: Token): string {
    const inner = token.text.slice(1, -1)
    if (token.kind === 'raw') return inner.replaceAll('\r', '')
    const ending = token.text.charAt(0)
    const escapes = /\\(?:([abfnrtv\\'"])|([0-7]{3})|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([\s\S]?))/g
    let bad = inner.replace(/\\[\s\S]/g, '').includes(ending)
    const value = inner.replace(escapes, (_, named?: string, octal?: string, ...rest: (string | undefined)[]) => {
      if (named !== undefined) {
        if ((named === '"' || named === "'") && named !== ending) bad = true
        return { a: '\x07', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' }[named] ?? named
      }
      const hex = rest[0] ?? rest[1] ?? rest[2]
      const code = octal === undefined ? Number.parseInt(hex ?? '', 16) : Number.parseInt(octal, 8)
      if (!(code <= 0x10ffff) || (octal !== undefined && code > 255)) bad = true
      return bad ? '' : String.fromCodePoint(code)
    })
    if (!bad) return value
    return this.#fail(token.kind === 'char' ? `malformed character constant: ${token.text}` : 'invalid syntax')
  }
}
