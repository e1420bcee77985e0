// Templates: the functions that every template has (those of Go's text/template), and the type that callers give theirs in.

import { sprint, sprintf } from './go-format.ts'
import { compareStrings, Float, formatValue, typeName } from './go-value.ts'
import { quote } from './number.ts'

/** A function that fails; the template's error then reads `error calling NAME: MESSAGE`. */
export class FunctionFault extends Error {}

/** What a function accepts in one place; 'any' takes a missing value too. */
export type ParameterType = 'any' | 'string' | 'int' | 'bool'

/** A function of a template, or a method of its data. */
export class TemplateFunction {
  readonly parameters: readonly ParameterType[]
  /** The type of further arguments, if there may be some. */
  readonly rest: ParameterType | null
  /** Gets values of the declared types; fails by throwing FunctionFault. */
  readonly call: (values: readonly unknown[]) => unknown

  constructor(
    parameters: readonly ParameterType[],
    call: (values: readonly unknown[]) => unknown,
    rest: ParameterType | null = null,
  ) {
    this.parameters = parameters
    this.call = call
    this.rest = rest
  }
}

/** Go's strconv.ParseUint, which CoreDNS calls parseInt: text, base (0: by its prefix) and bits; the result is a bigint. */
export const parseUint = new TemplateFunction(['string', 'int', 'int'], ([text, base, bits]) => {
  const source = String(text)
  const fail = (reason: string): never => {
    throw new FunctionFault(`strconv.ParseUint: parsing ${quote(source)}: ${reason}`)
  }
  const size = Number(bits) === 0 ? 64 : Number(bits)
  let radix = Number(base)
  let digits = source.toLowerCase()
  if (source === '') return fail('invalid syntax')
  if (radix === 0) {
    const prefix = /^0[xob]/.exec(digits)?.[0]
    radix = prefix === '0x' ? 16 : prefix === '0b' ? 2 : digits.startsWith('0') ? 8 : 10
    digits = digits
      .slice(prefix ? 2 : radix === 8 && digits.length > 1 ? 1 : 0)
      .replace(/(?<=[0-9a-f])_(?=[0-9a-f])/g, '')
  }
  if (radix < 2 || radix > 36) return fail(`invalid base ${radix}`)
  if (size < 0 || size > 64) return fail(`invalid bit size ${size}`)
  if (digits === '') return fail('invalid syntax')
  let value = 0n
  const limit = 1n << BigInt(size)
  let over = false
  for (const digit of digits) {
    const worth = '0123456789abcdefghijklmnopqrstuvwxyz'.indexOf(digit)
    if (worth < 0 || worth >= radix) return fail('invalid syntax')
    if (!over) value = value * BigInt(radix) + BigInt(worth)
    over ||= value >= limit
  }
  return over ? fail('value out of range') : value
})

/** `call f a b`: a function that is a value, without its owner; `name` is how the template writes it. */
export function callValue(name: string | null, [called, ...values]: readonly unknown[]): unknown {
  if (called === undefined || called === null) throw new FunctionFault('call of nil')
  const printed = name ?? formatValue(called)
  if (!(called instanceof TemplateFunction)) {
    throw new FunctionFault(`non-function ${printed} of type ${typeName(called)}`)
  }
  const { length } = called.parameters
  if (values.length !== length && called.rest === null) {
    throw new FunctionFault(`wrong number of args for ${printed}: got ${values.length} want ${length}`)
  }
  return called.call(values)
}

/** Whether a value counts as true: nothing that is zero, empty or missing does. */
export function isTrue(value: unknown): boolean {
  if (value === null || value === undefined || value === false || value === '') return false
  if (value instanceof Float) return value.value !== 0
  if (Array.isArray(value)) return value.length > 0
  if (value instanceof Map) return value.size > 0
  return value !== 0 && value !== 0n
}

/** The length of what `len` and `index` count: bytes of a text, elements. */
function lengthOf(value: unknown): number | undefined {
  if (typeof value === 'string') return Buffer.byteLength(value)
  if (Array.isArray(value)) return value.length
  return value instanceof Map ? value.size : undefined
}

