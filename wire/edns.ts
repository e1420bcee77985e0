// EDNS(0): the OPT pseudo-record and its options (RFC 6891).

import { type Fault, faults } from './fault.ts'
import { pooledBytes, writeU16 } from './octets.ts'
import { joinBytes } from './reader.ts'
import type { ResourceRecord } from './record.ts'
import { ednsOptions, types } from './registry.ts'

/** One EDNS option as it is sent. */
export interface EdnsOption {
  readonly code: number
  readonly data: Uint8Array
}

/** Options that a reply sends back as they came (CoreDNS keeps these of the query's OPT). */
export const echoedOptions: ReadonlySet<number> = new Set<number>([
  ednsOptions.NSID,
  ednsOptions.EXPIRE,
  ednsOptions.COOKIE,
  ednsOptions.KEEPALIVE,
  ednsOptions.PADDING,
])

/** What an OPT record says (RFC 6891 6.1.3). */
export interface Edns {
  /** Octets that the sender can take in a UDP message, as sent (values below 512 mean 512). */
  readonly udpSize: number
  readonly version: number
  /** DNSSEC OK (RFC 3225). */
  readonly do: boolean
  /** The flag bits beside DO. */
  readonly z: number
  /** The upper eight bits of the response code. */
  readonly extendedRcode: number
  readonly options: readonly EdnsOption[]
}

/** An Extended DNS Error (RFC 8914 2). */
export interface ExtendedError {
  readonly code: number
  readonly text: string
}

/** A client's subnet as ECS carries it (RFC 7871 6). */
export interface ClientSubnet {
  /** 1 for IPv4, 2 for IPv6. */
  readonly family: number
  readonly sourceLength: number
  readonly scopeLength: number
  readonly address: Uint8Array
}

/** Reads an OPT record; `record.class` and `record.ttl` carry size and flags. */
export function readEdns(record: ResourceRecord): Edns | Fault {
  if (!record.owner.isRoot) return faults.optOwner
  const options: EdnsOption[] = []
  const { rdata, ttl } = record
  let at = 0
  while (at < rdata.length) {
    if (at + 4 > rdata.length) return faults.optMalformed
    const length = (rdata[at + 2]! << 8) | rdata[at + 3]!
    if (at + 4 + length > rdata.length) return faults.optMalformed
    const code = (rdata[at]! << 8) | rdata[at + 1]!
    if (code === ednsOptions.ECS && !isSubnet(rdata, at + 4, length)) return faults.optMalformed
    options.push({ code, data: rdata.subarray(at + 4, at + 4 + length) })
    at += 4 + length
  }
  return {
    udpSize: record.class,
    version: (ttl >>> 16) & 0xff,
    do: (ttl & 0x8000) !== 0,
    z: ttl & 0x7fff,
    extendedRcode: ttl >>> 24,
    options,
  }
}

/** True if `length` octets at `at` can be an ECS option: a family that we know with lengths within it (dig sends family 0 with length 0 for "no subnet"). */
export function isSubnet(bytes: Uint8Array, at: number, length: number): boolean {
  if (length < 4) return false
  const family = (bytes[at]! << 8) | bytes[at + 1]!
  const bits = family === 1 ? 32 : family === 2 ? 128 : 0
  return family <= 2 && bytes[at + 2]! <= bits && bytes[at + 3]! <= bits
}

/** The bytes of a whole OPT record. */
export function writeEdns(edns: Edns): Uint8Array {
  let length = 11
  for (const option of edns.options) length += 4 + option.data.length
  const bytes = pooledBytes(length)
  bytes[0] = 0
  writeU16(bytes, 1, types.OPT)
  writeU16(bytes, 3, edns.udpSize)
  bytes[5] = edns.extendedRcode
  bytes[6] = edns.version
  writeU16(bytes, 7, (edns.do ? 0x8000 : 0) | (edns.z & 0x7fff))
  writeU16(bytes, 9, length - 11)
  let at = 11
  for (const { code, data } of edns.options) {
    writeU16(bytes, at, code)
    writeU16(bytes, at + 2, data.length)
    bytes.set(data, at + 4)
    at += 4 + data.length
  }
  return bytes
}

/** An Extended DNS Error as an option. */
export function extendedErrorOption(error: ExtendedError): EdnsOption {
  const text = new TextEncoder().encode(error.text)
  return { code: ednsOptions.EDE, data: joinBytes([Uint8Array.of(error.code >> 8, error.code & 0xff), text]) }
}

/** The Extended DNS Error in an option; null if it is too short to be one. */
export function readExtendedError(option: EdnsOption): ExtendedError | null {
  if (option.data.length < 2) return null
  return { code: (option.data[0]! << 8) | option.data[1]!, text: new TextDecoder().decode(option.data.subarray(2)) }
}

/** The subnet in an ECS option; null if it breaks RFC 7871 6. */
export function readClientSubnet(option: EdnsOption): ClientSubnet | null {
  const { data } = option
  if (data.length < 4) return null
  const family = (data[0]! << 8) | data[1]!
  const sourceLength = data[2]!
  const bits = family === 1 ? 32 : family === 2 ? 128 : 0
  if (sourceLength > bits || data.length !== 4 + Math.ceil(sourceLength / 8)) return null
  return { family, sourceLength, scopeLength: data[3]!, address: data.subarray(4) }
}

/** A subnet as an ECS option. */
export function clientSubnetOption(subnet: ClientSubnet): EdnsOption {
  const head = Uint8Array.of(0, subnet.family, subnet.sourceLength, subnet.scopeLength)
  return {
    code: ednsOptions.ECS,
    data: joinBytes([head, subnet.address.subarray(0, Math.ceil(subnet.sourceLength / 8))]),
  }
}
