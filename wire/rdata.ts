// Rdata of the types that plugins make and look into (RFC 1035 3.3, RFC 2782), as the uncompressed bytes that ResourceRecord holds. What comes from an upstream
// is unchecked, so readers return null for rdata that does not fit its type. Every other type goes through presentation.ts.

import { parseAddress, unmapOctets } from './address.ts'
import { fieldEnd, layoutOf } from './layout.ts'
import { Name } from './name.ts'
import { joinBytes } from './reader.ts'
import type { ResourceRecord } from './record.ts'
import { types } from './registry.ts'

const nameField = { kind: 'name', compress: false } as const

/** Octets in one <character-string> (RFC 1035 3.3). */
const stringBytesMax = 255

/** The fields of a SOA record (RFC 1035 3.3.13); times in seconds. */
export interface Soa {
  readonly mname: Name
  readonly rname: Name
  readonly serial: number
  readonly refresh: number
  readonly retry: number
  readonly expire: number
  /** TTL of negative answers at most (RFC 2308 4). */
  readonly minimum: number
}

/** The fields of an SRV record (RFC 2782). */
export interface Srv {
  readonly priority: number
  readonly weight: number
  readonly port: number
  readonly target: Name
}

/** Rdata of A (4 octets) or AAAA (16) for an address text; `::ffff:192.0.2.1` is an A; null when the text is no address. */
export function addressRdata(text: string): Uint8Array | null {
  const octets = parseAddress(text)
  return octets && unmapOctets(octets)
}

/** The type that address rdata of this length belongs to. */
export const addressType = (rdata: Uint8Array): number => (rdata.length === 4 ? types.A : types.AAAA)

/** Rdata of a SOA record. */
export function soaRdata(soa: Soa): Uint8Array {
  const numbers = [soa.serial, soa.refresh, soa.retry, soa.expire, soa.minimum]
  return joinBytes([soa.mname.wire, soa.rname.wire, ...numbers.map(octets32)])
}

/** The fields of a SOA record's rdata; null when it is none. */
export function readSoa(rdata: Uint8Array): Soa | null {
  const mname = nameAt(rdata, 0)
  const rname = mname && nameAt(rdata, mname.wire.length)
  if (!rname) return null
  const at = mname.wire.length + rname.wire.length
  if (rdata.length !== at + 20) return null
  const number = (index: number): number => read32(rdata, at + 4 * index)
  return {
    mname,
    rname,
    serial: number(0),
    refresh: number(1),
    retry: number(2),
    expire: number(3),
    minimum: number(4),
  }
}

/** Rdata of an SRV record. */
export function srvRdata(srv: Srv): Uint8Array {
  return joinBytes([octets16(srv.priority), octets16(srv.weight), octets16(srv.port), srv.target.wire])
}

/** The fields of an SRV record's rdata; null when it is none. */
export function readSrv(rdata: Uint8Array): Srv | null {
  const target = rdata.length < 7 ? null : nameAt(rdata, 6)
  if (!target) return null
  return { priority: read16(rdata, 0), weight: read16(rdata, 2), port: read16(rdata, 4), target }
}

/** Rdata of an MX record. */
export const mxRdata = (preference: number, exchange: Name): Uint8Array =>
  joinBytes([octets16(preference), exchange.wire])

/** Rdata of CNAME, NS, PTR, DNAME: one name. */
export const nameRdata = (name: Name): Uint8Array => name.wire

/** Rdata of a TXT record: texts become UTF-8; one of more than 255 octets is continued in further strings; none at all is one empty string. */
export function txtRdata(strings: readonly (string | Uint8Array)[]): Uint8Array {
  const parts: Uint8Array[] = []
  for (const string of strings.length === 0 ? [''] : strings) {
    const bytes = typeof string === 'string' ? new TextEncoder().encode(string) : string
    let at = 0
    do {
      const piece = bytes.subarray(at, at + stringBytesMax)
      parts.push(Uint8Array.of(piece.length), piece)
      at += piece.length
    } while (at < bytes.length)
  }
  return joinBytes(parts)
}

/** The strings of a TXT record as UTF-8 text; null when the rdata is cut inside one. */
export function readTxt(rdata: Uint8Array): string[] | null {
  const strings: string[] = []
  for (let at = 0; at < rdata.length; at += 1 + rdata[at]!) {
    const end = at + 1 + rdata[at]!
    if (end > rdata.length) return null
    strings.push(new TextDecoder().decode(rdata.subarray(at + 1, end)))
  }
  return strings
}

/** The uncompressed name at `offset` of some rdata, a view of it; the next field starts `wire.length` later; null when there is no whole name. */
export function nameAt(rdata: Uint8Array, offset: number): Name | null {
  const end = fieldEnd(nameField, rdata, offset)
  return end < 0 ? null : new Name(rdata.subarray(offset, end))
}

const pointingTypes: ReadonlySet<number> = new Set([
  types.NS,
  types.MD,
  types.MF,
  types.CNAME,
  types.MB,
  types.MG,
  types.MR,
  types.PTR,
  types.MX,
  types.AFSDB,
  types.RT,
  types['NSAP-PTR'],
  types.SRV,
  types.NAPTR,
  types.KX,
  types.DNAME,
  types.LP,
  types.SVCB,
  types.HTTPS,
])

/** The name that a record points to: CNAME, DNAME, NS, PTR, MX, SRV, SVCB, HTTPS, NAPTR and their like; null for other types and malformed rdata. */
export function targetOf(record: ResourceRecord): Name | null {
  const at = targetOffset(record)
  const target = at < 0 ? null : nameAt(record.rdata, at)
  // In ServiceMode "." means the owner itself (RFC 9460 2.5.2).
  const isOwner =
    target?.isRoot && (record.type === types.SVCB || record.type === types.HTTPS) && read16(record.rdata, 0) > 0
  return isOwner ? record.owner : target
}

/** The record pointing to another name; the same record if it points to none. */
export function withTarget(record: ResourceRecord, target: Name): ResourceRecord {
  const at = targetOffset(record)
  const old = at < 0 ? null : nameAt(record.rdata, at)
  if (!old) return record
  const { rdata } = record
  return record.withRdata(joinBytes([rdata.subarray(0, at), target.wire, rdata.subarray(at + old.wire.length)]))
}

/** Where the first name in the rdata of a type that points to one is; -1 if there is none. */
function targetOffset({ type, rdata }: ResourceRecord): number {
  let at = 0
  for (const field of pointingTypes.has(type) ? layoutOf(type)! : []) {
    if (field.kind === 'name') return at
    at = fieldEnd(field, rdata, at)
    if (at < 0) break
  }
  return -1
}

const read16 = (bytes: Uint8Array, at: number): number => (bytes[at]! << 8) | bytes[at + 1]!
const read32 = (bytes: Uint8Array, at: number): number => read16(bytes, at) * 0x10000 + read16(bytes, at + 2)
const octets16 = (value: number): Uint8Array => Uint8Array.of(value >> 8, value)
const octets32 = (value: number): Uint8Array => Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value)