function toIndex(value: unknown, length: number): number {
  if (value === undefined || value === null) throw new FunctionFault('cannot index slice/array with nil')
  if (typeof value !== 'bigint' && !(typeof value === 'number' && Number.isInteger(value))) {
    throw new FunctionFault(`cannot index slice/array with type ${typeName(value)}`)
  }
  if (value < 0 || value > length) throw new FunctionFault(`index out of range: ${value}`)
  return Number(value)
}

function index(item: unknown, key: unknown): unknown {
  if (item instanceof Map) {
    if (typeof key !== 'string') {
      if (key === undefined || key === null) throw new FunctionFault('value is nil; should be of type string')
      throw new FunctionFault(`value has type ${typeName(key)}; should be string`)
    }
    if (item.has(key)) return item.get(key)
    return zeroOf([...item.values()])
  }
  const length = lengthOf(item)
  if (length === undefined) {
    if (item === undefined || item === null) throw new FunctionFault('index of untyped nil')
    throw new FunctionFault(`can't index item of type ${typeName(item)}`)
  }
  const place = toIndex(key, length)
  if (place >= length)
    throw new FunctionFault(`reflect: ${typeof item === 'string' ? 'string' : 'slice'} index out of range`)
  return typeof item === 'string' ? Buffer.from(item)[place] : (item as readonly unknown[])[place]
}

/** What a map gives for what it has not: the zero of its values' type, if they have one. */
function zeroOf(values: readonly unknown[]): unknown {
  if (values.length === 0) return undefined
  if (values.every((value) => typeof value === 'string')) return ''
  return values.every((value) => typeof value === 'number') ? 0 : undefined
}

function slice([item, ...bounds]: readonly unknown[]): unknown {
  if (item === undefined || item === null) throw new FunctionFault('slice of untyped nil')
  if (bounds.length > 3) throw new FunctionFault(`too many slice indexes: ${bounds.length}`)
  if (typeof item === 'string' && bounds.length === 3) throw new FunctionFault('cannot 3-index slice a string')
  if (typeof item !== 'string' && !Array.isArray(item))
    throw new FunctionFault(`can't slice item of type ${typeName(item)}`)
  const whole = typeof item === 'string' ? Buffer.from(item) : item
  const [start = 0, end = whole.length, limit = whole.length] = bounds.map((bound) => toIndex(bound, whole.length))
  if (start > end) throw new FunctionFault(`invalid slice index: ${start} > ${end}`)
  if (end > limit) throw new FunctionFault(`invalid slice index: ${end} > ${limit}`)
  return Buffer.isBuffer(whole) ? whole.subarray(start, end).toString() : whole.slice(start, end)
}

/** The kind that comparisons go by; signed and unsigned integers are one. */
function kindOf(value: unknown): 'bool' | 'string' | 'int' | 'float' | 'other' {
  if (typeof value === 'boolean') return 'bool'
  if (typeof value === 'string') return 'string'
  if (value instanceof Float) return 'float'
  if (typeof value === 'bigint') return 'int'
  return typeof value === 'number' ? (Number.isInteger(value) ? 'int' : 'float') : 'other'
}

const toNumber = (value: unknown): unknown => (value instanceof Float ? value.value : value)

function incompatible(left: unknown, right: unknown): FunctionFault {
  return new FunctionFault(`incompatible types for comparison: ${typeName(left)} and ${typeName(right)}`)
}

function isEqual(left: unknown, right: unknown): boolean {
  const kind = kindOf(left)
  const missing = (value: unknown): boolean => value === undefined || value === null
  if (missing(left) || missing(right)) return missing(left) && missing(right)
  if (kind !== kindOf(right)) throw incompatible(left, right)
  if (kind === 'other') {
    if (Array.isArray(right) || right instanceof Map) {
      throw new FunctionFault(`non-comparable type ${formatValue(right)}: ${typeName(right)}`)
    }
    return left === right
  }
  const [a, b] = [toNumber(left), toNumber(right)]
  return kind === 'int' ? BigInt(a as number | bigint) === BigInt(b as number | bigint) : a === b
}

