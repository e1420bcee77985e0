// Probes one upstream for as long as the process serves: at once when it starts, every 10 s (±20 %) while it is healthy, every `health_check` interval while
// it is not, and at once when a thread met trouble with it. Any reply means that it lives.
//
//   unknown ─reply─► up ─no reply─► doubtful ─more than max_fails─► down
//      └──────────────────────────────┘  ◄──────────── any reply ───┘

import type { Clock, Timer } from '../plugin.ts'
import type { Asker, Cancel } from './asker.ts'
import { probeHealthyMs, probeIntervalMsMin, probeMs } from './limits.ts'
import type { UpstreamQuestion } from './question.ts'
import { Trouble } from './trouble.ts'
import type { Health } from './upstream.ts'

/** What one upstream is probed with. */
export interface ProbeOptions {
  readonly asker: Asker
  readonly question: UpstreamQuestion
  readonly intervalMs: number
  /** 0: never probed, never down. */
  readonly failsMax: number
  readonly clock: Clock
  readonly random: () => number
  /** A probe was not answered. */
  readonly failed: () => void
  /** The health is another one now; `reason` is the last trouble's text, '' when there is none. */
  readonly changed: (health: Health, reason: string) => void
}

/** The probing of one upstream. */
export class Probe {
  health: Health = 'unknown'
  readonly #options: ProbeOptions
  #fails = 0
  /** A client's question was answered and none has failed since: an upstream that only ignores probes is not down. */
  #vouched = false
  #timer: Timer | null = null
  #cancel: Cancel | null = null
  #stopped = false

  constructor(options: ProbeOptions) {
    this.#options = options
  }

  start(): void {
    if (this.#options.failsMax > 0) this.#probe()
  }

  stop(): void {
    this.#stopped = true
    this.#timer?.cancel()
    this.#cancel?.()
    this.#options.asker.close()
  }

  /** A client's question met trouble there. */
  failedQuestion(): void {
    this.#vouched = false
    // While it is healthy the next probe may be 12 s away; one that fails is probed often enough.
    if (this.#options.failsMax > 0 && this.#cancel === null && this.#fails === 0) this.#probe()
  }

  /** A client's question was answered there. */
  answeredQuestion(): void {
    this.#vouched = true
    this.#fails = 0
    this.#become('up', '')
  }

  #probe(): void {
    if (this.#stopped) return
    this.#timer?.cancel()
    const { asker, question } = this.#options
    this.#cancel = asker.ask({
      question,
      timeoutMs: probeMs,
      done: (outcome) => {
        this.#cancel = null
        if (outcome instanceof Trouble && outcome.blamesUpstream) this.#unanswered(outcome.text)
        else this.#answered()
      },
    })
  }

  #answered(): void {
    this.#fails = 0
    this.#become('up', '')
    this.#wait(probeHealthyMs * (0.8 + 0.4 * this.#options.random()))
  }

  #unanswered(reason: string): void {
    this.#options.failed()
    this.#fails++
    if (!this.#vouched) this.#become(this.#fails > this.#options.failsMax ? 'down' : this.#worse(), reason)
    this.#wait(Math.max(probeIntervalMsMin, this.#options.intervalMs))
  }

  #worse(): Health {
    return this.health === 'down' ? 'down' : 'doubtful'
  }

  #become(health: Health, reason: string): void {
    if (health === this.health) return
    this.health = health
    this.#options.changed(health, reason)
  }

  #wait(ms: number): void {
    if (!this.#stopped) this.#timer = this.#options.clock.after(ms, () => this.#probe())
  }
}
