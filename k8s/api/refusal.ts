// The body of an answer that is not the one asked for: read to a bound, understood if it is a Status, quoted if not.

import type { ApiStatus } from '../decoder.ts'
import type { ApiResponse } from './api-connection.ts'
import { Refused } from './trouble.ts'

/** Octets of such a body that are looked at. */
const bodyBytesMax = 64 * 1024

/** Reads the rest of the response; errors of the connection pass through. */
export async function refusalOf(
  response: ApiResponse,
  decode: (contentType: string, body: Uint8Array) => ApiStatus | null,
): Promise<Refused> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of response.body) {
    chunks.push(Uint8Array.from(chunk))
    length += chunk.length
    if (length >= bodyBytesMax) break
  }
  const body = Buffer.concat(chunks)
  const status = decode(response.contentType, body)
  const message = status?.message ?? body.toString('utf8', 0, 200).trim()
  const retryAfterSeconds = response.retryAfterSeconds || (status?.retryAfterSeconds ?? 0)
  return new Refused({ code: response.status, reason: status?.reason ?? '', message, retryAfterSeconds })
}
