// A deadline that moves with every sign of life. One timer serves it, however often something comes.

import type { Clock } from '../clock.ts'
import { Silent } from './trouble.ts'

/** Watches over a stream: calls `cut` when nothing has come for as long as `bound.ms` says then. */
export class Silence {
  readonly #clock: Clock
  readonly #bound: { readonly ms: number }
  readonly #cut: (error: Silent) => void
  #heardAt: number
  #timer: { cancel(): void }

  constructor(clock: Clock, bound: { readonly ms: number }, cut: (error: Silent) => void) {
    this.#clock = clock
    this.#bound = bound
    this.#cut = cut
    this.#heardAt = clock.now()
    this.#timer = this.#arm()
  }

  heard(): void {
    this.#heardAt = this.#clock.now()
  }

  end(): void {
    this.#timer.cancel()
  }

  #arm(): { cancel(): void } {
    const left = this.#heardAt + this.#bound.ms - this.#clock.now()
    return this.#clock.after(Math.max(left, 0), () => {
      // What came in the meantime, or a bound that has changed, only moves the deadline.
      if (this.#clock.now() - this.#heardAt < this.#bound.ms) this.#timer = this.#arm()
      else this.#cut(new Silent(this.#bound.ms))
    })
  }
}
