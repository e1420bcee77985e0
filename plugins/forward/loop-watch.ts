// Asks each upstream for a name that only this process knows. If the question arrives here, the upstream leads back to us: it goes into quarantine and is
// asked again every 30 s, until the name no longer comes back.

import type { Name } from '../../wire/name.ts'
import { types } from '../../wire/registry.ts'
import type { Clock, LoopGuard, Timer } from '../plugin.ts'
import { loopProbeMs, loopProbesAtStart, loopRecheckMs, loopRetryMs, loopSettleMs } from './limits.ts'
import { plainQuestion } from './question.ts'
import { Trouble } from './trouble.ts'
import type { Upstream } from './upstream.ts'

/** What a watch needs. */
export interface LoopWatchOptions {
  readonly guard: LoopGuard
  readonly zone: Name
  readonly upstream: Upstream
  readonly clock: Clock
  /** Told once for each probe that has a verdict. */
  readonly verdict: (looped: boolean) => void
}

/** Watches one upstream. */
export class LoopWatch {
  readonly #options: LoopWatchOptions
  #left = loopProbesAtStart
  #timer: Timer | null = null
  #giveUp: (() => void) | null = null
  #stopped = false

  constructor(options: LoopWatchOptions) {
    this.#options = options
  }

  /** Starts, or starts again after the upstream came back from being down. */
  check(): void {
    this.#left = loopProbesAtStart
    if (this.#giveUp === null) this.#probe()
  }

  stop(): void {
    this.#stopped = true
    this.#timer?.cancel()
    this.#giveUp?.()
  }

  #probe(): void {
    if (this.#stopped) return
    this.#timer?.cancel()
    this.#left--
    const { guard, zone, upstream, clock, verdict } = this.#options
    let seen = false
    const name = guard.watch(
      zone,
      () => {
        seen = true
        verdict(true)
      },
      upstream.at.label,
    )
    const end = (answered: boolean): void => {
      this.#giveUp = null
      guard.forget(name)
      if (!seen && answered) verdict(false)
      this.#again(seen, answered)
    }
    const cancel = upstream.ask({
      question: plainQuestion(name, types.HINFO, true),
      stream: false,
      timeoutMs: loopProbeMs,
      // The reply overtakes the news when another thread saw the question.
      done: (outcome) => {
        this.#timer = clock.after(loopSettleMs, () => end(!(outcome instanceof Trouble)))
      },
    })
    this.#giveUp = () => {
      cancel()
      guard.forget(name)
    }
  }

  #again(seen: boolean, answered: boolean): void {
    if (this.#stopped) return
    const { clock, upstream } = this.#options
    if (seen || upstream.quarantined) this.#timer = clock.after(loopRecheckMs, () => this.#probe())
    else if (!answered && this.#left > 0) this.#timer = clock.after(loopRetryMs, () => this.#probe())
  }
}
