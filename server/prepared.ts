// Prepared answers: a response as wire bytes that only need patching.
//
//   header | question | records …                no OPT: it is written from each query
//   id,RD,CD  0x20      TTLs that age, serials, rotation
//
// The same bytes serve the query that made them and every later one with the same key (DESIGN: "prepared answers").

import type { Response } from '../plugins/response.ts'
import { type EdnsOption, extendedErrorOption, writeEdns } from '../wire/edns.ts'
import { Encoder } from '../wire/encoder.ts'
import { flagBits, headerBytes } from '../wire/message.ts'
import type { Name } from '../wire/name.ts'
import { pooledBytes, u16, writeU16, writeU32 } from '../wire/octets.ts'
import type { LiveSerial, Question, ResourceRecord } from '../wire/record.ts'
import { types } from '../wire/registry.ts'
import { messageBytesMax, plainUdpBytes } from './limits.ts'
import { echoedFrom, type Packet } from './packet.ts'

const sections = ['answer', 'authority', 'additional'] as const

/** A TTL that counts down: where it stands, its value in seconds and the clock's milliseconds when that was right. */
interface AgeingTtl {
  readonly at: number
  readonly ttl: number
  readonly born: number
}

interface MovingSerial {
  readonly at: number
  readonly serial: LiveSerial
}

/** Records of one RRset that follow each other; equally long ones may change places as bytes. */
interface RotatingSet {
  readonly at: number
  readonly each: number
  readonly type: number
  readonly ownerKey: string
  /** True once the records that follow cannot belong to it any more: they stand in another section, or something stands between. */
  closed: boolean
  count: number
}

const noBytes = new Uint8Array(0)

/** A response as bytes with its patches. */
export class Prepared {
  readonly response: Response
  #bytes: Uint8Array
  /** Octets without compression, without OPT. */
  readonly uncompressedLength: number
  /** False if its bytes cannot be used for another query (an RRset that must be rotated but cannot be). */
  reusable: boolean
  /** False if a record's owner equals the question's name but is spelled by the data (a zone file's, an upstream's): such an answer serves its own spelling only. */
  #followsQuestion = true
  readonly #questionName: Name
  readonly #questionEnd: number
  /** Where each record ends. */
  readonly #ends: number[] = []
  readonly #ageing: AgeingTtl[] = []
  readonly #serials: MovingSerial[] = []
  readonly #rotating: RotatingSet[] = []

  /** Encodes `response` to `question` whole, without OPT; `random` starts the rotation. */
  constructor(question: Question, response: Response, now: number, random: () => number) {
    this.response = response
    this.reusable = true
    this.#questionName = question.name
    const encoder = new Encoder(messageBytesMax, now)
    encoder.header(0, responseFlags(response))
    encoder.question(question)
    this.#questionEnd = encoder.length
    const wrote = (record: ResourceRecord, at: number, typeAt: number): void =>
      this.#note(record, at, typeAt, encoder.length)
    for (const section of sections) {
      encoder.section(section, response.rotate ? rotated(response[section], random) : response[section], wrote)
      this.#closeRun()
    }
    this.#bytes = encoder.finish()
    this.uncompressedLength = encoder.uncompressedLength
    if (encoder.truncated) this.reusable = false
  }

  #note(record: ResourceRecord, at: number, typeAt: number, end: number): void {
    this.#ends.push(end)
    // An owner taken from the question is that very object.
    if (record.owner !== this.#questionName && record.owner.key === this.#questionName.key)
      this.#followsQuestion = false
    if (record.born !== 0) this.#ageing.push({ at: typeAt + 4, ttl: record.ttl, born: record.born })
    if (record.serial && record.type === types.SOA) this.#serials.push({ at: end - 20, serial: record.serial })
    if (!this.response.rotate) return
    if (!rotates(record)) {
      this.#closeRun()
      return
    }
    const run = this.#rotating.at(-1)
    const each = end - at
    if (!run || run.closed || run.type !== record.type || run.ownerKey !== record.owner.key) {
      this.#rotating.push({ at, each, type: record.type, ownerKey: record.owner.key, closed: false, count: 1 })
    } else if (record.type === types.MX || each !== run.each) {
      // Names inside MX records may be pointed at, and unequal records cannot change places: such an answer is encoded each time.
      this.reusable = false
    } else {
      run.count++
    }
  }

