// `family`: NODATA at once for addresses of a family that the cluster does not have. It stands before all that answers or looks anything up.
//
//   A, AAAA from a client ─► family in use? ─yes─► next plugin
//                                 └no─► NODATA with a SOA

import { Name } from '../../wire/name.ts'
import { soaRdata } from '../../wire/rdata.ts'
import { ResourceRecord } from '../../wire/record.ts'
import { classes, typeName, types } from '../../wire/registry.ts'
import { addressFamilies, addressFamilyPlugins, type FamiliesInUse } from '../address-families.ts'
import { whenAnswered } from '../answered.ts'
import { ConfigError, type Directive } from '../directive.ts'
import { definePlugin, type Handler, type Host } from '../plugin.ts'
import type { Query } from '../query.ts'
import { amend, depend, type Response, respond, reuseWhile } from '../response.ts'
import { longestZone, zonesOrBlock } from '../zones.ts'

/** How long clients may keep the answer, in seconds. */
const ttlSeconds = 30

// The names say nothing, in the fewest octets.
const soa = soaRdata({
  ...{ mname: Name.root, rname: Name.root, serial: 1 },
  ...{ refresh: 7200, retry: 1800, expire: 86_400, minimum: ttlSeconds },
})

export const family = definePlugin({
  name: 'family',
  setup(directive, host) {
    const { mode, except } = readConfig(directive, host)
    const answered = host.metrics.counter({
      name: 'meridian_family_answered_requests_total',
      help: 'Counter of queries for addresses of a family that the cluster does not have.',
      labels: ['server', 'type'],
    })
    const count = (type: number) => (server: string) => answered.with(server, typeName(type)).increment()
    const inUse = mode === 'auto' ? knownBy(host) : () => fixed[mode]
    return (next: Handler) => (query: Query) => {
      const { type, name, depth, server } = query
      const asksAddress = type === types.A || type === types.AAAA
      // What an answer leads to is asked for the sake of a name that was let through.
      if (!asksAddress || depth > 0 || longestZone(except, name)) return next(query)
      const { v4, v6, depends } = inUse()
      if (type === types.A ? v4 : v6) return whenAnswered(next(query), (response) => depend(response, depends))
      const used = count(type)
      used(server)
      return noData(query, depends, used)
    }
  },
})

type Mode = 'v4' | 'v6' | 'auto'

const fixed: Readonly<Record<'v4' | 'v6', FamiliesInUse>> = {
  v4: { v4: true, v6: false, depends: [] },
  v6: { v4: false, v6: true, depends: [] },
}

const isMode = (word: string | undefined): word is Mode => word === 'v4' || word === 'v6' || word === 'auto'

function readConfig(directive: Directive, { block }: Host): { mode: Mode; except: readonly Name[] } {
  directive.next()
  const [mode, keyword, ...zones] = directive.remainingArguments()
  if (mode === undefined) throw directive.argumentError()
  if (!isMode(mode)) throw directive.error(`unknown family '${mode}', expected v4, v6 or auto`)
  if (keyword !== undefined && keyword !== 'except') throw directive.error(`unknown property '${keyword}'`)
  if (keyword !== undefined && zones.length === 0) throw directive.argumentError()
  if (directive.nextBlock()) throw directive.error(`unknown property '${directive.value}'`)
  if (directive.next()) throw new ConfigError('this plugin can only be used once per Server Block')
  if (mode === 'auto' && !addressFamilyPlugins.some((plugin) => block.has(plugin))) {
    throw directive.error(`auto needs one of these plugins in the server block: ${addressFamilyPlugins.join(', ')}`)
  }
  return { mode, except: zones.length === 0 ? [] : zonesOrBlock(zones, []) }
}

/** What the block's cluster says: asked for at the first query, because its plugin is set up after this one. */
function knownBy(host: Host): () => FamiliesInUse {
  let source: { inUse(): FamiliesInUse } | null = null
  return () => {
    source ??= host.offered(addressFamilies)[0]!.value
    return source.inUse()
  }
}

function noData(query: Query, depends: FamiliesInUse['depends'], used: (server: string) => void): Response {
  const { name, zone } = query
  const owner = zone.isRoot ? name : name.suffix(name.labelCount - zone.labelCount)
  const authority = [new ResourceRecord(owner, types.SOA, classes.IN, ttlSeconds, soa)]
  const response = respond('family', { aa: true, authority, reuse: reuseWhile(...depends) })
  return amend(response, { reuse: { ...response.reuse, used } })
}
