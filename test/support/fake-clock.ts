// A clock that stands until a test moves it.

import type { Clock, Timer } from '../../plugins/plugin.ts'

interface Due {
  readonly at: number
  readonly order: number
  readonly task: () => void
}

/** Time in the hands of a test: `now` starts at 1,000,000 ms, `wall` at 2026-01-01. */
export class FakeClock implements Clock {
  #now = 1_000_000
  #order = 0
  readonly #timers = new Set<Due>()

  now(): number {
    return this.#now
  }

  wall(): number {
    return Date.UTC(2026, 0, 1) + this.#now - 1_000_000
  }

  after(delayMs: number, task: () => void): Timer {
    const due: Due = { at: this.#now + Math.max(0, delayMs), order: this.#order++, task }
    this.#timers.add(due)
    return { cancel: () => void this.#timers.delete(due) }
  }

  /** Moves time on, running what falls due in order; promises settle in between. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms
    await settle()
    for (let due = this.#nextDue(end); due; due = this.#nextDue(end)) {
      this.#timers.delete(due)
      this.#now = Math.max(this.#now, due.at)
      due.task()
      await settle()
    }
    this.#now = end
    await settle()
  }

  #nextDue(end: number): Due | undefined {
    let first: Due | undefined
    for (const due of this.#timers) {
      if (due.at > end) continue
      if (!first || due.at < first.at || (due.at === first.at && due.order < first.order)) first = due
    }
    return first
  }
}

/** Lets promises and immediates run. */
async function settle(): Promise<void> {
  for (let i = 0; i < 3; i++) await new Promise((resolve) => setImmediate(resolve))
}
