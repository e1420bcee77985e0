// `k8s_external`: names for the Services of a cluster in zones of the world outside, with the addresses under which they are reached from there.
//
//   kubernetes ── offers ExternalNames ──► ExternalAnswerer ◄── layer ◄── query
//                                                └─ Denial ─► NXDOMAIN, or the next layer (`fallthrough`)

import { NameError } from '../../wire/name.ts'
import { rcodes, types } from '../../wire/registry.ts'
import { whenAnswered } from '../answered.ts'
import { ConfigError } from '../directive.ts'
import { externalNames } from '../external-names.ts'
import { definePlugin } from '../plugin.ts'
import { depend, fail } from '../response.ts'
import { transferSource } from '../zone-transfer.ts'
import { longestZone } from '../zones.ts'
import { Denial, ExternalAnswerer } from './external-answerer.ts'
import { readOptions } from './options.ts'
import { ExternalTransfer } from './transfer.ts'

export const k8s_external = definePlugin({
  name: 'k8s_external',
  setup(directive, host) {
    const options = readOptions(directive, host.block)
    if (!host.block.has('kubernetes')) throw new ConfigError('kubernetes plugin not loaded')
    const answerer = answererOf(options, host.resolve)
    host.onStart(() => {
      answerer.source = host.offered(externalNames)[0]?.value ?? null
    })
    host.offer(transferSource, new ExternalTransfer(options, answerer, host))
    return (next) => (query) => {
      const zone = longestZone(options.zones, query.name)
      if (!zone) return next(query)
      // Transfers are the business of the `transfer` plugin.
      if (query.type === types.AXFR || query.type === types.IXFR) return fail(rcodes.REFUSED)
      const verdict = answerer.answer(query, zone)
      if (!(verdict instanceof Denial)) return verdict
      if (!verdict.passes || !options.fallthrough.through(query.name)) return answerer.deny(query, zone, verdict)
      return whenAnswered(next(query), (response) => depend(response, answerer.reasons(verdict)))
    }
  },
})

function answererOf(...parts: ConstructorParameters<typeof ExternalAnswerer>): ExternalAnswerer {
  try {
    return new ExternalAnswerer(...parts)
  } catch (error) {
    if (error instanceof NameError) throw new ConfigError(`a zone is too long for the names below it: ${error.message}`)
    throw error
  }
}
