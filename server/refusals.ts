// Replies to messages that no plugin sees because they cannot be read: a header, with the question if that much was readable (RFC 1035 4.1.1).

import { flagBits, headerBytes } from '../wire/message.ts'
import { writeU16 } from '../wire/octets.ts'
import { rcodes } from '../wire/registry.ts'
import type { Packet } from './packet.ts'

/** A reply of the header alone, for messages that are refused before their question is read. */
export function bareHeader(packet: Packet): Uint8Array {
  const bytes = new Uint8Array(headerBytes)
  writeU16(bytes, 0, packet.id)
  const { rd, ra, z, ad, cd } = flagBits
  const copied = packet.flags & (rd | ra | z | ad | cd)
  writeU16(bytes, 2, flagBits.qr | (packet.opcode << 11) | copied | packet.rcode)
  return bytes
}

/** FORMERR with the question, if that much could be read. */
export function formatError(packet: Packet): Uint8Array {
  const bytes = packet.bytes.slice(0, packet.questionEnd)
  bytes.fill(0, 4, headerBytes)
  const copied = packet.flags & (flagBits.rd | flagBits.cd)
  writeU16(bytes, 2, flagBits.qr | (packet.opcode << 11) | copied | rcodes.FORMERR)
  if (packet.questionEnd > headerBytes) writeU16(bytes, 4, 1)
  return bytes
}
