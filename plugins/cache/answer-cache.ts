// The cache of one server block in one serving thread: finds what is kept, keeps what comes back, and decides when to ask again.
//
//   query ─► find ─ fresh ───────────────────────────────► response        (near its end: and refresh in the background)
//              ├─── stale, immediate ────────────────────► response TTL 0  and refresh in the background
//              ├─── stale, verify ─► next ─ fails, late ─► response TTL 0
//              └─── nothing ───────► next ─► keep ───────► response

import { opcodes, rcodes, types } from '../../wire/registry.ts'
import { whenAnswered } from '../answered.ts'
import type { Answered, Clock, Handler, Host } from '../plugin.ts'
import { amendQuery, type Query } from '../query.ts'
import { bothReuses, isUnwritten, type Response, type Reuse, useOnce } from '../response.ts'
import { capped, clientView, fitted, respelled, withoutOpt } from './client-view.ts'
import type { CacheConfig, PartName } from './config.ts'
import { Entry } from './entry.ts'
import { isDisabled, type Judgement, judge, type Rules } from './judgement.ts'
import { CacheMetrics } from './metrics.ts'
import { Part } from './part.ts'

/** A query on its visit to the cache. */
interface Visit {
  readonly query: Query
  readonly key: string
  readonly next: Handler
  readonly now: number
}

/** What came back from below: what the client gets, and the entry that was made of it, if any. */
interface Learned {
  readonly response: Response
  readonly entry: Entry | null
}

/** The entries and their use. */
export class AnswerCache {
  readonly #config: CacheConfig
  readonly #rules: Rules
  readonly #clock: Clock
  readonly #host: Host
  readonly #metrics: CacheMetrics
  readonly #parts: Readonly<Record<PartName, Part>>
  /** An old answer is preferred to a new denial. */
  readonly #preferPositive: boolean

  constructor(config: CacheConfig, host: Host) {
    this.#config = config
    this.#rules = { config, compat: host.block.settings.compat }
    this.#preferPositive = config.preferPositive && config.stale.upToMs > 0
    this.#clock = host.clock
    this.#host = host
    this.#metrics = new CacheMetrics(host, config.zones.map((zone) => zone.folded).join(','))
    // Capacities are the process's.
    const share = (capacity: number): Part => new Part(Math.ceil(capacity / host.threads))
    this.#parts = { success: share(config.success.capacity), denial: share(config.denial.capacity) }
  }

  /** True for questions that may be answered from a cache: not transfers, not messages that do something. */
  takes(query: Query): boolean {
    if (query.opcode !== opcodes.QUERY || query.type === types.AXFR || query.type === types.IXFR) return false
    return this.#config.zones.some((zone) => query.name.isSubdomainOf(zone))
  }

  /** Answers a query that it takes, if need be with what `next` says. */
  answer(query: Query, next: Handler): Answered {
    const metrics = this.#metrics.of(query.server)
    metrics.request()
    const visit: Visit = { query, key: keyOf(query), next, now: this.#clock.now() }
    const entry = this.#find(visit)
    if (!entry) {
      metrics.miss()
      return whenAnswered(next(below(query)), (response) => this.#learn(visit, response).response)
    }
    metrics.hit(entry.part)
    if (entry.isFresh(visit.now)) return this.#hit(visit, entry)
    if (this.#config.stale.verify) return this.#verify(visit, entry)
    this.#refreshLater(visit, entry, this.#config.stale.recheckMs)
    return this.#giveStale(visit, entry)
  }

  // A fresh answer or denial before stale ones, those before a SERVFAIL; among equals the newest.
  #find({ key, now }: Visit): Entry | null {
    const positive = this.#usable('success', key, now)
    const negative = this.#usable('denial', key, now)
    if (this.#preferPositive) {
      const good = answeringOf(positive)
      if (good?.isUsable(now)) return good
    }
    const denial = negative?.failure ? null : negative
    const fresh = newest(positive?.isFresh(now) ? positive : null, denial?.isFresh(now) ? denial : null)
    return fresh ?? newest(positive, denial) ?? negative
  }

  #usable(part: PartName, key: string, now: number): Entry | null {
    const entry = this.#parts[part].get(key)
    if (!entry) return null
    if (entry.isUsable(now) || entry.lastGood?.isUsable(now)) return entry
    this.#parts[part].delete(key)
    return null
  }

  #hit(visit: Visit, entry: Entry): Response {
    const { amount, gapMs } = this.#config.prefetch
    if (amount > 0) {
      entry.hit(visit.now, gapMs)
      if (entry.hits >= amount && visit.now >= entry.prefetchAt) this.#refreshLater(visit, entry, 0)
    }
    return give(entry, visit.query)
  }

