// The process that turns a kubeconfig into credentials (credentials-process.ts says why it is one): answers one order and ends.

import { ConnectionError } from './api-connection.ts'
import { AccessError } from './credentials.ts'
import type { CredentialsOrder, CredentialsReply } from './credentials-process.ts'
import { kubeconfigCredentials } from './kubeconfig-credentials.ts'

process.once('message', (order) => {
  answer(order as CredentialsOrder).then((reply) => process.send!(reply))
})
process.once('disconnect', () => process.exit())

async function answer(order: CredentialsOrder): Promise<CredentialsReply> {
  try {
    return await kubeconfigCredentials(order)
  } catch (error) {
    if (error instanceof AccessError) return { fault: 'access', message: error.message }
    if (error instanceof ConnectionError) return { fault: 'connection', message: error.message }
    return { fault: 'connection', message: `getting credentials: ${reasonText(error)}` }
  }
}

/** The first line: what follows it may quote the file. */
const reasonText = (error: unknown): string =>
  error instanceof Error ? (error.message.split('\n')[0] ?? error.name) : 'unknown error'
