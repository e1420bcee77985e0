// Where domain names sit in rdata, for each type whose names may have been compressed or may be (RFC 1035 3.3, RFC 3597 4), and how long the rdata of the plain
// types is. Everything else is opaque bytes to the wire.

import { labelBytesMax, nameBytesMax } from './name.ts'
import { types } from './registry.ts'

/** A run of rdata: fixed octets, a <character-string>, or a name; `compress` names may be written as pointers. */
export type Field =
  | { readonly kind: 'octets'; readonly count: number }
  | { readonly kind: 'string' }
  | { readonly kind: 'name'; readonly compress: boolean }

const octets = (count: number): Field => ({ kind: 'octets', count })
const string: Field = { kind: 'string' }
const plain: Field = { kind: 'name', compress: false }
const compressed: Field = { kind: 'name', compress: true }

// Fields up to the last name; what follows it is copied as it is. Only the types of RFC 1035 compress when written.
const layouts = new Map<number, readonly Field[]>([
  [types.NS, [compressed]],
  [types.MD, [compressed]],
  [types.MF, [compressed]],
  [types.CNAME, [compressed]],
  [types.SOA, [compressed, compressed]],
  [types.MB, [compressed]],
  [types.MG, [compressed]],
  [types.MR, [compressed]],
  [types.PTR, [compressed]],
  [types.MINFO, [compressed, compressed]],
  [types.MX, [octets(2), compressed]],
  [types.RP, [plain, plain]],
  [types.AFSDB, [octets(2), plain]],
  [types.RT, [octets(2), plain]],
  [types['NSAP-PTR'], [plain]],
  [types.SIG, [octets(18), plain]],
  [types.PX, [octets(2), plain, plain]],
  [types.NXT, [plain]],
  [types.SRV, [octets(6), plain]],
  [types.NAPTR, [octets(4), string, string, string, plain]],
  [types.KX, [octets(2), plain]],
  [types.DNAME, [plain]],
  [types.RRSIG, [octets(18), plain]],
  [types.NSEC, [plain]],
  [types.TALINK, [plain, plain]],
  [types.LP, [octets(2), plain]],
  [types.SVCB, [octets(2), plain]],
  [types.HTTPS, [octets(2), plain]],
])

// Octets behind the last name of types that end there; rdata with fewer or more is malformed, so that nobody meets an A record of five octets.
const tails = new Map<number, number>([
  [types.A, 4],
  [types.AAAA, 16],
  [types.SOA, 20],
  ...[
    types.NS,
    types.MD,
    types.MF,
    types.CNAME,
    types.MB,
    types.MG,
    types.MR,
    types.PTR,
    types.MINFO,
    types.MX,
    types.RP,
    types.AFSDB,
    types.RT,
  ].map(noTail),
  ...[types['NSAP-PTR'], types.PX, types.SRV, types.NAPTR, types.KX, types.DNAME, types.TALINK, types.LP].map(noTail),
])

function noTail(type: number): [number, number] {
  return [type, 0]
}

/** The fields of a type's rdata up to its last name; undefined for types whose rdata holds no name that the wire must know. */
export const layoutOf = (type: number): readonly Field[] | undefined => layouts.get(type)

/** How many octets must follow the fields of `layoutOf`; undefined where that varies. */
export const tailOf = (type: number): number | undefined => tails.get(type)

/** Where the field that starts at `at` ends; -1 when the rdata, whose names are not compressed, ends before it. */
export function fieldEnd(field: Field, rdata: Uint8Array, at: number): number {
  let end = at
  if (field.kind === 'octets') end += field.count
  else if (field.kind === 'string') end += 1 + (rdata[at] ?? 0)
  else {
    let length = rdata[end] ?? -1
    for (; length > 0 && length <= labelBytesMax; length = rdata[end] ?? -1) end += 1 + length
    if (length !== 0 || end + 1 - at > nameBytesMax) return -1
    end++
  }
  return end <= rdata.length ? end : -1
}

/** True if uncompressed rdata has the fields that its type needs. */
export function layoutFits(type: number, rdata: Uint8Array): boolean {
  let at = 0
  for (const field of layouts.get(type) ?? []) {
    at = fieldEnd(field, rdata, at)
    if (at < 0) return false
  }
  const tail = tails.get(type)
  return tail === undefined || rdata.length === at + tail
}
