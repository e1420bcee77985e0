// `kubernetes`: answers the names of a cluster's Services and pods (DNS-Based Service Discovery for Kubernetes, schema 1.1.0).
//
//   service `watch` (once a process) ── ChangeBatch ──► ClusterIndex ◄── Answerer ◄── layer ◄── query
//                                                                           └─ Denial ─► NXDOMAIN, or the next layer (`fallthrough`)

import type { ChangeBatch } from '../../k8s/store.ts'
import { NameError } from '../../wire/name.ts'
import { rcodes, types } from '../../wire/registry.ts'
import { whenAnswered } from '../answered.ts'
import { ConfigError } from '../directive.ts'
import { definePlugin, type Host, type Layer } from '../plugin.ts'
import { depend, fail } from '../response.ts'
import { longestZone } from '../zones.ts'
import { Answerer, type AnswererParts, Denial } from './answerer.ts'
import { ClusterIndex } from './cluster-index.ts'
import { localAddresses } from './local-addresses.ts'
import { offerMetadata } from './metadata.ts'
import { type KubernetesOptions, readOptions } from './options.ts'
import { apiServer, watch } from './watch.ts'

export const kubernetes = definePlugin({
  name: 'kubernetes',
  setup(directive, host) {
    const options = readOptions(directive, host)
    const index = new ClusterIndex({ podNames: options.endpointPodNames, zonal: options.zonal })
    let local: readonly Uint8Array[] = []
    host.onStart(() => {
      local = localAddresses(host.block.settings.addresses)
    })
    host.onReady(() => index.synced)
    host.metrics.histogram(programmingDuration)
    const answerer = makeAnswerer({ options, index, resolve: host.resolve, localAddresses: () => local })
    follow(host, options, index)
    return layerOf(options, index, answerer)
  },
  services: { watch, apiServer },
})

const programmingDuration = {
  name: 'coredns_kubernetes_dns_programming_duration_seconds',
  help: 'Histogram of the time (in seconds) it took to program a dns instance.',
  labels: ['service_kind'],
  buckets: Array.from({ length: 20 }, (_, i) => 0.001 * 2 ** i),
}

function makeAnswerer(parts: AnswererParts): Answerer {
  try {
    return new Answerer(parts)
  } catch (error) {
    if (error instanceof NameError) throw new ConfigError(`a zone is too long for the names below it: ${error.message}`)
    throw error
  }
}

/** Subscribes the index to the cluster. Batches are applied one after another, each a little at a time. */
function follow(host: Host, options: KubernetesOptions, index: ClusterIndex): void {
  const learnLabels = offerMetadata(host, options, index)
  if (options.manifests === '') {
    host.service('apiServer', options.apiServer, () => {})
    return
  }
  const wanted = {
    manifests: options.manifests,
    labels: options.labels,
    namespaceLabels: options.namespaceLabels,
    endpoints: options.endpoints,
    pods: options.pods === 'verified',
  }
  host.service<ChangeBatch>('watch', wanted, (batch) => {
    for (const object of batch.upserts) if (object.kind === 'Pod') learnLabels(object)
    host.inPieces(index.apply(batch), () => {})
  })
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
    const depends = index.synced ? verdict.depends : [...verdict.depends, index.completion.version]
    return whenAnswered(next(query), (response) => depend(response, depends))
  }
}
