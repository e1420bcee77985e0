// A message from the wire in presentation form (RFC 1035 section 4.1, RFC 6891 section 6.1): what a reply is compared by.
import { formatRdata } from './rdata.ts'
import { Reader, WireFault } from './reader.ts'
import { className, opcodeName, rcodeName, typeName } from './registry.ts'

export interface Question {
  readonly name: string
  readonly type: string
  readonly class: string
}

/** `class` is absent for IN. */
export interface ResourceRecord {
  readonly name: string
  readonly type: string
  readonly ttl: number
  readonly rdata: string
  readonly class?: string
}

interface EdnsOption {
  readonly code: number
  /** Hexadecimal. */
  readonly data: string
}

interface Edns {
  readonly size: number
  readonly do: boolean
  readonly version: number
  /** The flag bits other than DO. */
  readonly z: number
  readonly options: readonly EdnsOption[]
}

interface Flags {
  readonly aa: boolean
  readonly tc: boolean
  readonly rd: boolean
  readonly ra: boolean
  readonly z: boolean
  readonly ad: boolean
  readonly cd: boolean
}

export interface Message {
  readonly id: number
  readonly qr: boolean
  readonly opcode: string
  readonly rcode: string
  readonly flags: Flags
  readonly question: readonly Question[]
  readonly answer: readonly ResourceRecord[]
  readonly authority: readonly ResourceRecord[]
  readonly additional: readonly ResourceRecord[]
  readonly edns?: Edns
  /** Bytes of the whole message. */
  readonly size: number
  /** Bytes behind the last record. */
  readonly trailing: number
}

/** The four counts of a header: question, answer, authority, additional. */
export const sectionCounts = (message: Buffer): number[] => [4, 6, 8, 10].map((offset) => message.readUInt16BE(offset))

/** Decodes a whole message; throws a WireFault that says what is wrong with it. */
export function decodeMessage(message: Buffer): Message {
  if (message.length < 12) throw new WireFault(`a message of ${message.length} bytes has no header`)
  const bits = message.readUInt16BE(2)
  const [questions = 0, answers = 0, authorities = 0, additionals = 0] = sectionCounts(message)
  const reader = new Reader(message, 12)
  const question = Array.from({ length: questions }, () => {
    const name = reader.name()
    return { name, type: typeName(reader.u16()), class: className(reader.u16()) }
  })
  const found: { edns?: Edns; rcodeHigh: number } = { rcodeHigh: 0 }
  const section = (count: number): ResourceRecord[] => {
    const records: ResourceRecord[] = []
    for (let index = 0; index < count; index++) {
      const record = decodeRecord(reader, found)
      if (record) records.push(record)
    }
    return records
  }
  const answer = section(answers)
  const authority = section(authorities)
  const additional = section(additionals)
  return {
    id: message.readUInt16BE(0),
    qr: (bits & 0x8000) !== 0,
    opcode: opcodeName((bits >> 11) & 15),
    rcode: rcodeName((found.rcodeHigh << 4) | (bits & 15)),
    flags: {
      aa: (bits & 0x400) !== 0,
      tc: (bits & 0x200) !== 0,
      rd: (bits & 0x100) !== 0,
      ra: (bits & 0x80) !== 0,
      z: (bits & 0x40) !== 0,
      ad: (bits & 0x20) !== 0,
      cd: (bits & 0x10) !== 0,
    },
    question,
    answer,
    authority,
    additional,
    ...(found.edns ? { edns: found.edns } : {}),
    size: message.length,
    trailing: reader.left,
  }
}

/** The next record, or undefined if it is the OPT pseudo-record, which goes into `found`. */
function decodeRecord(reader: Reader, found: { edns?: Edns; rcodeHigh: number }): ResourceRecord | undefined {
  const name = reader.name()
  const type = typeName(reader.u16())
  const classCode = reader.u16()
  const ttl = reader.u32()
  const length = reader.u16()
  const start = reader.offset
  reader.bytes(length)
  const rdata = new Reader(reader.message, start, start + length)
  if (type !== 'OPT') {
    const record = { name, type, ttl, rdata: formatRdata(type, rdata) }
    return classCode === 1 ? record : { ...record, class: className(classCode) }
  }
  if (found.edns) throw new WireFault('two OPT records')
  const options: EdnsOption[] = []
  while (rdata.left > 0) options.push({ code: rdata.u16(), data: rdata.counted16().toString('hex') })
  found.edns = { size: classCode, do: (ttl & 0x8000) !== 0, version: (ttl >>> 16) & 255, z: ttl & 0x7fff, options }
  found.rcodeHigh = ttl >>> 24
  return undefined
}