function isLess(left: unknown, right: unknown): boolean {
  const [kind, other] = [kindOf(left), kindOf(right)]
  const bad = 'invalid type for comparison'
  if (kind === 'other' || other === 'other') throw new FunctionFault(bad)
  if (kind !== other) throw incompatible(left, right)
  if (kind === 'bool') throw new FunctionFault(bad)
  if (typeof left === 'string' && typeof right === 'string') return compareStrings(left, right) < 0
  return (toNumber(left) as number | bigint) < (toNumber(right) as number | bigint)
}

const HTML: ReadonlyMap<string, string> = new Map([
  ['\0', '\uFFFD'],
  ['"', '&#34;'],
  ["'", '&#39;'],
  ['&', '&amp;'],
  ['<', '&lt;'],
  ['>', '&gt;'],
])

const SCRIPT: ReadonlyMap<string, string> = new Map([
  ['\\', '\\\\'],
  ["'", "\\'"],
  ['"', '\\"'],
  ['<', '\\u003C'],
  ['>', '\\u003E'],
  ['&', '\\u0026'],
  ['=', '\\u003D'],
])

function escapeScript(text: string): string {
  const control = (character: string): string =>
    `\\u${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is escaped
  return text.replace(/[\\'"<>&=\x00-\x1f\x7f]/g, (character) => SCRIPT.get(character) ?? control(character))
}

function escapeQuery(text: string): string {
  const escaped = encodeURIComponent(text.toWellFormed()).replaceAll('%20', '+')
  return escaped.replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
}

const textOf = (values: readonly unknown[]): string => {
  const [only] = values
  return values.length === 1 && typeof only === 'string' ? only : sprint(values)
}

const any = (count: number, call: (values: readonly unknown[]) => unknown): TemplateFunction =>
  new TemplateFunction(new Array<ParameterType>(count).fill('any'), call)

const open = (count: number, call: (values: readonly unknown[]) => unknown): TemplateFunction =>
  new TemplateFunction(new Array<ParameterType>(count).fill('any'), call, 'any')

/** The functions of every template; `and`, `or` and `call` are the interpreter's own, here only with what they take. */
export const BUILTINS: ReadonlyMap<string, TemplateFunction> = new Map([
  ['and', open(1, () => undefined)],
  ['or', open(1, () => undefined)],
  ['call', open(1, () => undefined)],
  ['not', any(1, ([value]) => !isTrue(value))],
  ['html', open(0, (values) => textOf(values).replace(/[\0"'&<>]/g, (character) => HTML.get(character) ?? ''))],
  ['js', open(0, (values) => escapeScript(textOf(values)))],
  ['urlquery', open(0, (values) => escapeQuery(textOf(values)))],
  [
    'index',
    open(1, ([item, ...keys]) => {
      if (item === undefined || item === null) throw new FunctionFault('index of untyped nil')
      return keys.reduce(index, item)
    }),
  ],
  ['slice', open(1, slice)],
  [
    'len',
    any(1, ([value]) => {
      const length = lengthOf(value)
      if (length === undefined) {
        throw new FunctionFault(
          value === undefined || value === null ? 'len of nil pointer' : `len of type ${typeName(value)}`,
        )
      }
      return length
    }),
  ],
  ['print', open(0, sprint)],
  ['printf', new TemplateFunction(['string'], ([format, ...values]) => sprintf(String(format), values), 'any')],
  ['println', open(0, (values) => `${values.map(formatValue).join(' ')}\n`)],
  [
    'eq',
    open(1, ([left, ...others]) => {
      if (others.length === 0) throw new FunctionFault('missing argument for comparison')
      return others.some((right) => isEqual(left, right))
    }),
  ],
  ['ne', any(2, ([left, right]) => !isEqual(left, right))],
  ['lt', any(2, ([left, right]) => isLess(left, right))],
  ['le', any(2, ([left, right]) => isLess(left, right) || isEqual(left, right))],
  ['gt', any(2, ([left, right]) => !isLess(left, right) && !isEqual(left, right))],
  ['ge', any(2, ([left, right]) => !isLess(left, right))],
])
