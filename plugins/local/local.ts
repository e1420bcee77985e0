// `local`: answers for names that never leave a machine (RFC 6303, RFC 6761 6.3), so that they don't go upstream.

import { Name } from '../../wire/name.ts'
import { addressRdata, nameRdata, soaRdata } from '../../wire/rdata.ts'
import { ResourceRecord } from '../../wire/record.ts'
import { classes, rcodes, types } from '../../wire/registry.ts'
import type { Directive } from '../directive.ts'
import { quote } from '../number.ts'
import { definePlugin } from '../plugin.ts'
import type { Query } from '../query.ts'
import { amend, type Response, respond, reuseWhile } from '../response.ts'
import { longestZone } from '../zones.ts'

const ttlSeconds = 604_800
const localhost = Name.parse('localhost.')
const zones = ['localhost.', '0.in-addr.arpa.', '127.in-addr.arpa.', '255.in-addr.arpa.'].map((text) =>
  Name.parse(text),
)
const loopback = Name.parse('1.0.0.127.in-addr.arpa.')
const ipv4 = addressRdata('127.0.0.1')!
const ipv6 = addressRdata('::1')!
const soa = soaRdata({
  mname: localhost,
  rname: Name.parse('root.localhost.'),
  serial: 1,
  refresh: 0,
  retry: 0,
  expire: 0,
  minimum: ttlSeconds,
})

export const local = definePlugin({
  name: 'local',
  setup(directive, host) {
    const answersPrefix = parse(directive)
    const requests = host.metrics.counter({
      name: 'coredns_local_localhost_requests_total',
      help: 'Counter of localhost.<domain> requests.',
    })
    return (next) => (query) => {
      const { name } = query
      const below = name.labelCount > 1 && name.isSubdomainOf(localhost)
      if (below || (answersPrefix && name.labelCount > 1 && name.label(0).toLowerCase() === 'localhost')) {
        const count = (): void => requests.with().increment()
        count()
        return counted(addressOf(query) ?? negative(name), count)
      }
      const zone = longestZone(zones, name)
      return zone ? inZone(query, zone) : next(query)
    }
  },
})

/** True if `localhost.<anything>` is answered too. */
function parse(directive: Directive): boolean {
  let answersPrefix = true
  directive.next()
  if (directive.remainingArguments().length > 0) throw directive.argumentError()
  while (directive.nextBlock()) {
    if (directive.value !== 'localhost_prefix') throw directive.error(`unknown property '${directive.value}'`)
    const args = directive.remainingArguments()
    if (args.length !== 1) throw directive.argumentError()
    if (args[0] !== 'on' && args[0] !== 'off') {
      throw directive.error(`localhost_prefix expects 'on' or 'off', got ${quote(args[0]!)}`)
    }
    answersPrefix = args[0] === 'on'
  }
  return answersPrefix
}

/** The answer table's hits count as well. */
const counted = (response: Response, used: () => void): Response =>
  amend(response, { reuse: { ...response.reuse, used } })

function inZone(query: Query, zone: Name): Response {
  const { name, type } = query
  if (name.equals(loopback)) {
    return type === types.PTR ? positive(query, types.PTR, nameRdata(localhost)) : negative(zone)
  }
  if (!name.equals(zone)) return negative(zone, rcodes.NXDOMAIN)
  if (type === types.SOA) return positive(query, types.SOA, soa)
  if (type === types.NS) return positive(query, types.NS, nameRdata(localhost))
  return (zone.equals(localhost) ? addressOf(query) : null) ?? negative(name)
}

function addressOf(query: Query): Response | null {
  if (query.type === types.A) return positive(query, types.A, ipv4)
  return query.type === types.AAAA ? positive(query, types.AAAA, ipv6) : null
}

function positive(query: Query, type: number, rdata: Uint8Array): Response {
  return respond('local', {
    answer: [new ResourceRecord(query.name, type, classes.IN, ttlSeconds, rdata)],
    reuse: reuseWhile(),
  })
}

function negative(owner: Name, rcode: number = rcodes.NOERROR): Response {
  const authority = [new ResourceRecord(owner, types.SOA, classes.IN, ttlSeconds, soa)]
  return respond('local', { rcode, authority, reuse: reuseWhile() })
}
