// Shares a thread among answers of many messages: however many transfers run at once, they take a millisecond together before queries have their turn.

import type { Clock } from '../plugins/plugin.ts'
import { pieceMs } from './limits.ts'

/** The time that transfers may take in one turn of the event loop. */
export class Turns {
  readonly #clock: Clock
  readonly #later: (task: () => void) => void
  /** The clock's milliseconds when this turn's time is up; null if none has begun. */
  #end: number | null = null

  constructor(clock: Clock, later: (task: () => void) => void = setImmediate) {
    this.#clock = clock
    this.#later = later
  }

  /** True once the time of this turn is up: the rest has to wait for the next one. */
  over(): boolean {
    if (this.#end !== null) return this.#clock.now() >= this.#end
    this.#end = this.#clock.now() + pieceMs
    this.#later(() => {
      this.#end = null
    })
    return false
  }
}
