// CNAMEs that templates write: an A or AAAA query wants addresses, so the target is resolved by this server and what it says stands behind the alias.

import { targetOf } from '../../wire/rdata.ts'
import type { ResourceRecord } from '../../wire/record.ts'
import { rcodes, types } from '../../wire/registry.ts'
import { whenResolved } from '../answered.ts'
import type { Answered, Host } from '../plugin.ts'
import { amendQuery, type Query } from '../query.ts'
import { amend, bothReuses, fail, type Response } from '../response.ts'

/** `response` with the targets of its CNAMEs behind them; silence for an alias of itself, SERVFAIL for one that leads back in more steps. */
export function withTargets(response: Response, query: Query, host: Host): Answered {
  if (query.type !== types.A && query.type !== types.AAAA) return response
  if (!response.answer.some(isAlias)) return response
  return chase({ ...response, answer: [] }, response.answer, { query, host })
}

const isAlias = (record: ResourceRecord): boolean => record.type === types.CNAME

function chase(
  done: Response,
  left: readonly ResourceRecord[],
  way: { readonly query: Query; readonly host: Host },
): Answered {
  const { query, host } = way
  const [record, ...rest] = left
  if (!record) return done
  const answer = [...done.answer, record]
  const target = isAlias(record) ? targetOf(record) : null
  if (!target) return chase({ ...done, answer }, rest, way)
  // CoreDNS follows this alias without end and never answers.
  if (target.equals(query.name)) return null
  return whenResolved(host.resolve(amendQuery(query, { name: target, bytes: null })), (found) => {
    const loops = found.answer.some((other) => isAlias(other) && other.owner.equals(query.name))
    if (loops) return fail(rcodes.SERVFAIL, `the alias ${target} of ${query.name.folded} leads back to it`)
    return chase(behind({ ...done, answer }, found), rest, way)
  })
}

/** The alias's answer and its target's. An error of the target is the answer's: NOERROR without an address would say that the name has none. */
function behind(alias: Response, target: Response): Response {
  return amend(alias, {
    rcode: alias.rcode === rcodes.NOERROR ? target.rcode : alias.rcode,
    tc: target.tc,
    answer: [...alias.answer, ...target.answer],
    authority: [...alias.authority, ...target.authority.filter((record) => record.type === types.SOA)],
    ede: [...alias.ede, ...target.ede],
    error: alias.error ?? target.error,
    reuse: bothReuses(alias.reuse, target.reuse),
  })
}
