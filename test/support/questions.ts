// Queries from text and replies as text, for tests of the server below its plugins.

import type { Client, Transport } from '../../plugins/query.ts'
import type { EdnsOption } from '../../wire/edns.ts'
import { isFault } from '../../wire/fault.ts'
import { decodeMessage, encodeMessage, flagBits } from '../../wire/message.ts'
import { Name } from '../../wire/name.ts'
import { formatRecord, parseRecord } from '../../wire/presentation.ts'
import type { ResourceRecord } from '../../wire/record.ts'
import { classNumber, rcodeName, typeNumber } from '../../wire/registry.ts'

/** What a query carries besides its question. */
export interface QuestionOptions {
  readonly id?: number
  /** Bits of flagBits; default: RD. */
  readonly flags?: number
  readonly opcode?: number
  readonly class?: string
  /** The serial that an IXFR says it has. */
  readonly serial?: number
  readonly edns?: {
    readonly size?: number
    readonly do?: boolean
    readonly z?: number
    readonly version?: number
    readonly options?: readonly EdnsOption[]
  }
}

/** The bytes of the query `'www.example.org. A'`. */
export function queryBytes(question: string, options: QuestionOptions = {}): Uint8Array {
  const [name = '', type = 'A'] = question.split(' ')
  const { edns } = options
  return encodeMessage({
    id: options.id ?? 1,
    flags: options.flags ?? flagBits.rd,
    opcode: options.opcode ?? 0,
    rcode: 0,
    questions: [{ name: Name.parse(name), type: typeNumber(type)!, class: classNumber(options.class ?? 'IN')! }],
    answer: [],
    authority: options.serial === undefined ? [] : [parseRecord(`${name} 0 SOA . . ${options.serial} 0 0 0 0`)],
    additional: [],
    edns: edns
      ? {
          udpSize: edns.size ?? 1232,
          version: edns.version ?? 0,
          do: edns.do ?? false,
          z: edns.z ?? 0,
          extendedRcode: 0,
          options: edns.options ?? [],
        }
      : null,
  })
}

/** A reply as a test compares it. */
export interface ReadableReply {
  readonly id: number
  readonly opcode: number
  readonly rcode: string
  /** Mnemonics of the bits that are set, qr first. */
  readonly flags: string
  /** The questions' names as spelled. */
  readonly questions: readonly string[]
  readonly answer: readonly string[]
  readonly authority: readonly string[]
  readonly additional: readonly string[]
  readonly edns: {
    readonly size: number
    readonly do: boolean
    readonly z: number
    readonly options: readonly string[]
  } | null
}

/** A reply as text; throws Error if it cannot be decoded. */
export function readReply(bytes: Uint8Array): ReadableReply {
  const message = decodeMessage(bytes)
  if (isFault(message)) throw new Error(`undecodable reply: ${message.fault}`)
  const { edns } = message
  return {
    id: message.id,
    opcode: message.opcode,
    rcode: rcodeName(message.rcode),
    flags: Object.entries(flagBits)
      .filter(([, bit]) => (message.flags & bit) !== 0)
      .map(([name]) => name)
      .join(' '),
    questions: message.questions.map(({ name }) => name.toString()),
    answer: message.answer.map(formatRecord),
    authority: message.authority.map(formatRecord),
    additional: message.additional.map(formatRecord),
    edns: edns && {
      size: edns.udpSize,
      do: edns.do,
      z: edns.z,
      options: edns.options.map(({ code, data }) => `${code}:${Buffer.from(data).toString('hex')}`),
    },
  }
}

/** Records of lines of presentation format. */
export const recordsOf = (...lines: readonly string[]): ResourceRecord[] => lines.map((line) => parseRecord(line))

/** A client of `transport`. */
export function clientAt(address = '192.0.2.100', transport: Transport = 'udp'): Client {
  return {
    address,
    port: 40_000,
    family: address.includes(':') ? 6 : 4,
    transport,
    localAddress: '127.0.0.1',
    localPort: 53,
  }
}

/** Random numbers in [0, 1) that their seed determines (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
