// Durations of a Corefile: read and printed as CoreDNS does it (Go's duration syntax), because both end up in error texts and logs.
// Used by a plugin's setup only, never on the way of a query.

import { ConfigError } from './directive.ts'

const nanosecondsPerMs = 1_000_000

const unitNanoseconds: ReadonlyMap<string, bigint> = new Map([
  ['ns', 1n],
  ['us', 1_000n],
  ['\u00b5s', 1_000n], // micro sign
  ['\u03bcs', 1_000n], // Greek letter mu
  ['ms', 1_000_000n],
  ['s', 1_000_000_000n],
  ['m', 60_000_000_000n],
  ['h', 3_600_000_000_000n],
])

/** The longest duration in either direction: 2^63 nanoseconds, about 292 years. */
const nanosecondsMax = 2n ** 63n

/**
 * Reads `300ms`, `1.5h`, `-2h45m` or `0` and returns milliseconds (a fraction where the text is finer).
 * Throws a ConfigError such as `time: missing unit in duration "1"`.
 */
export function parseDuration(text: string): number {
  const negative = text.startsWith('-')
  const body = negative || text.startsWith('+') ? text.slice(1) : text
  if (body === '0') return 0
  let total = 0n
  let rest = body
  do {
    const [nanoseconds, length] = leadingPart(rest, text)
    total += nanoseconds
    if (total > nanosecondsMax) throw invalid(text)
    rest = rest.slice(length)
  } while (rest !== '')
  if (!negative && total === nanosecondsMax) throw invalid(text)
  const ms = Number(total) / nanosecondsPerMs
  return negative && ms !== 0 ? -ms : ms
}

/** The number and unit that `rest` starts with: nanoseconds and how many characters they took. */
function leadingPart(rest: string, whole: string): [nanoseconds: bigint, length: number] {
  const [number, integer, fraction = ''] = /^([0-9]*)(?:\.([0-9]*))?/.exec(rest) as unknown as [string, string, string?]
  if (integer === '' && fraction === '') throw invalid(whole)
  // The length first: it bounds what the conversion of a very long text may cost.
  if (integer.replace(/^0+/, '').length > 19 || BigInt(integer) > nanosecondsMax) throw invalid(whole)
  const unitText = /^[^.0-9]*/.exec(rest.slice(number.length))![0]
  if (unitText === '') throw new ConfigError(`time: missing unit in duration ${quoteBytes(whole)}`)
  const unit = unitNanoseconds.get(unitText)
  if (unit === undefined) {
    throw new ConfigError(`time: unknown unit ${quoteBytes(unitText)} in duration ${quoteBytes(whole)}`)
  }
  // Digits past the eighteenth are below a nanosecond in every unit.
  const digits = fraction.slice(0, 18)
  const nanoseconds = BigInt(integer) * unit + (BigInt(digits) * unit) / 10n ** BigInt(digits.length)
  return [nanoseconds, number.length + unitText.length]
}

function invalid(whole: string): ConfigError {
  return new ConfigError(`time: invalid duration ${quoteBytes(whole)}`)
}

/** A text between quotes, everything outside printable ASCII as the bytes of its UTF-8. */
function quoteBytes(text: string): string {
  let quoted = ''
  for (const byte of Buffer.from(text, 'utf8')) {
    const character = String.fromCharCode(byte)
    if (byte < 0x20 || byte >= 0x80) quoted += `\\x${byte.toString(16).padStart(2, '0')}`
    else quoted += character === '"' || character === '\\' ? `\\${character}` : character
  }
  return `"${quoted}"`
}

/** Prints milliseconds as `48h0m0s`, `1m30s`, `1.5s`, `100ms`, `0s`: the form that CoreDNS's messages and logs have. */
export function formatDuration(ms: number): string {
  const sign = ms < 0 ? '-' : ''
  const nanoseconds = BigInt(Math.round(Math.abs(ms) * nanosecondsPerMs))
  if (nanoseconds === 0n) return '0s'
  if (nanoseconds < 1_000n) return `${sign}${nanoseconds}ns`
  if (nanoseconds < 1_000_000n) return `${sign}${decimal(nanoseconds, 3)}\u00b5s`
  if (nanoseconds < 1_000_000_000n) return `${sign}${decimal(nanoseconds, 6)}ms`
  const wholeSeconds = nanoseconds / 1_000_000_000n
  const seconds = decimal((wholeSeconds % 60n) * 1_000_000_000n + (nanoseconds % 1_000_000_000n), 9)
  const minutes = wholeSeconds / 60n
  if (minutes === 0n) return `${sign}${seconds}s`
  const hours = minutes / 60n
  return hours === 0n ? `${sign}${minutes}m${seconds}s` : `${sign}${hours}h${minutes % 60n}m${seconds}s`
}

/** `value` divided by 10^places, without trailing zeros. */
function decimal(value: bigint, places: number): string {
  const scale = 10n ** BigInt(places)
  const fraction = String(value % scale)
    .padStart(places, '0')
    .replace(/0+$/, '')
  return fraction === '' ? String(value / scale) : `${value / scale}.${fraction}`
}
