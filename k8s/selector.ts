// Label selectors of Kubernetes: `tier=gold`, `tier in (gold, silver)`, `!legacy`, joined by commas. Errors are in Kubernetes' words, because CoreDNS prints them for
// its `labels` and `namespace_labels` options; `!=`, `<` and `>` are read and then refused, as there.
// https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors

import { labelKeyFault, labelValueFault } from './label-syntax.ts'
import type { Labels } from './objects.ts'

/** A text that is no label selector. */
export class SelectorError extends Error {
  override readonly name = 'SelectorError'
}

/** A parsed selector. */
export interface Selector {
  matches(labels: Labels): boolean
}

/** `=` and `==` are `equals`; the refused operators keep their names of Kubernetes. */
interface Requirement {
  readonly key: string
  readonly operator: 'equals' | 'in' | 'notin' | 'exists' | 'absent' | '!=' | 'gt' | 'lt'
  readonly values: readonly string[]
}

/** Reads a selector; throws SelectorError. An empty text selects everything. */
export function parseSelector(text: string): Selector {
  const requirements = new Map<string, Requirement>()
  const parsed = new Parser(text).requirements().sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
  for (const [index, requirement] of parsed.entries()) {
    const { operator, key } = requirement
    if (operator === '!=') throw new SelectorError('"!=" is not a valid label selector operator')
    if (operator === 'gt' || operator === 'lt')
      throw new SelectorError(`"${operator}" isn't supported in label selectors`)
    // Of several equalities for one key the last counts.
    requirements.set(operator === 'equals' ? key : `${key} ${index}`, requirement)
  }
  const all = [...requirements.values()]
  return { matches: (labels) => all.every((requirement) => meets(requirement, labels)) }
}

function meets({ key, operator, values }: Requirement, labels: Labels): boolean {
  const value = Object.hasOwn(labels, key) ? labels[key] : undefined
  switch (operator) {
    case 'exists':
      return value !== undefined
    case 'absent':
      return value === undefined
    case 'notin':
      return value === undefined || !values.includes(value)
    default:
      return value !== undefined && values.includes(value)
  }
}

type TokenKind = 'word' | 'end' | 'in' | 'notin' | ',' | '(' | ')' | '=' | '==' | '!=' | '!' | '<' | '>'

interface Token {
  readonly kind: TokenKind
  readonly text: string
}

/** Words and operators; a run of operator characters is cut at the longest operator. */
function tokensOf(text: string): Token[] {
  const tokens: Token[] = []
  for (const [part] of text.matchAll(/==|!=|[=!(),<>]|[^ \t\r\n=!(),<>]+/g)) {
    const isWord = !/^[=!(),<>]/.test(part) && part !== 'in' && part !== 'notin'
    tokens.push({ kind: isWord ? 'word' : (part as TokenKind), text: part })
  }
  return tokens
}

const end: Token = { kind: 'end', text: '' }

/** `in` and `notin` are words everywhere but after a key. */
const isWord = ({ kind }: Token): boolean => kind === 'word' || kind === 'in' || kind === 'notin'

class Parser {
  readonly #text: string
  readonly #tokens: readonly Token[]
  #at = 0

  constructor(text: string) {
    this.#text = text
    this.#tokens = tokensOf(text)
  }

