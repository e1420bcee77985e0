// The file plugin: authoritative zones from master files. A service reads and watches the files in the main thread; this layer holds the zones that it sent
// and answers from them, synchronously unless an alias leads out of the zone. `transfer` may have them whole.

import type { Name } from '../../wire/name.ts'
import { rcodes } from '../../wire/registry.ts'
import { definePlugin, type Layer } from '../plugin.ts'
import { fail } from '../response.ts'
import { ServedZone } from '../served-zone.ts'
import { ZoneAnswers } from '../zone-answers.ts'
import type { ZoneFileOptions } from '../zone-file.ts'
import { type TransferSource, transferable, transferSource } from '../zone-transfer.ts'
import { longestZone } from '../zones.ts'
import { type FileConfig, readConfig } from './config.ts'
import { type ZoneBatch, zoneFiles } from './zone-files.ts'

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
    host.offer(transferSource, sourceOf(served))
    return layer(config, served, new ZoneAnswers('file', host))
  },
  services: { zones: zoneFiles },
})

function layer({ fallthrough }: FileConfig, served: ReadonlyMap<string, ServedZone>, answers: ZoneAnswers): Layer {
  const names: readonly Name[] = [...served.values()].map((zone) => zone.origin)
  return (next) => (query) => {
    const origin = longestZone(names, query.name)
    // With nobody behind it this is the authoritative server, which refuses what is not its own.
    if (!origin) return next.last ? fail(rcodes.REFUSED) : next(query)
    return answers.answer(served.get(origin.key)!, query, { fallthrough, next })
  }
}

/** The zones for `transfer`: whole, in the version that is served when a transfer begins. */
function sourceOf(served: ReadonlyMap<string, ServedZone>): TransferSource {
  return {
    open(apex) {
      const zone = served.get(apex.key)
      if (!zone) return null
      return zone.zone ? transferable(zone.zone) : 'unready'
    },
    watch(changed) {
      for (const zone of served.values()) zone.watch(({ origin, serial }) => changed(origin, serial))
    },
  }
}
