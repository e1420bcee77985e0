// The first look at what arrived: one acceptor for every transport, before any plugin (8 of CoreDNS's 15 advisories since 2023 were a check that one transport
// skipped). It reads the header, the question and a plain OPT record in place and allocates nothing for what the header claims.

import { type Edns, type EdnsOption, echoedOptions, isSubnet } from '../wire/edns.ts'
import { flagBits, headerBytes } from '../wire/message.ts'
import { foldedKey, nameBytesMax } from '../wire/name.ts'
import { u16 } from '../wire/octets.ts'
import { ednsOptions, opcodes, rcodes, types } from '../wire/registry.ts'

/** What the acceptor found. `drop`: no answer; `refuse`: a bare header with `rcode`; `decode`: a query that the answer table cannot know; `ask`: a plain query. */
export type Verdict = 'drop' | 'refuse' | 'decode' | 'ask'

/** Counts that a query may claim (miekg/dns's acceptor, which CoreDNS uses). */
const answerCountMax = 1
const authorityCountMax = 1
const additionalCountMax = 2

/** Options that do not change which answer is right, so that a query with them may use the answer table. */
const neutralOptions = new Set<number>([
  ednsOptions.NSID,
  ednsOptions.ECS,
  ednsOptions.EXPIRE,
  ednsOptions.COOKIE,
  ednsOptions.KEEPALIVE,
  ednsOptions.PADDING,
])

/** One arrived message, read in place; used again for the next. */
export class Packet {
  bytes: Uint8Array = new Uint8Array(0)
  id = 0
  flags = 0
  opcode = 0
  /** For `refuse`. */
  rcode = 0
  /** Behind the question; 12 when there is no readable question. */
  questionEnd = headerBytes
  type = 0
  class = 0
  hasOpt = false
  udpSize = 0
  do = false
  z = 0
  /** The OPT's options: where they start and end in `bytes`, or `options` for a message whose OPT was not read in place. */
  optionsAt = 0
  optionsEnd = 0
  options: readonly EdnsOption[] = []
  /** The answer table's key; set by `ask` only. */
  key = ''

  /** Reads a message; afterwards the fields above hold what it says. */
  accept(bytes: Uint8Array): Verdict {
    this.bytes = bytes
    this.questionEnd = headerBytes
    this.hasOpt = false
    this.optionsAt = 0
    this.optionsEnd = 0
    this.options = []
    if (bytes.length < headerBytes) return 'drop'
    this.id = u16(bytes, 0)
    this.flags = u16(bytes, 2)
    this.opcode = (this.flags >> 11) & 15
    if ((this.flags & flagBits.qr) !== 0) return 'drop'
    if (this.opcode !== opcodes.QUERY && this.opcode !== opcodes.NOTIFY) return this.#refuse(rcodes.NOTIMP)
    const additional = u16(bytes, 10)
    const others = u16(bytes, 6) + u16(bytes, 8)
    if (u16(bytes, 4) !== 1 || u16(bytes, 6) > answerCountMax || u16(bytes, 8) > authorityCountMax)
      return this.#refuse(rcodes.FORMERR)
    if (additional > additionalCountMax) return this.#refuse(rcodes.FORMERR)
    const nameEnd = plainNameEnd(bytes)
    if (nameEnd < 0 || nameEnd + 4 > bytes.length) return 'decode'
    this.type = u16(bytes, nameEnd)
    this.class = u16(bytes, nameEnd + 2)
    this.questionEnd = nameEnd + 4
    if (this.opcode !== opcodes.QUERY || others !== 0 || additional > 1) return 'decode'
    if (this.type === types.AXFR || this.type === types.IXFR) return 'decode'
    if (additional === 1 && !this.#plainOpt()) return 'decode'
    this.key = this.#tableKey(nameEnd)
    return 'ask'
  }

  /** Takes over the OPT of the decoded message if `accept` left it alone. */
  takeEdns(edns: Edns | null): void {
    if (!edns || this.hasOpt) return
    this.hasOpt = true
    this.udpSize = edns.udpSize
    this.do = edns.do
    this.z = edns.z
    this.options = edns.options
  }

  #refuse(rcode: number): Verdict {
    this.rcode = rcode
    return 'refuse'
  }

  // True if the rest of the message is one OPT record of version 0 whose options are all neutral.
  #plainOpt(): boolean {
    const { bytes } = this
    const at = this.questionEnd
    if (at + 11 > bytes.length || bytes[at] !== 0 || u16(bytes, at + 1) !== types.OPT || bytes[at + 6] !== 0)
      return false
    const optionsAt = at + 11
    const optionsEnd = optionsAt + u16(bytes, at + 9)
    if (optionsEnd > bytes.length) return false
    let option = optionsAt
    while (option < optionsEnd) {
      if (option + 4 > optionsEnd || !neutralOptions.has(u16(bytes, option))) return false
      const length = u16(bytes, option + 2)
      if (u16(bytes, option) === ednsOptions.ECS && !isSubnet(bytes, option + 4, length)) return false
      option += 4 + length
    }
    if (option !== optionsEnd) return false
    this.hasOpt = true
    this.optionsAt = optionsAt
    this.optionsEnd = optionsEnd
    this.udpSize = u16(bytes, at + 3)
    this.do = (bytes[at + 7]! & 0x80) !== 0
    this.z = u16(bytes, at + 7) & 0x7fff
    return true
  }

  #tableKey(nameEnd: number): string {
    const bits =
      (this.flags & (flagBits.rd | flagBits.cd | flagBits.ad)) |
      (this.hasOpt ? 1 : 0) |
      (this.hasOpt && this.do ? 2 : 0)
    return String.fromCharCode(this.type, this.class, bits) + foldedKey(this.bytes, headerBytes, nameEnd)
  }
}

/** The options of the query that are sent back as they came. */
export function echoedFrom(packet: Packet): EdnsOption[] {
  const options = packet.options.filter((option) => echoedOptions.has(option.code))
  for (let at = packet.optionsAt; at + 4 <= packet.optionsEnd; ) {
    const code = u16(packet.bytes, at)
    const length = u16(packet.bytes, at + 2)
    if (echoedOptions.has(code)) options.push({ code, data: packet.bytes.subarray(at + 4, at + 4 + length) })
    at += 4 + length
  }
  return options
}

// Behind the question's name if it is written without pointers; -1 if not, or if it runs too long.
function plainNameEnd(bytes: Uint8Array): number {
  let at = headerBytes
  while (at < bytes.length) {
    const octet = bytes[at]!
    if (octet === 0) return at + 1 - headerBytes > nameBytesMax ? -1 : at + 1
    if (octet >= 0x40) return -1
    at += 1 + octet
  }
  return -1
}
