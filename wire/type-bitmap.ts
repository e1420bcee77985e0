// Bitmaps of record types in NSEC, NSEC3 and CSYNC (RFC 4034 4.1.2): windows of 256 types, each with its number, its length and up to 32 octets without
// trailing zeros.
//
//   00 06 40 01 00 00 00 03     window 0, 6 octets: A (bit 1), MX (15), RRSIG (46), NSEC (47)

import type { Field, RdataReader } from './presentation-field.ts'
import { typeName, typeNumber } from './registry.ts'
import type { WordReader } from './words.ts'

/** The bitmap of some types, in any order. */
export function typeBitmap(types: Iterable<number>): Uint8Array {
  const octets: number[] = []
  let window = -1
  let start = 0
  for (const type of [...new Set(types)].sort((a, b) => a - b)) {
    if (type >> 8 !== window) {
      window = type >> 8
      start = octets.length + 2
      octets.push(window, 0)
    }
    const at = start + ((type & 0xff) >> 3)
    while (octets.length <= at) octets.push(0)
    octets[at]! |= 0x80 >> (type & 7)
    octets[start - 1] = octets.length - start
  }
  return Uint8Array.from(octets)
}

/** The types in a bitmap, ascending; null when it breaks RFC 4034 4.1.2. */
export function typesInBitmap(bitmap: Uint8Array): number[] | null {
  const types: number[] = []
  let last = -1
  for (let at = 0; at < bitmap.length; at += 2 + bitmap[at + 1]!) {
    const window = bitmap[at]!
    const length = bitmap[at + 1] ?? 0
    const end = at + 2 + length
    if (window <= last || length < 1 || length > 32 || end > bitmap.length || bitmap[end - 1] === 0) return null
    last = window
    for (let bit = 0; bit < length * 8; bit++)
      if (bitmap[at + 2 + (bit >> 3)]! & (0x80 >> (bit & 7))) types.push(window * 256 + bit)
  }
  return types
}

function takeTypes(words: WordReader, field: string): number[] {
  return words.rest().map(({ text }) => {
    const type = typeNumber(text)
    if (type === undefined) throw words.error(field, text)
    return type
  })
}

function writeTypes(rdata: RdataReader, types: readonly number[] | null): string {
  if (!types) rdata.fail()
  return (types ?? []).map(typeName).join(' ')
}

/** The rest of the rdata as a bitmap. */
export const bitmap = (field: string): Field => ({
  parse: (words) => typeBitmap(takeTypes(words, field)),
  format: (rdata) => writeTypes(rdata, typesInBitmap(rdata.rest())),
})

/** The bitmap of NXT, which has no windows and the types below 128 only (RFC 2535 5.2). */
export const plainBitmap = (field: string): Field => ({
  parse(words) {
    const types = takeTypes(words, field)
    if (types.some((type) => type > 127)) throw words.error(field, typeName(types.find((type) => type > 127)!))
    return typeBitmap(types).subarray(2)
  },
  format(rdata) {
    const octets = rdata.rest()
    const windowed = octets.length === 0 ? octets : Uint8Array.from([0, octets.length, ...octets])
    return writeTypes(rdata, octets.length > 16 ? null : typesInBitmap(windowed))
  },
})
