// How hard an API server is asked: so many requests a second with bursts (apiserver_qps, apiserver_burst), and so many at once until their heads have come
// (apiserver_max_inflight). Who waits is served in order and leaves with its signal.

import type { Clock } from '../clock.ts'
import { burstDefault, queriesPerSecondDefault } from './limits.ts'

/** A bucket of tokens: full at the start, one for each request, filled at a steady rate. */
export class TokenBucket {
  readonly #perMs: number
  readonly #size: number
  readonly #clock: Clock
  /** Below zero: that many are promised to those who wait. */
  #tokens: number
  #countedAt: number

  /** 0 stands for client-go's 5 a second and bursts of 10. */
  constructor(options: { readonly queriesPerSecond: number; readonly burst: number; readonly clock: Clock }) {
    this.#perMs = (options.queriesPerSecond || queriesPerSecondDefault) / 1000
    this.#size = options.burst || burstDefault
    this.#clock = options.clock
    this.#tokens = this.#size
    this.#countedAt = options.clock.now()
  }

  /** Resolves when a request may be made; rejects with the signal's reason. */
  async take(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    const now = this.#clock.now()
    this.#tokens = Math.min(this.#size, this.#tokens + (now - this.#countedAt) * this.#perMs) - 1
    this.#countedAt = now
    if (this.#tokens >= 0) return
    try {
      await this.#wait(-this.#tokens / this.#perMs, signal)
    } catch (error) {
      this.#tokens += 1
      throw error
    }
  }

  #wait(delayMs: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        timer.cancel()
        reject(signal.reason)
      }
      const timer = this.#clock.after(delayMs, () => {
        signal.removeEventListener('abort', leave)
        resolve()
      })
      signal.addEventListener('abort', leave, { once: true })
    })
  }
}

/** Lets so many in at once. */
export class InFlight {
  readonly #max: number
  #inside = 0
  readonly #waiting = new Set<() => void>()

  /** 0 is no limit. */
  constructor(max: number) {
    this.#max = max || Number.POSITIVE_INFINITY
  }

  /** Resolves when there is room; what it resolves with gives the room back and must be called once. Rejects with the signal's reason. */
  async enter(signal: AbortSignal): Promise<() => void> {
    signal.throwIfAborted()
    if (this.#inside >= this.#max) await this.#wait(signal)
    else this.#inside++
    return () => this.#leave()
  }

  #wait(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const giveUp = (): void => {
        this.#waiting.delete(enter)
        reject(signal.reason)
      }
      const enter = (): void => {
        signal.removeEventListener('abort', giveUp)
        resolve()
      }
      this.#waiting.add(enter)
      signal.addEventListener('abort', giveUp, { once: true })
    })
  }

  /** The place goes to the next in line without ever being free, so that nobody overtakes. */
  #leave(): void {
    const [next] = this.#waiting
    if (next === undefined) {
      this.#inside--
      return
    }
    this.#waiting.delete(next)
    next()
  }
}
