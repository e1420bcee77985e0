// One question on its way through the upstreams: who is asked, when the next one is asked too, and when to give up.
//
//   0 ms      first upstream of the policy's order
//   1,000 ms  silent for half of read_timeout: the next one as well (with one upstream: the question again, a datagram may be lost)
//   any time  an error: the next one at once
//   2,200 ms  nobody answered: SERVFAIL. The first reply wins; one that `failover` lists is kept while others are asked
//
// CoreDNS waits 2 s for each attempt in turn, so one silent upstream costs a client 4 s; here it costs 2.2 s at most.

import type { Message } from '../../wire/message.ts'
import type { Clock, Timer } from '../plugin.ts'
import type { Cancel, Outcome } from './asker.ts'
import { patienceMs, patienceUnlimitedMs, roundPauseMs } from './limits.ts'
import type { UpstreamQuestion } from './question.ts'
import { Trouble } from './trouble.ts'
import type { Upstream } from './upstream.ts'

/** What one exchange goes by. */
export interface ExchangePlan {
  readonly question: UpstreamQuestion
  readonly stream: boolean
  /** In the policy's order; those that are not usable are passed over. */
  readonly upstreams: readonly Upstream[]
  /** Infinity: no limit. */
  readonly attemptsMax: number
  readonly readTimeoutMs: number
  readonly failover: readonly number[]
  readonly clock: Clock
  /** Told of each outcome that says something about the upstream. */
  readonly report: (upstream: Upstream, answered: boolean) => void
}

/** How an exchange ended: with a reply, or with the last trouble (null: no upstream was usable). */
export interface ExchangeResult {
  readonly reply: Message | null
  readonly upstream: Upstream | null
  readonly trouble: Trouble | null
}

/** Starts an exchange; `done` is called once, unless it is cancelled. */
export function exchange(plan: ExchangePlan, done: (result: ExchangeResult) => void): Cancel {
  const running = new Exchange(plan, done)
  running.askNext()
  return () => running.cancel()
}

class Exchange {
  readonly #plan: ExchangePlan
  readonly #done: (result: ExchangeResult) => void
  readonly #deadline: number
  readonly #patience: Timer
  readonly #underWay = new Set<Cancel>()
  /** Upstreams that answered what `failover` lists: not asked again. */
  readonly #exhausted = new Set<Upstream>()
  #next: Timer | null = null
  #cursor = 0
  #attempts = 0
  #last: ExchangeResult = { reply: null, upstream: null, trouble: null }
  #ended = false

  constructor(plan: ExchangePlan, done: (result: ExchangeResult) => void) {
    this.#plan = plan
    this.#done = done
    const totalMs = patienceOf(plan)
    this.#deadline = plan.clock.now() + totalMs
    this.#patience = plan.clock.after(totalMs, () => this.#end(this.#outOfPatience()))
  }

  askNext(): void {
    if (this.#ended) return
    this.#next?.cancel()
    this.#next = null
    const upstream = this.#attempts < this.#plan.attemptsMax ? this.#choose() : null
    if (upstream) this.#ask(upstream)
    else if (this.#underWay.size === 0 && this.#next === null) this.#end(this.#last)
  }

  cancel(): void {
    this.#ended = true
    this.#patience.cancel()
    this.#next?.cancel()
    for (const cancel of this.#underWay) cancel()
    this.#underWay.clear()
  }

  /** The next usable upstream; null if there is none, or if a pause comes first. */
  #choose(): Upstream | null {
    const { upstreams, attemptsMax, clock } = this.#plan
    for (let i = 0; i < upstreams.length; i++) {
      if (this.#cursor === upstreams.length) {
        this.#cursor = 0
        if (attemptsMax === Number.POSITIVE_INFINITY) {
          this.#next = clock.after(roundPauseMs, () => this.askNext())
          return null
        }
      }
      const upstream = upstreams[this.#cursor++]!
      if (upstream.usable && !this.#exhausted.has(upstream)) return upstream
    }
    return null
  }

  #ask(upstream: Upstream): void {
    const { clock, question, stream, readTimeoutMs, attemptsMax } = this.#plan
    const left = this.#deadline - clock.now()
    const halfMs = readTimeoutMs / 2
    this.#attempts++
    const cancel = upstream.ask({
      question,
      stream,
      timeoutMs: Math.min(readTimeoutMs, left),
      done: (outcome) => {
        this.#underWay.delete(cancel)
        this.#heard(upstream, outcome)
      },
    })
    this.#underWay.add(cancel)
    if (this.#attempts < attemptsMax && left > halfMs) this.#next = clock.after(halfMs, () => this.askNext())
  }

  #heard(upstream: Upstream, outcome: Outcome): void {
    if (this.#ended) return
    const { report, failover } = this.#plan
    if (outcome instanceof Trouble) {
      // A reply that was kept is worth more than the trouble after it.
      if (!this.#last.reply) this.#last = { reply: null, upstream, trouble: outcome }
      if (outcome.blamesUpstream) report(upstream, false)
      this.askNext()
      return
    }
    report(upstream, true)
    this.#last = { reply: outcome, upstream, trouble: null }
    if (!failover.includes(outcome.rcode)) this.#end(this.#last)
    else {
      this.#exhausted.add(upstream)
      // Answers do not count as failed attempts.
      this.#attempts--
      this.askNext()
    }
  }

  #outOfPatience(): ExchangeResult {
    if (this.#last.reply || this.#last.trouble) return this.#last
    const upstream = this.#plan.upstreams.find(({ usable }) => usable) ?? null
    const text = upstream ? `read ${upstream.at.label}: i/o timeout` : 'no healthy proxies'
    return { reply: null, upstream, trouble: new Trouble('silent', text) }
  }

  #end(result: ExchangeResult): void {
    if (this.#ended) return
    this.cancel()
    this.#done(result)
  }
}

function patienceOf({ attemptsMax, readTimeoutMs }: ExchangePlan): number {
  // A single attempt ends by itself before patience does, and so can say what it waited for.
  const leastMs = readTimeoutMs + 50
  if (attemptsMax === Number.POSITIVE_INFINITY) return Math.max(leastMs, patienceUnlimitedMs)
  return Math.max(leastMs, Math.min(readTimeoutMs * attemptsMax, patienceMs))
}
