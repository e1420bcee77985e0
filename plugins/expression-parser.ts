// Expressions, second step: the tree of an expression. Operators bind as in expr-lang; a chain of comparisons (`1 < x < 9`) is the
// conjunction of its parts. The first fault ends the work.

import {
  BINARY,
  COMPARISONS,
  NEGATABLE,
  PREDICATE_BUILTINS,
  type PredicateShape,
  RIGHT_ASSOCIATIVE,
  UNARY,
} from './expression-grammar.ts'
import { isIdentifier, printToken, SyntaxFault, type Token, type TokenKind, tokenize } from './expression-tokens.ts'
import type { Node } from './expression-tree.ts'
import { Float } from './go-value.ts'

/** The largest tree, as in expr-lang. */
const NODES_MAX = 10_000

/** Tells the functions of the language from others; after `::` also those that the environment hides. */
export type IsBuiltin = (name: string, hidden: boolean) => boolean

/** The tree of an expression; throws SyntaxFault. */
export function parseExpression(source: string, isBuiltin: IsBuiltin): Node {
  return new Parser(tokenize(source), isBuiltin).parse()
}

class Parser {
  readonly #tokens: readonly Token[]
  readonly #isBuiltin: IsBuiltin
  #index = 0
  #nodes = 0
  /** How many predicate bodies are open: only inside one are `#` and a leading dot the element. */
  #bodies = 0

  constructor(tokens: readonly Token[], isBuiltin: IsBuiltin) {
    this.#tokens = tokens
    this.#isBuiltin = isBuiltin
  }

  parse(): Node {
    const tree = this.#sequence()
    if (this.#current.kind !== 'EOF') this.#unexpected()
    return tree
  }

  get #current(): Token {
    const token = this.#tokens[this.#index] ?? { kind: 'EOF', text: '', at: 0 }
    if (token.kind === 'error') throw new SyntaxFault(token.text, token.at)
    return token
  }

