// Whole messages: the header, four sections and the OPT record (RFC 1035 4.1). The query path reads and writes less than this (server/net and server/answer);
// upstream replies, zone transfers and tests use whole messages.

import { type Edns, readEdns, writeEdns } from './edns.ts'
import { Encoder } from './encoder.ts'
import { type Fault, faults, isFault } from './fault.ts'
import { Name } from './name.ts'
import { Reader } from './reader.ts'
import type { Question, ResourceRecord } from './record.ts'
import { types } from './registry.ts'

/** The header's flag bits (RFC 1035 4.1.1, RFC 4035 3). */
export const flagBits = {
  qr: 0x8000,
  aa: 0x0400,
  tc: 0x0200,
  rd: 0x0100,
  ra: 0x0080,
  z: 0x0040,
  ad: 0x0020,
  cd: 0x0010,
} as const

export const headerBytes = 12

/** A decoded message; `flags` are the header's second 16 bits as they are, `rcode` includes the OPT's upper bits. */
export interface Message {
  readonly id: number
  readonly flags: number
  readonly opcode: number
  readonly rcode: number
  readonly questions: readonly Question[]
  readonly answer: readonly ResourceRecord[]
  readonly authority: readonly ResourceRecord[]
  /** Without OPT. */
  readonly additional: readonly ResourceRecord[]
  readonly edns: Edns | null
}

/** Decodes a whole message. Trailing bytes are ignored, as every server does. An OPT record that is not alone or not the root's is a fault (RFC 6891 6.1.1), unless `anyOpt`: then the last one counts. */
export function decodeMessage(bytes: Uint8Array, anyOpt = false): Message | Fault {
  if (bytes.length < headerBytes) return faults.short
  const reader = new Reader(bytes)
  const id = reader.u16()
  const flags = reader.u16()
  const counts = [reader.u16(), reader.u16(), reader.u16(), reader.u16()] as const
  const questions: Question[] = []
  for (let i = 0; i < counts[0] && !reader.fault; i++) questions.push(reader.question())
  const answer = readSection(reader, counts[1])
  const authority = readSection(reader, counts[2])
  const additional = readSection(reader, counts[3])
  if (reader.fault) return reader.fault
  const edns = takeEdns(additional, anyOpt)
  if (edns && isFault(edns)) return edns
  const rcode = (flags & 15) | ((edns?.extendedRcode ?? 0) << 4)
  return { id, flags, opcode: (flags >> 11) & 15, rcode, questions, answer, authority, additional, edns }
}

// A count is a claim: records are read until the bytes end, nothing is allocated for the claim. A message that ends where a record would start is taken for
// what it holds, as CoreDNS does.
function readSection(reader: Reader, count: number): ResourceRecord[] {
  const records: ResourceRecord[] = []
  for (let i = 0; i < count && reader.offset < reader.end; i++) {
    const record = reader.record()
    if (!record) break
    records.push(record)
  }
  return records
}

function takeEdns(additional: ResourceRecord[], anyOpt: boolean): Edns | Fault | null {
  const at = additional.findLastIndex((record) => record.type === types.OPT)
  if (at < 0) return null
  const [opt] = additional.splice(at, 1)
  if (anyOpt) return readEdns(opt!.withOwner(Name.root))
  if (additional.some((record) => record.type === types.OPT)) return faults.optTwice
  return readEdns(opt!)
}

/** Encodes a whole message with compression; records that do not fit `limit` octets are left out from the end and TC is set. */
export function encodeMessage(message: Message, limit = 0xffff): Uint8Array {
  const encoder = new Encoder(limit)
  const edns = message.edns ? writeEdns({ ...message.edns, extendedRcode: message.rcode >> 4 }) : null
  encoder.reserve(edns?.length ?? 0)
  encoder.header(message.id, (message.flags & ~0x780f) | (message.opcode << 11) | (message.rcode & 15))
  for (const question of message.questions) encoder.question(question)
  encoder.section('answer', message.answer)
  encoder.section('authority', message.authority)
  encoder.section('additional', message.additional)
  if (edns) encoder.raw(edns)
  return encoder.finish()
}
