// One kept response and what has happened to it: how often it was asked, whether it is being fetched again.
//
//   storedAt ───────────── prefetchAt ──── expiresAt ─────────────── staleUntil
//      │ fresh                │ + refresh      │ served stale only       │ gone
//
// The response never changes; it ends early when a version that it depends on ends.

import type { Name } from '../../wire/name.ts'
import type { ResourceRecord } from '../../wire/record.ts'
import { edeCodes, rcodes } from '../../wire/registry.ts'
import { amend, type Response, useOnce } from '../response.ts'
import type { CacheConfig, PartName } from './config.ts'

/** What a new entry is made of. */
export interface EntryFields {
  /** As spelled in the question that it answered. */
  readonly name: Name
  readonly part: PartName
  readonly failure: boolean
  readonly answering: boolean
  /** As hits get it, but for `reuse.until` and `reuse.used`. */
  readonly response: Response
  /** Clock milliseconds. */
  readonly storedAt: number
  readonly keptMs: number
}

/** What an entry costs besides its records, and a record besides its bytes, in octets; estimates that err high. */
const entryOverhead = 500
const recordOverhead = 150

/** One entry. Times are clock milliseconds. */
export class Entry {
  readonly name: Name
  readonly part: PartName
  readonly failure: boolean
  readonly answering: boolean
  readonly response: Response
  readonly storedAt: number
  readonly expiresAt: number
  readonly prefetchAt: number
  readonly staleUntil: number
  /** Octets of memory, by estimate. */
  readonly bytes: number
  /** The last entry that answered the question, kept when one that does not took its place (`prefer_positive`). */
  lastGood: Entry | null = null
  /** How often it was asked, without a long gap. */
  hits = 0
  lastHitAt = Number.NEGATIVE_INFINITY
  refreshing = false
  /** No refresh before; after one that failed. */
  retryAt = Number.NEGATIVE_INFINITY
  #stale: Response | null = null

  /** `used` is called when the answer table repeats the response. */
  constructor(fields: EntryFields, config: CacheConfig, used: (entry: Entry, server: string) => void) {
    const { storedAt, keptMs, failure, response } = fields
    this.name = fields.name
    this.part = fields.part
    this.failure = failure
    this.answering = fields.answering
    this.storedAt = storedAt
    const { until } = response.reuse
    this.expiresAt = Math.min(storedAt + keptMs, until > storedAt ? until : Number.POSITIVE_INFINITY)
    this.prefetchAt = config.prefetch.amount > 0 && !failure ? prefetchTime(fields, config) : Number.POSITIVE_INFINITY
    this.staleUntil = failure ? this.expiresAt : this.expiresAt + config.stale.upToMs
    this.bytes = bytesOf(response)
    this.response = amend(response, {
      reuse: {
        ...response.reuse,
        // The query after that goes down to the cache and starts the refresh.
        until: Math.min(this.expiresAt, this.prefetchAt),
        used: (server) => used(this, server),
      },
    })
  }

  isFresh(now: number): boolean {
    return now < this.expiresAt
  }

  /** True while it may be answered with, stale or not. */
  isUsable(now: number): boolean {
    return now < this.staleUntil && this.response.reuse.depends.every((version) => version.stands)
  }

  /** Counts a hit; one after a longer gap than `gapMs` is the first again. */
  hit(now: number, gapMs: number): void {
    this.hits = now - this.lastHitAt > gapMs ? 1 : this.hits + 1
    this.lastHitAt = now
  }

  /** True if a refresh may start now. */
  mayRefresh(now: number): boolean {
    return !this.refreshing && now >= this.retryAt
  }

  /** The response for after it has expired: every TTL is `ttlSeconds`; `marked` with an Extended DNS Error (RFC 8914 4.4, 4.20). */
  stale(ttlSeconds: number, marked: boolean): Response {
    this.#stale ??= staleOf(this.response, ttlSeconds, marked)
    return this.#stale
  }
}

/** When the time left is the configured part of the whole, in whole seconds (rounded up). */
function prefetchTime({ storedAt, keptMs }: EntryFields, { prefetch }: CacheConfig): number {
  const seconds = Math.floor(keptMs / 1000)
  return storedAt + (seconds - Math.ceil((prefetch.percent / 100) * seconds)) * 1000
}

function staleOf(response: Response, ttlSeconds: number, marked: boolean): Response {
  const standing = (records: readonly ResourceRecord[]) => records.map((record) => record.withTtl(ttlSeconds))
  const code = response.rcode === rcodes.NXDOMAIN ? edeCodes.STALE_NXDOMAIN_ANSWER : edeCodes.STALE_ANSWER
  return useOnce(
    amend(response, {
      answer: standing(response.answer),
      authority: standing(response.authority),
      additional: standing(response.additional),
      ede: marked ? [...response.ede, { code, text: '' }] : response.ede,
    }),
  )
}

function bytesOf({ answer, authority, additional }: Response): number {
  let bytes = entryOverhead
  for (const section of [answer, authority, additional]) {
    for (const { owner, rdata } of section) bytes += recordOverhead + owner.wire.length + rdata.length
  }
  return bytes
}
