// The real clock, and a clock whose tasks cannot end the process.

import type { Clock } from '../plugins/plugin.ts'

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

/** `clock` with tasks that tell `failed` what they throw: a bug in a plugin's timer must not end the thread. */
export function guardedClock(clock: Clock, failed: (error: unknown) => void): Clock {
  return {
    now: () => clock.now(),
    wall: () => clock.wall(),
    after: (delayMs, task) =>
      clock.after(delayMs, () => {
        try {
          task()
        } catch (error) {
          failed(error)
        }
      }),
  }
}
