// Expressions: what the operators do with values when an expression runs (the values are those of go-value.ts), and the account of work
// that keeps one evaluation short whatever a client sends.

import { compareStrings, Float, formatValue, typeName } from './go-value.ts'

/** What one evaluation may cost, in steps of some ten nanoseconds; an element of a loop, an array or a text counts. */
const STEPS_MAX = 100_000

/** An expression that fails while it runs; expression.ts adds the place. */
export class RuntimeFault extends Error {}

/** One evaluation: whom it is about, the local values, and what it may still cost. */
export class Frame<S> {
  readonly subject: S
  readonly slots: unknown[] = []
  /** The code point that an error would point at. */
  at = 0
  #steps = STEPS_MAX

  constructor(subject: S) {
    this.subject = subject
  }

  /**
   * Gives a value a name. It is paid for by its full size: only what has a name can be used twice, so that no value grows beyond the
   * budget by holding itself many times over.
   */
  bind(slot: number, value: unknown): void {
    this.#pay(value)
    this.slots[slot] = value
  }

  #pay(value: unknown): void {
    if (Array.isArray(value)) for (const item of value) this.#pay(item)
    else if (value instanceof Map) for (const item of value.values()) this.#pay(item)
    this.spend(1)
  }

  /** Pays for work before it is done. */
  spend(steps: number): void {
    this.#steps -= steps
    if (this.#steps < 0) throw new RuntimeFault('memory budget exceeded')
  }
}

/** Work over a text is native and cheap. */
export const textCost = (length: number): number => 1 + (length >> 4)

export function toBool(value: unknown): boolean {
  if (typeof value === 'boolean') return value
  throw new RuntimeFault(`interface conversion: interface {} is ${value === null ? 'nil' : typeName(value)}, not bool`)
}

export function toText(value: unknown): string {
  if (typeof value === 'string') return value
  throw new RuntimeFault(
    `interface conversion: interface {} is ${value === null ? 'nil' : typeName(value)}, not string`,
  )
}

export function toInteger(value: unknown): number {
  if (typeof value === 'number') return value
  if (value instanceof Float) return checkInteger(Math.trunc(value.value))
  throw new RuntimeFault(`invalid operation: int(${typeName(value)})`)
}

export function toFloat(value: unknown): number {
  if (typeof value === 'number') return value
  if (value instanceof Float) return value.value
  throw new RuntimeFault(`invalid operation: float(${typeName(value)})`)
}

export function toArray(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value
  throw new RuntimeFault(`reflect: call of reflect.Value.Len on ${typeName(value)} Value`)
}

/** Integers are exact up to 2^53; beyond that an expression fails instead of being wrong. */
function checkInteger(value: number): number {
  if (Number.isSafeInteger(value)) return value
  throw new RuntimeFault(`integer overflow: ${value}`)
}

export function equal(left: unknown, right: unknown, depth = 0): boolean {
  if (left === right) return true
  if (isNumeric(left) && isNumeric(right)) return toFloat(left) === toFloat(right)
  if (depth > 100) return false
  if (Array.isArray(left) && Array.isArray(right)) {
    return left.length === right.length && left.every((item, index) => equal(item, right[index], depth + 1))
  }
  if (left instanceof Map && right instanceof Map) {
    const same = ([key, item]: [unknown, unknown]): boolean => right.has(key) && equal(item, right.get(key), depth + 1)
    return left.size === right.size && [...left].every(same)
  }
  return false
}

const isNumeric = (value: unknown): boolean => typeof value === 'number' || value instanceof Float

/** Less than zero, zero or more, for two numbers or two texts. */
export function compare(left: unknown, right: unknown, operator: string): number {
  if (typeof left === 'string' && typeof right === 'string') return compareStrings(left, right)
  if (isNumeric(left) && isNumeric(right)) {
    const [a, b] = [toFloat(left), toFloat(right)]
    return a < b ? -1 : a > b ? 1 : a === b ? 0 : Number.NaN
  }
  throw mismatch(left, operator, right)
}

function mismatch(left: unknown, operator: string, right: unknown): RuntimeFault {
  return new RuntimeFault(`invalid operation: ${typeName(left)} ${operator} ${typeName(right)}`)
}

/** + - * / % ** and ^; `spend` pays for joined texts. */
export function arithmetic(operator: string, left: unknown, right: unknown, spend: (steps: number) => void): unknown {
  if (operator === '+' && typeof left === 'string' && typeof right === 'string') {
    spend(textCost(left.length + right.length))
    return left + right
  }
  if (!isNumeric(left) || !isNumeric(right)) throw mismatch(left, operator, right)
  const [a, b] = [toFloat(left), toFloat(right)]
  if (operator === '/') return new Float(a / b)
  if (operator === '**' || operator === '^') return new Float(a ** b)
  if (operator === '%') {
    if (left instanceof Float || right instanceof Float) throw mismatch(left, operator, right)
    if (b === 0) throw new RuntimeFault('runtime error: integer divide by zero')
    return a % b
  }
  const result = operator === '+' ? a + b : operator === '-' ? a - b : a * b
  return left instanceof Float || right instanceof Float ? new Float(result) : checkInteger(result)
}

export function negate(value: unknown): unknown {
  if (value instanceof Float) return new Float(-value.value)
  if (typeof value === 'number') return 0 - value
  throw new RuntimeFault(`invalid operation: - ${typeName(value)}`)
}

export function contains(needle: unknown, haystack: unknown): boolean {
  if (haystack === null) return false
  if (Array.isArray(haystack)) return haystack.some((item) => equal(item, needle))
  if (haystack instanceof Map) return haystack.has(needle)
  throw new RuntimeFault(`operator "in" not defined on ${typeName(haystack)}`)
}

/** `base[key]` and `base.key`: an element, a byte of a text or a value of a map; nothing else has members. */
export function member(base: unknown, key: unknown): unknown {
  if (base instanceof Map) return base.get(key) ?? null
  if (Array.isArray(base) || typeof base === 'string') {
    const items = typeof base === 'string' ? Buffer.from(base) : base
    let index = toInteger(key)
    if (index < 0) index += items.length
    if (index < 0 || index >= items.length) {
      throw new RuntimeFault(`index out of range: ${index} (array length is ${items.length})`)
    }
    return items[index] ?? null
  }
  throw new RuntimeFault(`cannot fetch ${formatValue(key)} from ${typeName(base)}`)
}

/** `base[from:to]`; a text is cut by its bytes. */
export function slice(base: unknown, from: unknown, to: unknown): unknown {
  if (!Array.isArray(base) && typeof base !== 'string') throw new RuntimeFault(`cannot slice ${formatValue(from)}`)
  const items = typeof base === 'string' ? Buffer.from(base) : base
  const place = (index: number): number => Math.min(Math.max(index < 0 ? index + items.length : index, 0), items.length)
  const end = to === undefined ? items.length : place(toInteger(to))
  const start = Math.min(from === undefined ? 0 : place(toInteger(from)), end)
  return Buffer.isBuffer(items) ? items.subarray(start, end).toString() : items.slice(start, end)
}

/** `from..to`, both included. */
export function range(from: unknown, to: unknown, spend: (steps: number) => void): number[] {
  const start = toInteger(from)
  const length = Math.max(0, toInteger(to) - start + 1)
  spend(length)
  return Array.from({ length }, (_, index) => start + index)
}
