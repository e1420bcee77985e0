// Which plugins of a thread are not ready yet, told to the main thread when it changes.

import type { Clock, Timer } from '../plugins/plugin.ts'
import { readinessIntervalMs } from './limits.ts'

/** Asks the plugins that take part until the configuration is replaced. */
export class Readiness {
  readonly #checks: readonly { readonly plugin: string; readonly ready: () => boolean }[]
  readonly #clock: Clock
  readonly #tell: (notReady: readonly string[]) => void
  #told: string | null = null
  #timer: Timer | null = null
  #stopped = false

  constructor(
    checks: readonly { readonly plugin: string; readonly ready: () => boolean }[],
    clock: Clock,
    tell: (notReady: readonly string[]) => void,
  ) {
    this.#checks = checks
    this.#clock = clock
    this.#tell = tell
  }

  start(): void {
    this.look()
    if (this.#stopped || this.#checks.length === 0) return
    this.#timer = this.#clock.after(readinessIntervalMs, () => this.start())
  }

  stop(): void {
    this.#stopped = true
    this.#timer?.cancel()
  }

  /** Looks now; CoreDNS merges blocks by plugin name: one instance that is not ready makes the name not ready. */
  look(): void {
    const notReady = [...new Set(this.#checks.filter((check) => !check.ready()).map((check) => check.plugin))].sort()
    const text = notReady.join(',')
    if (this.#stopped || text === this.#told) return
    this.#told = text
    this.#tell(notReady)
  }
}
