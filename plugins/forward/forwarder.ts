// One `forward` stanza in one serving thread: takes the queries of its zone, asks the upstreams, and turns replies into responses.
//
//   query ─► ours? ─► max_concurrent ─► same question under way? ─► exchange ─► next? ─► response
//              no: next layer              wait with it                          the next forward

import type { ExtendedError } from '../../wire/edns.ts'
import { readExtendedError } from '../../wire/edns.ts'
import { flagBits, type Message } from '../../wire/message.ts'
import type { Name } from '../../wire/name.ts'
import type { ResourceRecord } from '../../wire/record.ts'
import { ednsOptions, opcodes, rcodes } from '../../wire/registry.ts'
import type { Answered, Counter, Handler, Host, ServiceLine } from '../plugin.ts'
import type { Query } from '../query.ts'
import { amend, fail, type Response, respond } from '../response.ts'
import { unaskedOpt } from '../unasked-opt.ts'
import { attemptsOf, type Stanza } from './config.ts'
import { type ExchangeResult, exchange } from './exchange.ts'
import { Flights } from './flights.ts'
import { probeIntervalMsMin } from './limits.ts'
import { LoopWatch } from './loop-watch.ts'
import { makePolicy, type Policy } from './policy.ts'
import { flightKey, questionOf, type UpstreamQuestion } from './question.ts'
import type { Unpredictable } from './question-id.ts'
import type { UpstreamAddress } from './targets.ts'
import type { TlsMaterial } from './tls-files.ts'
import { extendedErrorOf, Trouble } from './trouble.ts'
import { Upstream, type UpstreamMetrics } from './upstream.ts'
import { type UpstreamReport, type UpstreamsBatch, upstreamsOptions } from './upstreams-service.ts'

/** What the stanzas of a block share. */
export interface ForwarderTools {
  readonly host: Host
  readonly unpredictable: Unpredictable
  readonly metrics: UpstreamMetrics
  /** Every upstream of a stanza was unusable. */
  readonly healthBroken: Counter
  /** A query was refused for max_concurrent. */
  readonly tooMany: Counter
}

/** Options that concern only the hop between the upstream and us (RFC 7828, RFC 7830), and EDE, which a response carries apart. */
const hopOptions: ReadonlySet<number> = new Set<number>([ednsOptions.KEEPALIVE, ednsOptions.PADDING, ednsOptions.EDE])

/** One stanza at work. */
export class Forwarder {
  readonly #stanza: Stanza
  readonly #tools: ForwarderTools
  readonly #policy: Policy
  readonly #line: ServiceLine
  readonly #flights = new Flights<ExchangeResult>()
  readonly #withMetadata: boolean
  #upstreams: readonly Upstream[] = []
  readonly #watches = new Map<Upstream, LoopWatch>()
  /** When each upstream was last reported, by what was said of it (clock milliseconds). */
  readonly #reportedAt = new Map<string, number>()
  #concurrent = 0
  #started = false

