// Asks the process's own /health once a second, as a kubelet would: how long that takes tells how busy the process is.

import { get } from 'node:http'
import { formatDuration } from '../duration.ts'
import type { Clock, Counter, Histogram, Log, Metrics, Timer } from '../plugin.ts'

const intervalMs = 1000
const timeoutMs = 3000
/** A local answer that takes longer is worth a warning. */
const slowMs = 1000

/** Bounds in seconds: 250 µs, times ten. */
const durationBuckets = [0.00025, 0.0025, 0.025, 0.25, 2.5]

export class SelfProbe {
  readonly #url: string
  readonly #clock: Clock
  readonly #log: Log
  readonly #durations: Histogram
  readonly #failures: Counter
  #timer: Timer | null = null
  #stopped = false

  /** `address` is where /health listens: `:8080` is asked on localhost. */
  constructor(address: string, { clock, log, metrics }: { clock: Clock; log: Log; metrics: Metrics }) {
    this.#url = `http://${address.startsWith(':') ? 'localhost' : ''}${address}/health`
    this.#clock = clock
    this.#log = log
    this.#durations = metrics
      .histogram({
        name: 'coredns_health_request_duration_seconds',
        help: 'Histogram of the time (in seconds) each request took.',
        buckets: durationBuckets,
      })
      .with()
    this.#failures = metrics
      .counter({
        name: 'coredns_health_request_failures_total',
        help: 'The number of times the health check failed.',
      })
      .with()
  }

  start(): void {
    this.#timer = this.#clock.after(intervalMs, async () => {
      await this.#probe()
      if (!this.#stopped) this.start()
    })
  }

  stop(): void {
    this.#stopped = true
    this.#timer?.cancel()
  }

  async #probe(): Promise<void> {
    const start = this.#clock.now()
    const failure = await ask(this.#url)
    if (this.#stopped) return
    const tookMs = this.#clock.now() - start
    this.#durations.observe(tookMs / 1000)
    if (failure !== null) {
      this.#failures.increment()
      this.#log.warning(`Local health request to "${this.#url}" failed: ${failure}`)
    } else if (tookMs > slowMs) {
      this.#log.warning(`Local health request to "${this.#url}" took more than 1s: ${formatDuration(tookMs)}`)
    }
  }
}

/** Null if there was an answer, else what was wrong. */
function ask(url: string): Promise<string | null> {
  return new Promise((resolve) => {
    // No proxy, no pool: each probe is a new connection, as a kubelet's.
    const request = get(url, { agent: false, timeout: timeoutMs }, (response) => {
      response.resume()
      resolve(null)
    })
    request.on('timeout', () => request.destroy(new Error(`no answer within ${formatDuration(timeoutMs)}`)))
    request.on('error', (error) => resolve(error.message))
  })
}
