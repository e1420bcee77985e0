// Templates: the tree between parser and interpreter, and how it prints. Go prints a node in its error messages, and a whole tree is the
// label `template` of CoreDNS's failure counters.

import { Float } from './go-value.ts'

/** A part of an action that has a value; `at` is the offset in the text that an error names. */
export type Operand = { readonly at: number } & (
  | { readonly kind: 'dot' }
  | { readonly kind: 'nil' }
  | { readonly kind: 'bool'; readonly value: boolean }
  | { readonly kind: 'string'; readonly value: string; readonly source: string }
  /** `ideal` is the value that the form asks for, `integer` the same as an int where that is exact. */
  | {
      readonly kind: 'number'
      readonly source: string
      readonly ideal: number | bigint | Float
      readonly integer: number | bigint | null
    }
  /** A function. */
  | { readonly kind: 'name'; readonly name: string }
  /** `.a.b` */
  | { readonly kind: 'field'; readonly path: readonly string[] }
  /** `$x.a.b`; the first of the path is the variable. */
  | { readonly kind: 'variable'; readonly path: readonly string[] }
  /** `(pipeline).a.b` */
  | { readonly kind: 'chain'; readonly base: Operand; readonly path: readonly string[] }
  | Pipeline
)

/** What stands between bars: a function with its arguments, or a single operand. */
export interface Command {
  readonly at: number
  readonly parts: readonly Operand[]
}

export interface Pipeline {
  readonly kind: 'pipeline'
  readonly at: number
  readonly assigned: boolean
  readonly variables: readonly string[]
  readonly commands: readonly Command[]
}

/** A piece of a template in the order of its text. */
export type Piece = { readonly at: number } & (
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'action'; readonly pipeline: Pipeline }
  | {
      readonly kind: 'if' | 'range' | 'with'
      readonly pipeline: Pipeline
      readonly body: readonly Piece[]
      readonly otherwise: readonly Piece[] | null
    }
  | { readonly kind: 'template'; readonly name: string; readonly source: string; readonly pipeline: Pipeline | null }
  | { readonly kind: 'break' | 'continue' }
)

/** The text of pieces, normalised as Go's Tree.Root.String() does. */
export function printPieces(pieces: readonly Piece[]): string {
  return pieces.map(printPiece).join('')
}

function printPiece(piece: Piece): string {
  switch (piece.kind) {
    case 'text':
      return piece.text
    case 'action':
      return `{{${printOperand(piece.pipeline)}}}`
    case 'template':
      return `{{template ${piece.source}${piece.pipeline ? ` ${printOperand(piece.pipeline)}` : ''}}}`
    case 'break':
    case 'continue':
      return `{{${piece.kind}}}`
  }
  const otherwise = piece.otherwise ? `{{else}}${printPieces(piece.otherwise)}` : ''
  return `{{${piece.kind} ${printOperand(piece.pipeline)}}}${printPieces(piece.body)}${otherwise}{{end}}`
}

/** The text of a command. */
function printCommand(command: Command): string {
  return command.parts
    .map((part) => (part.kind === 'pipeline' ? `(${printOperand(part)})` : printOperand(part)))
    .join(' ')
}

/** The text of an operand; a pipeline has no parentheses of its own. */
export function printOperand(operand: Operand): string {
  switch (operand.kind) {
    case 'dot':
      return '.'
    case 'nil':
      return 'nil'
    case 'bool':
      return String(operand.value)
    case 'string':
    case 'number':
      return operand.source
    case 'name':
      return operand.name
    case 'field':
      return operand.path.map((name) => `.${name}`).join('')
    case 'variable':
      return operand.path.join('.')
    case 'chain': {
      const base = operand.base.kind === 'pipeline' ? `(${printOperand(operand.base)})` : printOperand(operand.base)
      return base + operand.path.map((name) => `.${name}`).join('')
    }
  }
  const variables =
    operand.variables.length > 0 ? `${operand.variables.join(', ')} ${operand.assigned ? '=' : ':='} ` : ''
  return variables + operand.commands.map(printCommand).join(' | ')
}

/** The integer or float that a number of a template stands for; null if its form is wrong or it is too large. */
export function parseNumber(
  source: string,
): { ideal: number | bigint | Float; integer: number | bigint | null } | 'syntax' | 'overflow' {
  const text = source.replaceAll('_', '')
  const [, sign = '', digits = ''] = /^([-+]?)(.*)$/.exec(text) ?? []
  const octal = /^0[0-7]+$/.test(digits) ? `0o${digits.slice(1)}` : digits
  if (/^(?:0[xX][0-9a-fA-F]+|0[oO][0-7]+|0[bB][01]+|0|[1-9][0-9]*)$/.test(octal)) {
    const value = sign === '-' ? -BigInt(octal) : BigInt(octal)
    if (value > 2n ** 63n - 1n || value < -(2n ** 63n)) return 'overflow'
    const integer = Number.isSafeInteger(Number(value)) ? Number(value) : value
    return { ideal: integer, integer }
  }
  // No float by its form, and no integer either (`08`): Go says so too.
  if (/^[0-9]+$/.test(digits)) return 'overflow'
  if (!/^(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?$/.test(digits)) return 'syntax'
  const value = Number(text)
  if (!Number.isFinite(value)) return 'syntax'
  return { ideal: new Float(value), integer: Number.isSafeInteger(value) ? value : null }
}

/** What an error names. */
export type Place = Operand | Piece | { readonly kind: 'command'; readonly at: number; readonly command: Command }

/** The value of an operand that is written out; dot is one too. */
export function constantValue(dot: unknown, operand: Operand): unknown {
  switch (operand.kind) {
    case 'dot':
      return dot
    case 'bool':
    case 'string':
      return operand.value
    case 'number':
      return operand.ideal
  }
  return undefined
}

/** The text of what an error names. */
export function printPlace(place: Place): string {
  if (place.kind === 'command') return printCommand(place.command)
  if ('path' in place || place.kind === 'pipeline' || place.kind === 'dot' || place.kind === 'nil')
    return printOperand(place)
  if (place.kind === 'name' || place.kind === 'string' || place.kind === 'number' || place.kind === 'bool') {
    return printOperand(place)
  }
  return printPieces([place])
}
