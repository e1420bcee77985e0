// The API server of the runs on a large cluster: the fake one of test/support in a process of its own on the load's core, so that its CPU time and memory are nobody else's.
// It is told its cluster and its faults over the line to its parent; whatever changes in the cluster is written over HTTPS, as to a real one.

import { type ChildProcess, fork } from 'node:child_process'
import { ApiServer } from '../test/support/api-server/api-server.ts'
import type { KubernetesObject as StoredObject } from '../test/support/api-server/kubernetes-object.ts'
import { type ClusterSize, kubernetesObjects } from './cluster-data.ts'
import { moveProcess } from './cores.ts'

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
  const child = fork(import.meta.filename, [], { execArgv: [], stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  const ended = new Promise<never>((_, reject) => {
    child.once('error', reject)
    child.once('exit', (code) => reject(new Error(`the API server's process ended with ${code}`)))
  })
  ended.catch(() => {})
  const abandon = (): void => void child.kill()
  process.once('exit', abandon)
  const say = (order: Order): Promise<Answer> => Promise.race([answerTo(child, order), ended])
  const answer = await say({ load: size })
  moveProcess(child.pid ?? 0, core)
  return {
    ...answer,
    title: 'the fake API server',
    relist: async () => void (await say('relist')),
    async stop() {
      process.off('exit', abandon)
      const gone = new Promise((resolve) => child.once('exit', resolve))
      child.disconnect()
      await gone
    },
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

function answerTo(child: ChildProcess, order: Order): Promise<Answer> {
  return new Promise((resolve) => {
    child.once('message', (answer) => resolve(answer as Answer))
    child.send(order)
  })
}

// ---- the process ---------------------------------------------------------------------------------------------------------------------

async function obey(): Promise<void> {
  const api = await ApiServer.start({ tls: true, clientCertificates: true })
  const { certificate, key, authority } = api.certificateFiles
  const answer: Answer = {
    kubeconfig: api.kubeconfig(),
    lines: [`endpoint ${api.url}`, `tls ${certificate} ${key} ${authority}`],
  }
  process.on('message', (order: Order) => {
    if (order === 'relist') {
      api.compact()
      api.faults.dropConnections()
    } else if (order.load) api.put(kubernetesObjects(order.load) as Iterable<StoredObject>)
    process.send?.(answer)
  })
  process.once('disconnect', () => void api.close().then(() => process.exit(0)))
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => void api.close().then(() => process.exit(0)))
}

if (import.meta.main) await obey()
