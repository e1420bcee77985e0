// What the plugin can tell about a query to `log`, `template`, `rewrite` and `view`: the parts of its name, and with `pods verified` the pod that asks.

import type { PodObject } from '../../k8s/objects.ts'
import { labelsBelow } from '../external-names.ts'
import type { Host } from '../plugin.ts'
import type { Query } from '../query.ts'
import { longestZone } from '../zones.ts'
import { textKey } from './addresses.ts'
import type { ClusterIndex } from './cluster-index.ts'
import { podLabelsMax } from './limits.ts'
import { type NameParts, readNameParts } from './name-parts.ts'
import { isMulticluster, type KubernetesOptions } from './options.ts'

const partLabels: Readonly<Record<string, (parts: NameParts) => string>> = {
  'port-name': ({ port }) => port,
  protocol: ({ protocol }) => protocol,
  endpoint: ({ endpoint }) => endpoint,
  service: ({ service }) => service,
  namespace: ({ namespace }) => namespace,
  kind: ({ tree }) => tree,
}

/** Offers `kubernetes/…`. The labels of pods become known with the pods: call the result with each pod's. */
export function offerMetadata(host: Host, options: KubernetesOptions, index: ClusterIndex): (pod: PodObject) => void {
  const partsOf = (query: Query): NameParts | null | undefined => {
    const zone = longestZone(options.zones, query.name)
    if (!zone) return undefined
    const forms = { zonal: options.zonal, multicluster: isMulticluster(options, zone) }
    return readNameParts(labelsBelow(query.name, zone), forms)
  }
  // Only a zone of a set of clusters tells clusters apart.
  const clusterOf = (query: Query): string | undefined => {
    const zone = longestZone(options.zones, query.name)
    return zone && isMulticluster(options, zone) ? partsOf(query)?.cluster : undefined
  }
  for (const [label, value] of Object.entries(partLabels)) {
    host.offerMetadata(`kubernetes/${label}`, (query) => {
      const parts = partsOf(query)
      return parts ? value(parts) : undefined
    })
  }
  if (options.zonal) host.offerMetadata('kubernetes/zone', (query) => partsOf(query)?.topologyZone)
  if (options.multiclusterZones.length > 0) host.offerMetadata('kubernetes/cluster', (query) => clusterOf(query))
  host.offerMetadata('kubernetes/parse-error', (query) => (partsOf(query) === null ? 'invalid query name' : undefined))
  if (options.pods !== 'verified') return () => {}

  const podOf = (query: Query): PodObject | undefined => index.podsByAddress.get(textKey(query.client.address))[0]
  host.offerMetadata('kubernetes/client-namespace', (query) => podOf(query)?.namespace)
  host.offerMetadata('kubernetes/client-pod-name', (query) => podOf(query)?.name)
  const offered = new Set<string>()
  return ({ labels }) => {
    for (const key of Object.keys(labels)) {
      if (offered.has(key) || offered.size >= podLabelsMax) continue
      offered.add(key)
      if (offered.size === podLabelsMax) host.log.warning(`only the first ${podLabelsMax} labels of pods are metadata`)
      host.offerMetadata(`kubernetes/client-label/${key}`, (query) => {
        const pod = podOf(query)
        return pod && Object.hasOwn(pod.labels, key) ? pod.labels[key] : undefined
      })
    }
  }
}
