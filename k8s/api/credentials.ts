// What it takes to be somebody at an API server, as plain data, and how it stays fresh: it is had again when a file that it came from has changed, before it
// expires, and after the server has refused it. What cannot be renewed goes on being used while it may still be right.
//
//   in-cluster, endpoint: files ─────────────────────────────────► Resolved ─► CredentialSource ─► connection
//   kubeconfig: a process with @kubernetes/client-node, which ends ────┘             ▲─ refuse (401)

import type { Clock } from '../clock.ts'
import { ConnectionError } from './api-connection.ts'
import { type FileStamp, haveChanged } from './credential-files.ts'
import { credentialsLeewayMs, credentialsLookMs, credentialsRetryMs } from './limits.ts'

/** Everything that a connection needs to know. */
export interface Credentials {
  /** Base URL without a slash at its end: `https://10.96.0.1:443`. */
  readonly server: string
  /** Certificates in PEM that the server's must lead to; null for those that this machine trusts. */
  readonly authority: string | null
  /** Client certificate and key in PEM. */
  readonly certificate: string | null
  readonly key: string | null
  /** Sent with every request, Authorization among them. */
  readonly headers: Readonly<Record<string, string | readonly string[]>>
  /** The name that the server's certificate must have; '' for the host of the URL. */
  readonly servername: string
  /** The server's certificate is not looked at. */
  readonly insecure: boolean
  /** URL of a proxy; '' for what the environment says. */
  readonly proxy: string
  /** When they end, milliseconds since 1970; null if nobody says. */
  readonly expiresAtMs: number | null
}

/** Credentials and where they come from. */
export interface Resolved {
  readonly credentials: Credentials
  /** A change of one of these files may be a change of credentials. */
  readonly files: readonly FileStamp[]
  /** For the log: what is odd about them. */
  readonly warnings: readonly string[]
}

/** Gets credentials; `refused` says that the last ones are of no use. Rejects with AccessError where the configuration is wrong, ConnectionError where they can't be had now. */
export type Resolve = (refused: boolean) => Promise<Resolved>

/** An access that cannot work as it is configured. The message is CoreDNS's where it has one; it never quotes a secret. */
export class AccessError extends Error {
  override readonly name = 'AccessError'
}

/** Credentials that a request is made with. */
export interface Grant {
  readonly credentials: Credentials
  /** Counts up with each renewal. */
  readonly generation: number
}

/** Keeps credentials fresh. */
export class CredentialSource {
  readonly #resolve: Resolve
  readonly #clock: Clock
  readonly #warning: (text: string) => void
  #grant: Grant | null = null
  #files: readonly FileStamp[] = []
  #renewAtMs = Number.POSITIVE_INFINITY
  #lookAt = 0
  #notBefore = Number.NEGATIVE_INFINITY
  #refused = false
  #failure: Error | null = null
  #renewing: Promise<void> | null = null

  constructor(options: {
    readonly resolve: Resolve
    readonly clock: Clock
    readonly warning: (text: string) => void
  }) {
    this.#resolve = options.resolve
    this.#clock = options.clock
    this.#warning = options.warning
  }

  /** Credentials for a request that is made now. Rejects if there are none. */
  async current(): Promise<Grant> {
    if (this.#renewing || (await this.#isDue())) await this.#renew()
    if (!this.#grant || this.#hasExpired())
      throw this.#failure ?? new ConnectionError('getting credentials: they have expired')
    return this.#grant
  }

  /** The server refused credentials of this generation; later ones are left alone. */
  refuse(generation: number): void {
    if (this.#grant?.generation === generation) this.#refused = true
  }

  async #isDue(): Promise<boolean> {
    const now = this.#clock.now()
    if (now < this.#notBefore) return false
    if (!this.#grant || this.#refused || this.#clock.wall() >= this.#renewAtMs) return true
    if (now < this.#lookAt) return false
    this.#lookAt = now + credentialsLookMs
    return haveChanged(this.#files)
  }

  #hasExpired(): boolean {
    const end = this.#grant?.credentials.expiresAtMs ?? null
    return end !== null && this.#clock.wall() >= end && this.#failure !== null
  }

  #renew(): Promise<void> {
    this.#renewing ??= this.#tryRenew().finally(() => {
      this.#renewing = null
    })
    return this.#renewing
  }

  async #tryRenew(): Promise<void> {
    try {
      this.#accept(await this.#resolve(this.#refused))
    } catch (error) {
      if (!(error instanceof AccessError || error instanceof ConnectionError)) throw error
      // At the start a wrong configuration must stop the load; later somebody may be in the middle of changing it.
      if (!this.#grant && error instanceof AccessError && !this.#failure) throw error
      this.#notBefore = this.#clock.now() + credentialsRetryMs
      if (this.#grant && this.#failure?.message !== error.message) {
        this.#warning(`credentials for the API server could not be renewed: ${error.message}`)
      }
      this.#failure = error instanceof ConnectionError ? error : new ConnectionError(error.message)
    }
  }

  #accept({ credentials, files, warnings }: Resolved): void {
    const wall = this.#clock.wall()
    const { expiresAtMs } = credentials
    this.#grant = { credentials, generation: (this.#grant?.generation ?? 0) + 1 }
    this.#refused = false
    this.#failure = null
    this.#files = files
    this.#lookAt = this.#clock.now() + credentialsLookMs
    this.#renewAtMs =
      expiresAtMs === null
        ? Number.POSITIVE_INFINITY
        : expiresAtMs - Math.min(credentialsLeewayMs, Math.max(0, expiresAtMs - wall) / 10)
    if (expiresAtMs !== null && expiresAtMs <= wall) this.#notBefore = this.#clock.now() + credentialsRetryMs
    for (const text of warnings) this.#warning(text)
  }
}
