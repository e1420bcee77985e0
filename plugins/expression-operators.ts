// Expressions: the binary operators, from the types of their operands to the closures that compute them.

import { SyntaxFault } from './expression-tokens.ts'
import * as types from './expression-types.ts'
import { BOOL, INT, STRING, type Type, UNKNOWN } from './expression-types.ts'
import * as values from './expression-values.ts'
import { type Frame, RuntimeFault, textCost, toBool, toText } from './expression-values.ts'
import { compilePattern, PatternError } from './pattern.ts'

/** A compiled part: the type of its value, and the function that makes it. */
export interface Compiled<S> {
  readonly type: Type
  readonly run: (frame: Frame<S>) => unknown
  /** Set if the value is the same whenever it is asked for. */
  readonly constant?: unknown
}

/** The nil of an optional access on its way to the end of the chain. */
export const BROKEN = Symbol('broken chain')
/** A pattern that is not known when the Corefile is loaded: its length, and what compiling it costs. */
const DYNAMIC_PATTERN_MAX = 1000
const DYNAMIC_PATTERN_STEPS = 20_000

/** The compiled form of an operation; throws SyntaxFault if the types do not go together. */
export function binaryOperation<S>(operator: string, left: Compiled<S>, right: Compiled<S>, at: number): Compiled<S> {
  const type = operator === 'in' ? membership(left.type, right.type, at) : resultOf(operator, left.type, right.type)
  const pattern = operator === 'matches' && typeof right.constant === 'string' ? right.constant : undefined
  const compiled = pattern === undefined ? undefined : patternAt(pattern, at)
  if (!type) {
    const mismatch = `(mismatched types ${left.type.name} and ${right.type.name})`
    throw new SyntaxFault(`invalid operation: ${operator} ${mismatch}`, at)
  }
  if (compiled) {
    const matches = (frame: Frame<S>): boolean => {
      const text = left.run(frame)
      if (text === null) return false
      frame.spend(textCost(toText(text).length) * 4)
      return compiled.test(toText(text))
    }
    return { type, run: matches }
  }
  if (operator === '%' && right.constant === 0 && typeof left.constant === 'number') {
    throw new SyntaxFault('integer divide by zero', at)
  }
  return { type, run: operation(operator, left, right, at) }
}

function operation<S>(operator: string, left: Compiled<S>, right: Compiled<S>, at: number): Compiled<S>['run'] {
  const [a, b] = [left.run, right.run]
  switch (operator) {
    case 'and':
    case '&&':
      return (frame) => toBool(located(frame, at, a)) && toBool(located(frame, at, b))
    case 'or':
    case '||':
      return (frame) => toBool(located(frame, at, a)) || toBool(located(frame, at, b))
    case '??':
      return (frame) => unbroken(a(frame)) ?? b(frame)
    case '==':
      return (frame) => same(frame, a(frame), b(frame))
    case '!=':
      return (frame) => !same(frame, a(frame), b(frame))
    case 'in':
      return inOperation(a, right, at)
    case '..':
      return (frame) => values.range(a(frame), located(frame, at, b), (steps) => frame.spend(steps))
    case 'matches':
      return (frame) => matchesDynamic(frame, a(frame), located(frame, at, b))
    case 'contains':
    case 'startsWith':
    case 'endsWith':
      return textOperation(operator, a, b, at)
  }
  if (['<', '>', '<=', '>='].includes(operator)) {
    return (frame) => {
      const order = values.compare(a(frame), located(frame, at, b), operator)
      return operator === '<' ? order < 0 : operator === '>' ? order > 0 : operator === '<=' ? order <= 0 : order >= 0
    }
  }
  return (frame) => values.arithmetic(operator, a(frame), located(frame, at, b), (steps) => frame.spend(steps))
}

/** The value, nil where a chain broke. */
export const unbroken = (value: unknown): unknown => (value === BROKEN ? null : value)

/** Runs a part, and notes where the operation that follows stands. */
export function located<S>(frame: Frame<S>, at: number, run: Compiled<S>['run']): unknown {
  const value = unbroken(run(frame))
  frame.at = at
  return value
}

function patternAt(source: string, at: number): ReturnType<typeof compilePattern> {
  try {
    return compilePattern(source)
  } catch (error) {
    if (error instanceof PatternError) throw new SyntaxFault(error.message, at)
    throw error
  }
}

