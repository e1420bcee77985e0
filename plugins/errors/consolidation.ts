// Counting errors that look alike: one line at the end of a period instead of one an error.

import { formatDuration } from '../duration.ts'
import type { Pattern } from '../pattern.ts'
import type { Clock, Timer } from '../plugin.ts'

export const levels = ['warning', 'error', 'info', 'debug'] as const
export type Level = (typeof levels)[number]

/** A `consolidate` line. */
export interface ConsolidationRule {
  readonly periodMs: number
  readonly pattern: Pattern
  readonly level: Level
  /** Print the first error of a period as it is. */
  readonly showFirst: boolean
}

/** The count of one rule; a period begins with its first error. */
export class Consolidation {
  readonly level: Level
  readonly #rule: ConsolidationRule
  readonly #clock: Clock
  readonly #print: (text: string) => void
  #count = 0
  #timer: Timer | null = null

  constructor(rule: ConsolidationRule, clock: Clock, print: (text: string) => void) {
    this.level = rule.level
    this.#rule = rule
    this.#clock = clock
    this.#print = print
  }

  matches(error: string): boolean {
    return this.#rule.pattern.test(error)
  }

  /** Counts an error; true if it is to be printed all the same. */
  count(): boolean {
    this.#count++
    if (this.#count > 1) return false
    this.#timer = this.#clock.after(this.#rule.periodMs, () => this.flush())
    return this.#rule.showFirst
  }

  /** Ends the period: prints how many there were, unless the only one was shown. */
  flush(): void {
    this.#timer?.cancel()
    this.#timer = null
    const count = this.#count
    this.#count = 0
    if (count === 0 || (count === 1 && this.#rule.showFirst)) return
    const { pattern, periodMs } = this.#rule
    this.#print(`${count} errors like '${pattern.source}' occurred in last ${formatDuration(periodMs)}`)
  }
}
