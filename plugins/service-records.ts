// From the endpoints of a Service to records: one for each address or (target, port), however many EndpointSlices repeat it. What answers from a cluster shares it:
// *kubernetes* in the cluster's zones, *k8s_external* in zones for the world outside.

import { latin1, Name, NameError } from '../wire/name.ts'
import { addressType, srvRdata } from '../wire/rdata.ts'
import { ResourceRecord } from '../wire/record.ts'
import { classes, types } from '../wire/registry.ts'

/** An address and the ports that it is offered on. */
export interface Candidate {
  readonly octets: Uint8Array
  /** The endpoint's own name below the owner, dots between its labels; '' where the address belongs to the owner itself. */
  readonly label: string
  /** -1 stands for no declared port. */
  readonly ports: readonly number[]
}

/** Where records of a Service lie, and how long they may be kept. */
export interface ServiceNames {
  /** The owner of the SRV records. */
  readonly owner: Name
  /** The name that targets lie at or below, as labels under `zone`. */
  readonly service: readonly string[]
  readonly zone: Name
  readonly ttlSeconds: number
  /** TTL of the targets' addresses. */
  readonly addressTtlSeconds: number
  /** Ports of targets that are not among the candidates but share their weight. */
  readonly otherPorts: number
}

/** A record of class IN. */
export const recordOf = (owner: Name, type: number, ttl: number, rdata: Uint8Array): ResourceRecord =>
  new ResourceRecord(owner, type, classes.IN, ttl, rdata)

/** The A or AAAA records of the candidates. */
export function addressRecords(
  owner: Name,
  type: number,
  ttl: number,
  candidates: readonly Pick<Candidate, 'octets'>[],
): ResourceRecord[] {
  const seen = new Set<string>()
  const records: ResourceRecord[] = []
  for (const { octets } of candidates) {
    const key = latin1(octets)
    if (addressType(octets) !== type || seen.has(key)) continue
    seen.add(key)
    records.push(recordOf(owner, type, ttl, octets))
  }
  return records
}

/** The weight that all SRV records of an answer have, so its value says nothing: it is CoreDNS's, 100 shared among all addresses and ports. */
export const sharedWeight = (shares: number): number => Math.max(1, Math.floor(100 / Math.max(1, shares)))

/** SRV records with the addresses of their targets. */
export function serviceRecords(
  candidates: readonly Candidate[],
  { owner, service, zone, ttlSeconds, addressTtlSeconds, otherPorts }: ServiceNames,
): { answer: ResourceRecord[]; additional: ResourceRecord[] } {
  const targets = new Map<string, Name | null>()
  const services = new Map<string, { target: Name; port: number }>()
  const additional = new Map<string, ResourceRecord>()
  for (const { octets, label, ports } of candidates) {
    let target = targets.get(label)
    if (target === undefined) {
      target = nameBelow(zone, label === '' ? service : [...label.split('.'), ...service])
      targets.set(label, target)
    }
    const declared = ports.filter((port) => port !== -1)
    if (!target || declared.length === 0) continue
    for (const port of declared) services.set(`${label}/${port}`, { target, port })
    additional.set(`${label}/${latin1(octets)}`, recordOf(target, addressType(octets), addressTtlSeconds, octets))
  }
  const weight = sharedWeight(candidates.reduce((sum, { ports }) => sum + ports.length, otherPorts))
  const answer = [...services.values()].map(({ target, port }) =>
    recordOf(owner, types.SRV, ttlSeconds, srvRdata({ priority: 0, weight, port, target })),
  )
  return { answer, additional: [...additional.values()] }
}

/** The name of `labels` below `zone`; null if it is too long, which only a zone of nearly 255 octets can bring about. */
export function nameBelow(zone: Name, labels: readonly string[]): Name | null {
  try {
    return Name.fromLabels(labels, zone)
  } catch (error) {
    if (error instanceof NameError) return null
    throw error
  }
}
