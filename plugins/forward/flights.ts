// One upstream exchange for all clients that ask the same at the same time: the first starts it, the others wait with it.

import type { Cancel } from './asker.ts'

interface Flight<Result> {
  readonly waiting: Set<(result: Result | null) => void>
  cancel: Cancel
}

/** The exchanges under way, by what they ask. */
export class Flights<Result> {
  readonly #flights = new Map<string, Flight<Result>>()

  /** Waits with the exchange `key`, which `start` starts if there is none; null after `signal`. The last to leave ends the exchange. */
  join(
    key: string,
    signal: AbortSignal | null,
    start: (done: (result: Result) => void) => Cancel,
  ): Promise<Result | null> {
    if (signal?.aborted) return Promise.resolve(null)
    return new Promise((resolve) => {
      const flight = this.#flights.get(key) ?? this.#begin(key, start)
      const leave = (): void => {
        flight.waiting.delete(settle)
        if (flight.waiting.size === 0 && this.#flights.get(key) === flight) {
          this.#flights.delete(key)
          flight.cancel()
        }
        resolve(null)
      }
      const settle = (result: Result | null): void => {
        signal?.removeEventListener('abort', leave)
        resolve(result)
      }
      flight.waiting.add(settle)
      signal?.addEventListener('abort', leave, { once: true })
    })
  }

  #begin(key: string, start: (done: (result: Result) => void) => Cancel): Flight<Result> {
    const flight: Flight<Result> = { waiting: new Set(), cancel: () => {} }
    // In the map only once it has started: what throws instead of starting would be waited for by everybody who asks the same.
    let ended = false
    flight.cancel = start((result) => {
      ended = true
      if (this.#flights.get(key) === flight) this.#flights.delete(key)
      // Later, because an exchange may end before its first client has come to wait.
      queueMicrotask(() => {
        for (const settle of flight.waiting) settle(result)
      })
    })
    if (!ended) this.#flights.set(key, flight)
    return flight
  }
}
