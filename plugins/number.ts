// Numbers and quoted texts of a Corefile: read and printed as CoreDNS does it, because what was wrong with them is part of its error
// texts (`strconv.Atoi: parsing "many": invalid syntax`). Numbers are read by a plugin's setup only.

import { ConfigError } from './directive.ts'

/** Reads a decimal integer of 64 bits with an optional sign; throws a ConfigError that begins `strconv.Atoi:`. */
export function parseInteger(text: string): number {
  const negative = text.startsWith('-')
  const magnitude = negative || text.startsWith('+') ? text.slice(1) : text
  const reading = { source: 'Atoi', whole: text, radix: 10n, bits: 64 }
  const value = readDigits(magnitude, reading)
  const max = 2n ** 63n - (negative ? 0n : 1n)
  if (value > max) throw numberError(reading, 'value out of range')
  return negative && value !== 0n ? -Number(value) : Number(value)
}

/**
 * Reads an unsigned integer of `bits` bits, without a sign; throws a ConfigError that begins `strconv.ParseUint:`.
 * With `prefixed`, `0x`, `0o`, `0b` and a leading `0` (octal) choose the base, and `_` may stand between digits.
 */
export function parseUnsigned(text: string, bits: number, options: { prefixed?: boolean } = {}): number {
  const reading = { source: 'ParseUint', whole: text, radix: 10n, bits }
  if (!options.prefixed) return Number(readDigits(text, reading))
  const prefix = /^0(?:x|o|b|(?=[0-9_]))/i.exec(text)?.[0].toLowerCase() ?? ''
  const radix = prefix === '' ? 10n : prefix === '0x' ? 16n : prefix === '0b' ? 2n : 8n
  const value = readDigits(text.slice(prefix.length).replaceAll('_', ''), { ...reading, radix })
  if (/^_|__|_$/.test(text)) throw numberError(reading, 'invalid syntax')
  return Number(value)
}

interface Reading {
  readonly source: string
  readonly whole: string
  readonly radix: bigint
  readonly bits: number
}

const digitValues = '0123456789abcdef'

function readDigits(digits: string, reading: Reading): bigint {
  if (digits === '') throw numberError(reading, 'invalid syntax')
  const max = 2n ** BigInt(reading.bits) - 1n
  let value = 0n
  for (const character of digits.toLowerCase()) {
    const digit = digitValues.indexOf(character)
    if (digit < 0 || BigInt(digit) >= reading.radix) throw numberError(reading, 'invalid syntax')
    value = value * reading.radix + BigInt(digit)
    // Stopping here bounds the work, and it is where CoreDNS stops: what follows is not looked at.
    if (value > max) throw numberError(reading, 'value out of range')
  }
  return value
}

/** Reads a decimal floating-point number (also `1e3`, `1_000`, `inf`, `nan`; hexadecimal ones are refused); throws a ConfigError that begins `strconv.ParseFloat:`. */
export function parseFloat64(text: string, bits: 32 | 64 = 64): number {
  const failure = { source: 'ParseFloat', whole: text }
  if (/^nan$/i.test(text)) return Number.NaN
  const infinite = /^([+-]?)inf(?:inity)?$/i.exec(text)
  if (infinite) return infinite[1] === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY
  const digits = text.replaceAll(/(?<=[0-9])_(?=[0-9])/g, '')
  if (!/^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:e[+-]?[0-9]+)?$/i.test(digits))
    throw numberError(failure, 'invalid syntax')
  const value = Number(digits)
  if (!Number.isFinite(bits === 32 ? Math.fround(value) : value)) throw numberError(failure, 'value out of range')
  return value
}

function numberError({ source, whole }: { source: string; whole: string }, reason: string): ConfigError {
  return new ConfigError(`strconv.${source}: parsing ${quote(whole)}: ${reason}`)
}

const controlNames: ReadonlyMap<string, string> = new Map([
  ['\x07', '\\a'],
  ['\b', '\\b'],
  ['\f', '\\f'],
  ['\n', '\\n'],
  ['\r', '\\r'],
  ['\t', '\\t'],
  ['\v', '\\v'],
  ['"', '\\"'],
  ['\\', '\\\\'],
])

/** A text in double quotes as CoreDNS's error texts and templates show one (Go's strconv.Quote): what cannot be printed is escaped; with `ascii` all beyond ASCII. */
export function quote(text: string, ascii = false): string {
  let quoted = ''
  for (const character of text) quoted += controlNames.get(character) ?? printable(character, ascii)
  return `"${quoted}"`
}

function printable(character: string, ascii: boolean): string {
  const code = character.codePointAt(0)!
  const isOurs = code < 0x80 || !ascii
  if (character === ' ' || (isOurs && /[\p{L}\p{M}\p{N}\p{P}\p{S}]/u.test(character))) return character
  if (code < 0x80) return `\\x${code.toString(16).padStart(2, '0')}`
  return code < 0x10000 ? `\\u${code.toString(16).padStart(4, '0')}` : `\\U${code.toString(16).padStart(8, '0')}`
}
