// What EDNS rules put into options: bytes of the Corefile, or facts about the query.

import { parseAddress, prefixOf, unmapOctets } from '../../wire/address.ts'
import { clientSubnetOption } from '../../wire/edns.ts'
import { ConfigError } from '../directive.ts'
import { parseUnsigned, quote } from '../number.ts'
import type { Query } from '../query.ts'
import { protocolOf, withoutZone } from '../query-functions.ts'

/** The data for a query; null if there are none. */
export type DataOf = (query: Query) => Uint8Array | null

/** Data, and whether they differ between clients that ask the same question. */
interface Data {
  readonly dataOf: DataOf
  readonly perClient: boolean
  readonly once: boolean
}

const encoder = new TextEncoder()

/** Reads the data of a `local` rule: text, `0x…`, or a variable in braces; throws ConfigError. */
export function parseData(text: string): Data {
  if (text.startsWith('{') && text.endsWith('}')) return parseVariable(text)
  const data = text.startsWith('0x') ? hexBytes(text.slice(2)) : encoder.encode(text)
  return { dataOf: () => data, perClient: false, once: false }
}

function hexBytes(digits: string): Uint8Array {
  const bytes = encoder.encode(digits)
  const wrong = bytes.find((byte) => !/[0-9a-f]/i.test(String.fromCharCode(byte)))
  if (wrong !== undefined) {
    const point = `U+${wrong.toString(16).toUpperCase().padStart(4, '0')}`
    throw new ConfigError(`encoding/hex: invalid byte: ${point} '${String.fromCharCode(wrong)}'`)
  }
  if (digits.length % 2 !== 0) throw new ConfigError('encoding/hex: odd length hex string')
  return Uint8Array.from(Buffer.from(digits, 'hex'))
}

const variables: ReadonlyMap<string, DataOf> = new Map<string, DataOf>([
  ['{qname}', (query) => encoder.encode(query.name.toString())],
  ['{qtype}', (query) => octets16(query.type)],
  ['{client_ip}', ({ client }) => addressOctets(client.address, client.family)],
  ['{client_port}', ({ client }) => octets16(client.port)],
  ['{protocol}', ({ client }) => encoder.encode(protocolOf(client.transport))],
  ['{server_ip}', ({ client }) => addressOctets(client.localAddress, client.family)],
  ['{server_port}', ({ client }) => octets16(client.localPort)],
])

function parseVariable(variable: string): Data {
  const known = variables.get(variable)
  if (known) return { dataOf: known, perClient: variable !== '{qtype}', once: true }
  const label = variable.slice(1, -1)
  const slash = label.indexOf('/')
  if (slash <= 0 || slash >= label.length - 1) {
    throw new ConfigError(`unsupported variable name ${quote(variable)}`)
  }
  const dataOf: DataOf = (query) => {
    const value = query.metadata.get(label)
    return value ? encoder.encode(value) : null
  }
  return { dataOf, perClient: true, once: true }
}

/** The client's subnet of so many bits as an ECS option (RFC 7871 6); throws ConfigError. */
export function subnetOf(v4Text: string, v6Text: string): Data {
  const v4Length = subnetLength(v4Text, 'IPv4', 32)
  const v6Length = subnetLength(v6Text, 'IPv6', 128)
  const dataOf: DataOf = ({ client }) => {
    const octets = addressOctets(client.address, client.family)
    if (!octets) return null
    const [family, sourceLength] = client.family === 4 ? [1, v4Length] : [2, v6Length]
    const { address } = prefixOf(octets, sourceLength)
    return clientSubnetOption({ family, sourceLength, scopeLength: 0, address }).data
  }
  return { dataOf, perClient: true, once: true }
}

function subnetLength(text: string, family: string, max: number): number {
  const length = parseUnsigned(text, 16, { prefixed: true })
  if (length > max) throw new ConfigError(`invalid ${family} bit mask length ${length}`)
  return length
}

/** The octets of an address of that family; null for one of the other. */
function addressOctets(text: string, family: 4 | 6): Uint8Array | null {
  const octets = parseAddress(withoutZone(text))
  if (!octets) return null
  const short = unmapOctets(octets)
  if (family === 4) return short.length === 4 ? short : null
  return octets.length === 16 ? octets : null
}

const octets16 = (value: number): Uint8Array => Uint8Array.of(value >> 8, value)
