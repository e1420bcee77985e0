// One question as it is sent upstream, and which replies answer it. The client's EDNS, flags and spelling go up as they came; only the id is new each time.

import { type Edns, writeEdns } from '../../wire/edns.ts'
import { isFault } from '../../wire/fault.ts'
import { decodeMessage, encodeMessage, flagBits, headerBytes, type Message } from '../../wire/message.ts'
import type { Name } from '../../wire/name.ts'
import { Reader } from '../../wire/reader.ts'
import { classes, rcodes } from '../../wire/registry.ts'
import type { Query } from '../query.ts'
import { Trouble } from './trouble.ts'

/** A question in wire form with id 0. */
export interface UpstreamQuestion {
  readonly name: Name
  readonly type: number
  readonly class: number
  readonly bytes: Uint8Array
}

const headerFlags = flagBits.aa | flagBits.tc | flagBits.ra | flagBits.z

/** What goes upstream for `query`. */
export function questionOf(query: Query): UpstreamQuestion {
  const { name, type, class: klass, edns, opcode, bytes } = query
  const flags =
    (query.rd ? flagBits.rd : 0) |
    (query.ad ? flagBits.ad : 0) |
    (query.cd ? flagBits.cd : 0) |
    (query.flags & headerFlags)
  const asked: Asked = { name, type, class: klass, flags: flags | (opcode << 11), edns }
  return { name, type, class: klass, bytes: bytes ? withRecords(asked, bytes) : encodeQuestion(asked) }
}

/** A plain question: health and loop probes. */
export function plainQuestion(name: Name, type: number, recursion: boolean): UpstreamQuestion {
  const flags = recursion ? flagBits.rd : 0
  return { name, type, class: classes.IN, bytes: encodeQuestion({ name, type, class: classes.IN, flags, edns: null }) }
}

interface Asked {
  readonly name: Name
  readonly type: number
  readonly class: number
  readonly flags: number
  readonly edns: Edns | null
}

// The usual question is a header, one name and perhaps an OPT: written in place, as every query that goes up passes here.
function encodeQuestion({ name, type, class: klass, flags, edns }: Asked): Uint8Array {
  const opt = edns ? writeEdns(edns) : null
  const { wire } = name
  const bytes = new Uint8Array(headerBytes + wire.length + 4 + (opt?.length ?? 0))
  const view = new DataView(bytes.buffer)
  view.setUint16(2, flags)
  view.setUint16(4, 1)
  bytes.set(wire, headerBytes)
  view.setUint16(headerBytes + wire.length, type)
  view.setUint16(headerBytes + wire.length + 2, klass)
  if (opt) {
    view.setUint16(10, 1)
    bytes.set(opt, headerBytes + wire.length + 4)
  }
  return bytes
}

/** A NOTIFY or IXFR with the records that `whole`, the client's message, has in its answer and authority. */
function withRecords(asked: Asked, whole: Uint8Array): Uint8Array {
  const message = decodeMessage(whole)
  if (isFault(message)) return encodeQuestion(asked)
  const { name, type, class: klass, flags, edns } = asked
  return encodeMessage({
    ...message,
    id: 0,
    flags,
    opcode: (flags >> 11) & 15,
    rcode: rcodes.NOERROR,
    questions: [{ name, type, class: klass }],
    additional: [],
    edns,
  })
}

/** Equal for queries that one upstream reply answers: the bytes sent, spelling included, and the kind of transport. */
export function flightKey(query: Query, { bytes }: UpstreamQuestion): string {
  return `${query.datagram ? 'u' : 's'}${latin1.decode(bytes)}`
}

const latin1 = new TextDecoder('latin1')

/** The bytes of `question` under `id`, as an array of their own. */
export function withId(question: UpstreamQuestion, id: number): Uint8Array {
  const bytes = question.bytes.slice()
  bytes[0] = id >> 8
  bytes[1] = id & 0xff
  return bytes
}

/** The id of a reply; -1 for bytes that are no reply at all. */
export function replyId(bytes: Uint8Array): number {
  if (bytes.length < headerBytes || (bytes[2]! & 0x80) === 0) return -1
  return (bytes[0]! << 8) | bytes[1]!
}

/** Reads bytes that carry the question's id: the reply, or why they are none. */
export function readReply(bytes: Uint8Array, question: UpstreamQuestion): Message | Trouble {
  if (!asksFor(bytes, question)) return new Trouble('mismatch', 'reply to another question')
  const message = decodeMessage(bytes)
  if (!isFault(message)) return message
  // Cut off by a sender that says so: nothing of it is certain, but the client can ask again over TCP.
  if ((bytes[2]! & 0x02) !== 0) return emptyTruncated(bytes)
  return new Trouble('malformed', `malformed reply: ${message.fault}`)
}

function asksFor(bytes: Uint8Array, question: UpstreamQuestion): boolean {
  const count = (bytes[4]! << 8) | bytes[5]!
  // Old servers leave the question out of an error; the id still matched.
  if (count === 0) return (bytes[3]! & 15) !== rcodes.NOERROR && bytes[6] === 0 && bytes[7] === 0
  if (count !== 1) return false
  const reader = new Reader(bytes, headerBytes)
  const { name, type, class: klass } = reader.question()
  return !reader.fault && type === question.type && klass === question.class && name.key === question.name.key
}

function emptyTruncated(bytes: Uint8Array): Message {
  const flags = (bytes[2]! << 8) | bytes[3]!
  return {
    id: (bytes[0]! << 8) | bytes[1]!,
    flags,
    opcode: (flags >> 11) & 15,
    rcode: flags & 15,
    questions: [],
    answer: [],
    authority: [],
    additional: [],
    edns: null,
  }
}
