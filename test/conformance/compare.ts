// Compares what a server answered with what is expected. Every difference is one line that starts with the part it is about
// ("rcode", "flag aa", "answer", ...): `quirkOnly` of a case names parts by that beginning.
import { isDeepStrictEqual } from 'node:util'
import type { Observation, RawReply, Reply, Silence } from './ask.ts'
import type { Comparison, Expectation, ExpectedSection } from './case.ts'
import type { ResourceRecord } from './wire/decode.ts'

/** Owner names, and names in the rdata of these types, are compared without case: their spelling is the server's choice. */
const namesInRdata = new Set('CNAME DNAME NS PTR MX SRV SOA RP AFSDB KX NSEC SVCB HTTPS MINFO RT PX'.split(' '))

const fold = (text: string): string => text.toLowerCase()

/** A record as one line without its TTL, names folded. */
export function recordLine(record: ResourceRecord): string {
  const rdata = namesInRdata.has(record.type) ? fold(record.rdata) : record.rdata
  return `${fold(record.name)} ${record.class === undefined ? '' : `${record.class} `}${record.type} ${rdata}`
}

const timedLine = (record: ResourceRecord | undefined): string =>
  record ? `${recordLine(record)} ttl=${record.ttl}` : 'nothing'

/** The differences between a reply and its expectation; none means that the case passed. */
export function compareReply(rule: Comparison, expected: Expectation, got: Observation): string[] {
  if ('silence' in got || expected.silence) {
    if ('silence' in got && expected.silence) return []
    return [expected.silence ? 'expected silence, got a reply' : 'no reply']
  }
  if ('undecodable' in got) return [`undecodable reply: ${got.undecodable}`]
  const section = (name: 'answer' | 'authority' | 'additional'): string[] =>
    compareSection(name, expected[name] ?? [], got[name], rule)
  return [
    ...difference('rcode', expected.rcode, got.rcode),
    ...difference('opcode', expected.opcode ?? 'QUERY', got.opcode),
    ...Object.entries(expected.flags).flatMap(([flag, value]) => difference(`flag ${flag}`, value, got.flags[flag])),
    ...difference('question', expected.question, got.question),
    ...section('answer'),
    ...section('authority'),
    ...section('additional'),
    ...difference('edns', expected.edns, got.edns),
    ...difference('tsig signature', expected.tsigValid, got.tsigValid),
    ...compareSize(rule, expected, got),
  ]
}

function difference(part: string, expected: unknown, got: unknown): string[] {
  if (isDeepStrictEqual(expected, got)) return []
  return [`${part}: expected ${JSON.stringify(expected) ?? 'none'} got ${JSON.stringify(got) ?? 'none'}`]
}

/** A truncated reply need not be as long as the recorded one, but must fit. */
function compareSize(rule: Comparison, expected: Expectation, got: Reply): string[] {
  if (rule.size !== undefined) return difference('size', rule.size, got.size)
  const limit = rule.limit ?? 65535
  if (expected.size === undefined || got.size === undefined || got.size <= limit) return []
  return [`size: ${got.size} is over the limit of ${limit}`]
}

/** Replies to raw bytes are compared field by field, to the letter; their size is not. */
export function compareRaw(expected: Readonly<Record<string, unknown>>, got: Silence | RawReply): string[] {
  if ('silence' in got || expected.silence) {
    if ('silence' in got && expected.silence) return []
    return [expected.silence ? 'expected silence, got a reply' : 'no reply']
  }
  const fields: Readonly<Record<string, unknown>> = { ...got }
  return Object.entries(expected).flatMap(([name, value]) =>
    name === 'size' ? [] : difference(name, value, fields[name]),
  )
}