  #closeRun(): void {
    const run = this.#rotating.at(-1)
    if (run) run.closed = true
  }

  get bytes(): Uint8Array {
    return this.#bytes
  }

  /** To be called before it is kept: takes the bytes out of the pool that short-lived messages share, a slab of which they would hold. */
  keep(): void {
    this.#bytes = new Uint8Array(this.#bytes)
  }

  // True if the bytes may answer a question that is spelled as `packet` spells it.
  #servesSpelling(packet: Packet): boolean {
    if (this.#followsQuestion) return true
    for (let at = headerBytes; at < packet.questionEnd; at++) if (packet.bytes[at] !== this.#bytes[at]) return false
    return true
  }

  /** The reply to `packet` in at most `limit` octets, cut at a record with TC if need be; null if the answer does not serve the packet's spelling. */
  reply(packet: Packet, now: number, limit: number, random: () => number): Uint8Array | null {
    if (!this.#servesSpelling(packet)) return null
    const opt = packet.hasOpt ? fittingOpt(packet, this.response, limit - packet.questionEnd) : noBytes
    const whole = pooledBytes(this.#bytes.length + opt.length)
    whole.set(this.#bytes)
    this.#patch(whole, packet, now, random)
    const fits = whole.length <= limit
    const end = fits ? this.#bytes.length : this.#cutAt(whole, limit - opt.length)
    const reply = whole.subarray(0, end + opt.length)
    if (opt.length > 0) {
      reply.set(opt, end)
      writeU16(reply, 10, u16(reply, 10) + 1)
    }
    return reply
  }

  // Pointers only go back, so what stands before the end of a record is a message. Sections are cut from the end (RFC 2181 9), after the rotation, so
  // that every record has its turn.
  #cutAt(reply: Uint8Array, room: number): number {
    let kept = this.#ends.length
    while (kept > 0 && this.#ends[kept - 1]! > room) kept--
    const end = kept === 0 ? this.#questionEnd : this.#ends[kept - 1]!
    for (const at of [6, 8, 10]) {
      const count = Math.min(kept, u16(reply, at))
      writeU16(reply, at, count)
      kept -= count
    }
    writeU16(reply, 2, u16(reply, 2) | flagBits.tc)
    return end
  }

  #patch(reply: Uint8Array, packet: Packet, now: number, random: () => number): void {
    patchHeader(reply, packet, this.response)
    // The client's own spelling of the name (0x20); every name taken from the question is a pointer to it.
    reply.set(packet.bytes.subarray(headerBytes, packet.questionEnd), headerBytes)
    for (const { at, ttl, born } of this.#ageing)
      writeU32(reply, at, Math.max(0, ttl - Math.max(0, Math.floor((now - born) / 1000))))
    for (const { at, serial } of this.#serials) writeU32(reply, at, serial.value)
    for (const set of this.#rotating) if (set.count > 1) rotateBytes(reply, set, Math.floor(random() * set.count))
  }
}

// A client that pads its query past what it can take gets an OPT without options: nothing larger than it asked for leaves.
function fittingOpt(packet: Packet, response: Response, room: number): Uint8Array {
  const opt = writeReplyOpt(packet, response)
  return opt.length <= room ? opt : writeReplyOpt(packet, { ...response, options: [], echo: false, ede: [] })
}

/** The most octets that the client of `packet` may get. */
export function replyLimit(packet: Packet, datagram: boolean, udpSizeMax: number): number {
  if (!datagram) return messageBytesMax
  return packet.hasOpt ? Math.max(plainUdpBytes, Math.min(packet.udpSize, udpSizeMax)) : plainUdpBytes
}

/** The header's second 16 bits as the response alone settles them: without opcode, RD and CD. */
export function responseFlags(response: Response): number {
  const { aa, tc, ra, ad } = flagBits
  return (
    flagBits.qr |
    (response.aa ? aa : 0) |
    (response.tc ? tc : 0) |
    (response.ra ? ra : 0) |
    (response.ad ? ad : 0) |
    (response.rcode & 15)
  )
}

function patchHeader(reply: Uint8Array, packet: Packet, response: Response): void {
  writeU16(reply, 0, packet.id)
  writeU16(reply, 2, u16(reply, 2) | queryFlags(packet, response))
}

/** What of the header's second 16 bits is the query's: opcode, RD and CD (RFC 1035 4.1.1); CoreDNS copies RD and CD for opcode QUERY only. */
export function queryFlags(packet: Packet, response: Response): number {
  const copied = packet.opcode === 0 ? packet.flags & (flagBits.rd | flagBits.cd) : 0
  const rd = response.rd === null ? copied & flagBits.rd : response.rd ? flagBits.rd : 0
  return (packet.opcode << 11) | rd | (copied & flagBits.cd)
}

/** The OPT record of the reply to a packet that has one. */
export function writeReplyOpt(packet: Packet, response: Response): Uint8Array {
  const options: EdnsOption[] = [...response.options]
  if (response.echo) {
    for (const option of echoedFrom(packet))
      if (!response.options.some(({ code }) => code === option.code)) options.push(option)
  }
  for (const error of response.ede) options.push(extendedErrorOption(error))
  return writeEdns({
    udpSize: Math.min(packet.udpSize, Math.max(plainUdpBytes, response.udpSizeMax)),
    version: 0,
    do: response.do ?? packet.do,
    z: packet.z,
    extendedRcode: response.rcode >> 4,
    options,
  })
}

const rotates = (record: ResourceRecord): boolean =>
  record.type === types.A || record.type === types.AAAA || record.type === types.MX

/** Each run of address or MX records of one RRset, started at a random one. */
function rotated(records: readonly ResourceRecord[], random: () => number): ResourceRecord[] {
  const result: ResourceRecord[] = []
  let start = 0
  while (start < records.length) {
    const first = records[start]!
    let end = start + 1
    while (end < records.length && records[end]!.type === first.type && records[end]!.owner.key === first.owner.key)
      end++
    const turn = rotates(first) ? Math.floor(random() * (end - start)) : 0
    for (let i = 0; i < end - start; i++) result.push(records[start + ((i + turn) % (end - start))]!)
    start = end
  }
  return result
}

function rotateBytes(reply: Uint8Array, set: RotatingSet, turn: number): void {
  if (turn === 0) return
  const { at, each, count } = set
  const source = reply.slice(at, at + count * each)
  reply.set(source.subarray(turn * each), at)
  reply.set(source.subarray(0, turn * each), at + (count - turn) * each)
}
