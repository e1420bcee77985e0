// Values as the small languages of a Corefile see them (template texts, expressions), and how Go prints them. Not on the way of a query
// by itself: go-template.ts and expression.ts work with these values, and printed text becomes records.
//
//     Go                    here
//     nil                   null (or undefined)
//     int                   a number that is an integer; a bigint where 64 bits are needed
//     float64               Float
//     string, bool          string, boolean
//     slice, map            an array, a Map
//     struct                an object; only fields whose names start with a capital letter are visible

/** The key under which a struct may tell what Go would call its type: error messages name it. */
export const goType: unique symbol = Symbol('Go type')

/** A float64: kept apart from integers because 6 / 2 is 3.0, which Go prints and compares in its own way. */
export class Float {
  readonly value: number

  constructor(value: number) {
    this.value = value
  }
}

/** What Go's %T prints. */
export function typeName(value: unknown): string {
  if (value === null || value === undefined) return '<nil>'
  if (typeof value === 'number') return Number.isInteger(value) ? 'int' : 'float64'
  if (typeof value === 'bigint') return 'uint64'
  if (typeof value === 'boolean') return 'bool'
  if (typeof value === 'string') return 'string'
  if (typeof value === 'function') return 'func()'
  if (value instanceof Float) return 'float64'
  if (Array.isArray(value)) return `[]${elementType(value)}`
  if (value instanceof Map) return `map[string]${elementType([...value.values()])}`
  const named = typeof value === 'object' ? Reflect.get(value, goType) : undefined
  return typeof named === 'string' ? named : 'struct'
}

function elementType(values: readonly unknown[]): string {
  const names = new Set(values.map(typeName))
  const [only] = names
  return names.size === 1 && only !== undefined && only !== '<nil>' ? only : 'interface {}'
}

/** What Go's %v prints. */
export function formatValue(value: unknown): string {
  if (typeof value === 'string') return value
  if (value === null || value === undefined) return '<nil>'
  if (typeof value === 'number') return Number.isInteger(value) ? String(value) : formatFloat(value)
  if (value instanceof Float) return formatFloat(value.value)
  if (Array.isArray(value)) return `[${value.map(formatValue).join(' ')}]`
  if (value instanceof Map) {
    const pairs = sortedEntries(value).map(([key, item]) => `${formatValue(key)}:${formatValue(item)}`)
    return `map[${pairs.join(' ')}]`
  }
  if (typeof value === 'function') return 'func'
  if (typeof value === 'object') {
    const printed = fieldOf(value, 'String')
    if (printed.found && typeof printed.value === 'function') return String(printed.value())
    const fields = Object.keys(value).filter(isExported)
    return `{${fields.map((name) => formatValue(fieldOf(value, name).value)).join(' ')}}`
  }
  return String(value)
}

/** A float64 as %v prints it: the shortest digits that give the number back, with an exponent where it is below -4 or above 5. */
export function formatFloat(value: number): string {
  if (Number.isNaN(value)) return 'NaN'
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf'
  if (value === 0) return Object.is(value, -0) ? '-0' : '0'
  const [mantissa = '', exponent = '0'] = value.toExponential().split('e')
  const power = Number(exponent)
  if (power < -4 || power > 5) {
    const digits = String(Math.abs(power)).padStart(2, '0')
    return `${mantissa}e${power < 0 ? '-' : '+'}${digits}`
  }
  const text = mantissa.replace('-', '').replace('.', '')
  const sign = value < 0 ? '-' : ''
  if (power < 0) return `${sign}0.${'0'.repeat(-power - 1)}${text}`
  if (text.length <= power + 1) return sign + text.padEnd(power + 1, '0')
  return `${sign}${text.slice(0, power + 1)}.${text.slice(power + 1)}`
}

/** The pairs of a map in the order that Go prints and ranges over them: numbers by value, strings by their bytes. */
export function sortedEntries(map: ReadonlyMap<unknown, unknown>): [unknown, unknown][] {
  return [...map].sort(([a], [b]) => compareKeys(a, b))
}

function compareKeys(a: unknown, b: unknown): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b
  if (typeof a === 'string' && typeof b === 'string') return compareStrings(a, b)
  return typeof a === 'number' ? -1 : typeof b === 'number' ? 1 : 0
}

/** Orders strings by their UTF-8 bytes, which is the order of their code points. */
export function compareStrings(a: string, b: string): number {
  if (a === b) return 0
  const least = Math.min(a.length, b.length)
  for (let at = 0; at < least; ) {
    const left = a.codePointAt(at) ?? 0
    const right = b.codePointAt(at) ?? 0
    if (left !== right) return left - right
    at += left > 0xffff ? 2 : 1
  }
  return a.length - b.length
}

const isExported = (name: string): boolean => /^\p{Lu}/u.test(name)

/**
 * A field of a struct: its own, or a getter or method of its class. Only names with a capital first letter exist, so that neither
 * `constructor` nor `__proto__` nor anything else of the language is in reach of a Corefile.
 */
export function fieldOf(value: object, name: string): { found: boolean; value: unknown } {
  if (isExported(name)) {
    const prototype: unknown = Object.getPrototypeOf(value)
    const ofClass = prototype !== null && prototype !== Object.prototype && Object.hasOwn(prototype as object, name)
    if (Object.hasOwn(value, name) || ofClass) return { found: true, value: Reflect.get(value, name) }
  }
  return { found: false, value: undefined }
}
