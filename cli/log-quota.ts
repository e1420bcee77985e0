// Log lines on their way from a serving thread to the main thread, counted in shared memory: if nobody reads the main thread's output, it stops taking lines, and
// they must not pile up in memory.

/** Lines that may wait; more are dropped and counted. */
export const waitingLinesMax = 10_000

/** One thread's count of waiting lines. */
export class LogQuota {
  readonly memory: SharedArrayBuffer
  readonly #waiting: Int32Array

  constructor(memory: SharedArrayBuffer = new SharedArrayBuffer(4)) {
    this.memory = memory
    this.#waiting = new Int32Array(memory)
  }

  /** A line wants to go; false if it must be dropped. */
  take(): boolean {
    if (Atomics.load(this.#waiting, 0) >= waitingLinesMax) return false
    Atomics.add(this.#waiting, 0, 1)
    return true
  }

  /** A line has been written. */
  give(): void {
    Atomics.sub(this.#waiting, 0, 1)
  }
}