function compareSection(
  name: string,
  expected: ExpectedSection,
  got: readonly ResourceRecord[],
  rule: Comparison,
): string[] {
  if (expected === 'unchecked') return []
  const ignored = rule.ignore === undefined ? undefined : new RegExp(rule.ignore, 'i')
  const keep = (records: readonly ResourceRecord[]): ResourceRecord[] =>
    records.filter((record) => !ignored?.test(record.name))
  if ('subsetOf' in expected) return compareSubset(name, expected, keep(got))
  const lists = { name, expected: keep(expected), got: keep(got), ttl: rule.ttl ?? 'exact' }
  return rule.order === 'exact' ? compareInOrder(lists) : compareInAnyOrder(lists)
}

interface Lists {
  readonly name: string
  readonly expected: readonly ResourceRecord[]
  readonly got: readonly ResourceRecord[]
  readonly ttl: NonNullable<Comparison['ttl']>
}

function compareSubset(
  name: string,
  expected: { readonly count?: number; readonly subsetOf: readonly string[] },
  got: readonly ResourceRecord[],
): string[] {
  if (expected.count !== undefined && got.length !== expected.count) {
    return [`${name}: expected ${expected.count} records, got ${got.length}`]
  }
  const allowed = new Set(expected.subsetOf.map(fold))
  return got
    .filter((record) => !allowed.has(fold(recordLine(record))))
    .map((record) => `${name}: unexpected ${recordLine(record)}`)
}

function compareInOrder({ name, expected, got, ttl }: Lists): string[] {
  const differences: string[] = []
  if (expected.length !== got.length)
    differences.push(`${name}: expected ${expected.length} records, got ${got.length}`)
  for (let index = 0; index < Math.max(expected.length, got.length); index++) {
    const wanted = expected[index]
    const found = got[index]
    if (!wanted || !found || !isSameRecord(wanted, found, ttl)) {
      differences.push(`${name}[${index}]: expected ${timedLine(wanted)} got ${timedLine(found)}`)
    }
  }
  return differences
}

function compareInAnyOrder({ name, expected, got, ttl }: Lists): string[] {
  const differences: string[] = []
  const rest = [...got]
  for (const wanted of expected) {
    const index = rest.findIndex((record) => isSameRecord(wanted, record, ttl))
    if (index < 0) differences.push(`${name}: missing ${timedLine(wanted)}`)
    else rest.splice(index, 1)
  }
  differences.push(...rest.map((record) => `${name}: extra ${timedLine(record)}`))
  return name === 'answer' ? [...differences, ...aliasesOutOfOrder(expected, got)] : differences
}

/** Records that stand before the CNAME that leads to them, unless the recorded answer has them so too. */
function aliasesOutOfOrder(expected: readonly ResourceRecord[], got: readonly ResourceRecord[]): string[] {
  const recorded = expected.map(recordLine)
  if (new Set(recorded).size !== recorded.length) return []
  const place = (record: ResourceRecord): number => recorded.indexOf(recordLine(record))
  return got.flatMap((alias, index) => {
    if (alias.type !== 'CNAME') return []
    const early = got
      .slice(0, index)
      .filter((record) => fold(record.name) === fold(alias.rdata) && place(record) >= place(alias))
    return early.map((record) => `answer: ${record.name} before the CNAME that leads to it`)
  })
}

function isSameRecord(wanted: ResourceRecord, found: ResourceRecord, ttl: Lists['ttl']): boolean {
  return matchesLine(recordLine(wanted), recordLine(found)) && isTtlRight(wanted.ttl, found.ttl, ttl)
}

/** `*` in the expected line stands for any one word. */
function matchesLine(wanted: string, found: string): boolean {
  if (wanted === found) return true
  if (!wanted.includes('*')) return false
  const words = found.split(' ')
  const pattern = wanted.split(' ')
  return pattern.length === words.length && pattern.every((word, index) => word === '*' || word === words[index])
}

/** `max`: it may have counted down for up to 5 s; `near`: within 30 s. */
function isTtlRight(wanted: number, found: number, mode: Lists['ttl']): boolean {
  if (mode === 'max') return found <= wanted && found >= wanted - 5
  if (mode === 'near') return Math.abs(found - wanted) <= 30
  return found === wanted
}
