// A Kubernetes API server that clients believe, in one process and without etcd: for the tests and benchmarks of all that watches a cluster. kubectl can write to it
// and CoreDNS syncs from it; what it cannot do is admission, controllers, quotas, and anything else that DNS never sees.
//
//   request ─► faults ─► access ─► route ─┬─► list, watch, get ─► stored objects (encoded once) ─► frames
//                                         └─► writes ─► defaults ─► cluster state (revision, log) ─► open watches

import { createServer, type Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import type { Clock } from '../../../plugins/plugin.ts'
import { systemClock } from '../../../server/clock.ts'
import { Access, type Forbidden } from './access.ts'
import { clientIdentity, type Identity, intermediateAuthority, rootAuthority, serverIdentity } from './certificates.ts'
import { ClusterState } from './cluster-state.ts'
import { Faults } from './faults.ts'
import { type CertificateFiles, ClientFiles } from './kubeconfig.ts'
import type { KubernetesObject } from './kubernetes-object.ts'
import { objectsOf } from './manifests.ts'
import { RequestHandler, type RequestRecord } from './request-handler.ts'
import { resourceOf, resourceOfKind } from './resource-table.ts'
import type { WatchResponse } from './watch-response.ts'
import { keyOf, Writer } from './writes.ts'

/** How the server is started. */
export interface ApiServerOptions {
  /** HTTPS with the certificates of certificates.ts (default: plain HTTP). */
  readonly tls?: boolean
  /** Clients get the intermediate certificate as their only trust anchor. */
  readonly intermediateOnly?: boolean
  /** What there is at the start: a YAML or JSON text, a file, or a folder. Without it, the four namespaces of a new cluster. */
  readonly manifests?: string
  /** Whether the WatchList feature is on (default true). */
  readonly watchList?: boolean
  /** Whether protobuf is spoken (default true). */
  readonly protobuf?: boolean
  /** The most items a page (default: as many as asked for). */
  readonly pageLimitMax?: number
  /** Bearer tokens that count; without tokens and `clientCertificates` everybody may come in. */
  readonly tokens?: readonly string[]
  /** Client certificates of the root authority count too (TLS only). */
  readonly clientCertificates?: boolean
  /** PEM of another authority of client certificates. */
  readonly clientAuthority?: string
  /** What is refused with 403. */
  readonly forbidden?: Forbidden
  /** Of delays, bookmarks, timeouts and creation times. */
  readonly clock?: Clock
  /** Between bookmarks (default 60,000 ms). */
  readonly bookmarkEveryMs?: number
  readonly firstRevision?: number
  /** Changes that are kept for each resource (default 20,000). */
  readonly historyMax?: number
  /** Default: a free one. */
  readonly port?: number
}

const newCluster = ['default', 'kube-node-lease', 'kube-public', 'kube-system']
const bookmarkEveryMs = 60_000
/** Idle connections are kept this long, as clients hope. */
const keepAliveMs = 180_000

/** A running server on 127.0.0.1. */
export class ApiServer {
  readonly url: string
  readonly port: number
  readonly faults: Faults
  /** Every request so far. */
  readonly requests: RequestRecord[]
  readonly #http: Server
  readonly #state: ClusterState
  readonly #writer: Writer
  readonly #access: Access
  readonly #watches: ReadonlySet<WatchResponse>
  readonly #sockets: ReadonlySet<Socket>
  readonly #files: ClientFiles
  readonly #options: ApiServerOptions
  #bookmarks: { cancel(): void } | null = null

  private constructor(parts: Parts) {
    const { http, port, state, writer, access, watches, sockets, faults, requests, options } = parts
    this.port = port
    this.url = `${options.tls ? 'https' : 'http'}://127.0.0.1:${port}`
    this.faults = faults
    this.requests = requests
    this.#http = http
    this.#state = state
    this.#writer = writer
    this.#access = access
    this.#watches = watches
    this.#sockets = sockets
    this.#options = options
    this.#files = new ClientFiles(this.url, options.intermediateOnly ?? false)
    this.#bookmarkLater()
  }

  /** Listens when it resolves. Rejects for manifests that cannot be read and ports that are taken. */
  static async start(options: ApiServerOptions = {}): Promise<ApiServer> {
    const { clock = systemClock, tokens = [], forbidden = () => false } = options
    const state = new ClusterState(options)
    const writer = new Writer(state, () => clock.wall())
    const access = new Access(tokens, asksCertificates(options), forbidden)
    const watches = new Set<WatchResponse>()
    const sockets = new Set<Socket>()
    const faults = faultsOf({ state, access, watches, sockets })
    const requests: RequestRecord[] = []
    const { watchList = true, protobuf = true, pageLimitMax = Number.POSITIVE_INFINITY } = options
    const handler = new RequestHandler({
      ...{ state, writer, access, faults, clock, watchList, protobuf, pageLimitMax, watches, requests },
    })
    const http = httpServer(options)
    http.on('request', (request, response) => void handler.handle(request, response))
    http.on('connection', (socket: Socket) => {
      if (faults.refusesConnections) socket.destroy()
      sockets.add(socket)
      socket.on('close', () => sockets.delete(socket))
    })
    const port = await listen(http, options.port ?? 0)
    const server = new ApiServer({ http, port, state, writer, access, watches, sockets, faults, requests, options })
    if (options.manifests !== undefined) server.put(await objectsOf(options.manifests))
    else server.put(newCluster.map((name) => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } })))
    return server
  }

  /** The newest resource version. */
  get revision(): number {
    return this.#state.revision
  }

  /** PEM files for clients; they are removed by `close`. */
  get certificateFiles(): CertificateFiles {
    return this.#files.certificates
  }

  /** Writes a kubeconfig and gives its path; without a user the first token that counts, or else the client certificate. */
  kubeconfig(user?: { readonly token?: string; readonly certificate?: Identity }): string {
    const [token] = this.#access.tokens
    return this.#files.kubeconfig(user ?? (token === undefined ? { certificate: clientIdentity } : { token }))
  }

  /** A folder with `token`, `ca.crt` and `namespace`, as a Pod finds it; called again it is rotated. */
  serviceAccount(token: string): string {
    return this.#files.serviceAccount(token)
  }

  /** From now on these tokens count and no others. */
  acceptTokens(...tokens: readonly string[]): void {
    this.#access.tokens = new Set(tokens)
    this.#access.tokensExpired = false
  }

  /** From now on this is refused with 403. */
  forbid(forbidden: Forbidden): void {
    this.#access.forbidden = forbidden
  }

  /** Adds or replaces objects as they are, without defaults and checks; what doesn't change makes no event. Throws for kinds that are not served. */
  put(objects: Iterable<KubernetesObject>): void {
    for (const object of objects) {
      const resource = resourceOfKind(object.apiVersion, object.kind)
      if (!resource) throw new Error(`${object.apiVersion} ${object.kind} is not served`)
      this.#writer.put(resource, object)
    }
  }

  /** As `put`, from YAML or JSON: a text, a file or a folder. */
  async apply(manifests: string): Promise<void> {
    this.put(await objectsOf(manifests))
  }

  /** Removes an object (`'services', 'prod', 'web'`); false if there is none. A namespace takes everything in it along. */
  delete(plural: string, namespace: string, name: string): boolean {
    const resource = resourceOf(plural)
    const known = this.#state.collection(resource).get(keyOf({ resource, namespace, name }))
    if (known) this.#writer.remove(known)
    return known !== undefined
  }

  /** All objects of a resource, in the order of their keys. */
  objects(plural: string): readonly KubernetesObject[] {
    return this.#state
      .collection(resourceOf(plural))
      .at(this.#state.revision)
      .map(({ object }) => object)
  }

  /** How many watches are open, of one resource or of all. */
  openWatches(plural?: string): number {
    return [...this.#watches].filter(({ resource }) => plural === undefined || resource === plural).length
  }

  /** Sends a bookmark to every watch that allows it. */
  bookmark(): void {
    for (const watch of this.#watches) watch.bookmark()
  }

  /** Forgets old resource versions: what asks for them gets 410. */
  compact(): void {
    this.#state.compact()
  }

  /** Ends all connections and removes the files that were written. */
  async close(): Promise<void> {
    this.faults.lift()
    this.#bookmarks?.cancel()
    const closed = new Promise((resolve) => this.#http.close(resolve))
    for (const socket of this.#sockets) socket.destroy()
    await closed
    await this.#files.remove()
  }

  #bookmarkLater(): void {
    const { clock = systemClock, bookmarkEveryMs: everyMs = bookmarkEveryMs } = this.#options
    this.#bookmarks = clock.after(everyMs, () => {
      this.bookmark()
      this.#bookmarkLater()
    })
  }
}

interface Parts {
  readonly http: Server
  readonly port: number
  readonly state: ClusterState
  readonly writer: Writer
  readonly access: Access
  readonly watches: ReadonlySet<WatchResponse>
  readonly sockets: ReadonlySet<Socket>
  readonly faults: Faults
  readonly requests: RequestRecord[]
  readonly options: ApiServerOptions
}

const asksCertificates = ({ tls, clientCertificates, clientAuthority }: ApiServerOptions): boolean =>
  tls === true && (clientCertificates === true || clientAuthority !== undefined)

function httpServer(options: ApiServerOptions): Server {
  const common = { keepAliveTimeout: keepAliveMs, keepAlive: true }
  if (!options.tls) return createServer(common)
  const chain = options.intermediateOnly ? '' : intermediateAuthority
  const clientAuthority = options.clientAuthority ?? rootAuthority + intermediateAuthority
  return createTlsServer({
    ...common,
    cert: serverIdentity.certificate + chain,
    key: serverIdentity.key,
    ...(asksCertificates(options) && { requestCert: true, rejectUnauthorized: false, ca: clientAuthority }),
  })
}

function faultsOf({
  state,
  access,
  watches,
  sockets,
}: Pick<Parts, 'state' | 'access' | 'watches' | 'sockets'>): Faults {
  return new Faults({
    sockets,
    freezeWatches(plural) {
      for (const watch of watches) if (plural === undefined || watch.resource === plural) watch.freeze()
    },
    expireTokens(expired) {
      access.tokensExpired = expired
    },
    compact: () => state.compact(),
  })
}

function listen(http: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    http.once('error', reject)
    http.listen(port, '127.0.0.1', () => resolve((http.address() as AddressInfo).port))
  })
}