function same<S>(frame: Frame<S>, left: unknown, right: unknown): boolean {
  if (Array.isArray(left)) frame.spend(left.length)
  return values.equal(unbroken(left), unbroken(right))
}

function matchesDynamic<S>(frame: Frame<S>, text: unknown, source: unknown): boolean {
  if (unbroken(text) === null || source === null) return false
  const pattern = toText(source)
  if (pattern.length > DYNAMIC_PATTERN_MAX) throw new RuntimeFault('error parsing regexp: expression too large')
  frame.spend(DYNAMIC_PATTERN_STEPS + toText(text).length)
  try {
    return compilePattern(pattern).test(toText(text))
  } catch (error) {
    if (error instanceof PatternError) throw new RuntimeFault(error.message)
    throw error
  }
}

function textOperation<S>(
  operator: string,
  a: Compiled<S>['run'],
  b: Compiled<S>['run'],
  at: number,
): Compiled<S>['run'] {
  return (frame) => {
    const left = unbroken(a(frame))
    const right = located(frame, at, b)
    if (left === null || right === null) return false
    const [text, part] = [toText(left), toText(right)]
    frame.spend(textCost(text.length))
    return operator === 'contains'
      ? text.includes(part)
      : operator === 'startsWith'
        ? text.startsWith(part)
        : text.endsWith(part)
  }
}

function inOperation<S>(needle: Compiled<S>['run'], haystack: Compiled<S>, at: number): Compiled<S>['run'] {
  const list = haystack.constant
  if (Array.isArray(list) && list.every((item) => typeof item === 'string')) {
    const set = new Set<unknown>(list)
    return (frame) => set.has(needle(frame))
  }
  return (frame) => {
    const value = unbroken(needle(frame))
    const all = located(frame, at, haystack.run)
    if (Array.isArray(all)) frame.spend(all.length)
    return values.contains(value, all)
  }
}

/** The type of an operation, or undefined if the operands do not go together. */
function resultOf(operator: string, left: Type, right: Type): Type | undefined {
  const numbers = types.isNumber(left) && types.isNumber(right)
  const sum = left.kind === 'float' || right.kind === 'float' ? types.FLOAT : INT
  const may = (...kinds: Type['kind'][]): boolean => types.mayBoth(left, right, ...kinds)
  switch (operator) {
    case '==':
    case '!=':
      return types.isComparable(left, right) ? BOOL : undefined
    case 'and':
    case '&&':
    case 'or':
    case '||':
      return (left.kind === 'bool' && right.kind === 'bool') || may('bool') ? BOOL : undefined
    case '<':
    case '>':
    case '<=':
    case '>=':
      return numbers || (left.kind === 'string' && right.kind === 'string') || may('int', 'float', 'string')
        ? BOOL
        : undefined
    case '+':
      if (left.kind === 'string' && right.kind === 'string') return STRING
      return numbers ? sum : may('int', 'float', 'string') ? UNKNOWN : undefined
    case '-':
    case '*':
      return numbers ? sum : may('int', 'float') ? UNKNOWN : undefined
    case '/':
    case '**':
    case '^':
      return numbers || may('int', 'float') ? types.FLOAT : undefined
    case '%':
      return (left.kind === 'int' && right.kind === 'int') || may('int') ? INT : undefined
    case 'matches':
    case 'contains':
    case 'startsWith':
    case 'endsWith':
      return (left.kind === 'string' && right.kind === 'string') || may('string') ? BOOL : undefined
    case '..':
      return (left.kind === 'int' && right.kind === 'int') || may('int') ? types.arrayOf(INT) : undefined
    case '??':
      if (left.kind === 'nil') return right
      return right.kind === 'nil' || types.isAssignable(right, left) ? left : UNKNOWN
  }
  return undefined
}

function membership(left: Type, right: Type, at: number): Type | undefined {
  if (right.kind === 'map') {
    if (left.kind === 'any' || left.kind === 'string') return BOOL
    throw new SyntaxFault(`cannot use ${left.name} as type string in map key`, at)
  }
  if (right.kind === 'array') {
    if (types.isComparable(left, right.element)) return BOOL
    throw new SyntaxFault(`cannot use ${left.name} as type ${right.element.name} in array`, at)
  }
  return right.kind === 'any' || (left.kind === 'any' && right.kind === 'string') ? BOOL : undefined
}