  #peek(): Token {
    return this.#tokens[this.#at] ?? end
  }

  #take(): Token {
    const token = this.#peek()
    this.#at++
    return token
  }

  #fault(reason: string): SelectorError {
    return new SelectorError(`couldn't parse the selector string "${this.#text}": ${reason}`)
  }

  #requirementFault(reason: string): SelectorError {
    return this.#fault(`unable to parse requirement: ${reason}`)
  }

  requirements(): Requirement[] {
    const found: Requirement[] = []
    if (this.#peek().kind === 'end') return found
    if (!isWord(this.#peek()) && this.#peek().kind !== '!')
      throw this.#fault(`found '${this.#peek().text}', expected: !, identifier, or 'end of string'`)
    for (;;) {
      found.push(this.#requirement())
      const separator = this.#take()
      if (separator.kind === 'end') return found
      if (separator.kind !== ',') throw this.#fault(`found '${separator.text}', expected: ',' or 'end of string'`)
      if (!isWord(this.#peek()) && this.#peek().kind !== '!')
        throw this.#fault(`found '${this.#peek().text}', expected: identifier after ','`)
    }
  }

  #requirement(): Requirement {
    const negated = this.#peek().kind === '!'
    if (negated) this.#take()
    const token = this.#take()
    const key = token.text
    if (!isWord(token)) throw this.#requirementFault(`found '${key}', expected: identifier`)
    const fault = labelKeyFault(key)
    if (fault !== '') throw this.#requirementFault(`<nil>: Invalid value: "${key}": ${fault}`)
    if (negated) return { key, operator: 'absent', values: [] }
    if (this.#peek().kind === 'end' || this.#peek().kind === ',') return { key, operator: 'exists', values: [] }
    return this.#comparison(key)
  }

  #comparison(key: string): Requirement {
    const { kind, text } = this.#take()
    switch (kind) {
      case 'in':
      case 'notin':
        return this.#checked({ key, operator: kind, values: this.#set() })
      case '=':
      case '==':
        return this.#checked({ key, operator: 'equals', values: [this.#value()] })
      case '!=':
        return this.#checked({ key, operator: '!=', values: [this.#value()] })
      case '<':
      case '>':
        return this.#checked({ key, operator: kind === '<' ? 'lt' : 'gt', values: [this.#value()] })
      default:
        throw this.#requirementFault(`found '${text}', expected: in, notin, =, ==, !=, gt, lt`)
    }
  }

  #value(): string {
    if (this.#peek().kind === 'end' || this.#peek().kind === ',') return ''
    const token = this.#take()
    if (!isWord(token)) throw this.#requirementFault(`found '${token.text}', expected: identifier`)
    return token.text
  }

  /** `(a, b)`; nothing before, between or after commas is the empty value. */
  #set(): string[] {
    const open = this.#take()
    if (open.kind !== '(') throw this.#requirementFault(`found '${open.text}' expected: '('`)
    const values = new Set<string>()
    if (this.#peek().kind === ')') values.add('')
    else if (!isWord(this.#peek()) && this.#peek().kind !== ',')
      throw this.#requirementFault(`found '${this.#peek().text}', expected: ',', ')' or identifier`)
    while (this.#peek().kind !== ')') {
      const token = this.#take()
      if (isWord(token)) {
        values.add(token.text)
        if (this.#peek().kind !== ',' && this.#peek().kind !== ')')
          throw this.#requirementFault(`found '${this.#peek().text}', expected: ',' or ')'`)
      } else if (token.kind === ',') {
        if (values.size === 0 || this.#peek().kind === ',' || this.#peek().kind === ')') values.add('')
      } else {
        throw this.#requirementFault(`found '${token.text}', expected: ',', or identifier`)
      }
    }
    this.#take()
    return [...values].sort()
  }

  #checked(requirement: Requirement): Requirement {
    const { key, operator, values } = requirement
    const faults = values.flatMap((value, index) => {
      const fault = labelValueFault(value)
      return fault === '' ? [] : [`values[${index}][${key}]: Invalid value: "${value}": ${fault}`]
    })
    if ((operator === 'gt' || operator === 'lt') && !/^[+-]?[0-9]+$/.test(values[0]!)) {
      faults.unshift(`values[0]: Invalid value: "${values[0]}": for 'Gt', 'Lt' operators, the value must be an integer`)
    }
    if (faults.length > 0) throw this.#requirementFault(faults.length === 1 ? faults[0]! : `[${faults.join(', ')}]`)
    return requirement
  }
}
