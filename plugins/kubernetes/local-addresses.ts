// Under which addresses this server is reached: what it is bound to, or every address of the machine. Loopback addresses mean something else to everybody.

import { networkInterfaces } from 'node:os'
import { octetsOf } from './addresses.ts'

/** The octets of the addresses in `bound`, or of all interfaces' where it is empty or has a wildcard. */
export function localAddresses(bound: readonly string[]): Uint8Array[] {
  const all = bound.length === 0 || bound.includes('0.0.0.0') || bound.includes('::')
  const texts = all ? interfaceAddresses() : bound
  return texts.flatMap((text) => {
    const octets = octetsOf(text.split('%')[0]!)
    return octets && !isLoopback(octets) ? [octets] : []
  })
}

const interfaceAddresses = (): string[] =>
  Object.values(networkInterfaces()).flatMap((addresses) => (addresses ?? []).map(({ address }) => address))

const isLoopback = (octets: Uint8Array): boolean =>
  octets.length === 4 ? octets[0] === 127 : octets[15] === 1 && octets.subarray(0, 15).every((octet) => octet === 0)
