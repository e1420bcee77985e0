// A connection to one API server over HTTP/1.1: TLS with the cluster's own authority, credentials that stay fresh, limits on how hard is asked, and figures for the
// metrics. Each request waits for its turn, its credentials and a socket, in this order:
//
//   get ─► TokenBucket ─► InFlight ─► CredentialSource ─► Agent (sockets, TLS, proxy) ─► head ─► body as it comes

import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import type { Clock } from '../clock.ts'
import type { ApiAccess, ApiLimits } from '../cluster-options.ts'
import { type ApiConnection, type ApiRequest, type ApiResponse, ConnectionError } from './api-connection.ts'
import { connectionReason } from './connection-reason.ts'
import type { CredentialSource, Credentials } from './credentials.ts'
import { CredentialsProcess } from './credentials-process.ts'
import { type Environment, endpointCredentials, inClusterCredentials, serviceAccountFolder } from './file-access.ts'
import { connectLimitMs, headLimitMs, tcpKeepAliveMs } from './limits.ts'
import { InFlight, TokenBucket } from './rate-limit.ts'
import { ResponseBody } from './response-body.ts'
import { type Resolver, SharedCredentials } from './shared-credentials.ts'
import { Sockets } from './sockets.ts'

/** What was seen of a request, for CoreDNS's `coredns_kubernetes_rest_client_*` series. `host` is host and port of the server; `verb` is the method. */
export type RequestSeen =
  /** `_requests_total{code, method, host}`: `code` is the status, or `<error>` without one. */
  | { readonly seen: 'answer'; readonly verb: 'GET'; readonly host: string; readonly code: string }
  /** `_request_duration_seconds{verb, host}`: to the end of the body; watches are not measured. */
  | { readonly seen: 'duration'; readonly verb: 'GET'; readonly host: string; readonly seconds: number }
  /** `_rate_limiter_duration_seconds{verb, host}`; watches don't wait. */
  | { readonly seen: 'wait'; readonly verb: 'GET'; readonly host: string; readonly seconds: number }

/** What a connection is made of. */
export interface ConnectOptions {
  readonly access: ApiAccess
  readonly limits: ApiLimits
  readonly clock: Clock
  readonly observe: (seen: RequestSeen) => void
  /** Told of credentials that are odd or could not be renewed. Nobody is by default. */
  readonly warning?: (text: string) => void
  /** `meridian/1.2.3`. */
  readonly userAgent?: string
  /** The process's by default. */
  readonly environment?: Environment
  /** Where the Pod's service account is mounted. */
  readonly serviceAccountFolder?: string
  /** Those of other connections with the same environment; its own by default. */
  readonly shared?: SharedCredentials
}

/** Reads the configuration of the access; nothing is asked of the server yet. Rejects with AccessError if it can never work. */
export async function connect(options: ConnectOptions): Promise<ApiConnection> {
  const { access, clock, environment = process.env, warning = () => {} } = options
  const { shared = new SharedCredentials(clock), serviceAccountFolder: folder = serviceAccountFolder } = options
  const lease = shared.lease(JSON.stringify(access), () => resolverOf(access, environment, folder), warning)
  try {
    await lease.source.current()
  } catch (error) {
    // What may be had later is no reason not to start.
    if (!(error instanceof ConnectionError)) {
      lease.release()
      throw error
    }
  }
  return new HttpConnection({ ...options, environment, credentials: lease.source, ended: lease.release })
}

function resolverOf(access: ApiAccess, environment: Environment, folder: string): Resolver {
  const close = (): void => {}
  switch (access.kind) {
    case 'in-cluster':
      return { resolve: () => inClusterCredentials(environment, folder), close }
    case 'endpoint':
      return { resolve: () => endpointCredentials(access.url, access.tls), close }
    case 'kubeconfig': {
      const helper = new CredentialsProcess(access.file, access.context)
      return { resolve: (refused) => helper.resolve(refused), close: () => helper.close() }
    }
  }
}

interface HttpConnectionOptions extends ConnectOptions {
  readonly environment: Environment
  readonly credentials: CredentialSource
  readonly ended: () => void
}

class HttpConnection implements ApiConnection {
  readonly #options: HttpConnectionOptions
  readonly #bucket: TokenBucket
  readonly #inFlight: InFlight
  readonly #sockets: Sockets
  /** The newest credentials that the server refused. */
  #refusedGeneration = 0
  readonly #closing = new AbortController()

  constructor(options: HttpConnectionOptions) {
    this.#options = options
    this.#bucket = new TokenBucket({ ...options.limits, clock: options.clock })
    this.#inFlight = new InFlight(options.limits.maxInflight)
    this.#sockets = new Sockets(options.environment)
  }

