// Gets the credentials that a kubeconfig describes, in a process of its own that ends when it has them.
//
// Loading @kubernetes/client-node takes some 75 MB in whoever loads it. Measured on Node 26 in a server of 47 MB: after a worker thread that loaded it had ended
// the server kept 57 MB more, after a process 3 MB; both take 0.3 s (0.1 s and 33 MB instead of 57 as a bundle). So it is a process, though a thread would be
// simpler to talk to. It is started when the kubeconfig is read first, when one of its files has changed, when credentials expire and when they are refused.

import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { ConnectionError } from './api-connection.ts'
import { AccessError, type Resolved } from './credentials.ts'
import type { KubeconfigCredentials } from './kubeconfig-credentials.ts'
import { credentialsLimitMs } from './limits.ts'

/** What the process is asked. */
export interface CredentialsOrder {
  /** Path of the kubeconfig. */
  readonly file: string
  /** '' for the file's current one. */
  readonly context: string
  /** The last credentials were refused: one that is kept in the file must be renewed if it can be. */
  readonly refused: boolean
  /** What the last answer said. */
  readonly oidc: OidcTokens | null
}

/** Tokens of an OpenID provider that have taken the place of the file's: a refresh token may work only once. */
export interface OidcTokens {
  /** The refresh token in the file that they came from; another one there is newer than these. */
  readonly origin: string
  readonly idToken: string
  readonly refreshToken: string
}

/** What the process answers. */
export type CredentialsReply =
  | KubeconfigCredentials
  /** `access`: the configuration is wrong; else it may work later. */
  | { readonly fault: 'access' | 'connection'; readonly message: string }

/** Resolves a kubeconfig again and again, remembering between the runs what must not be lost. */
export class CredentialsProcess {
  readonly #file: string
  readonly #context: string
  #oidc: OidcTokens | null = null
  readonly #ending = new AbortController()

  constructor(file: string, context: string) {
    this.#file = file
    this.#context = context
  }

  /** Rejects with AccessError or ConnectionError. */
  async resolve(refused: boolean): Promise<Resolved> {
    const reply = await this.#ask({ file: this.#file, context: this.#context, refused, oidc: this.#oidc })
    if ('fault' in reply)
      throw reply.fault === 'access' ? new AccessError(reply.message) : new ConnectionError(reply.message)
    this.#oidc = reply.oidc
    return reply.resolved
  }

  /** Ends a process that is still at it. */
  close(): void {
    this.#ending.abort()
  }

  #ask(order: CredentialsOrder): Promise<CredentialsReply> {
    const { promise, resolve, reject } = Promise.withResolvers<CredentialsReply>()
    const fail = (reason: string): void => reject(new ConnectionError(`getting credentials: ${reason}`))
    if (this.#ending.signal.aborted) {
      fail('closed')
      return promise
    }
    const child = fork(fileURLToPath(new URL('./credentials-worker.ts', import.meta.url)), {
      execArgv: ['--no-warnings'],
      // An exec plugin's complaints are for the operator; nothing else is printed there.
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      signal: this.#ending.signal,
    })
    const limit = setTimeout(() => child.kill('SIGKILL'), credentialsLimitMs).unref()
    child.once('message', (reply) => {
      resolve(reply as CredentialsReply)
      child.disconnect()
    })
    child.once('error', (error) => fail(this.#ending.signal.aborted ? 'closed' : error.message))
    child.once('exit', (code, signal) => {
      clearTimeout(limit)
      fail(`the process that resolves them ended with ${signal ?? `exit code ${code}`}`)
    })
    child.send(order, (error) => error && fail(error.message))
    return promise
  }
}
