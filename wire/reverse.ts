// Reverse names: addresses as names below in-addr.arpa. and ip6.arpa. (RFC 1035 3.5, RFC 3596 2.5) and back.
//
//   192.0.2.1        1.2.0.192.in-addr.arpa.          a label an octet
//   2001:db8::1      1.0.0. … .8.b.d.0.1.0.0.2.ip6.arpa.   a label a nibble
//
// Used when a Corefile is loaded (prefixes as zones) and when a PTR query asks for an address.

import { isIPv4 } from 'node:net'
import { formatAddress, parseAddress, unmapOctets } from './address.ts'

const ipv4Suffix = 'in-addr.arpa.'
const ipv6Suffix = 'ip6.arpa.'

/** The name that a PTR query asks for `address`, or null when that is no address. */
export function reverseName(address: string): string | null {
  const bytes = parseAddress(address)
  return bytes && reversePrefix(bytes, bytes.length * 8)
}

/** The reverse name of the first `bits` bits, a whole number of labels. */
function reversePrefix(bytes: Uint8Array, bits: number): string {
  const labels: string[] = []
  if (bytes.length === 4) {
    for (let i = bits / 8 - 1; i >= 0; i--) labels.push(String(bytes[i]))
    return [...labels, ipv4Suffix].join('.')
  }
  for (let i = bits / 4 - 1; i >= 0; i--) labels.push(nibbleAt(bytes, i).toString(16))
  return [...labels, ipv6Suffix].join('.')
}

function nibbleAt(bytes: Uint8Array, index: number): number {
  const byte = bytes[index >> 1]!
  return index % 2 === 0 ? byte >> 4 : byte & 0xf
}

/**
 * The reverse zones of a prefix such as `10.0.0.0/22`, lowest first; null when the text is no prefix.
 * Host bits are ignored. A length inside a label gives one zone for each label that it covers: at most 128 (IPv4) or 8 (IPv6).
 */
export function reverseZones(cidr: string): string[] | null {
  const slash = cidr.lastIndexOf('/')
  const lengthText = cidr.slice(slash + 1)
  const bytes = slash < 0 ? null : parseAddress(cidr.slice(0, slash))
  if (bytes === null || !/^[0-9]{1,6}$/.test(lengthText)) return null
  const length = Number(lengthText)
  if (length > bytes.length * 8) return null

  for (let bit = length; bit < bytes.length * 8; bit++) bytes[bit >> 3]! &= ~(0x80 >> (bit & 7))
  const labelBits = bytes.length === 4 ? 8 : 4
  const rounded = Math.ceil(length / labelBits) * labelBits
  if (rounded === 0) return [reversePrefix(bytes, 0)]
  // Only the label that `length` falls into differs between the zones, so they can be counted up in its byte.
  const last = (rounded - 1) >> 3
  const step = rounded % 8 === 0 ? 1 : 16
  return Array.from({ length: 2 ** (rounded - length) }, (_, i) => {
    const zone = bytes.slice()
    zone[last]! += i * step
    return reversePrefix(zone, rounded)
  })
}

/** True for a name strictly below in-addr.arpa. or ip6.arpa., in lower case and with its final dot. */
export function isReverse(name: string): boolean {
  return name.endsWith(`.${ipv4Suffix}`) || name.endsWith(`.${ipv6Suffix}`)
}

/**
 * The address that a whole reverse name in presentation format stands for, an IPv4-mapped one as IPv4, whatever the name's case;
 * null when labels are missing, too many, or no octets and nibbles.
 */
export function addressOfReverse(name: string): string | null {
  const folded = name.toLowerCase()
  const labels = folded.split('.').reverse() // '', 'arpa', 'ip6', …
  if (folded.endsWith(`.${ipv4Suffix}`)) {
    const address = labels.slice(3).join('.')
    return isIPv4(address) ? address : null
  }
  if (!folded.endsWith(`.${ipv6Suffix}`)) return null
  const nibbles = labels.slice(3)
  if (nibbles.length !== 32 || !nibbles.every((label) => /^[0-9a-f]$/.test(label))) return null
  return formatAddress(unmapOctets(Uint8Array.from(Buffer.from(nibbles.join(''), 'hex'))))
}
