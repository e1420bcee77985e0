// Which zones may be served side by side: a zone once on each transport, address and port, and not both on some addresses and on all.
// Looked at after the plugins' setup, when `bind` and `view` are known, and before a socket is opened.

import { isIPv6 } from 'node:net'
import { ConfigError } from '../../plugins/directive.ts'
import { type Endpoint, formatEndpoint } from './keys.ts'

const portMax = 65_535

/** What one block claims. */
export interface Claim {
  readonly endpoints: readonly Endpoint[]
  /** The addresses of `bind`; none means all. */
  readonly addresses: readonly string[]
  /** A block with a view shares its zones with others. */
  readonly hasView: boolean
}

/** Everything that stands against serving the blocks, none if all is well; CoreDNS prints the first and stops. */
export function claimProblems(claims: readonly Claim[]): ConfigError[] {
  return [...portProblems(claims), ...overlaps(claims)]
}

function portProblems(claims: readonly Claim[]): ConfigError[] {
  return claims
    .flatMap(({ endpoints }) => endpoints)
    .filter(({ port }) => port < 0 || port > portMax)
    .map(({ port }) => new ConfigError(`address ${port}: invalid port`))
}

function overlaps(claims: readonly Claim[]): ConfigError[] {
  const problems: ConfigError[] = []
  /** Claims by place and address, '' for all addresses. */
  const taken = new Set<string>()
  /** The last claim of each place, whatever its address. */
  const lastAt = new Map<string, string>()
  for (const { endpoints, addresses, hasView } of claims) {
    for (const endpoint of endpoints) {
      const everywhere = placeOf(endpoint, '')
      for (const address of addresses.length === 0 ? [''] : addresses) {
        const place = placeOf(endpoint, address)
        if (taken.has(place)) {
          if (!hasView) problems.push(conflict(endpoint, address, 'it is already defined'))
          continue
        }
        const other =
          address === '' ? lastAt.get(everywhere) : taken.has(everywhere) ? formatEndpoint(endpoint) : undefined
        if (other !== undefined) {
          problems.push(conflict(endpoint, address, `zone overlap listener capacity with ${other}`))
        } else if (!hasView) {
          taken.add(place)
          lastAt.set(everywhere, formatEndpoint(endpoint, address))
        }
      }
    }
  }
  return problems
}

function placeOf({ transport, zone, port }: Endpoint, address: string): string {
  return `${transport} ${port} ${isIPv6(address) ? address.toLowerCase() : address} ${zone.key}`
}

function conflict(endpoint: Endpoint, address: string, reason: string): ConfigError {
  return new ConfigError(`cannot serve ${formatEndpoint(endpoint, address)} - ${reason}`)
}
