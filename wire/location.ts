// The rdata of LOC (RFC 1876), a place on earth:
//
//   version 0 | size | horizontal precision | vertical precision | latitude | longitude | altitude
//   1 octet     1      1                      1                    4          4           4
//
// Latitude and longitude count thousandths of an arc second from 2^31; altitude counts centimetres from 100 km below the ellipsoid; size and precisions are a
// decimal digit times a power of ten, in centimetres.

import { type Field, numberOctets, type RdataReader } from './presentation-field.ts'
import { joinBytes } from './reader.ts'
import type { WordReader } from './words.ts'

const zeroArc = 2 ** 31
const groundCentimetres = 10_000_000
const defaults = ['1m', '10000m', '10m'] as const
const sizeFields = ['Size', 'HorizPre', 'VertPre'] as const

interface Axis {
  readonly field: string
  readonly degreesMax: number
  readonly positive: string
  readonly negative: string
}

const latitude: Axis = { field: 'Latitude', degreesMax: 90, positive: 'N', negative: 'S' }
const longitude: Axis = { field: 'Longitude', degreesMax: 180, positive: 'E', negative: 'W' }

/** The whole rdata of LOC: `52 22 23.000 N 4 53 32.000 E -2.00m 1m 10000m 10m`, of which minutes, seconds and the last three may be left out. */
export const location: Field = {
  parse(words) {
    const arcs = [latitude, longitude].map((axis) => numberOctets(zeroArc + takeArc(words, axis), 4))
    const altitude = groundCentimetres + takeAltitude(words)
    const sizes = sizeFields.map((field, i) => takeSize(words, field, defaults[i]!))
    return joinBytes([Uint8Array.of(0, ...sizes), ...arcs, numberOctets(altitude, 4)])
  },
  format(rdata) {
    if (rdata.number(1) !== 0) rdata.fail()
    const sizes = sizeFields.map(() => formatSize(rdata))
    const arcs = [latitude, longitude].map((axis) => formatArc(rdata, axis))
    return [...arcs, formatMetres(rdata.number(4) - groundCentimetres), ...sizes].join(' ')
  },
}

/** Degrees, optional minutes and seconds, and the hemisphere; thousandths of a second, south and west negative. */
function takeArc(words: WordReader, axis: Axis): number {
  const { field } = axis
  let arc = words.number(field, axis.degreesMax) * 3_600_000
  let sign = takeHemisphere(words, axis)
  if (sign === 0) {
    arc += words.number(`${field} minutes`, 59) * 60_000
    sign = takeHemisphere(words, axis)
  }
  if (sign === 0) {
    const { text } = words.next(`${field} seconds`)
    if (!/^[0-9]{1,2}(\.[0-9]{0,3})?$/.test(text) || Number(text) >= 60) throw words.error(`${field} seconds`, text)
    arc += Math.round(Number(text) * 1000)
    sign = takeHemisphere(words, axis)
  }
  if (sign === 0) {
    const sides = axis === latitude ? 'North/South' : 'East/West'
    throw words.error(`${field} ${sides}`, words.peek?.text ?? '')
  }
  if (arc > axis.degreesMax * 3_600_000) throw words.error(field, String(arc / 3_600_000))
  return sign * arc
}

function takeHemisphere(words: WordReader, axis: Axis): 1 | -1 | 0 {
  const letter = words.peek?.text.toUpperCase()
  if (letter !== axis.positive && letter !== axis.negative) return 0
  words.next(axis.field)
  return letter === axis.positive ? 1 : -1
}

function takeAltitude(words: WordReader): number {
  const { text } = words.next('Altitude')
  const metres = /^([-+]?[0-9]+(?:\.[0-9]{0,2})?)m?$/i.exec(text)
  const centimetres = metres ? Math.round(Number(metres[1]) * 100) : Number.NaN
  if (!(centimetres >= -groundCentimetres && centimetres <= 0xffffffff - groundCentimetres))
    throw words.error('Altitude', text)
  return centimetres
}

/** A length as digit and power of ten in one octet; what is between two powers is rounded down, as its precision is one digit. */
function takeSize(words: WordReader, field: string, fallback: string): number {
  const text = words.atEnd ? fallback : words.next(field).text
  const metres = /^([0-9]*)(?:\.([0-9]{1,2}))?m?$/i.exec(text)
  if (!metres || (metres[1] === '' && metres[2] === undefined)) throw words.error(field, text)
  const centimetres = Number(metres[1]) * 100 + Number((metres[2] ?? '').padEnd(2, '0'))
  if (centimetres > 9_000_000_000) throw words.error(field, text)
  let power = 0
  let digit = centimetres
  for (; digit >= 10; power++) digit = Math.floor(digit / 10)
  return (digit << 4) | power
}

function formatSize(rdata: RdataReader): string {
  const octet = rdata.number(1)
  const digit = octet >> 4
  const power = octet & 15
  // 0e3 has no text that reads back as 0e3, and digits over 9 are no decimal digits.
  if (digit > 9 || power > 9 || (digit === 0 && power > 0)) rdata.fail()
  return formatMetres(digit * 10 ** power)
}

function formatArc(rdata: RdataReader, axis: Axis): string {
  const value = rdata.number(4) - zeroArc
  const arc = Math.abs(value)
  if (arc > axis.degreesMax * 3_600_000) rdata.fail()
  const seconds = ((arc % 60_000) / 1000).toFixed(3)
  const hemisphere = value < 0 ? axis.negative : axis.positive
  return `${Math.floor(arc / 3_600_000)} ${Math.floor(arc / 60_000) % 60} ${seconds} ${hemisphere}`
}

function formatMetres(centimetres: number): string {
  return `${(centimetres / 100).toFixed(centimetres % 100 === 0 ? 0 : 2)}m`
}
