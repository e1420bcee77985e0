// What kind of response this is: what caches, `minimal` and `log` tell apart.

import { rcodes, types } from '../wire/registry.ts'
import type { Response } from './response.ts'

/** `failure` is SERVFAIL or NOTIMP, `other` every response that says nothing about the name. */
export type ResponseKind = 'answer' | 'nodata' | 'nxdomain' | 'referral' | 'empty' | 'failure' | 'other'

/** The kind by rcode and sections (RFC 2308 2; CoreDNS's rules where it is silent). */
export function responseKind(response: Response): ResponseKind {
  const { rcode, answer, authority } = response
  if (answer.length > 0) return rcode === rcodes.NOERROR ? 'answer' : 'other'
  if (rcode === rcodes.NXDOMAIN) return 'nxdomain'
  if (rcode === rcodes.SERVFAIL || rcode === rcodes.NOTIMP) return 'failure'
  if (rcode !== rcodes.NOERROR) return 'other'
  if (authority.some((record) => record.type === types.SOA)) return 'nodata'
  return authority.some((record) => record.type === types.NS) ? 'referral' : 'empty'
}
