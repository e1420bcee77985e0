// For the tests of *kubernetes*: an answerer over an index, asked without a server around it.

import { batchOf } from '../../k8s/object-bytes.ts'
import type { ClusterObject } from '../../k8s/objects.ts'
import type { ChangeBatch } from '../../k8s/store.ts'
import { octetsOf } from '../../plugins/kubernetes/addresses.ts'
import { Answerer, Denial } from '../../plugins/kubernetes/answerer.ts'
import { ClusterIndex } from '../../plugins/kubernetes/cluster-index.ts'
import type { KubernetesOptions } from '../../plugins/kubernetes/options.ts'
import type { Answered } from '../../plugins/plugin.ts'
import type { Query } from '../../plugins/query.ts'
import { type Response, respond, reuseWhile } from '../../plugins/response.ts'
import { recordOf } from '../../plugins/service-records.ts'
import { Fallthrough, longestZone } from '../../plugins/zones.ts'
import { Name } from '../../wire/name.ts'
import { formatRecord } from '../../wire/presentation.ts'
import { rcodeName, rcodes, types } from '../../wire/registry.ts'
import { queryOf } from './query.ts'

const zones = ['cluster.local.', 'clusterset.local.', 'in-addr.arpa.', 'ip6.arpa.'].map((zone) => Name.parse(zone))

export const plainOptions: KubernetesOptions = {
  zones,
  multiclusterZones: [zones[1]!],
  primaryZone: zones[0]!,
  manifests: '',
  cluster: null,
  startupTimeoutMs: 0,
  namespaces: new Set(),
  namespaceLabels: '',
  labels: '',
  pods: 'disabled',
  endpointPodNames: false,
  ttlSeconds: 5,
  endpoints: true,
  endpointPolicy: 'ready',
  ignoreEmptyService: false,
  zonal: false,
  podLabels: false,
  fallthrough: Fallthrough.none,
}

/** An index and what answers from it. */
export class TestCluster {
  readonly index: ClusterIndex
  readonly #options: KubernetesOptions
  readonly #answerer: Answerer

  constructor(changes: Partial<KubernetesOptions> = {}, local: readonly string[] = []) {
    const options = { ...plainOptions, ...changes }
    this.#options = options
    this.index = new ClusterIndex({ podNames: options.endpointPodNames, zonal: options.zonal })
    this.#answerer = new Answerer({
      options,
      index: this.index,
      resolve: elsewhere,
      localAddresses: () => local.map((text) => octetsOf(text)!),
    })
  }

  apply(batch: ChangeBatch): void {
    for (const _ of this.index.apply(batch));
  }

  /** As `apply`, for objects that come with the first list. */
  load(objects: readonly ClusterObject[]): void {
    const changes = objects.map((object) => ({ object }))
    this.apply(batchOf(changes, { serial: 1, synced: true, whole: false }))
  }

  /** Asks `'web.prod.svc.cluster.local. A'`; null is silence. */
  ask(question: string): Response | null {
    const query = queryOf(question)
    const zone = longestZone(this.#options.zones, query.name)!
    const verdict = this.#answerer.answer(query, zone)
    if (verdict instanceof Promise) throw new Error('nothing here has to be waited for')
    return verdict instanceof Denial ? this.#answerer.deny(query, zone, verdict) : verdict
  }
}

/** Everything outside the cluster has one address. */
function elsewhere(query: Query): Answered {
  const answer = query.type === types.A ? [recordOf(query.name, types.A, 60, Uint8Array.of(192, 0, 2, 1))] : []
  return respond('elsewhere', {
    rcode: answer.length > 0 ? rcodes.NOERROR : rcodes.NXDOMAIN,
    answer,
    reuse: reuseWhile(),
  })
}

/** The response as sorted text: rcode, then each record with its section's first letter. */
export function textOf(response: Response | null): string[] {
  if (!response) return ['silence']
  const section = (letter: string, records: Response['answer']): string[] =>
    records.map((record) => `${letter} ${formatRecord(record)}`).sort()
  return [
    rcodeName(response.rcode),
    ...section('answer', response.answer),
    ...section('authority', response.authority),
    ...section('additional', response.additional),
  ]
}
