// Continues with an answer that may or may not be there yet, so that a chain that awaits nothing stays synchronous (ten layers: under 0.1 µs; ten promises: 1-2 µs).

import { rcodes } from '../wire/registry.ts'
import type { Answered } from './plugin.ts'
import { fail, type Response } from './response.ts'

/** `change(response)` now if the answer is here, later if it is a promise. Silence (null) is handed on as null. */
export function whenAnswered(answered: Answered, change: (response: Response) => Answered): Answered {
  if (answered === null) return null
  if (answered instanceof Promise) return answered.then((response) => (response === null ? null : change(response)))
  return change(answered)
}

/** As `whenAnswered`, for what an alias leads to: silence about that is a response without records, and the alias is still answered. */
export function whenResolved(answered: Answered, change: (response: Response) => Answered): Answered {
  if (answered instanceof Promise) return answered.then((response) => change(response ?? fail(rcodes.NOERROR)))
  return change(answered ?? fail(rcodes.NOERROR))
}
