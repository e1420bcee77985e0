// Compares the hash of what runs with that of the Corefile on disk, at an interval that differs from replica to replica.
//
//     loaded ─► (settle) log the hash ─► wait interval ± jitter ─► same: wait again
//                                                                └ changed: load; wait again

import type { Clock, Counter, Family, Gauge, Log, Metrics, ProcessControl, Timer } from '../plugin.ts'

/** How often to look, in milliseconds. */
export interface WatchTimes {
  readonly intervalMs: number
  /** The interval is lengthened or shortened by up to half of this. */
  readonly jitterMs: number
}

/** After a load every block of every thread says so; what they say is taken together. */
const settleMs = 100

export interface WatchParts {
  readonly clock: Clock
  readonly random: () => number
  readonly log: Log
  readonly metrics: Metrics
  readonly process: ProcessControl
}

export class CorefileWatch {
  readonly #parts: WatchParts
  readonly #failures: Counter
  readonly #versions: Family<Gauge>
  /** The hash that ran or was tried last: a file that cannot be loaded is not tried again until it changes. */
  #known = ''
  /** Why the file could not be read at the last look, '' if it could. */
  #fault = ''
  #intervalMs = 0
  #timer: Timer | null = null
  #stopped = false

  constructor(parts: WatchParts) {
    this.#parts = parts
    this.#failures = parts.metrics
      .counter({ name: 'coredns_reload_failed_total', help: 'Counter of the number of failed reload attempts.' })
      .with()
    this.#versions = parts.metrics.gauge({
      name: 'coredns_reload_version_info',
      help: "A metric with a constant '1' value labeled by hash, and value which type of hash generated.",
      labels: ['hash', 'value'],
      merge: 'max',
    })
  }

  /** A configuration has been loaded that wants to be watched. */
  loaded({ intervalMs, jitterMs }: WatchTimes): void {
    this.#intervalMs = intervalMs + (this.#parts.random() - 0.5) * jitterMs
    this.#wait(settleMs, () => {
      this.#known = this.#parts.process.runningHash()
      this.#parts.log.info(`Running configuration SHA512 = ${this.#known}`)
      this.#waitForChange()
    })
  }

  stop(): void {
    this.#stopped = true
    this.#timer?.cancel()
  }

  #wait(delayMs: number, task: () => void): void {
    this.#timer?.cancel()
    if (!this.#stopped) this.#timer = this.#parts.clock.after(delayMs, task)
  }

  #waitForChange(): void {
    this.#wait(this.#intervalMs, async () => {
      const timer = this.#timer
      await this.#look()
      // If the load succeeded, `loaded` has started over.
      if (this.#timer === timer) this.#waitForChange()
    })
  }

  async #look(): Promise<void> {
    const { process, log } = this.#parts
    let hash: string
    try {
      hash = await process.diskHash()
    } catch (error) {
      this.#unreadable(error instanceof Error ? error.message : String(error))
      return
    }
    this.#fault = ''
    if (hash === this.#known || this.#stopped) return
    this.#known = hash
    const failure = await process.reload()
    this.#versions.reset()
    this.#versions.with('sha512', hash).set(1)
    if (failure !== null) {
      log.error(`Corefile changed but reload failed: starting with listener file descriptors: ${failure}`)
    }
  }

  // Told and counted once, not at every look.
  #unreadable(fault: string): void {
    if (fault === this.#fault) return
    this.#fault = fault
    this.#failures.increment()
    this.#parts.log.warning(`Corefile parse failed: ${fault}`)
  }
}
