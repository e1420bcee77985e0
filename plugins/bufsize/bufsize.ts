// `bufsize`: bounds the UDP size that clients advertise, against fragments (RFC 9715). The bound holds for what goes upstream and for the reply.

import { whenAnswered } from '../answered.ts'
import { ConfigError, type Directive } from '../directive.ts'
import { definePlugin } from '../plugin.ts'
import { amendQuery, type Query } from '../query.ts'
import { amend } from '../response.ts'

/** What fits every path that carries IPv6 (DNS flag day 2020). */
const defaultBytes = 1232
const bytesMin = 512
const bytesMax = 4096

export const bufsize = definePlugin({
  name: 'bufsize',
  setup(directive) {
    const udpSizeMax = parseSize(directive)
    const bounded = (query: Query): Query =>
      query.edns && query.edns.udpSize > udpSizeMax
        ? amendQuery(query, { edns: { ...query.edns, udpSize: udpSizeMax } })
        : query
    return (next) => (query) =>
      whenAnswered(next(bounded(query)), (response) =>
        amend(response, { udpSizeMax: Math.min(response.udpSizeMax, udpSizeMax) }),
      )
  },
})

function parseSize(directive: Directive): number {
  directive.next()
  const args = directive.remainingArguments()
  if (args.length === 0) return defaultBytes
  const size = Number(args[0])
  const valid = args.length === 1 && /^[+-]?[0-9]+$/.test(args[0]!) && size >= bytesMin && size <= bytesMax
  // CoreDNS names the plugin twice here.
  if (!valid) throw new ConfigError(`plugin/bufsize: ${directive.argumentError().message}`)
  return size
}
