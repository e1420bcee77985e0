// `kubernetes`: answers the names of a cluster's Services and pods (DNS-Based Service Discovery for Kubernetes, schema 1.1.0).
//
//   services `cluster`, `watch` (once a process) ── ChangeBatch ──► ClusterIndex ◄── Answerer ◄── layer ◄── query
//                                                                           └─ Denial ─► NXDOMAIN, or the next layer (`fallthrough`)

import { NameError } from '../../wire/name.ts'
import { rcodes, types } from '../../wire/registry.ts'
import { addressFamilies } from '../address-families.ts'
import { whenAnswered } from '../answered.ts'
import { ConfigError } from '../directive.ts'
import { externalNames } from '../external-names.ts'
import { definePlugin, type Layer } from '../plugin.ts'
import { depend, fail } from '../response.ts'
import { searchPath } from '../search-path.ts'
import { transferSource } from '../zone-transfer.ts'
import { longestZone } from '../zones.ts'
import { ClusterFamilies } from './address-families.ts'
import { Answerer, type AnswererParts, Denial } from './answerer.ts'
import { ClusterIndex } from './cluster-index.ts'
import { programmingDuration } from './cluster-metrics.ts'
import { cluster } from './cluster-service.ts'
import { External } from './external.ts'
import { follow } from './follow.ts'
import { localAddresses } from './local-addresses.ts'
import { type KubernetesOptions, readOptions } from './options.ts'
import { SearchPaths } from './search-path.ts'
import { ClusterZones } from './transfer.ts'
import { watch } from './watch.ts'

export const kubernetes = definePlugin({
  name: 'kubernetes',
  setup(directive, host) {
    const options = readOptions(directive, host)
    const index = new ClusterIndex({ podNames: options.endpointPodNames, zonal: options.zonal })
    let local: readonly Uint8Array[] = []
    host.onStart(() => {
      local = localAddresses(host.block.settings.addresses)
    })
    programmingDuration(host.metrics)
    const parts = { options, index, resolve: host.resolve, localAddresses: () => local }
    const answerer = makeAnswerer(parts)
    host.offer(externalNames, new External({ ...parts, transferable: host.block.has('transfer') }))
    host.offer(transferSource, new ClusterZones({ ...parts, host }))
    host.offer(addressFamilies, new ClusterFamilies(index))
    host.offer(searchPath, new SearchPaths(options, index))
    follow(host, options, index)
    return layerOf(options, index, answerer)
  },
  services: { watch, cluster },
})

function makeAnswerer(parts: AnswererParts): Answerer {
  try {
    return new Answerer(parts)
  } catch (error) {
    if (error instanceof NameError) throw new ConfigError(`a zone is too long for the names below it: ${error.message}`)
    throw error
  }
}

function layerOf(options: KubernetesOptions, index: ClusterIndex, answerer: Answerer): Layer {
  return (next) => (query) => {
    const zone = longestZone(options.zones, query.name)
    if (!zone) return next(query)
    // Transfers are the business of the `transfer` plugin.
    if (query.type === types.AXFR || query.type === types.IXFR) return fail(rcodes.REFUSED)
    const verdict = answerer.answer(query, zone)
    if (!(verdict instanceof Denial)) return verdict
    if (!options.fallthrough.through(query.name)) return answerer.deny(query, zone, verdict)
    const depends = [...verdict.depends, index.completion.version]
    return whenAnswered(next(query), (response) => depend(response, depends))
  }
}
