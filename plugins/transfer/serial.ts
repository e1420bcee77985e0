// Serial numbers of zones (RFC 1982) and what an IXFR says about its own (RFC 1995 3).

import { isFault } from '../../wire/fault.ts'
import { decodeMessage } from '../../wire/message.ts'
import { readSoa } from '../../wire/rdata.ts'
import { types } from '../../wire/registry.ts'
import type { Query } from '../query.ts'

/** True if `serial` is `other` or comes after it (RFC 1982 3.2). */
export const isCurrent = (serial: number, other: number): boolean => ((serial - other) | 0) >= 0

/** The serial of the zone that the client of an IXFR has; null if the authority section is not its SOA record alone. */
export function serialAsked({ bytes }: Query): number | null {
  const message = bytes && decodeMessage(bytes, true)
  if (!message || isFault(message)) return null
  const [soa, ...others] = message.authority
  if (soa?.type !== types.SOA || others.length > 0) return null
  return readSoa(soa.rdata)?.serial ?? null
}
