// Queries and records as bytes (RFC 1035 section 4.1, RFC 6891 section 6.1.2, RFC 7871 for ECS). Nothing is compressed.
import { classNumber, opcodeNumber, typeNumber } from './registry.ts'
import { parseAddress, parseName } from './text.ts'

interface EdnsQuery {
  readonly size?: number
  readonly do?: boolean
  readonly version?: number
  readonly z?: number
  readonly nsid?: boolean
  /** ADDRESS/BITS. */
  readonly ecs?: string
  /** Hexadecimal. */
  readonly cookie?: string
  readonly options?: readonly { readonly code: number; readonly data: string }[]
}

/** A query as the cases write it; `rd` is on unless it is said to be off, `serial` goes into an IXFR. */
export interface QueryFields {
  readonly name: string
  readonly type: string
  readonly class?: string
  readonly rd?: boolean
  readonly cd?: boolean
  readonly ad?: boolean
  readonly aa?: boolean
  readonly z?: number | boolean
  readonly opcode?: string
  readonly serial?: number
  readonly edns?: EdnsQuery
}

export interface RecordBytes {
  readonly name: string
  readonly type: string
  readonly class?: string
  readonly ttl: number
  readonly rdata: Buffer
}

export function u16(value: number): Buffer {
  const bytes = Buffer.alloc(2)
  bytes.writeUInt16BE(value)
  return bytes
}

export function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value >>> 0)
  return bytes
}

export function u48(value: number): Buffer {
  const bytes = Buffer.alloc(6)
  bytes.writeUIntBE(value, 0, 6)
  return bytes
}

/** The bytes behind their length in two bytes: rdata, options, a message on TCP. */
export const counted16 = (bytes: Buffer): Buffer => Buffer.concat([u16(bytes.length), bytes])

/** The bytes behind their length in one byte: labels and character strings. */
export const counted8 = (bytes: Buffer): Buffer => Buffer.concat([Buffer.of(bytes.length), bytes])

export const encodeName = (name: string): Buffer => Buffer.concat([...parseName(name).map(counted8), Buffer.of(0)])

export const encodeRecord = (record: RecordBytes): Buffer =>
  Buffer.concat([
    encodeName(record.name),
    u16(typeNumber(record.type)),
    u16(classNumber(record.class ?? 'IN')),
    u32(record.ttl),
    counted16(record.rdata),
  ])

export const encodeQuestion = (name: string, type: string, questionClass = 'IN'): Buffer =>
  Buffer.concat([encodeName(name), u16(typeNumber(type)), u16(classNumber(questionClass))])

/** A query message with one question. */
export function encodeQuery(query: QueryFields, id: number): Buffer {
  const flags =
    (opcodeNumber(query.opcode ?? 'QUERY') << 11) |
    (query.aa ? 0x400 : 0) |
    ((query.rd ?? true) ? 0x100 : 0) |
    (query.z ? 0x40 : 0) |
    (query.ad ? 0x20 : 0) |
    (query.cd ? 0x10 : 0)
  const authority = query.type === 'IXFR' ? [knownVersion(query.name, query.serial ?? 0)] : []
  const additional = query.edns ? [encodeOpt(query.edns)] : []
  return Buffer.concat([
    u16(id),
    u16(flags),
    u16(1),
    u16(0),
    u16(authority.length),
    u16(additional.length),
    encodeQuestion(query.name, query.type, query.class),
    ...authority,
    ...additional,
  ])
}

/** The SOA by which an IXFR says what the client has (RFC 1995 section 3). */
function knownVersion(zone: string, serial: number): Buffer {
  const rdata = Buffer.concat([encodeName('.'), encodeName('.'), u32(serial), Buffer.alloc(16)])
  return encodeRecord({ name: zone, type: 'SOA', ttl: 0, rdata })
}

function encodeOpt(edns: EdnsQuery): Buffer {
  const options: Buffer[] = []
  const add = (code: number, data: Buffer): number => options.push(u16(code), counted16(data))
  if (edns.nsid) add(3, Buffer.alloc(0))
  if (edns.ecs !== undefined) add(8, clientSubnet(edns.ecs))
  if (edns.cookie !== undefined) add(10, Buffer.from(edns.cookie, 'hex'))
  for (const option of edns.options ?? []) add(option.code, Buffer.from(option.data, 'hex'))
  const ttl = ((edns.version ?? 0) << 16) | (edns.do ? 0x8000 : 0) | (edns.z ?? 0)
  return Buffer.concat([Buffer.of(0), u16(41), u16(edns.size ?? 1232), u32(ttl), counted16(Buffer.concat(options))])
}

function clientSubnet(text: string): Buffer {
  const [address = '', bits = '0'] = text.split('/')
  const family = address.includes(':') ? 2 : 1
  const prefix = parseAddress(address).subarray(0, Math.ceil(Number(bits) / 8))
  return Buffer.concat([u16(family), Buffer.of(Number(bits), 0), prefix])
}