  async get(request: ApiRequest): Promise<ApiResponse> {
    const { clock, observe } = this.#options
    const startedAt = clock.now()
    const signal = AbortSignal.any([request.signal, this.#closing.signal])
    const isList = !isWatch(request.path)
    let credentials: Credentials | null = null
    try {
      if (isList) await this.#bucket.take(signal)
      const waitedMs = clock.now() - startedAt
      const leave = await this.#inFlight.enter(signal)
      try {
        const grant = await this.#options.credentials.current()
        credentials = grant.credentials
        signal.throwIfAborted()
        const { host } = new URL(credentials.server)
        if (isList) observe({ seen: 'wait', verb: 'GET', host, seconds: waitedMs / 1000 })
        const exchange: Exchange = { credentials, request, signal, host, startedAt: isList ? startedAt : null }
        const message = await this.#send(exchange)
        if (message.statusCode === 401) this.#refusedGeneration = grant.generation
        return this.#respond(message, exchange)
      } finally {
        leave()
      }
    } catch (error) {
      throw failure(signal.aborted ? this.#interruption() : error, request, credentials)
    }
  }

  #interruption(): ConnectionError {
    return new ConnectionError(this.#closing.signal.aborted ? 'the connection is closed' : 'context canceled')
  }

  refuse(): void {
    this.#options.credentials.refuse(this.#refusedGeneration)
  }

  close(): void {
    this.#closing.abort()
    this.#sockets.close()
    this.#options.ended()
  }

  /** Resolves with the head of the response. */
  async #send(exchange: Exchange, isRetry = false): Promise<IncomingMessage> {
    const { observe } = this.#options
    const { host } = exchange
    const outgoing = this.#open(exchange)
    try {
      const message = await this.#headOf(outgoing)
      observe({ seen: 'answer', verb: 'GET', host, code: String(message.statusCode) })
      return message
    } catch (error) {
      // The server closed a kept socket just as the request went out on it: that is no answer to this request.
      const isStale = outgoing.reusedSocket && (error as NodeJS.ErrnoException).code === 'ECONNRESET'
      if (isStale && !isRetry && !exchange.signal.aborted) return this.#send(exchange, true)
      observe({ seen: 'answer', verb: 'GET', host, code: '<error>' })
      this.#measure(exchange)
      throw error
    }
  }

  #open({ credentials, request: { accept, path }, signal }: Exchange): ClientRequest {
    const url = new URL(credentials.server)
    const headers: Record<string, string | string[]> = {
      Accept: accept,
      'User-Agent': this.#options.userAgent ?? 'meridian',
    }
    for (const [name, value] of Object.entries(credentials.headers)) {
      headers[name] = typeof value === 'string' ? value : [...value]
    }
    const send = url.protocol === 'https:' ? httpsRequest : httpRequest
    return send({
      protocol: url.protocol,
      host: url.hostname.replace(/^\[|\]$/g, ''),
      port: url.port,
      path: url.pathname.replace(/\/$/, '') + path,
      agent: this.#sockets.agentFor(credentials),
      headers,
      signal,
    }).end()
  }

  #headOf(outgoing: ClientRequest): Promise<IncomingMessage> {
    const { clock } = this.#options
    const giveUp = (limitMs: number, what: string) =>
      clock.after(limitMs, () => outgoing.destroy(new ConnectionError(`${what} within ${limitMs / 1000} s`)))
    const head = giveUp(headLimitMs, 'no response')
    outgoing.once('socket', (socket) => {
      socket.setKeepAlive(true, tcpKeepAliveMs)
      if (!socket.connecting) return
      const dial = giveUp(connectLimitMs, 'no connection')
      socket.once('encrypted' in socket ? 'secureConnect' : 'connect', () => dial.cancel())
      socket.once('close', () => dial.cancel())
    })
    return new Promise<IncomingMessage>((resolve, reject) => {
      outgoing.once('response', resolve)
      // Stays when the head has come: what breaks later is thrown by the body.
      outgoing.on('error', reject)
    }).finally(() => head.cancel())
  }

  #respond(message: IncomingMessage, exchange: Exchange): ApiResponse {
    const { request, credentials } = exchange
    const status = message.statusCode ?? 0
    if (status >= 300 && status < 400) {
      message.destroy()
      this.#measure(exchange)
      throw new ConnectionError(`unexpected redirect (${status}): an API server answers by itself`)
    }
    const retryAfter = message.headers['retry-after'] ?? ''
    return {
      status,
      contentType: message.headers['content-type'] ?? '',
      retryAfterSeconds: /^\d{1,9}$/.test(retryAfter) ? Number(retryAfter) : 0,
      body: new ResponseBody(message, {
        failed: (error) => failure(error, request, credentials),
        ended: () => this.#measure(exchange),
      }),
    }
  }

  #measure({ host, startedAt }: Exchange): void {
    const { clock, observe } = this.#options
    if (startedAt === null) return
    observe({ seen: 'duration', verb: 'GET', host, seconds: (clock.now() - startedAt) / 1000 })
  }
}

/** One request with all that it needs. */
interface Exchange {
  readonly request: ApiRequest
  readonly credentials: Credentials
  /** The caller's, and the connection's own. */
  readonly signal: AbortSignal
  readonly host: string
  /** On the clock; null for what is not measured. */
  readonly startedAt: number | null
}

/** Watches last, so their time says nothing; and they are few, so they wait for nobody. */
const isWatch = (path: string): boolean => /[?&]watch=(1|true)(&|$)/.test(path)

/** As CoreDNS's client words it: `Get "https://10.96.0.1:443/api/v1/services": …`. Bugs pass through. */
function failure(error: unknown, { path }: ApiRequest, credentials: Credentials | null): Error {
  const isOurs = error instanceof ConnectionError
  if (!isOurs && !isSystemError(error)) return error as Error
  const reason = isOurs ? error.message : connectionReason(error)
  return new ConnectionError(`Get ${JSON.stringify((credentials?.server ?? '') + path)}: ${reason}`)
}

const isSystemError = (error: unknown): boolean =>
  error instanceof Error && (error.name === 'AbortError' || typeof (error as NodeJS.ErrnoException).code === 'string')
