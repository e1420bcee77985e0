// metav1.Status in protobuf: what an API server says instead of an answer.

import { SharedStrings } from '../byte-text.ts'
import type { ApiStatus } from '../decoder.ts'
import { checkKind, openObject } from './envelope.ts'
import { WireReader } from './wire-reader.ts'

/** The Status that a whole body is; throws DecodeError if it is none. */
export function decodeStatusBody(body: Uint8Array): ApiStatus {
  const reader = new WireReader(new SharedStrings())
  reader.begin(Buffer.from(body.buffer, body.byteOffset, body.length), 0, body.length, 0)
  return openObject(reader, (kind) => {
    checkKind(kind, 'Status')
    return readStatus(reader)
  })
}

/** Reads a Status' message up to its end. */
export function readStatus(reader: WireReader): ApiStatus {
  let code = 0
  let reason = ''
  let message = ''
  let retryAfterSeconds = 0
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === 3) message = reader.text()
    else if (field === 4) reason = reader.text()
    else if (field === 5) retryAfterSeconds = readRetryAfter(reader)
    else if (field === 6) code = reader.number()
    else reader.skip()
  }
  return { code, reason, message, retryAfterSeconds }
}

/** StatusDetails, of which retryAfterSeconds (5) counts. */
function readRetryAfter(reader: WireReader): number {
  let seconds = 0
  const outer = reader.enter()
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === 5) seconds = Math.max(0, reader.number())
    else reader.skip()
  }
  reader.leave(outer)
  return seconds
}
