// The additional section (RFC 1034 4.3.2 step 6, RFC 2782, RFC 9460 4.1): addresses that the zone itself has for names in the other sections.

import type { Name } from '../wire/name.ts'
import { nameAt } from '../wire/rdata.ts'
import type { ResourceRecord } from '../wire/record.ts'
import { types } from '../wire/registry.ts'
import type { Zone } from './zone.ts'

/** Octets of rdata before the target whose addresses a client will ask for next. */
const targetOffsets: ReadonlyMap<number, number> = new Map([
  [types.MX, 2],
  [types.SRV, 6],
  [types.SVCB, 2],
  [types.HTTPS, 2],
])

/** Addresses of the targets of MX, SRV, SVCB and HTTPS records, each target once, with their signatures if wanted. */
export function addressesOf(zone: Zone, records: readonly ResourceRecord[], signed: boolean): ResourceRecord[] {
  const addresses: ResourceRecord[] = []
  const seen = new Set<string>()
  for (const record of records) {
    const offset = targetOffsets.get(record.type)
    const target = offset === undefined ? null : nameAt(record.rdata, offset)
    if (!target || seen.has(target.key)) continue
    seen.add(target.key)
    pushAddresses(zone, target, signed, addresses)
  }
  return addresses
}

/** Glue for NS records: addresses of name servers that lie in the zone they serve, which nobody could look up otherwise. */
export function glueOf(zone: Zone, ns: readonly ResourceRecord[], signed: boolean): ResourceRecord[] {
  const glue: ResourceRecord[] = []
  for (const record of ns) {
    const server = nameAt(record.rdata, 0)
    if (server?.isSubdomainOf(record.owner)) pushAddresses(zone, server, signed, glue)
  }
  return glue
}

function pushAddresses(zone: Zone, name: Name, signed: boolean, into: ResourceRecord[]): void {
  const node = zone.node(name.key)
  for (const type of [types.A, types.AAAA]) {
    const set = node?.set(type)
    if (!set) continue
    into.push(...set.records)
    if (signed) into.push(...set.signatures)
  }
}