  #advance(): Token {
    const token = this.#current
    this.#index++
    return token
  }

  #is(kind: TokenKind, text?: string): boolean {
    const token = this.#current
    return token.kind === kind && (text === undefined || token.text === text)
  }

  #accept(kind: TokenKind, text: string): boolean {
    const found = this.#is(kind, text)
    if (found) this.#index++
    return found
  }

  #expect(kind: TokenKind, text?: string): Token {
    return this.#is(kind, text) ? this.#advance() : this.#unexpected()
  }

  #unexpected(token: Token = this.#current): never {
    throw new SyntaxFault(`unexpected token ${printToken(token)}`, token.at)
  }

  #node<N extends Node>(node: N): N {
    if (++this.#nodes > NODES_MAX) {
      throw new SyntaxFault('compilation failed: expression exceeds maximum allowed nodes', this.#current.at)
    }
    return node
  }

  #sequence(): Node {
    const steps = [this.#expression(0)]
    while (this.#accept('Operator', ';') && !this.#is('EOF')) steps.push(this.#expression(0))
    const [first] = steps
    return steps.length === 1 && first ? first : this.#node({ kind: 'sequence', at: first?.at ?? 0, steps })
  }

  /** An expression of operators that bind at least as strongly as `least`. */
  #expression(least: number): Node {
    if (least === 0 && this.#is('Operator', 'let')) return this.#let()
    if (least === 0 && this.#is('Operator', 'if')) return this.#if()
    let left = this.#primary()
    let before = ''
    while (this.#is('Operator')) {
      const word = this.#current
      const negated = word.text === 'not'
      const operator = negated ? (this.#tokens[this.#index + 1] ?? word) : word
      if (negated && !NEGATABLE.includes(operator.text)) {
        this.#index++
        this.#unexpected()
      }
      const precedence = BINARY.get(operator.text)
      if (precedence === undefined || precedence < least) break
      this.#index += negated ? 2 : 1
      if (operator.text === '|') {
        left = this.#call(this.#expect('Identifier'), [left], false)
      } else if (before === '??' && operator.text !== '??') {
        const mixed = `Operator (${operator.text}) and coalesce expressions (??) cannot be mixed. Wrap either by parentheses.`
        throw new SyntaxFault(mixed, operator.at)
      } else if (COMPARISONS.includes(operator.text)) {
        left = this.#comparison(left, operator, precedence)
      } else {
        const right = this.#expression(precedence + (RIGHT_ASSOCIATIVE.includes(operator.text) ? 0 : 1))
        left = this.#node({ kind: 'binary', at: operator.at, operator: operator.text, left, right })
        if (negated) left = this.#node({ kind: 'unary', at: operator.at, operator: 'not', operand: left })
      }
      before = operator.text
    }
    return least === 0 ? this.#ternary(left) : left
  }

  #comparison(first: Node, firstOperator: Token, precedence: number): Node {
    let left = first
    let operator = firstOperator
    let whole: Node | undefined
    for (;;) {
      const right = this.#expression(precedence + 1)
      const part = this.#node({ kind: 'binary', at: operator.at, operator: operator.text, left, right })
      whole = whole ? this.#node({ kind: 'binary', at: operator.at, operator: '&&', left: whole, right: part }) : part
      if (!this.#is('Operator') || !COMPARISONS.includes(this.#current.text)) return whole
      operator = this.#advance()
      left = right
    }
  }

  #let(): Node {
    this.#index++
    const name = this.#expect('Identifier')
    this.#expect('Operator', '=')
    const value = this.#expression(0)
    this.#expect('Operator', ';')
    const body = this.#sequence()
    return this.#node({ kind: 'let', at: name.at, name: name.text, value, body })
  }

  #if(): Node {
    // expr-lang gives this node no place; errors about it point at the start.
    this.#index++
    const test = this.#expression(0)
    const yes = this.#block()
    this.#expect('Operator', 'else')
    const no = this.#is('Operator', 'if') ? this.#if() : this.#block()
    return this.#node({ kind: 'condition', at: 0, test, yes, no })
  }

  #block(): Node {
    this.#expect('Bracket', '{')
    const body = this.#sequence()
    this.#expect('Bracket', '}')
    return body
  }

  #ternary(first: Node): Node {
    let test = first
    while (this.#accept('Operator', '?')) {
      let yes = test
      if (!this.#accept('Operator', ':')) {
        yes = this.#expression(0)
        this.#expect('Operator', ':')
      }
      const no = this.#expression(0)
      test = this.#node({ kind: 'condition', at: this.#current.at, test, yes, no })
    }
    return test
  }

  #primary(): Node {
    const token = this.#current
    const precedence = token.kind === 'Operator' ? UNARY.get(token.text) : undefined
    if (precedence !== undefined) {
      this.#index++
      const operand = this.#expression(precedence)
      return this.#postfix(this.#node({ kind: 'unary', at: token.at, operator: token.text, operand }))
    }
    if (this.#accept('Bracket', '(')) {
      const inner = this.#sequence()
      this.#expect('Bracket', ')')
      return this.#postfix(inner)
    }
    if (this.#bodies > 0 && (this.#is('Operator', '#') || this.#is('Operator', '.'))) {
      let name = ''
      if (this.#accept('Operator', '#')) {
        // `#index` is one word: nothing stands between.
        const next = this.#current
        if (next.kind === 'Identifier' && next.at === token.at + 1) name = this.#advance().text
      }
      return this.#postfix(this.#node({ kind: 'pointer', at: token.at, name }))
    }
    if (this.#accept('Operator', '::')) return this.#postfix(this.#call(this.#expect('Identifier'), [], true))
    return this.#operand()
  }

  #operand(): Node {
    const token = this.#current
    const at = token.at
    switch (token.kind) {
      case 'Identifier': {
        this.#index++
        if (token.text === 'true') return this.#node({ kind: 'literal', at, value: true })
        if (token.text === 'false') return this.#node({ kind: 'literal', at, value: false })
        if (token.text === 'nil') return this.#node({ kind: 'literal', at, value: null })
        if (this.#is('Bracket', '(')) return this.#postfix(this.#call(token, [], false))
        return this.#postfix(this.#node({ kind: 'name', at, name: token.text }))
      }
      case 'Number':
        this.#index++
        return this.#node({ kind: 'literal', at, value: this.#number(token) })
      case 'String':
        this.#index++
        return this.#postfix(this.#node({ kind: 'literal', at, value: token.text }))
    }
    if (this.#is('Bracket', '[')) return this.#postfix(this.#array())
    if (this.#is('Bracket', '{')) return this.#postfix(this.#map())
    return this.#unexpected()
  }

  #number(token: Token): number | Float {
    const text = token.text.replaceAll('_', '')
    if (!/^0[xXoObB]/.test(text) && /[.eE]/.test(text)) {
      const value = Number(text)
      if (!Number.isFinite(value)) {
        const reason = Number.isNaN(value) ? 'invalid syntax' : 'value out of range'
        throw new SyntaxFault(
          `invalid float literal: strconv.ParseFloat: parsing "${text}": ${reason}`,
          this.#current.at,
        )
      }
      return new Float(value)
    }
    const value = Number(text)
    if (!Number.isNaN(value) && value <= Number.MAX_SAFE_INTEGER) return value
    const name =
      { x: 'hex', o: 'octal', b: 'binary' }[/^0[xob]/i.exec(text)?.[0].charAt(1).toLowerCase() ?? ''] ?? 'integer'
    if (value < 2 ** 63) throw new SyntaxFault('integer literal is too large', this.#current.at)
    const reason = Number.isNaN(value) ? 'invalid syntax' : 'value out of range'
    throw new SyntaxFault(`invalid ${name} literal: strconv.ParseInt: parsing "${text}": ${reason}`, this.#current.at)
  }

  #call(name: Token, given: readonly Node[], hidden: boolean): Node {
    if (this.#isBuiltin(name.text, hidden)) {
      const predicate = PREDICATE_BUILTINS.get(name.text)
      const parameters = predicate ? this.#predicateArguments(predicate, given) : this.#arguments(given)
      return this.#node({ kind: 'builtin', at: name.at, name: name.text, parameters })
    }
    const callee = this.#node({ kind: 'name', at: name.at, name: name.text })
    return this.#node({ kind: 'call', at: name.at, callee, parameters: this.#arguments(given) })
  }

  #predicateArguments({ shape, required }: PredicateShape, given: readonly Node[]): Node[] {
    const parameters = [...given]
    this.#expect('Bracket', '(')
    for (const [index, what] of shape.entries()) {
      if (index < given.length) continue
      if (this.#is('Bracket', ')')) {
        if (index >= required) break
        const missing = `expected at least ${shape.length - given.length} arguments`
        throw new SyntaxFault(missing, this.#current.at)
      }
      if (index > given.length) this.#expect('Operator', ',')
      parameters.push(what === 'body' ? this.#predicate() : this.#expression(0))
    }
    this.#accept('Operator', ',')
    this.#expect('Bracket', ')')
    return parameters
  }

  #predicate(): Node {
    const { at } = this.#current
    this.#bodies++
    let body: Node
    if (this.#is('Bracket', '{')) body = this.#block()
    else {
      body = this.#expression(0)
      if (this.#is('Operator', ';')) throw new SyntaxFault('wrap predicate with brackets { and }', this.#current.at)
    }
    this.#bodies--
    return this.#node({ kind: 'predicate', at, body })
  }

  #arguments(given: readonly Node[]): Node[] {
    this.#expect('Bracket', '(')
    return [...given, ...this.#list(')', () => this.#expression(0))]
  }

  /** Elements between commas up to a closing bracket; a comma may stand before it. */
  #list<T>(ending: string, parse: () => T): T[] {
    const found: T[] = []
    while (!this.#is('Bracket', ending)) {
      if (found.length > 0) {
        this.#expect('Operator', ',')
        if (this.#is('Bracket', ending)) break
      }
      found.push(parse())
    }
    this.#expect('Bracket', ending)
    return found
  }

  #array(): Node {
    const { at } = this.#advance()
    return this.#node({ kind: 'array', at, items: this.#list(']', () => this.#expression(0)) })
  }

  #map(): Node {
    const { at } = this.#advance()
    const pairs = this.#list('}', () => {
      const key = this.#mapKey()
      this.#expect('Operator', ':')
      return { key, value: this.#expression(0) }
    })
    return this.#node({ kind: 'map', at, pairs })
  }

  #mapKey(): Node {
    const token = this.#current
    if (token.kind === 'Number' || token.kind === 'String' || token.kind === 'Identifier') {
      this.#index++
      return this.#node({ kind: 'literal', at: token.at, value: token.text })
    }
    if (this.#is('Bracket', '(')) return this.#expression(0)
    const allowed =
      'a map key must be a quoted string, a number, a identifier, or an expression enclosed in parentheses'
    throw new SyntaxFault(`${allowed} (unexpected token ${printToken(token)})`, token.at)
  }

  /** What may follow a value: `.name`, `?.name`, `[index]`, `[from:to]` and the call of a member. */
  #postfix(first: Node): Node {
    let node = first
    for (;;) {
      const token = this.#current
      if (this.#is('Operator', '.') || this.#is('Operator', '?.')) {
        this.#index++
        const optional = token.text === '?.'
        node = optional && this.#is('Bracket', '[') ? this.#subscript(node, true) : this.#member(node, optional)
      } else if (this.#is('Bracket', '[')) node = this.#subscript(node, false)
      else return node
    }
  }

  #member(node: Node, optional: boolean): Node {
    const token = this.#advance()
    if (token.kind === 'EOF') throw new SyntaxFault('unexpected end of expression', token.at)
    if (token.kind !== 'Identifier' && (token.kind !== 'Operator' || !isIdentifier(token.text))) {
      throw new SyntaxFault('expected name', this.#current.at)
    }
    const { at } = token
    const chained = node.kind === 'chain'
    const base = chained ? node.inner : node
    const property = this.#node({ kind: 'literal', at, value: token.text } as const)
    const method = this.#is('Bracket', '(')
    let member: Node = this.#node({ kind: 'member', at, base, property, optional, method } as const)
    if (method) member = this.#node({ kind: 'call', at, callee: member, parameters: this.#arguments([]) })
    return chained || optional ? this.#node({ kind: 'chain', at, inner: member }) : member
  }

  #subscript(base: Node, optional: boolean): Node {
    const { at } = this.#advance()
    const from = this.#is('Operator', ':') ? null : this.#expression(0)
    if (this.#accept('Operator', ':')) {
      const to = this.#is('Bracket', ']') ? null : this.#expression(0)
      this.#expect('Bracket', ']')
      return this.#node({ kind: 'slice', at, base, from, to })
    }
    const property = from ?? this.#unexpected()
    this.#expect('Bracket', ']')
    const member = this.#node({ kind: 'member', at, base, property, optional, method: false } as const)
    return optional ? this.#node({ kind: 'chain', at, inner: member }) : member
  }
}
