// The k8s thread: a worker in which clusters are listed, watched and decoded, so that no serving thread ever waits for it. Each line is one watch.

import { type MessagePort, parentPort } from 'node:worker_threads'
import { SharedCredentials } from './api/shared-credentials.ts'
import { systemClock } from './clock.ts'
import type { ClusterOrder } from './cluster-line.ts'
import { ClusterSession } from './cluster-session.ts'

/** A bug ends the thread; the main thread starts another, and goes on with what it knew. */
const failed = (error: unknown): void => {
  setImmediate(() => {
    throw error
  })
}

const credentials = new SharedCredentials(systemClock)

parentPort!.on('message', ({ line }: { readonly line: MessagePort }) => {
  const session = new ClusterSession({ line, clock: systemClock, credentials, failed })
  line.on('message', (order: ClusterOrder) => session.obey(order))
  line.on('close', () => void session.end())
})
