// metav1.Status in JSON: what an API server says instead of an answer.

import type { ApiStatus } from '../decoder.ts'
import type { Field } from '../field.ts'

/** Reads a Status; throws ShapeError. */
export function readStatus(status: Field): ApiStatus {
  return {
    code: status.at('code').integer(0, 0xffff) ?? 0,
    reason: status.at('reason').text(),
    message: status.at('message').text(),
    retryAfterSeconds: status.at('details').at('retryAfterSeconds').integer(0, 0x7fffffff) ?? 0,
  }
}