  // The answer table repeated the entry's response.
  #repeated(entry: Entry, server: string): void {
    const metrics = this.#metrics.of(server)
    metrics.request()
    metrics.hit(entry.part)
    if (this.#config.prefetch.amount > 0) entry.hit(this.#clock.now(), this.#config.prefetch.gapMs)
  }

  // ---- stale answers and refreshes (RFC 8767) ----------------------------------------------------------------------------------

  #giveStale({ query, now }: Visit, entry: Entry): Response {
    this.#metrics.of(query.server).stale()
    const response = entry.stale(this.#config.stale.ttlSeconds, !this.#rules.compat)
    const reuse: Reuse = {
      ...response.reuse,
      // As long as no refresh is due, there is nothing to do but repeat it.
      until: entry.retryAt > now ? Math.min(entry.retryAt, entry.staleUntil) : 0,
      used: (server) => {
        entry.response.reuse.used?.(server)
        this.#metrics.of(server).stale()
      },
    }
    return fitted(spelled({ ...response, reuse }, entry, query), query)
  }

  async #verify(visit: Visit, entry: Entry): Promise<Response | null> {
    const { recheckMs, verifyTimeoutMs } = this.#config.stale
    if (recheckMs > 0 && !entry.mayRefresh(this.#clock.now())) return this.#giveStale(visit, entry)
    const limited = verifyTimeoutMs > 0
    // What may outlast the client must not end with it.
    const query = limited ? amendQuery(visit.query, { signal: null }) : visit.query
    const refresh = this.#refresh({ ...visit, query }, entry, recheckMs)
    const learned = limited ? await within(this.#clock, verifyTimeoutMs, refresh) : await refresh
    if (!learned) return this.#giveStale({ ...visit, now: this.#clock.now() }, entry)
    return limited && learned.entry ? give(learned.entry, visit.query) : learned.response
  }

  #refreshLater(visit: Visit, entry: Entry, recheckMs: number): void {
    if (!entry.mayRefresh(visit.now)) return
    entry.refreshing = true
    this.#metrics.of(visit.query.server).prefetch()
    // Not over UDP, so that nothing is cut off; and for nobody in particular.
    const client = { ...visit.query.client, transport: 'tcp' as const }
    const query = amendQuery(visit.query, { signal: null, client })
    queueMicrotask(async () => {
      const learned = await this.#refresh({ ...visit, query }, entry, recheckMs)
      if (!learned?.entry) return
      learned.entry.hits = entry.hits
      learned.entry.lastHitAt = visit.now
    })
  }

  /** Asks below for a new answer; null if what came is no reason to give up the old one. */
  async #refresh(visit: Visit, entry: Entry, recheckMs: number): Promise<Learned | null> {
    entry.refreshing = true
    let learned: Learned | null = null
    try {
      const response = await visit.next(below(visit.query))
      learned = response && this.#renew({ ...visit, now: this.#clock.now() }, entry, response)
    } catch (error) {
      // Nobody may wait for it, and whoever does has the old answer.
      this.#host.log.error(`refresh of ${visit.query.name}: ${error instanceof Error ? error.stack : String(error)}`)
    }
    entry.refreshing = false
    entry.retryAt = learned || recheckMs === 0 ? Number.NEGATIVE_INFINITY : this.#clock.now() + recheckMs
    return learned
  }

  #renew(visit: Visit, entry: Entry, response: Response): Learned | null {
    if (isUnwritten(response) || response.tc) return null
    const { answering, unrelated, failure } = this.#judge(visit, response)
    const says =
      response.rcode === rcodes.NOERROR || (response.rcode === rcodes.NXDOMAIN && response.answer.length === 0)
    if (!says || failure || unrelated) return null
    const learned = this.#learn(visit, response)
    // What does not answer is kept beside the answer, and the answer still preferred.
    if (this.#preferPositive && !answering) return null
    // Something better is known that is not to be kept.
    if (!learned.entry) this.#parts[entry.part].delete(visit.key)
    return learned
  }

  // ---- what comes back -----------------------------------------------------------------------------------------------------------

  #judge({ query, now }: Visit, response: Response): Judgement {
    return judge(query, response, this.#rules, { now, wallMs: this.#clock.wall() })
  }

