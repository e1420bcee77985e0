// Time as this folder sees it, passed in so that tests own it. (The folder imports nothing of ours, so it says for itself what it needs of a clock.)

/** A clock with one-shot timers. */
export interface Clock {
  /** Milliseconds that only go forward. */
  now(): number
  /** Milliseconds since 1970. */
  wall(): number
  /** Calls `task` once after `delayMs`; the timer never keeps the process alive. */
  after(delayMs: number, task: () => void): { cancel(): void }
}

/** The time of this machine. */
export const systemClock: Clock = {
  now: () => performance.now(),
  wall: () => Date.now(),
  after(delayMs, task) {
    const timer = setTimeout(task, delayMs)
    timer.unref()
    return { cancel: () => clearTimeout(timer) }
  },
}
