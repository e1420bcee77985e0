// Addresses in the three forms that this plugin needs: octets (rdata), keys of maps, and labels of names.
//
//   10.244.2.20         0a f4 02 14          10-244-2-20
//   fd00:10:244::a:0    fd 00 00 10 …        fd00-10-244--a-0

import { formatAddress, parseAddress, unmapOctets } from '../../wire/address.ts'
import { latin1 } from '../../wire/name.ts'

/** The octets of an address text; an IPv4 address inside IPv6 is the IPv4 address. Null when it is none. */
export function octetsOf(text: string): Uint8Array | null {
  const octets = parseAddress(text)
  return octets && unmapOctets(octets)
}

/** What maps use for an address. */
export const addressKey = (octets: Uint8Array): string => latin1(octets)

/** `addressKey` of an address text, '' when it is none. */
export function textKey(text: string): string {
  const octets = octetsOf(text)
  return octets ? addressKey(octets) : ''
}

/** The label of an endpoint that has no other name. A label must not end in a hyphen, hence the 0. */
export function addressLabel(octets: Uint8Array): string {
  const label = formatAddress(octets).replace(/[.:]/g, '-')
  return label.endsWith('-') ? `${label}0` : label
}

/** The address that a pod's label spells: `10-1-2-3`, or an IPv6 address with hyphens for colons. Null when it is none. */
export function octetsOfLabel(label: string): Uint8Array | null {
  const dotted = label.split('-').length === 4 && !label.includes('--')
  return octetsOf(label.replaceAll('-', dotted ? '.' : ':'))
}
