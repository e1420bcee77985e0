// IP addresses and prefixes as bytes: 4 octets or 16, in network order, as rdata, ECS and client facts carry them. Text is read where Corefiles, zone files and
// manifests come in, and written in RFC 5952's canonical form. Zone ids (fe80::1%eth0) are no part of an address here: the caller cuts them off.

import { isIPv4, isIPv6 } from 'node:net'

/** All addresses that share their first `length` bits; the bits of `address` behind those are zero. */
export interface Prefix {
  readonly address: Uint8Array
  readonly length: number
}

/** The octets of an address in text form, 4 or 16 of them (`::ffff:192.0.2.1` has 16); null when the text is no address. */
export function parseAddress(text: string): Uint8Array | null {
  if (isIPv4(text)) return ipv4Octets(text, new Uint8Array(4), 0)
  if (!isIPv6(text) || text.includes('%')) return null
  const octets = new Uint8Array(16)
  const gap = text.indexOf('::')
  if (gap < 0) {
    writeGroups(text, octets, 0)
  } else {
    writeGroups(text.slice(0, gap), octets, 0)
    const tail = new Uint8Array(16)
    const length = writeGroups(text.slice(gap + 2), tail, 0)
    octets.set(tail.subarray(0, length), 16 - length)
  }
  return octets
}

function ipv4Octets(text: string, into: Uint8Array, at: number): Uint8Array {
  let octet = 0
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code === 0x2e) {
      into[at++] = octet
      octet = 0
    } else octet = octet * 10 + code - 0x30
  }
  into[at] = octet
  return into
}

/** Writes checked groups, of which the last may be a dotted IPv4 address; returns how many octets they took. */
function writeGroups(text: string, into: Uint8Array, start: number): number {
  if (text === '') return 0
  let at = start
  for (const group of text.split(':')) {
    if (group.includes('.')) {
      ipv4Octets(group, into, at)
      at += 4
    } else {
      const value = Number.parseInt(group, 16)
      into[at++] = value >> 8
      into[at++] = value
    }
  }
  return at - start
}

/** The text of 4 or 16 octets: dotted, or RFC 5952 with IPv4-mapped addresses as `::ffff:192.0.2.1`; throws RangeError for another count. */
export function formatAddress(octets: Uint8Array): string {
  if (octets.length === 4) return `${octets[0]}.${octets[1]}.${octets[2]}.${octets[3]}`
  if (octets.length !== 16) throw new RangeError(`an address has 4 or 16 octets, not ${octets.length}`)
  if (isMapped(octets)) return `::ffff:${formatAddress(octets.subarray(12))}`
  const [start, end] = longestZeros(octets)
  let text = ''
  for (let group = 0; group < 8; group++) {
    if (group === start) {
      text += '::'
      group = end - 1
      continue
    }
    if (group > 0 && group !== end) text += ':'
    text += ((octets[2 * group]! << 8) | octets[2 * group + 1]!).toString(16)
  }
  return text
}

/** The first longest run of two or more zero groups, [8, 8] if there is none (RFC 5952 4.2). */
function longestZeros(octets: Uint8Array): readonly [start: number, end: number] {
  let best: readonly [number, number] = [8, 8]
  let length = 1
  let start = 0
  for (let group = 0; group <= 8; group++) {
    if (group < 8 && octets[2 * group] === 0 && octets[2 * group + 1] === 0) continue
    if (group - start > length) {
      best = [start, group]
      length = group - start
    }
    start = group + 1
  }
  return best
}

/** True for 16 octets that hold an IPv4 address (::ffff:0:0/96, RFC 4291 2.5.5.2). */
export function isMapped(octets: Uint8Array): boolean {
  if (octets.length !== 16 || octets[10] !== 0xff || octets[11] !== 0xff) return false
  for (let i = 0; i < 10; i++) if (octets[i] !== 0) return false
  return true
}

/** The octets of the IPv4 address inside a mapped one; any other address as it is. */
export const unmapOctets = (octets: Uint8Array): Uint8Array => (isMapped(octets) ? octets.subarray(12) : octets)

/** The text of the IPv4 address inside a mapped one (`::ffff:192.0.2.1` gives `192.0.2.1`); any other text as it is. */
export function unmapIpv4(text: string): string {
  // Sockets on [::] give every IPv4 client in this form, so it comes first and takes no parsing.
  if (text.startsWith('::ffff:') && isIPv4(text.slice(7))) return text.slice(7)
  if (!text.includes(':')) return text
  const octets = parseAddress(text)
  return octets && isMapped(octets) ? formatAddress(octets.subarray(12)) : text
}

/** Reads `10.0.0.0/8` or `2001:db8::/32`; host bits are cleared; null when the text is no prefix (a length is needed). */
export function parsePrefix(text: string): Prefix | null {
  const slash = text.indexOf('/')
  if (slash < 0) return null
  const address = parseAddress(text.slice(0, slash))
  const digits = text.slice(slash + 1)
  if (!address || !/^[0-9]{1,6}$/.test(digits)) return null
  const length = Number(digits)
  return length > address.length * 8 ? null : prefixOf(address, length)
}

/** The prefix of `length` bits that an address is in. */
export function prefixOf(address: Uint8Array, length: number): Prefix {
  const network = address.slice()
  const whole = length >> 3
  if (whole < network.length) {
    network[whole]! &= 0xff00 >> (length & 7)
    network.fill(0, whole + 1)
  }
  return { address: network, length }
}

/** True if the address is in the prefix; never across families (an IPv4-mapped address is IPv6: unmap it first). */
export function prefixContains(prefix: Prefix, address: Uint8Array): boolean {
  const network = prefix.address
  if (network.length !== address.length) return false
  const whole = prefix.length >> 3
  for (let i = 0; i < whole; i++) if (network[i] !== address[i]) return false
  const rest = prefix.length & 7
  return rest === 0 || ((network[whole]! ^ address[whole]!) & (0xff00 >> rest)) === 0
}

/** `10.0.0.0/8`. */
export const formatPrefix = (prefix: Prefix): string => `${formatAddress(prefix.address)}/${prefix.length}`
