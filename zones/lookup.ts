// Looks a question up in one zone: RFC 1034 4.3.2 with wildcards (RFC 4592), DNAME (RFC 6672), referrals, negative answers (RFC 2308) and the records that a
// signed zone adds for a client that sets DO (RFC 4035 3.1). Pure and synchronous: an alias whose target the zone has no records for is returned as `alias`; the
// caller resolves it, and `authorityAfterAlias` completes the answer.
//
//   name ─► descend from the apex ─► DNAME above ─► synthesize an alias
//                                 ├► zone cut ────► referral
//                                 ├► node ────────► answer, NODATA or alias
//                                 └► nothing ─────► wildcard of the closest encloser, or NXDOMAIN
//
// Which sections carry what is CoreDNS's choice: NS of the apex beside every positive answer, NODATA behind an alias without SOA if the target has records of
// other types. So is what it leaves out for DO: no NSEC behind an alias or in a referral, and RRSIG of a wildcard CNAME under the wildcard's own name.

import { type Name, nameBytesMax } from '../wire/name.ts'
import { nameAt } from '../wire/rdata.ts'
import { ResourceRecord } from '../wire/record.ts'
import { types } from '../wire/registry.ts'
import { addressesOf, glueOf } from './additional.ts'
import { aliasesMax } from './limits.ts'
import type { RRset, Zone, ZoneNode } from './zone.ts'

/** What is asked. */
export interface Question {
  readonly name: Name
  readonly type: number
  /** The client wants signatures and denials (RFC 3225). */
  readonly do: boolean
}

/** What a zone says to a question. `referral` may follow an alias; `alias` has the target that the zone has no node for, in or out of it; `failed` is a chain of aliases that cannot end. */
export type FoundKind = 'answer' | 'nodata' | 'nxdomain' | 'referral' | 'alias' | 'toolong' | 'failed'

/** The zone's part of a response. */
export interface Found {
  readonly kind: FoundKind
  readonly answer: readonly ResourceRecord[]
  readonly authority: readonly ResourceRecord[]
  readonly additional: readonly ResourceRecord[]
  /** Where an `alias` leads. */
  readonly target: Name | null
  /** The wildcard that the answer, or its absence, comes from. */
  readonly source: Name | null
  /** NODATA because names exist only below this one. */
  readonly emptyNonTerminal: boolean
}

const nothing: readonly ResourceRecord[] = Object.freeze([])

function found(kind: FoundKind, fields: Partial<Found> = {}): Found {
  return {
    kind,
    answer: nothing,
    authority: nothing,
    additional: nothing,
    target: null,
    source: null,
    emptyNonTerminal: false,
    ...fields,
  }
}

/** Answers `question`, whose name must be in the zone. */
export function lookup(zone: Zone, question: Question): Found {
  const { name, type } = question
  const path = descend(zone, name, type)
  if (path.dname) return throughDname(zone, question, path.dname)
  if (path.cut) return referral(zone, path.cut, question, nothing)
  const { node } = path
  if (node && !node.isEmpty) return fromNode(zone, question, node)
  const wildcard = zone.node(`\x01*${path.encloser.name.key}`)
  if (wildcard && !wildcard.isEmpty) return fromWildcard(zone, question, wildcard)
  if (wildcard) return found('nodata', { authority: soa(zone, question) })
  // Proofs are searched only for a client that wants them.
  const proofs = question.do ? [zone.denial(name), node ? undefined : noWildcard(zone, path.ancestor)] : []
  const authority = denying(zone, question, proofs)
  return node ? found('nodata', { authority, emptyNonTerminal: true }) : found('nxdomain', { authority })
}

/** The authority section beside an answer whose alias was resolved elsewhere, by the outcome there. */
export function authorityAfterAlias(zone: Zone, question: Question, negative: boolean): readonly ResourceRecord[] {
  return negative ? soa(zone, question) : apexNs(zone, question)
}

