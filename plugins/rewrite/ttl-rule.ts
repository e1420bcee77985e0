// `rewrite ttl`: the TTLs of an answer are kept within bounds.

import type { ResourceRecord } from '../../wire/record.ts'
import { types } from '../../wire/registry.ts'
import { ConfigError } from '../directive.ts'
import { parseUnsigned } from '../number.ts'
import type { Clock } from '../plugin.ts'
import { amend, type Response } from '../response.ts'
import { changedRecords } from './answer-names.ts'
import { parseNameMatch } from './name-match.ts'
import type { Rule } from './rule.ts'

/** Bounds in seconds. */
interface Bounds {
  readonly min: number
  readonly max: number
}

const ttlMax = 2 ** 31 - 1

/** Reads the words after `ttl`; throws ConfigError. */
export function parseTtlRule(args: readonly string[], clock: Clock): Rule {
  if (args.length < 2) throw new ConfigError(`too few (${args.length}) arguments for a ttl rule`)
  const text = args.length === 2 ? args[1]! : args.length === 3 ? args[2]! : ''
  const bounds = parseBounds(text)
  if (!bounds) throw new ConfigError(`invalid TTL '${text}' for a ttl rule`)
  const [match, name] = args.length === 3 ? [args[0]!, args[1]!] : ['exact', args[0]!]
  const matches = parseNameMatch(match, name, 'ttl')
  const undo = [{ response: (response: Response) => bounded(response, bounds, clock.now()) }]
  return {
    perClient: false,
    rewrite: (query) => (matches(query.name.folded) ? { query, undo, applied: true } : null),
  }
}

/** `N`, `MIN-MAX`, `MIN-`, `-MAX`; null for anything else. */
function parseBounds(text: string): Bounds | null {
  const parts = text.split('-')
  if (parts.length > 2 || text === '-') return null
  const [min, max] = parts.map(parseTtl)
  if (min === null || max === null) return null
  if (parts.length === 1) return min === undefined ? null : { min, max: min }
  const bounds = { min: min ?? 0, max: max ?? ttlMax }
  return bounds.min > bounds.max ? null : bounds
}

/** Seconds; undefined for an empty text, null for one that is no TTL. */
function parseTtl(text: string): number | null | undefined {
  if (text === '') return undefined
  try {
    return parseUnsigned(text, 32)
  } catch (error) {
    if (error instanceof ConfigError) return null
    throw error
  }
}

/** A TTL that ages is right only until it crosses a bound: then the answer is made anew. */
function bounded(response: Response, bounds: Bounds, now: number): Response {
  let until = response.reuse.until
  const changed = changedRecords(response, (record) => {
    if (record.type === types.OPT) return record
    const { min, max } = bounds
    const ttl = record.ttlAt(now)
    const edge = ttl > max ? max : min
    // The millisecond at which the whole seconds left fall below the edge.
    if (record.born !== 0 && ttl >= min) until = Math.min(until, record.born + (record.ttl - edge + 1) * 1000)
    return withinBounds(record, ttl, bounds)
  })
  if (until === response.reuse.until) return changed
  return amend(changed, { reuse: { ...response.reuse, until } })
}

function withinBounds(record: ResourceRecord, ttl: number, { min, max }: Bounds): ResourceRecord {
  if (ttl < min) return record.withTtl(min)
  return ttl > max ? record.withTtl(max) : record
}
