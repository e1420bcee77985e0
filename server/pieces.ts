// Long work in short pieces between queries: a serving thread never blocks for more than a millisecond.

import type { Clock } from '../plugins/plugin.ts'
import { pieceMs } from './limits.ts'

interface Job {
  readonly steps: Iterator<void>
  readonly done: () => void
  readonly failed: (error: unknown) => void
}

/** Runs jobs one after another, each a slice at a time. */
export class Pieces {
  readonly #clock: Clock
  readonly #later: (task: () => void) => void
  readonly #jobs: Job[] = []
  readonly #idle: (() => void)[] = []
  #running = false

  constructor(clock: Clock, later: (task: () => void) => void = setImmediate) {
    this.#clock = clock
    this.#later = later
  }

  /** Takes a job; `done` is called after its last step, or `failed` with what a step (or `done`) threw. */
  add(steps: Iterator<void>, done: () => void, failed: (error: unknown) => void): void {
    this.#jobs.push({ steps, done, failed })
    if (this.#running) return
    this.#running = true
    this.#later(() => this.#slice())
  }

  /** Resolves when no job is left. */
  idle(): Promise<void> {
    if (!this.#running) return Promise.resolve()
    return new Promise((resolve) => this.#idle.push(resolve))
  }

  #slice(): void {
    const end = this.#clock.now() + pieceMs
    // At least one step a slice, so that a busy machine cannot stop the work.
    do this.#step()
    while (this.#jobs.length > 0 && this.#clock.now() < end)
    if (this.#jobs.length > 0) {
      this.#later(() => this.#slice())
      return
    }
    this.#running = false
    for (const resolve of this.#idle.splice(0)) resolve()
  }

  #step(): void {
    const job = this.#jobs[0]
    if (!job) return
    try {
      if (!job.steps.next().done) return
      this.#jobs.shift()
      job.done()
    } catch (error) {
      // The other jobs must not wait for one that cannot go on.
      if (this.#jobs[0] === job) this.#jobs.shift()
      job.failed(error)
    }
  }
}
