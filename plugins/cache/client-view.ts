// A response as clients of the cache see it: TTLs capped and counting down, no OPT of the upstream, AD only for those who want it.

import type { ResourceRecord } from '../../wire/record.ts'
import { types } from '../../wire/registry.ts'
import type { Query } from '../query.ts'
import { amend, type Response } from '../response.ts'
import { type Judgement, type Rules, soaMinimum } from './judgement.ts'

type Sections = Pick<Response, 'answer' | 'authority' | 'additional'>

/** The response as it is passed on the first time and kept; `now` is when its TTLs are right (clock milliseconds). */
export function clientView(response: Response, judgement: Judgement, rules: Rules, now: number): Response {
  const { compat, config } = rules
  const { ttlMax, denial, part } = judgement
  // What is not kept does not age here, unless it aged before.
  const bornOf = (record: ResourceRecord): number => (config.keepTtl || (part === null && record.born === 0) ? 0 : now)
  const ttlOf = (record: ResourceRecord): number => {
    if (compat) return ttlMax
    const ttl = Math.min(record.ttlAt(now), ttlMax)
    // RFC 2308 3: the TTL of a denial's SOA is what resolvers may keep the denial for.
    return denial && record.type === types.SOA ? Math.min(ttl, soaMinimum(record)) : ttl
  }
  const { answer, authority, additional } = mapSections(response, (record) =>
    record.withTtl(ttlOf(record), bornOf(record)),
  )
  const ede = compat ? [] : response.ede
  return amend(response, { answer, authority, additional, options: [], echo: true, ede })
}

/** A response that is not kept because it says itself how long it holds: only its TTLs are capped. */
export function capped(response: Response, ttlMax: number): Response {
  const records = [response.answer, response.authority, response.additional]
  if (records.every((section) => section.every(({ ttl }) => ttl <= ttlMax))) return response
  const cap = (record: ResourceRecord) => (record.ttl > ttlMax ? record.withTtl(ttlMax, record.born) : record)
  return amend(response, mapSections(response, cap))
}

/** The response without an OPT record that a plugin made for clients that sent none (`compat coredns`): as in CoreDNS, it stops here. */
export function withoutOpt(response: Response): Response {
  const additional = response.additional.filter(({ type }) => type !== types.OPT)
  return additional.length === response.additional.length ? response : amend(response, { additional })
}

/** The response for `query`: its own spelling of the name, and AD only if it set AD or DO (RFC 6840 5.7, 5.8). */
export function fitted(response: Response, query: Query): Response {
  return response.ad && !query.ad && !query.do ? amend(response, { ad: false }) : response
}

/** The response with the query's spelling of its name as owner, if it was kept for another one. */
export function respelled(response: Response, query: Query): Response {
  const { name } = query
  const own = (record: ResourceRecord) => (record.owner.key === name.key ? record.withOwner(name) : record)
  return amend(response, mapSections(response, own))
}

function mapSections(response: Response, change: (record: ResourceRecord) => ResourceRecord): Sections {
  const { answer, authority, additional } = response
  return { answer: answer.map(change), authority: authority.map(change), additional: additional.map(change) }
}
