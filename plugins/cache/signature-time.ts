// Whether signatures are in their time (RFC 4034 3.1.5): those that are not would fail for every validating client, so such a response is not kept.

import type { ResourceRecord } from '../../wire/record.ts'
import { types } from '../../wire/registry.ts'
import type { Response } from '../response.ts'

/** Where the times stand in an RRSIG's rdata. */
const expirationAt = 8
const inceptionAt = 12

/** True unless some RRSIG of the response has expired or is not valid yet at `wallMs` (milliseconds since 1970). */
export function allSignaturesValid({ answer, authority, additional }: Response, wallMs: number): boolean {
  const seconds = Math.floor(wallMs / 1000)
  const valid = (record: ResourceRecord): boolean => record.type !== types.RRSIG || isInTime(record.rdata, seconds)
  return answer.every(valid) && authority.every(valid) && additional.every(valid)
}

// Times are serial numbers modulo 2^32 (RFC 1982).
function isInTime(rdata: Uint8Array, seconds: number): boolean {
  if (rdata.length < inceptionAt + 4) return false
  const view = new DataView(rdata.buffer, rdata.byteOffset, rdata.byteLength)
  const left = (view.getUint32(expirationAt) - seconds) | 0
  const passed = (seconds - view.getUint32(inceptionAt)) | 0
  return left >= 0 && passed >= 0
}
