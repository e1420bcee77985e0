// Names in answers, changed on the way back to the client: owners, and the names that records point to.

import { Name } from '../../wire/name.ts'
import { nameAt, targetOf, withTarget } from '../../wire/rdata.ts'
import { joinBytes } from '../../wire/reader.ts'
import type { ResourceRecord } from '../../wire/record.ts'
import { types } from '../../wire/registry.ts'
import { amend, type Response } from '../response.ts'
import { endsWithPart, nameOf } from './name-text.ts'
import { InvalidName, type Undo } from './rule.ts'

/** The new name; the same object if it does not change. */
export type NameChange = (name: Name) => Name

/** Turns the name that was asked instead, and those below it, back into the one that the client asked. */
export function toOriginal(asked: Name, original: Name): NameChange {
  const back = Name.parse(original.folded)
  return (name) => {
    if (name.equals(asked)) return back
    if (asked.isRoot || !name.isSubdomainOf(asked)) return name
    return name.replaceSuffix(name.suffix(name.labelCount - asked.labelCount), back) ?? name
  }
}

/** Replaces a suffix, which need not begin at a label. */
export function replacedSuffix(suffix: string, by: string): NameChange {
  return (name) => {
    if (!endsWithPart(name.folded, suffix)) return name
    const spelled = name.toString()
    const changed = nameOf(spelled.slice(0, spelled.length - suffix.length) + by)
    return changed instanceof InvalidName ? name : changed
  }
}

/** Changes the owners of all records. */
export const changedOwners = (change: NameChange): Undo => ({
  response: (response) =>
    changedRecords(response, (record) => {
      if (record.type === types.OPT) return record
      const owner = change(record.owner)
      return owner === record.owner ? record : record.withOwner(owner)
    }),
})

/** Changes the names that records point to. */
export const changedValues = (change: NameChange): Undo => ({
  response: (response) => changedRecords(response, (record) => changedValue(record, change)),
})

/** A response with every record changed; the same one if none is. */
export function changedRecords(response: Response, change: (record: ResourceRecord) => ResourceRecord): Response {
  const answer = changedSection(response.answer, change)
  const authority = changedSection(response.authority, change)
  const additional = changedSection(response.additional, change)
  const same = answer === response.answer && authority === response.authority && additional === response.additional
  return same ? response : amend(response, { answer, authority, additional })
}

function changedSection(
  records: readonly ResourceRecord[],
  change: (record: ResourceRecord) => ResourceRecord,
): readonly ResourceRecord[] {
  const changed = records.map(change)
  return changed.some((record, index) => record !== records[index]) ? changed : records
}

/** Types with a name that rules reach, as in CoreDNS; of a SOA it is the MNAME. */
const valueTypes: ReadonlySet<number> = new Set([
  types.SRV,
  types.MX,
  types.CNAME,
  types.NS,
  types.DNAME,
  types.NAPTR,
  types.PTR,
])

function changedValue(record: ResourceRecord, change: NameChange): ResourceRecord {
  if (record.type === types.SOA) return changedPrimary(record, change)
  const target = valueTypes.has(record.type) ? targetOf(record) : null
  if (!target) return record
  const changed = change(target)
  return changed === target ? record : withTarget(record, changed)
}

function changedPrimary(record: ResourceRecord, change: NameChange): ResourceRecord {
  const primary = nameAt(record.rdata, 0)
  if (!primary) return record
  const changed = change(primary)
  if (changed === primary) return record
  return record.withRdata(joinBytes([changed.wire, record.rdata.subarray(primary.wire.length)]))
}
