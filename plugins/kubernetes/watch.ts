// The service `watch`: manifests in a cluster's place, watched once a process however many threads serve them.

import type { Decoded } from '../../k8s/decoder.ts'
import type { Labels } from '../../k8s/objects.ts'
import { parseSelector } from '../../k8s/selector.ts'
import { ObjectStore } from '../../k8s/store.ts'
import { ConfigError } from '../directive.ts'
import { fileReason } from '../file-reason.ts'
import { defineService } from '../plugin.ts'
import type { Wanted } from './options.ts'

/** What is watched; equal options share a watch. */
export interface WatchOptions extends Wanted {
  /** A file or folder. */
  readonly manifests: string
}

const manifestErrors = {
  name: 'meridian_kubernetes_manifest_errors_total',
  help: 'Counter of manifest files, documents and objects that could not be read.',
}

/** Watches manifests and posts what changes of the objects that the options ask for. */
export const watch = defineService<WatchOptions>({
  async start(options, context) {
    // Loaded when there are manifests: a server that watches an API server does without YAML.
    const { ManifestSource } = await import('../../k8s/manifests.ts')
    const store = new ObjectStore({ wall: () => context.clock.wall() })
    const errors = context.metrics.counter(manifestErrors).with()
    const selects = selectionOf(options)
    const source = new ManifestSource({
      path: options.manifests,
      trim: options.trim,
      after: (delayMs, task) => context.clock.after(delayMs, task),
      changed(objects) {
        const selected = objects.filter(selects)
        const batches = options.kinds.flatMap((kind) => {
          const listing = store.listing(kind)
          return [listing.put(selected), listing.end()]
        })
        for (const batch of [...batches, store.markSynced()]) if (batch) context.publish(batch)
      },
      problem(text) {
        errors.increment()
        context.log.warning(text)
      },
    })
    try {
      await source.start()
    } catch (error) {
      await source.stop()
      throw new ConfigError(`stat ${options.manifests}: ${fileReason(error)}`)
    }
    return { snapshot: () => store.snapshot(), stop: () => source.stop() }
  },
})

/** True for what a list with the same selectors would have. */
function selectionOf(options: WatchOptions): (decoded: Decoded) => boolean {
  const labels = parseSelector(options.labels)
  const namespaceLabels = parseSelector(options.namespaceLabels)
  const matches = ({ kind }: Decoded['name'], own: Labels): boolean =>
    (kind === 'Namespace' || kind === 'ServiceImport' ? namespaceLabels : labels).matches(own)
  return ({ name, labels: own }) => matches(name, own)
}