interface Path {
  /** The node of the whole name; undefined if it does not exist. */
  readonly node: ZoneNode | undefined
  /** The longest existing name above. */
  readonly encloser: ZoneNode
  /** The longest name above that has records. */
  readonly ancestor: ZoneNode
  /** The first zone cut on the way down, the name itself included unless its DS is asked for. */
  readonly cut: ZoneNode | undefined
  /** The first node above with a DNAME. */
  readonly dname: ZoneNode | undefined
}

function descend(zone: Zone, name: Name, type: number): Path {
  let node: ZoneNode = zone.apex
  let ancestor = node
  for (let left = name.labelCount - zone.origin.labelCount; left > 0; left--) {
    if (node.set(types.DNAME)) return { node: undefined, encloser: node, ancestor, cut: undefined, dname: node }
    const below = zone.node(name.suffixKey(left - 1))
    if (!below) return { node: undefined, encloser: node, ancestor, cut: undefined, dname: undefined }
    // The parent answers for DS at the cut (RFC 4035 3.1.4.1).
    const isCut = below.set(types.NS) !== undefined && !(left === 1 && type === types.DS)
    if (isCut && !(left > 1 && below.set(types.DNAME))) {
      return { node: below, encloser: node, ancestor, cut: below, dname: undefined }
    }
    if (left === 1) return { node: below, encloser: node, ancestor, cut: undefined, dname: undefined }
    node = below
    if (!node.isEmpty) ancestor = node
  }
  return { node, encloser: node, ancestor, cut: undefined, dname: undefined }
}

function fromNode(zone: Zone, question: Question, node: ZoneNode): Found {
  const { type } = question
  const alias = type === types.CNAME ? undefined : node.set(types.CNAME)
  if (alias) return follow(zone, question, [alias.records[0]!, ...signatures(alias, question)])
  const set = setOf(zone, node, type)
  if (!set) return found('nodata', { authority: denying(zone, question, [node.set(types.NSEC)]) })
  const answer = set.records.concat(signatures(set, question))
  if (node === zone.apex && type === types.NS) {
    return found('answer', { answer, additional: glueOf(zone, set.records, question.do) })
  }
  const additional = addressesOf(zone, set.records, question.do)
  return found('answer', { answer, authority: apexNs(zone, question), additional })
}

function fromWildcard(zone: Zone, question: Question, node: ZoneNode): Found {
  const { name, type } = question
  const source = node.name
  const alias = type === types.CNAME ? undefined : node.set(types.CNAME)
  if (alias) {
    const answer = [alias.records[0]!.withOwner(name), ...signatures(alias, question)]
    return { ...follow(zone, question, answer), source }
  }
  const set = setOf(zone, node, type)
  if (!set) return found('nodata', { authority: denying(zone, question, [node.set(types.NSEC)]), source })
  const answer = [...set.records, ...signatures(set, question)].map((record) => record.withOwner(name))
  // The next closer name does not exist: without this proof the signatures do not validate (RFC 4035 3.1.3.3).
  const proof = question.do ? withSignatures(zone.denial(name)) : nothing
  const authority = [...apexNs(zone, question), ...proof]
  return found('answer', { answer, authority, additional: addressesOf(zone, set.records, question.do), source })
}

function throughDname(zone: Zone, question: Question, node: ZoneNode): Found {
  const { name, type } = question
  const set = node.set(types.DNAME)!
  const dname = set.records[0]!
  const redirect = [dname, ...signatures(set, question)]
  const target = name.replaceSuffix(node.name, nameAt(dname.rdata, 0)!)
  if (!target) return found('toolong', { answer: redirect, authority: apexNs(zone, question) })
  if (target.equals(name)) return found('failed')
  const cname = new ResourceRecord(name, types.CNAME, dname.class, dname.ttl, target.wire)
  const answer = [...redirect, cname]
  if (type === types.CNAME) return found('answer', { answer, authority: apexNs(zone, question) })
  return follow(zone, question, answer)
}

