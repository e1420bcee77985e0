// `prefer`: addresses of the named subnets first, in the order of the subnets, random within one.

import { type Prefix, prefixContains } from '../../wire/address.ts'
import type { ResourceRecord } from '../../wire/record.ts'
import { types } from '../../wire/registry.ts'

const isAddress = (record: ResourceRecord): boolean => record.type === types.A || record.type === types.AAAA

/** The records with their addresses ordered by `subnets`; other records stay where they are. */
export function preferred(
  records: readonly ResourceRecord[],
  subnets: readonly Prefix[],
  random: () => number,
): ResourceRecord[] {
  const place = (record: ResourceRecord): number => {
    const index = subnets.findIndex((subnet) => prefixContains(subnet, record.rdata))
    return index < 0 ? subnets.length : index
  }
  const addresses = records
    .filter(isAddress)
    .map((record) => ({ record, place: place(record), draw: random() }))
    .sort((one, other) => one.place - other.place || one.draw - other.draw)
  let next = 0
  return records.map((record) => (isAddress(record) ? addresses[next++]!.record : record))
}
