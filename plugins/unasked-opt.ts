// `compat coredns`: CoreDNS sends an OPT record to clients that sent none (against RFC 6891 6.1.1) where a plugin made one. The server writes the OPT of all other
// replies, so here it travels as an ordinary additional record.

import { type Edns, writeEdns } from '../wire/edns.ts'
import { Name } from '../wire/name.ts'
import { ResourceRecord } from '../wire/record.ts'
import { types } from '../wire/registry.ts'

/** Octets of an OPT record before its options: root owner, type, class, TTL, length. */
const headBytes = 11

/** What a plugin adds; nothing else is in it. */
export const bareEdns: Edns = Object.freeze({
  udpSize: 4096,
  version: 0,
  do: false,
  z: 0,
  extendedRcode: 0,
  options: Object.freeze([]),
})

/** `edns` as a record for the additional section of a reply to a query without OPT. */
export function unaskedOpt(edns: Edns): ResourceRecord {
  const flags = (edns.do ? 0x8000 : 0) | edns.z
  return new ResourceRecord(Name.root, types.OPT, edns.udpSize, flags, writeEdns(edns).subarray(headBytes))
}