/** Goes on from the last CNAME of `answer` as far as the zone itself knows the targets. */
function follow(zone: Zone, question: Question, start: readonly ResourceRecord[]): Found {
  const { type } = question
  const answer = [...start]
  const seen = new Set([question.name.key])
  let target = targetOfLast(start)
  for (let aliases = 1; aliases <= aliasesMax; aliases++) {
    if (!target.isSubdomainOf(zone.origin)) return found('alias', { answer, target })
    const path = descend(zone, target, type)
    if (path.cut) return referral(zone, path.cut, question, answer)
    const node = path.dname ? undefined : path.node
    if (!node || node.isEmpty || isApexMatter(zone, node, type)) return found('alias', { answer, target })
    const alias = node.set(types.CNAME)
    if (!alias) {
      const set = setOf(zone, node, type)
      if (set) answer.push(...set.records, ...signatures(set, question))
      return concluded(zone, question, answer)
    }
    // Every record of a loop is in the answer once.
    if (seen.has(target.key)) return concluded(zone, question, answer)
    seen.add(target.key)
    answer.push(alias.records[0]!, ...signatures(alias, question))
    target = nameAt(alias.records[0]!.rdata, 0)!
  }
  return found('failed', { answer, authority: apexNs(zone, question) })
}

/** What CoreDNS asks anew instead of taking it from the node of an alias's target: NS anywhere, and an apex that has nothing but SOA and NS. */
function isApexMatter(zone: Zone, node: ZoneNode, type: number): boolean {
  if (type === types.NS) return true
  if (node !== zone.apex) return false
  return type === types.SOA || node.sets.every((set) => set.type === types.SOA || set.type === types.NS)
}

function concluded(zone: Zone, question: Question, answer: readonly ResourceRecord[]): Found {
  const additional = addressesOf(zone, answer, question.do)
  return found('answer', { answer, authority: apexNs(zone, question), additional })
}

function targetOfLast(records: readonly ResourceRecord[]): Name {
  return nameAt(records.findLast((record) => record.type === types.CNAME)!.rdata, 0)!
}

function referral(zone: Zone, cut: ZoneNode, question: Question, answer: readonly ResourceRecord[]): Found {
  const ns = cut.set(types.NS)!
  const ds = question.do ? withSignatures(cut.set(types.DS)) : nothing
  const additional = glueOf(zone, ns.records, question.do)
  return found('referral', { answer, authority: [...ns.records, ...ds], additional })
}

/** The RRset of a type; RRSIG is a type too, made of the signatures over the others, at the apex without those over SOA and NS. */
function setOf(zone: Zone, node: ZoneNode, type: number): RRset | undefined {
  if (type !== types.RRSIG) return node.set(type)
  const isShown = (set: RRset): boolean => node !== zone.apex || (set.type !== types.SOA && set.type !== types.NS)
  const records = node.sets.filter(isShown).flatMap((set) => set.signatures)
  return records.length === 0 ? undefined : { type, records, signatures: nothing }
}

const signatures = (set: RRset, question: Question): readonly ResourceRecord[] =>
  question.do ? set.signatures : nothing

const withSignatures = (set: RRset | undefined): readonly ResourceRecord[] =>
  set ? [...set.records, ...set.signatures] : nothing

function apexSet(zone: Zone, type: number, question: Question): readonly ResourceRecord[] {
  const set = zone.apex.set(type)
  if (!set) return nothing
  return question.do && set.signatures.length > 0 ? withSignatures(set) : set.records
}

const soa = (zone: Zone, question: Question): readonly ResourceRecord[] => apexSet(zone, types.SOA, question)
const apexNs = (zone: Zone, question: Question): readonly ResourceRecord[] => apexSet(zone, types.NS, question)

/** What covers the wildcard that could have answered. */
const noWildcard = (zone: Zone, ancestor: ZoneNode): RRset | undefined => {
  if (ancestor.name.wire.length + 2 > nameBytesMax) return undefined
  return zone.denial(ancestor.name.prepend('*'))
}

/** The SOA, and for DO the NSEC sets that prove the denial, each once. */
function denying(zone: Zone, question: Question, sets: readonly (RRset | undefined)[]): readonly ResourceRecord[] {
  const authority = soa(zone, question)
  if (!question.do) return authority
  return [...authority, ...[...new Set(sets)].flatMap(withSignatures)]
}
