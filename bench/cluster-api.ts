// The API server of the runs on a large cluster: the fake one of test/support in a process of its own on the load's core, so that its CPU time and memory are nobody else's.
// It is told its cluster and its faults over the line to its parent; whatever changes in the cluster is written over HTTPS, as to a real one.

import { ApiServer } from '../test/support/api-server/api-server.ts'
import type { KubernetesObject as StoredObject } from '../test/support/api-server/kubernetes-object.ts'
import { Child, obey } from './child.ts'
import { type ClusterSize, kubernetesObjects } from './cluster-data.ts'

/** What the process is told; it answers each with an `Answer`. */
type Order = { readonly load: ClusterSize | null } | 'relist'

/** What clients need. */
interface Answer {
  /** Path of a kubeconfig. */
  readonly kubeconfig: string
  /** Lines of *kubernetes* that name the server and the files to be somebody there, as a Pod finds them; with a kubeconfig Meridian starts a process that reads it. */
  readonly lines: readonly string[]
}

/** An API server that servers can be started on. */
export interface ClusterApi extends Answer {
  /** What it is, for the table. */
  readonly title: string
  /** Makes every client list everything again: all connections break, and old versions are gone. Null where the server is not ours. */
  readonly relist: (() => Promise<void>) | null
  stop(): Promise<void>
}

/** Starts the fake API server with a cluster on a core; without a size with the namespaces of a new one. */
export async function startFakeApi(size: ClusterSize | null, core: number): Promise<ClusterApi> {
  const child = new Child<Order, Answer>(import.meta.filename, core)
  const answer = await child.tell({ load: size })
  return {
    ...answer,
    title: 'the fake API server',
    relist: async () => void (await child.tell('relist')),
    stop: () => child.stop(),
  }
}

/** An API server of the user's. */
export const ownApi = (kubeconfig: string): ClusterApi => ({
  kubeconfig,
  lines: [`kubeconfig ${kubeconfig}`],
  title: kubeconfig,
  relist: null,
  stop: async () => {},
})

// ---- the process ---------------------------------------------------------------------------------------------------------------------

async function serve(): Promise<void> {
  const api = await ApiServer.start({ tls: true, clientCertificates: true })
  const { certificate, key, authority } = api.certificateFiles
  const answer: Answer = {
    kubeconfig: api.kubeconfig(),
    lines: [`endpoint ${api.url}`, `tls ${certificate} ${key} ${authority}`],
  }
  obey<Order, Answer>(
    (order) => {
      if (order === 'relist') {
        api.compact()
        api.faults.dropConnections()
      } else if (order.load) api.put(kubernetesObjects(order.load) as Iterable<StoredObject>)
      return answer
    },
    () => api.close(),
  )
}

if (import.meta.main) await serve()
