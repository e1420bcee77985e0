// Go's fmt.Sprintf and Sprint over the values of go-value.ts: what printf, print and html of a template print (package
// fmt of Go). A verb that does not fit its argument prints Go's complaint (`%!d(string=x)`) and is no error.

import { compareStrings, Float, formatFloat, formatValue, sortedEntries, typeName } from './go-value.ts'
import { quote } from './number.ts'

/** The widest field (Go allows a million) and the longest fraction: one verb must not make a megabyte. */
const WIDTH_MAX = 1_000
const PRECISION_MAX = 100

interface Verb {
  readonly letter: string
  readonly flags: ReadonlySet<string>
  readonly width: number | undefined
  readonly precision: number | undefined
}

/** The text of `format` with its verbs replaced; throws nothing. The caller bounds the length of what comes back. */
export function sprintf(format: string, values: readonly unknown[]): string {
  const verbs = /%([-+# 0]*)(\*|\d+)?(?:\.(\*|\d*))?([\s\S]|$)/gu
  let taken = 0
  const next = (): { present: boolean; value: unknown } => {
    const present = taken < values.length
    const value = values[taken]
    if (present) taken++
    return { present, value }
  }
  const measure = (text: string | undefined): { amount: number | undefined; complaint: boolean } => {
    if (text === undefined) return { amount: undefined, complaint: false }
    if (text === '') return { amount: 0, complaint: false }
    const amount = text === '*' ? next().value : Number(text)
    if (typeof amount !== 'number' || !Number.isInteger(amount) || Math.abs(amount) > WIDTH_MAX) {
      return { amount: undefined, complaint: true }
    }
    return { amount, complaint: false }
  }
  const text = format.replace(
    verbs,
    (_, flagText: string, widthText?: string, precisionText?: string, letter?: string) => {
      const width = measure(widthText)
      const precision = measure(precisionText)
      const complaints = `${width.complaint ? '%!(BADWIDTH)' : ''}${precision.complaint ? '%!(BADPREC)' : ''}`
      if (!letter) return `${complaints}%!(NOVERB)`
      if (letter === '%') return `${complaints}%`
      const argument = next()
      if (!argument.present) return `${complaints}%!${letter}(MISSING)`
      const flags = new Set(flagText)
      if (width.amount !== undefined && width.amount < 0) flags.add('-')
      if (flags.has('-')) flags.delete('0')
      if (letter === 'v') flags.delete('+')
      const verb: Verb = {
        letter,
        flags,
        width: width.amount === undefined ? undefined : Math.abs(width.amount),
        precision:
          precision.amount === undefined || precision.amount < 0
            ? undefined
            : Math.min(precision.amount, PRECISION_MAX),
      }
      return complaints + formatVerb(verb, argument.value)
    },
  )
  if (taken >= values.length) return text
  const extra = values.slice(taken).map((value) => describe(value))
  return `${text}%!(EXTRA ${extra.join(', ')})`
}

/** Go's fmt.Sprint: a space between two values of which neither is a string. */
export function sprint(values: readonly unknown[]): string {
  let text = ''
  values.forEach((value, index) => {
    if (index > 0 && typeof value !== 'string' && typeof values[index - 1] !== 'string') text += ' '
    text += formatValue(value)
  })
  return text
}

function describe(value: unknown): string {
  return value === null || value === undefined ? '<nil>' : `${typeName(value)}=${formatValue(value)}`
}

function formatVerb(verb: Verb, value: unknown): string {
  if (verb.letter === 'T') return pad(verb, typeName(value))
  if (verb.letter === 'v' && verb.flags.has('#')) return pad(verb, goSyntax(value))
  if (value === null || value === undefined) return verb.letter === 'v' ? pad(verb, '<nil>') : complain(verb, value)
  if (Array.isArray(value)) {
    if (verb.letter === 'v' && verb.width === undefined) return formatValue(value)
    return `[${value.map((item) => formatVerb(verb, item)).join(' ')}]`
  }
  if (value instanceof Map) {
    const pairs = sortedEntries(value).map(([key, item]) => `${formatVerb(verb, key)}:${formatVerb(verb, item)}`)
    return `map[${pairs.join(' ')}]`
  }
  if (typeof value === 'string') return formatString(verb, value)
  if (typeof value === 'boolean') return 'vt'.includes(verb.letter) ? pad(verb, String(value)) : complain(verb, value)
  if (value instanceof Float) return formatFloating(verb, value.value)
  if (typeof value === 'bigint') return formatInteger(verb, value)
  if (typeof value === 'number') {
    return Number.isInteger(value) ? formatInteger(verb, BigInt(value)) : formatFloating(verb, value)
  }
  return 'vs'.includes(verb.letter) ? pad(verb, formatValue(value)) : complain(verb, value)
}

function complain(verb: Verb, value: unknown): string {
  return `%!${verb.letter}(${describe(value)})`
}

/** Fills up to the width; with flag 0 the zeros go between sign and digits. */
function pad(verb: Verb, text: string, zeros = false): string {
  const missing = (verb.width ?? 0) - [...text].length
  if (missing <= 0) return text
  if (verb.flags.has('-')) return text + ' '.repeat(missing)
  if (!zeros || !verb.flags.has('0')) return ' '.repeat(missing) + text
  const sign = /^[-+ ]/.exec(text)?.[0] ?? ''
  return sign + '0'.repeat(missing) + text.slice(sign.length)
}

function formatString(verb: Verb, value: string): string {
  const cut = (): string => (verb.precision === undefined ? value : [...value].slice(0, verb.precision).join(''))
  switch (verb.letter) {
    case 'v':
    case 's':
      return pad(verb, cut(), true)
    case 'q':
      return pad(verb, verb.flags.has('#') && !cut().includes('`') ? `\`${cut()}\`` : quote(cut(), verb.flags.has('+')))
    case 'x':
    case 'X': {
      const bytes = [...Buffer.from(value).subarray(0, verb.precision)].map((byte) =>
        byte.toString(16).padStart(2, '0'),
      )
      const prefix = verb.flags.has('#') && bytes.length > 0 ? '0x' : ''
      const text = prefix + bytes.join(verb.flags.has(' ') ? ` ${prefix}` : '')
      return pad(verb, verb.letter === 'X' ? text.toUpperCase() : text, true)
    }
  }
  return complain(verb, value)
}

const BASES: ReadonlyMap<string, [base: number, prefix: string]> = new Map([
  ['v', [10, '']],
  ['d', [10, '']],
  ['b', [2, '0b']],
  ['o', [8, '0']],
  ['O', [8, '0o']],
  ['x', [16, '0x']],
  ['X', [16, '0x']],
])

function formatInteger(verb: Verb, value: bigint): string {
  const [base, prefix] = BASES.get(verb.letter) ?? [0, '']
  if (base > 0) {
    let digits = (value < 0n ? -value : value).toString(base).padStart(verb.precision ?? 0, '0')
    if (verb.letter === 'O' || (verb.flags.has('#') && base !== 10)) digits = prefix + digits
    if (verb.letter === 'X') digits = digits.toUpperCase()
    return pad(verb, signOf(verb, value < 0n) + digits, verb.precision === undefined)
  }
  const code = value >= 0n && value <= 0x10ffffn ? Number(value) : 0xfffd
  const character = String.fromCodePoint(code)
  if (verb.letter === 'c') return pad(verb, character)
  if (verb.letter === 'q') return pad(verb, quoteRune(character, verb.flags.has('+')))
  if (verb.letter === 'U') return pad(verb, `U+${code.toString(16).toUpperCase().padStart(4, '0')}`)
  return complain(verb, value < BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value)
}

/** Go's strconv.QuoteRune: it escapes the single quote in place of the double one. */
function quoteRune(character: string, ascii: boolean): string {
  if (character === "'") return "'\\''"
  return character === '"' ? `'"'` : `'${quote(character, ascii).slice(1, -1)}'`
}

function signOf(verb: Verb, negative: boolean): string {
  return negative ? '-' : verb.flags.has('+') ? '+' : verb.flags.has(' ') ? ' ' : ''
}

function formatFloating(verb: Verb, value: number): string {
  const magnitude = Math.abs(value)
  const negative = value < 0 || Object.is(value, -0)
  let text: string
  if (!Number.isFinite(value)) {
    const name = Number.isNaN(value) ? 'NaN' : 'Inf'
    return pad(verb, (name === 'Inf' && !negative ? '+' : signOf(verb, negative && name === 'Inf')) + name)
  }
  switch (verb.letter) {
    case 'v':
    case 'g':
    case 'G':
      text = verb.precision === undefined ? formatFloat(magnitude) : general(magnitude, verb.precision || 1)
      break
    case 'e':
    case 'E':
      text = twoDigitExponent(magnitude.toExponential(verb.precision ?? 6))
      break
    case 'f':
    case 'F':
      text = fixed(magnitude, verb.precision ?? 6)
      break
    default:
      return complain(verb, new Float(value))
  }
  if (verb.letter === 'E' || verb.letter === 'G') text = text.toUpperCase()
  return pad(verb, signOf(verb, negative) + text, true)
}

/** A number with so many decimals; a tie goes to the even digit, where toFixed would go up. */
function fixed(value: number, decimals: number): string {
  if (value >= 1e21) return BigInt(value).toString() + (decimals > 0 ? `.${'0'.repeat(decimals)}` : '')
  const text = value.toFixed(decimals)
  const exact = value.toFixed(Math.min(100, decimals + 60))
  const tie = /^50*$/.test(exact.slice(exact.indexOf('.') + 1 + decimals))
  if (!tie || '02468'.includes(text.at(-1) ?? '')) return text
  return (value - 10 ** -decimals / 4).toFixed(decimals)
}

/** %g with a number of significant digits; trailing zeros go. */
function general(value: number, digits: number): string {
  const power = Number(value.toExponential(digits - 1).split('e')[1])
  if (power < -4 || power >= digits) {
    return twoDigitExponent(value.toExponential(digits - 1).replace(/\.?0+e/, 'e'))
  }
  const text = fixed(value, Math.max(0, digits - 1 - power))
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text
}

function twoDigitExponent(text: string): string {
  return text.replace(/e([-+])(\d)$/, 'e$10$2')
}

/** %#v: the value as a Go program would write it. */
function goSyntax(value: unknown): string {
  if (typeof value === 'string') return quote(value)
  if (Array.isArray(value)) return `${typeName(value)}{${value.map(goSyntax).join(', ')}}`
  if (value instanceof Map) {
    const pairs = [...value].sort(([a], [b]) => compareStrings(String(a), String(b)))
    return `${typeName(value)}{${pairs.map(([key, item]) => `${goSyntax(key)}:${goSyntax(item)}`).join(', ')}}`
  }
  return formatValue(value)
}
