// The services: the watch on the cluster, once a process however many threads serve it, and the refusal where there is only an API server to watch.

import { access, stat } from 'node:fs/promises'
import type { Decoded } from '../../k8s/decode.ts'
import { ManifestSource } from '../../k8s/manifests.ts'
import type { ClusterObject } from '../../k8s/objects.ts'
import { parseSelector } from '../../k8s/selector.ts'
import { ObjectStore } from '../../k8s/store.ts'
import { ConfigError } from '../directive.ts'
import { fileReason } from '../file-reason.ts'
import { defineService } from '../plugin.ts'
import type { ApiServer } from './options.ts'

/** What is watched; equal options share a watch. */
export interface WatchOptions {
  /** A file or folder. */
  readonly manifests: string
  /** Selectors of Services, EndpointSlices and Pods, and of Namespaces. */
  readonly labels: string
  readonly namespaceLabels: string
  readonly endpoints: boolean
  readonly pods: boolean
}

const manifestErrors = {
  name: 'meridian_kubernetes_manifest_errors_total',
  help: 'Counter of manifest files, documents and objects that could not be read.',
}

/** Watches manifests and posts what changes of the objects that the options ask for. */
export const watch = defineService<WatchOptions>({
  async start(options, context) {
    const store = new ObjectStore(() => context.clock.wall())
    const errors = context.metrics.counter(manifestErrors).with()
    const wanted = filterOf(options)
    const source = new ManifestSource({
      path: options.manifests,
      after: (delayMs, task) => context.clock.after(delayMs, task),
      changed(objects) {
        const completed = store.markSynced()
        const batch = store.replace(wanted.kinds, wanted.select(objects)) ?? completed
        if (batch) context.publish(batch)
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
      throw fileError('stat', options.manifests, error)
    }
    return { snapshot: () => store.snapshot(), stop: () => source.stop() }
  },
})

/** What a list with the same selectors would give. */
function filterOf(options: WatchOptions) {
  const labels = parseSelector(options.labels)
  const namespaceLabels = parseSelector(options.namespaceLabels)
  const kinds = new Set<ClusterObject['kind']>(['Namespace', 'Service'])
  if (options.endpoints) kinds.add('EndpointSlice')
  if (options.pods) kinds.add('Pod')
  return {
    kinds,
    select: (decoded: readonly Decoded[]): ClusterObject[] =>
      decoded.flatMap(({ object, labels: own }) => {
        if (!object || !kinds.has(object.kind)) return []
        return (object.kind === 'Namespace' ? namespaceLabels : labels).matches(own) ? [object] : []
      }),
  }
}

const serviceAccountToken = '/var/run/secrets/kubernetes.io/serviceaccount/token'

/** Stands where the API client will: says what CoreDNS would say to such a configuration, and refuses the rest. */
export const apiServer = defineService<ApiServer>({
  async start({ kubeconfig, endpoint }) {
    if (kubeconfig !== '') await stat(kubeconfig).catch(rethrow('stat', kubeconfig))
    else if (endpoint === '') await checkInCluster()
    throw new ConfigError('the Kubernetes API client is not built yet in Meridian; use manifests PATH')
  },
})

async function checkInCluster(): Promise<void> {
  if (!process.env.KUBERNETES_SERVICE_HOST || !process.env.KUBERNETES_SERVICE_PORT)
    throw new ConfigError(
      'unable to load in-cluster configuration, KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT must be defined',
    )
  await access(serviceAccountToken).catch(rethrow('open', serviceAccountToken))
}

const rethrow = (operation: string, path: string) => (error: unknown) => {
  throw fileError(operation, path, error)
}

const fileError = (operation: string, path: string, error: unknown): ConfigError =>
  new ConfigError(`${operation} ${path}: ${fileReason(error)}`)
