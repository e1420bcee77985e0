// What a plugin that knows Services offers to *k8s_external*: the addresses under which they are reached from outside the cluster, by names that any zone may lie over.
//
//   lb.prod.apps.example.com ─► labels below the zone ─► ExternalNames.find ─► addresses, aliases ─► records
//
// Labels are folded, leftmost first: `SERVICE NAMESPACE`, `_PORT _PROTO SERVICE NAMESPACE`, `ENDPOINT SERVICE NAMESPACE`.

import type { Name } from '../wire/name.ts'
import type { LiveSerial } from '../wire/record.ts'
import type { Contract } from './plugin.ts'
import type { Candidate } from './service-records.ts'
import type { Version } from './version.ts'

/** Offered with `host.offer(externalNames, …)`. */
export const externalNames: Contract<ExternalNames> = { name: 'external-names' }

/** Knows what is reachable from outside. */
export interface ExternalNames {
  /** TTL of records that are no addresses, which follow the cluster's own. */
  readonly ttlSeconds: number
  /** The SOA's serial, which moves in answers that are already made. */
  readonly serial: LiveSerial
  /** What is not here does not exist. */
  readonly synced: boolean
  /** Stands until `synced` becomes true. */
  readonly completion: Version
  /** Looks up a name; with `headless` also endpoints of Services that have no external address. */
  find(labels: readonly string[], headless: boolean): ExternalFound
  /** The names of an external address, as labels. */
  namesOf(address: string): { readonly names: readonly (readonly string[])[]; readonly depends: readonly Version[] }
  /** The external addresses of this server. */
  serverAddresses(headless: boolean): {
    readonly addresses: readonly Uint8Array[]
    readonly depends: readonly Version[]
  }
  /** Every Service that `find` has records for, by name: for zone transfers. Null: nothing is ready yet, other work may have its turn. */
  services(headless: boolean): Iterable<ExternalService | null>
}

/** Host names that an external address is given as: load balancers of some clouds have no address of their own. */
export interface ExternalAlias {
  readonly target: Name
  /** -1 stands for no declared port. */
  readonly ports: readonly number[]
}

/** What a look-up found. */
export interface ExternalFound {
  readonly exists: boolean
  readonly candidates: readonly Candidate[]
  readonly aliases: readonly ExternalAlias[]
  /** The name that targets of SRV records lie at or below, as labels under the zone. */
  readonly service: readonly string[]
  readonly depends: readonly Version[]
}

/** One Service for a transfer. */
export interface ExternalService {
  /** Its labels: service and namespace. */
  readonly service: readonly string[]
  /** False for a headless one that is its endpoints. */
  readonly external: boolean
  /** Its named ports, as labels. */
  readonly ports: readonly { readonly port: string; readonly protocol: string }[]
  /** The names of its endpoints below it, dots between labels; none if it is external. */
  readonly endpoints: readonly string[]
}

/** The folded labels of `name` left of `zone`, leftmost first. */
export function labelsBelow(name: Name, zone: Name): string[] {
  const labels: string[] = []
  for (const at of name.offsets.slice(0, name.labelCount - zone.labelCount)) {
    labels.push(name.key.slice(at + 1, at + 1 + name.key.charCodeAt(at)))
  }
  return labels
}
