// How long to wait after trouble: twice as long each time, with jitter so that servers don't come back together, and from the start again after a success or a quiet time.

import type { Clock } from '../clock.ts'
import type { WatchTiming } from './watch-timing.ts'

/** Waiting times of one thing that is tried again and again. */
export class Backoff {
  readonly #clock: Clock
  readonly #random: () => number
  readonly #timing: WatchTiming
  #step = 0
  #last = Number.NEGATIVE_INFINITY
  /** When each kind of trouble last came. */
  readonly #came = new Map<string, number>()

  constructor(options: { readonly clock: Clock; readonly random: () => number; readonly timing: WatchTiming }) {
    this.#clock = options.clock
    this.#random = options.random
    this.#timing = options.timing
  }

  /** True if there was no such trouble for so long that one retry may be made at once. */
  isFirst(kind: string): boolean {
    const now = this.#clock.now()
    const last = this.#came.get(kind) ?? Number.NEGATIVE_INFINITY
    this.#came.set(kind, now)
    return now - last >= this.#timing.untroubledMs
  }

  /** Things go well again: the next trouble is waited for from the start. */
  succeeded(): void {
    this.#step = 0
  }

  /** Milliseconds to wait after trouble now. */
  next(): number {
    const { backoffMinMs, backoffMaxMs, backoffResetMs } = this.#timing
    if (this.#clock.now() - this.#last >= backoffResetMs) this.#step = 0
    const delayMs = Math.min(backoffMinMs * 2 ** this.#step, backoffMaxMs) * (1 + this.#random())
    this.#step = Math.min(this.#step + 1, 16)
    this.#last = this.#clock.now()
    return delayMs
  }
}
