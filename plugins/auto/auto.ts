// `auto`: authoritative zones from the master files of a folder, which come and go with them. A service reads and watches the folder in the main thread; this layer holds the
// zones that it sent. `transfer` may have them whole.

import { rcodes } from '../../wire/registry.ts'
import { whenAnswered } from '../answered.ts'
import { type Answered, definePlugin, type Handler } from '../plugin.ts'
import type { Query } from '../query.ts'
import { depend, fail } from '../response.ts'
import { ZoneAnswers } from '../zone-answers.ts'
import { transferSource } from '../zone-transfer.ts'
import { Fallthrough, longestZone } from '../zones.ts'
import { readConfig } from './config.ts'
import { ServedZones } from './served-zones.ts'
import { type DirectoryBatch, zoneDirectory } from './zone-directory.ts'

export const auto = definePlugin({
  name: 'auto',
  setup(directive, host) {
    const { zones, directory } = readConfig(directive, host)
    const served = new ServedZones(host)
    if (directory) host.service('zones', directory, (batch: DirectoryBatch) => served.receive(batch))
    else host.log.warning('No directory is named: there are no zones')
    host.offer(transferSource, served)
    const answers = new ZoneAnswers('auto', host)
    return (next) => (query) =>
      longestZone(zones, query.name) ? answer(query, { served, answers, next }) : next(query)
  },
  services: { zones: zoneDirectory },
})

interface Parts {
  readonly served: ServedZones
  readonly answers: ZoneAnswers
  readonly next: Handler
}

function answer(query: Query, { served, answers, next }: Parts): Answered {
  const { version } = served.census
  return whenAnswered(pick(query, { served, answers, next }), (response) => depend(response, [version]))
}

function pick(query: Query, { served, answers, next }: Parts): Answered {
  const zone = served.find(query.name)
  if (zone) return answers.answer(zone, query, { fallthrough: Fallthrough.none, next })
  // With nobody behind it this is the authoritative server, which refuses what is not its own.
  return next.last ? fail(rcodes.REFUSED) : next(query)
}
