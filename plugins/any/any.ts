// `any`: a minimal answer to QTYPE ANY (RFC 8482 4.2), so that nobody uses the server to amplify.

import { txtRdata } from '../../wire/rdata.ts'
import { ResourceRecord } from '../../wire/record.ts'
import { types } from '../../wire/registry.ts'
import { definePlugin } from '../plugin.ts'
import { respond, reuseWhile } from '../response.ts'

const ttlSeconds = 8482
const rdata = txtRdata(['ANY obsoleted', 'See RFC 8482'])

export const any = definePlugin({
  name: 'any',
  setup(directive) {
    directive.next()
    if (directive.remainingArguments().length > 0) throw directive.argumentError()
    if (directive.nextBlock()) throw directive.error(`unknown property '${directive.value}'`)
    return (next) => (query) => {
      if (query.type !== types.ANY) return next(query)
      const answer = [new ResourceRecord(query.name, types.HINFO, 1, ttlSeconds, rdata)]
      return respond('any', { answer, reuse: reuseWhile() })
    }
  },
})
