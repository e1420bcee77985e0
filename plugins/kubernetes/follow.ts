// Keeps a serving thread's index in step with the cluster: subscribes to the watch and applies what it says.

import type { ChangeBatch } from '../../k8s/store.ts'
import type { Host } from '../plugin.ts'
import type { ClusterIndex } from './cluster-index.ts'
import type { ClusterServiceOptions, ClusterUpdate } from './cluster-service.ts'
import { offerMetadata } from './metadata.ts'
import { type KubernetesOptions, wanted } from './options.ts'
import type { WatchOptions } from './watch.ts'

/** Subscribes the index to the cluster, and makes the plugin ready when it may answer. Batches are applied one after another, each a little at a time. */
export function follow(host: Host, options: KubernetesOptions, index: ClusterIndex): void {
  const learnLabels = offerMetadata(host, options, index)
  let restored = false
  const apply = (batch: ChangeBatch, applied: () => void): void => {
    host.inPieces(index.apply(batch, learnLabels), applied)
  }
  host.onReady(() => index.synced || restored)
  if (options.cluster) {
    const { cluster, startupTimeoutMs } = options
    const service: ClusterServiceOptions = { cluster, startupTimeoutMs }
    host.service<ClusterUpdate>('cluster', service, ({ batch, ready }) => {
      apply(batch, () => {
        restored ||= ready
      })
    })
    return
  }
  const service: WatchOptions = { manifests: options.manifests, ...wanted(options) }
  host.service<ChangeBatch>('watch', service, (batch) => apply(batch, () => {}))
}
