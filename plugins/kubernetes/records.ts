// From candidates to records: one for each address or (target, port), however many slices repeat it.

import { Name, NameError } from '../../wire/name.ts'
import { addressType, srvRdata } from '../../wire/rdata.ts'
import { ResourceRecord } from '../../wire/record.ts'
import { classes, types } from '../../wire/registry.ts'
import { addressKey } from './addresses.ts'
import type { Candidate, Found } from './lookup.ts'

/** A record of class IN. */
export const recordOf = (owner: Name, type: number, ttl: number, rdata: Uint8Array): ResourceRecord =>
  new ResourceRecord(owner, type, classes.IN, ttl, rdata)

/** The A or AAAA records of the candidates. */
export function addressRecords(
  owner: Name,
  type: number,
  ttl: number,
  candidates: readonly Candidate[],
): ResourceRecord[] {
  const seen = new Set<string>()
  const records: ResourceRecord[] = []
  for (const { octets } of candidates) {
    const key = addressKey(octets)
    if (addressType(octets) !== type || seen.has(key)) continue
    seen.add(key)
    records.push(recordOf(owner, type, ttl, octets))
  }
  return records
}

/** SRV records with the addresses of their targets. All have the same weight, so its value says nothing: it is CoreDNS's, 100 shared among all addresses and ports. */
export function serviceRecords(
  owner: Name,
  ttl: number,
  zone: Name,
  found: Found,
): { answer: ResourceRecord[]; additional: ResourceRecord[] } {
  const targets = new Map<string, Name | null>()
  const services = new Map<string, { target: Name; port: number }>()
  const additional = new Map<string, ResourceRecord>()
  for (const { octets, label, ports } of found.candidates) {
    let target = targets.get(label)
    if (target === undefined) {
      target = nameBelow(zone, label === '' ? found.owner : [...label.split('.'), ...found.owner])
      targets.set(label, target)
    }
    const declared = ports.filter((port) => port !== -1)
    if (!target || declared.length === 0) continue
    for (const port of declared) services.set(`${label}/${port}`, { target, port })
    additional.set(`${label}/${addressKey(octets)}`, recordOf(target, addressType(octets), ttl, octets))
  }
  const shares = found.candidates.reduce((sum, { ports }) => sum + ports.length, 0)
  const weight = Math.max(1, Math.floor(100 / shares))
  const answer = [...services.values()].map(({ target, port }) =>
    recordOf(owner, types.SRV, ttl, srvRdata({ priority: 0, weight, port, target })),
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
