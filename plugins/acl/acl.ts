// `acl`: decides who may ask what. It stands above `cache`, below what changes names (`rewrite`, `autopath`).
//
//   query ─► Verdicts ─ allow ─► next plugin
//                ├ block, filter ─► an empty answer with the reason
//                └ drop ─► silence

import { type ExtendedError, extendedErrorOption } from '../../wire/edns.ts'
import { edeCodes, rcodes } from '../../wire/registry.ts'
import { whenAnswered } from '../answered.ts'
import { type Answered, definePlugin, type Host } from '../plugin.ts'
import type { Query } from '../query.ts'
import { amend, type Response, respond, reuseWhile, vary } from '../response.ts'
import { bareEdns, unaskedOpt } from '../unasked-opt.ts'
import { readRules } from './config.ts'
import { AclMetrics } from './metrics.ts'
import { type Verdict, Verdicts } from './verdicts.ts'

export const acl = definePlugin({
  name: 'acl',
  setup(directive, host) {
    const verdicts = new Verdicts(readRules(directive, host.block.zones))
    const metrics = new AclMetrics(host.metrics)
    return (next) => (query) => {
      const verdict = verdicts.of(query)
      const count = metrics.countOf(query, verdict)
      count(query.server)
      if (verdict.action === 'drop') return null
      const answered = verdict.action === 'allow' ? next(query) : refuse(query, verdict.action, host)
      return whenAnswered(answered, (response) => forThese(response, verdict, count))
    }
  },
})

const answers = {
  block: { rcode: rcodes.REFUSED, code: edeCodes.BLOCKED },
  filter: { rcode: rcodes.NOERROR, code: edeCodes.FILTERED },
} as const

function refuse(query: Query, action: keyof typeof answers, host: Host): Answered {
  const { rcode, code } = answers[action]
  const ede: ExtendedError[] = [{ code, text: '' }]
  const response = respond('acl', { rcode, ede, do: true, echo: false, reuse: reuseWhile() })
  // glibc takes NOERROR with neither AA nor RA nor any record for a lame server's, and asks the next one: the OPT record that CoreDNS sends to everybody makes it an answer.
  const isBare = action === 'filter' || host.block.settings.compat
  if (query.edns || !isBare) return response
  const opt = unaskedOpt({ ...bareEdns, do: true, options: ede.map(extendedErrorOption) })
  return amend(response, { additional: [opt] })
}

/** The response for clients of whom the rules say the same; each time that it is given again counts. */
function forThese(response: Response, { fact }: Verdict, count: (server: string) => void): Response {
  const { used } = response.reuse
  const counted = used
    ? (server: string): void => {
        count(server)
        used(server)
      }
    : count
  const kept = amend(response, { reuse: { ...response.reuse, used: counted } })
  return fact ? vary(kept, fact) : kept
}