  #learn(visit: Visit, answered: Response): Learned {
    // Nobody answered: the server makes the reply, and there is nothing to keep.
    if (isUnwritten(answered)) return { response: answered, entry: null }
    const now = this.#clock.now()
    const { compat } = this.#rules
    const response = compat ? withoutOpt(answered) : answered
    const ownData = response.reuse.until > now
    if (ownData && !compat) return { response: this.#passed(visit.query, response), entry: null }
    const judgement = this.#judge({ ...visit, now }, response)
    const shown = clientView(response, judgement, this.#rules, now)
    const { query } = visit
    if (judgement.unrelated) this.#metrics.of(query.server).drop()
    const { part } = judgement
    if (part === null || !response.reuse.depends.every((version) => version.stands)) {
      return { response: fitted(ownData ? counted(shown, this.#repeatedUnkept) : shown, query), entry: null }
    }
    const entry = this.#entry(visit, shown, { ...judgement, part, now })
    this.#keep(visit, entry)
    const first = { ...shown, reuse: entry.response.reuse }
    // CoreDNS's hits have AA, so the first answer is not for the answer table.
    return { response: fitted(compat ? useOnce(first) : first, query), entry }
  }

  #entry({ query }: Visit, shown: Response, { part, failure, answering, keptMs, now }: Kept): Entry {
    const response: Response = {
      ...shown,
      aa: this.#rules.compat || shown.aa,
      from: 'cache',
      error: null,
      metadata: wildcardOf(shown),
    }
    const fields = { name: query.name, part, failure, answering, response, storedAt: now, keptMs }
    return new Entry(fields, this.#config, (entry, server) => this.#repeated(entry, server))
  }

  #keep({ query, key }: Visit, entry: Entry): void {
    const { success, denial } = this.#parts
    const metrics = this.#metrics.of(query.server)
    if (entry.part === 'success') {
      if (this.#preferPositive && !entry.answering) entry.lastGood = answeringOf(success.get(key) ?? null)
      if (!this.#preferPositive || entry.answering) denial.delete(key)
    } else if (!this.#preferPositive && !entry.failure) success.delete(key)
    metrics.evicted(entry.part, this.#parts[entry.part].set(key, entry))
    metrics.entries('success', success.size)
    metrics.entries('denial', denial.size)
  }

  // Data of this server, which says itself how long it holds: kept in the answer table, whose hits count as ours.
  #passed(query: Query, response: Response): Response {
    const part = response.rcode === rcodes.NOERROR && response.answer.length > 0 ? 'success' : 'denial'
    const limits = this.#config[part]
    const used = isDisabled(query, limits) ? this.#repeatedUnkept : this.#repeatedOwn[part]
    return fitted(counted(capped(response, limits.secondsMax), used), query)
  }

  readonly #repeatedOwn: Readonly<Record<PartName, (server: string) => void>> = {
    success: (server) => this.#count(server, 'success'),
    denial: (server) => this.#count(server, 'denial'),
  }

  readonly #repeatedUnkept = (server: string): void => this.#count(server, null)

  #count(server: string, part: PartName | null): void {
    const metrics = this.#metrics.of(server)
    metrics.request()
    if (part) metrics.hit(part)
    else metrics.miss()
  }
}

type Kept = Judgement & { readonly part: PartName; readonly now: number }

/** Equal for questions that share an answer. */
function keyOf({ name, type, class: klass, do: dnssecOk, cd }: Query): string {
  return name.key + String.fromCharCode(type, klass, (dnssecOk ? 2 : 0) + (cd ? 1 : 0))
}

/** The query as it goes on: AD says that we understand AD (RFC 6840 5.7), and it is kept whole for those who do. */
const below = (query: Query): Query => (query.ad ? query : amendQuery(query, { ad: true }))

const give = (entry: Entry, query: Query): Response => fitted(spelled(entry.response, entry, query), query)

const spelled = (response: Response, entry: Entry, query: Query): Response =>
  Buffer.compare(entry.name.wire, query.name.wire) === 0 ? response : respelled(response, query)

/** The response with `used` told of each time that the answer table repeats it. */
const counted = (response: Response, used: (server: string) => void): Response => ({
  ...response,
  reuse: bothReuses(response.reuse, { until: Number.POSITIVE_INFINITY, depends: [], vary: [], used }),
})

const answeringOf = (entry: Entry | null): Entry | null => (entry?.answering ? entry : (entry?.lastGood ?? null))

function newest(one: Entry | null, other: Entry | null): Entry | null {
  if (!one || !other) return one ?? other
  return one.storedAt > other.storedAt ? one : other
}

/** `file` says which wildcard an answer came from; the rest of the metadata is about the way that the first query took. */
function wildcardOf({ metadata }: Response): ReadonlyMap<string, string> | null {
  const wildcard = metadata?.get('zone/wildcard')
  return wildcard === undefined ? null : new Map([['zone/wildcard', wildcard]])
}

/** What `pending` resolves to, or null after `ms`. */
function within<T>(clock: Clock, ms: number, pending: Promise<T>): Promise<T | null> {
  return new Promise((resolve) => {
    const timer = clock.after(ms, () => resolve(null))
    pending.then((value) => {
      timer.cancel()
      resolve(value)
    })
  })
}
