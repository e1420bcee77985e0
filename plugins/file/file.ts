// The file plugin: authoritative zones from master files. A service reads and watches the files in the main thread; this layer holds the zones that it sent
// and answers from them, synchronously unless an alias leads out of the zone.

import type { Name } from '../../wire/name.ts'
import { edeCodes, opcodes, rcodes, types } from '../../wire/registry.ts'
import { whenAnswered } from '../answered.ts'
import { type Answered, definePlugin, type Handler, type Layer, type Log } from '../plugin.ts'
import type { Query } from '../query.ts'
import { depend, fail } from '../response.ts'
import { longestZone } from '../zones.ts'
import { AnswerMaker } from './answers.ts'
import { type FileConfig, readConfig } from './config.ts'
import { ServedZone } from './served-zone.ts'
import { type ZoneBatch, type ZoneFileOptions, zoneFiles } from './zone-files.ts'

/** The plugin `file`: authoritative zones from master files. */
export const file = definePlugin({
  name: 'file',
  setup(directive, host) {
    const config = readConfig(directive, host)
    const served = new Map<string, ServedZone>()
    for (const { shown, path, origins, reloadMs, byMtime } of config.files) {
      const zones = origins.map((origin) => new ServedZone(origin, host))
      for (const zone of zones) served.set(zone.origin.key, zone)
      const options: ZoneFileOptions = { shown, path, origins: origins.map(String), reloadMs, byMtime }
      host.service('zones', options, (batch: ZoneBatch) => {
        for (const [index, zone] of zones.entries()) zone.receive(batch.zones?.[index] ?? null)
      })
    }
    const maker = new AnswerMaker(host)
    return layer(config, served, { maker, log: host.log })
  },
  services: { zones: zoneFiles },
})

function layer(config: FileConfig, served: ReadonlyMap<string, ServedZone>, tools: Pick<Rest, 'maker' | 'log'>): Layer {
  const names: readonly Name[] = [...served.values()].map((zone) => zone.origin)
  return (next) => (query) => {
    const origin = longestZone(names, query.name)
    // With nobody behind it this is the authoritative server, which refuses what is not its own.
    if (!origin) return next.last ? fail(rcodes.REFUSED) : next(query)
    return answer(served.get(origin.key)!, query, { config, next, ...tools })
  }
}

interface Rest {
  readonly config: FileConfig
  readonly maker: AnswerMaker
  readonly next: Handler
  readonly log: Log
}

function answer(served: ServedZone, query: Query, { config, maker, next, log }: Rest): Answered {
  const { zone } = served
  if (!zone) return unloaded(served.origin)
  if (query.type === types.AXFR || query.type === types.IXFR) return fail(rcodes.REFUSED)
  // A primary is told nothing (RFC 1996 3.10).
  if (query.opcode === opcodes.NOTIFY) {
    log.info(`Dropping notify from ${query.client.address} for ${served.origin}`)
    return null
  }
  const found = maker.find(zone, query)
  const missing = found.kind === 'nxdomain' || found.emptyNonTerminal
  if (!missing || !config.fallthrough.through(query.name)) return maker.answer(found, served, query)
  // That the name is missing is data too: what the next plugin says holds no longer than this zone.
  const { version } = served.versioned
  return whenAnswered(next(query), (response) => depend(response, [version]))
}

function unloaded(origin: Name): Answered {
  const ede = { code: edeCodes.NOT_READY, text: `zone ${origin} is not loaded` }
  return fail(rcodes.SERVFAIL, `zone ${origin} is not loaded`, [ede])
}