  constructor(stanza: Stanza, tools: ForwarderTools) {
    this.#stanza = stanza
    this.#tools = tools
    const { host } = tools
    this.#policy = makePolicy(stanza.policy, host.random)
    this.#withMetadata = host.block.has('metadata')
    this.#line = host.service<UpstreamsBatch>('upstreams', upstreamsOptions(stanza), (batch) => this.#learn(batch))
    host.onStart(() => this.#start())
    host.onStop(() => this.#stop())
  }

  /** True for the names of this stanza. FROM itself is never excepted. */
  takes(name: Name): boolean {
    const { from, except } = this.#stanza
    if (!name.isSubdomainOf(from)) return false
    return name.key === from.key || !except.some((zone) => name.isSubdomainOf(zone))
  }

  /** Answers a query that it takes; `nextForward` is the following stanza, for `next` and `next_on_nodata`. */
  async answer(query: Query, nextForward: Handler | null): Promise<Response | null> {
    const { concurrentMax, concurrentText } = this.#stanza
    // The limit is the process's: this thread has its share.
    if (concurrentMax > 0 && this.#concurrent >= concurrentMax / this.#tools.host.threads) {
      this.#tools.tooMany.increment()
      return fail(rcodes.REFUSED, `concurrent queries exceeded maximum ${concurrentText}`)
    }
    this.#concurrent++
    let result: ExchangeResult | null
    try {
      result = await this.#resolve(query)
    } finally {
      this.#concurrent--
    }
    if (result === null) return failed(null, null)
    const { reply, upstream, trouble } = result
    if (!reply) return failed(trouble, upstream)
    if (nextForward && this.#passesOn(reply)) return nextForward(query)
    const response = responseOf(query, reply, this.#withMetadata && upstream ? upstream.metadata : null)
    return this.#tools.host.block.settings.compat && !query.edns ? withUnaskedOpt(response, reply) : response
  }

  #resolve(query: Query): Promise<ExchangeResult | null> {
    const question = questionOf(query)
    if (!this.#upstreams.some(({ usable }) => usable)) {
      this.#tools.healthBroken.increment()
      if (!this.#stanza.failFast) this.#tryDown(question, !query.datagram)
      return Promise.resolve({ reply: null, upstream: null, trouble: null })
    }
    return this.#flights.join(this.#keyOf(query, question), query.signal, (done) =>
      exchange(
        {
          question,
          stream: !query.datagram,
          upstreams: this.#policy(this.#upstreams),
          attemptsMax: attemptsOf(this.#stanza, this.#upstreams.length),
          readTimeoutMs: this.#stanza.readTimeoutMs,
          failover: this.#stanza.failover,
          clock: this.#tools.host.clock,
          report: (upstream, answered) => this.#report(upstream, answered),
        },
        done,
      ),
    )
  }

  // A NOTIFY or UPDATE does something: two of them are two.
  #keyOf(query: Query, question: UpstreamQuestion): string {
    const key = flightKey(query, question)
    return query.opcode === opcodes.QUERY ? key : `${key}\0${query.id}\0${query.client.address}\0${query.client.port}`
  }

  // All are down, says the probe. The client is told so at once, and its question shows whether the probe is right: an upstream may ignore probes.
  #tryDown(question: UpstreamQuestion, stream: boolean): void {
    const down = this.#policy(this.#upstreams).find(({ quarantined }) => !quarantined)
    if (!down || !this.#mayReport(`try ${down.at.label}`)) return
    down.ask({
      question,
      stream,
      timeoutMs: this.#stanza.readTimeoutMs,
      done: (outcome) => {
        if (!(outcome instanceof Trouble)) this.#report(down, true)
      },
    })
  }

  #passesOn({ rcode, answer }: Message): boolean {
    const { next, nextOnNodata } = this.#stanza
    return next.includes(rcode) || (nextOnNodata && rcode === rcodes.NOERROR && answer.length === 0)
  }

  #report(upstream: Upstream, answered: boolean): void {
    if (this.#stanza.failsMax === 0 || (answered && upstream.health === 'up')) return
    const what = answered ? 'answered' : 'failed'
    if (this.#mayReport(`${what} ${upstream.at.label}`)) this.#send({ upstream: upstream.at.label, what })
  }

  // The service hears of one thing once an interval, however many queries meet it.
  #mayReport(what: string): boolean {
    const now = this.#tools.host.clock.now()
    const last = this.#reportedAt.get(what)
    if (last !== undefined && now - last < Math.max(probeIntervalMsMin, this.#stanza.healthCheck.intervalMs))
      return false
    this.#reportedAt.set(what, now)
    return true
  }

  #send(report: UpstreamReport): void {
    this.#line.send(report)
  }

  // An upstream that stays keeps its sockets; files and names may be read again at a reload that leaves this stanza as it is.
  #learn({ upstreams, tls }: UpstreamsBatch): void {
    const before = this.#upstreams
    this.#upstreams = upstreams.map(({ at, health, quarantined }) => {
      const upstream = before.find((old) => old.isAt(at, tls)) ?? this.#make(at, tls)
      const back = upstream.health === 'down' && health === 'up'
      upstream.health = health
      upstream.quarantined = quarantined
      if (back) this.#watches.get(upstream)?.check()
      return upstream
    })
    for (const upstream of before) if (!this.#upstreams.includes(upstream)) this.#drop(upstream)
    if (this.#started) this.#watchLoops()
  }

  #make(at: UpstreamAddress, tls: TlsMaterial): Upstream {
    const { host, unpredictable, metrics } = this.#tools
    const tools = { clock: host.clock, unpredictable, sourceAddress: this.#stanza.sourceAddress }
    return new Upstream(at, { ...this.#stanza, tls }, tools, metrics)
  }

  #start(): void {
    this.#started = true
    this.#watchLoops()
  }

  #watchLoops(): void {
    const { host } = this.#tools
    const guard = host.block.settings.loopGuard
    if (!guard) return
    const { from } = this.#stanza
    const blockZone = host.block.zones[0] ?? from
    // The longer of the two, so that the question comes back to this block if it comes back at all.
    const zone = from.isSubdomainOf(blockZone) ? from : blockZone
    for (const upstream of this.#upstreams) {
      if (this.#watches.has(upstream)) continue
      const verdict = (looped: boolean): void => {
        if (looped === upstream.quarantined) return
        this.#send({ upstream: upstream.at.label, what: looped ? 'looped' : 'straight' })
      }
      const watch = new LoopWatch({ guard, zone, upstream, clock: host.clock, verdict })
      this.#watches.set(upstream, watch)
      watch.check()
    }
  }

  #drop(upstream: Upstream): void {
    this.#watches.get(upstream)?.stop()
    this.#watches.delete(upstream)
    upstream.close()
  }

  #stop(): void {
    this.#started = false
    for (const upstream of this.#upstreams) this.#drop(upstream)
  }
}

/** No upstream answered: unwritten, so that the cache may have something better. */
function failed(trouble: Trouble | null, upstream: Upstream | null): Response {
  const ede: ExtendedError = extendedErrorOf(trouble, upstream?.at.label ?? '')
  return fail(rcodes.SERVFAIL, trouble?.text ?? 'no healthy proxies', [ede])
}

/** An upstream's reply as our response: header bits and records as they came. The cache decides whether it may be used again. */
function responseOf(query: Query, reply: Message, metadata: ReadonlyMap<string, string> | null): Response {
  const { flags, edns } = reply
  const own = (records: readonly ResourceRecord[]): readonly ResourceRecord[] => withOwnSpelling(records, query.name)
  return respond('forward', {
    rcode: reply.rcode,
    aa: (flags & flagBits.aa) !== 0,
    tc: (flags & flagBits.tc) !== 0,
    ra: (flags & flagBits.ra) !== 0,
    ad: (flags & flagBits.ad) !== 0,
    answer: own(reply.answer),
    authority: own(reply.authority),
    additional: own(reply.additional),
    options: edns?.options.filter(({ code }) => !hopOptions.has(code)) ?? [],
    echo: edns === null,
    ede: edns ? extendedErrors(edns.options) : [],
    metadata,
  })
}

function withUnaskedOpt(response: Response, { edns }: Message): Response {
  return edns ? amend(response, { additional: [...response.additional, unaskedOpt(edns)] }) : response
}

function extendedErrors(options: readonly { readonly code: number; readonly data: Uint8Array }[]): ExtendedError[] {
  return options
    .filter(({ code }) => code === ednsOptions.EDE)
    .map(readExtendedError)
    .filter((error) => error !== null)
}

// Another client's question may have been the one that went up, in another spelling (0x20).
function withOwnSpelling(records: readonly ResourceRecord[], name: Name): readonly ResourceRecord[] {
  return records.map((record) => (record.owner.key === name.key ? record.withOwner(name) : record))
}

/** Answers with the stanza that takes the query, or hands it to `following`. */
export function forwardLayer(forwarder: Forwarder, following: Handler, nextForward: Handler | null): Handler {
  return (query): Answered => (forwarder.takes(query.name) ? forwarder.answer(query, nextForward) : following(query))
}
