// Rdata in presentation form (RFC 1035 and the RFC of each type): a layout names the fields of a type in order, a formatter
// turns each field into one or more words. Types without a layout, and rdata that does not fit, are written as RFC 3597 has it.
import { Reader, WireFault } from './reader.ts'
import { rcodeName, typeName } from './registry.ts'
import { formatAddress6, formatBase32, formatString, formatTime } from './text.ts'

const fields = {
  u8: (reader: Reader) => [String(reader.u8())],
  u16: (reader: Reader) => [String(reader.u16())],
  u32: (reader: Reader) => [String(reader.u32())],
  name: (reader: Reader) => [reader.name()],
  address4: (reader: Reader) => [reader.bytes(4).join('.')],
  address6: (reader: Reader) => [formatAddress6(reader.bytes(16))],
  string: (reader: Reader) => [formatString(reader.counted8())],
  strings: (reader: Reader) => {
    const words: string[] = []
    while (reader.left > 0) words.push(formatString(reader.counted8()))
    return words
  },
  /** A word without quotes: the tag of CAA. */
  tag: (reader: Reader) => [reader.counted8().toString('latin1')],
  /** All that is left, as one string without a length. */
  text: (reader: Reader) => [formatString(reader.rest())],
  hex: (reader: Reader) => [reader.rest().toString('hex')],
  base64: (reader: Reader) => [reader.rest().toString('base64')],
  salt: (reader: Reader) => [reader.counted8().toString('hex') || '-'],
  hash: (reader: Reader) => [formatBase32(reader.counted8())],
  time: (reader: Reader) => [formatTime(reader.u32())],
  type: (reader: Reader) => [typeName(reader.u16())],
  types: (reader: Reader) => typeBitmap(reader),
  parameters: (reader: Reader) => serviceParameters(reader),
  signatureTime: (reader: Reader) => [String(reader.u48())],
  mac: (reader: Reader) => [reader.counted16().toString('base64')],
  tsigError: (reader: Reader) => {
    const error = reader.u16()
    return [error === 16 ? 'BADSIG' : rcodeName(error)]
  },
  other: (reader: Reader) => [reader.counted16().toString('hex') || '-'],
}

type Field = keyof typeof fields

const layouts: Readonly<Record<string, readonly Field[]>> = {
  A: ['address4'],
  AAAA: ['address6'],
  NS: ['name'],
  CNAME: ['name'],
  PTR: ['name'],
  DNAME: ['name'],
  MB: ['name'],
  MG: ['name'],
  MR: ['name'],
  SOA: ['name', 'name', 'u32', 'u32', 'u32', 'u32', 'u32'],
  MX: ['u16', 'name'],
  KX: ['u16', 'name'],
  AFSDB: ['u16', 'name'],
  RT: ['u16', 'name'],
  RP: ['name', 'name'],
  MINFO: ['name', 'name'],
  TXT: ['strings'],
  SPF: ['strings'],
  HINFO: ['strings'],
  X25: ['strings'],
  ISDN: ['strings'],
  AVC: ['strings'],
  SRV: ['u16', 'u16', 'u16', 'name'],
  NAPTR: ['u16', 'u16', 'string', 'string', 'string', 'name'],
  CAA: ['u8', 'tag', 'text'],
  URI: ['u16', 'u16', 'text'],
  TLSA: ['u8', 'u8', 'u8', 'hex'],
  SMIMEA: ['u8', 'u8', 'u8', 'hex'],
  SSHFP: ['u8', 'u8', 'hex'],
  DS: ['u16', 'u8', 'u8', 'hex'],
  CDS: ['u16', 'u8', 'u8', 'hex'],
  DNSKEY: ['u16', 'u8', 'u8', 'base64'],
  CDNSKEY: ['u16', 'u8', 'u8', 'base64'],
  KEY: ['u16', 'u8', 'u8', 'base64'],
  RRSIG: ['type', 'u8', 'u8', 'u32', 'time', 'time', 'u16', 'name', 'base64'],
  SIG: ['type', 'u8', 'u8', 'u32', 'time', 'time', 'u16', 'name', 'base64'],
  NSEC: ['name', 'types'],
  NSEC3: ['u8', 'u8', 'u16', 'salt', 'hash', 'types'],
  NSEC3PARAM: ['u8', 'u8', 'u16', 'salt'],
  SVCB: ['u16', 'name', 'parameters'],
  HTTPS: ['u16', 'name', 'parameters'],
  TSIG: ['name', 'signatureTime', 'u16', 'mac', 'u16', 'tsigError', 'other'],
}

/** The rdata that `reader` spans, as text; throws a WireFault if it is cut or too long for its type. */
export function formatRdata(type: string, reader: Reader): string {
  const layout = layouts[type]
  if (layout === undefined || (/^A{1,4}$/.test(type) && reader.left !== (type === 'A' ? 4 : 16))) return generic(reader)
  const words = layout.flatMap((field) => fields[field](reader))
  if (reader.left > 0) throw new WireFault(`${reader.left} bytes too many in the rdata of ${type}`)
  return words.join(' ')
}

function generic(reader: Reader): string {
  return reader.left === 0 ? '\\# 0' : `\\# ${reader.left} ${reader.rest().toString('hex')}`
}

/** The type bit map of NSEC and NSEC3 (RFC 4034 section 4.1.2). */
function typeBitmap(reader: Reader): string[] {
  const types: string[] = []
  while (reader.left > 0) {
    const window = reader.u8()
    reader.counted8().forEach((byte, index) => {
      for (let bit = 0; bit < 8; bit++) if (byte & (0x80 >> bit)) types.push(typeName(256 * window + 8 * index + bit))
    })
  }
  return types
}

const parameterNames = [
  'mandatory',
  'alpn',
  'no-default-alpn',
  'port',
  'ipv4hint',
  'ech',
  'ipv6hint',
  'dohpath',
  'ohttp',
]
const parameterName = (key: number): string => parameterNames[key] ?? `key${key}`

/** SvcParams (RFC 9460 section 2.1), each value in quotes. */
function serviceParameters(reader: Reader): string[] {
  const words: string[] = []
  while (reader.left > 0) {
    const key = reader.u16()
    const length = reader.u16()
    const start = reader.offset
    reader.bytes(length)
    words.push(serviceParameter(key, new Reader(reader.message, start, start + length)))
  }
  return words
}

function serviceParameter(key: number, value: Reader): string {
  const name = parameterName(key)
  const list = (item: () => string): string => {
    const items: string[] = []
    while (value.left > 0) items.push(item())
    return `${name}="${items.join(',')}"`
  }
  if (name === 'mandatory') return list(() => parameterName(value.u16()))
  if (name === 'alpn') return list(() => value.counted8().toString('latin1'))
  if (name === 'no-default-alpn') return name
  if (name === 'port') return `${name}="${value.u16()}"`
  if (name === 'ipv4hint') return list(() => value.bytes(4).join('.'))
  if (name === 'ipv6hint') return list(() => formatAddress6(value.bytes(16)))
  return `${name}="0x${value.rest().toString('hex')}"`
}
