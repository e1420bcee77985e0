// The process's HTTP listeners for /health, /ready and /metrics: one for each address, shared by all plugins that name it. Never on the way of a query.
//
//     address ─► Endpoint (one fastify) ─► path ─► [handler of the old configuration, handler of the new one]
//                                                   the last answers; each goes with its own close()
//
// At a reload the new configuration registers its paths before the old one gives up its own, so a probe always finds somebody; if the new configuration
// is then refused, its handlers go and the old ones answer again.

import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { ConfigError } from '../../plugins/directive.ts'
import type { HttpHandler, HttpListeners, HttpReply, HttpRoute } from '../../plugins/plugin.ts'
import { hostPort, isInUse, listenError, openWildcard } from '../net/address.ts'

/** Limits of each HTTP listener. */
const httpLimits = { connections: 512, requestTimeoutMs: 5000, keepAliveTimeoutMs: 5000 } as const

const notFound: HttpReply = { status: 404, body: '404 page not found\n' }

/** HTTP listeners by address; `failed` is told of handlers that throw (the client gets a 500). */
export class SharedHttpListeners implements HttpListeners {
  readonly #failed: (error: unknown) => void
  readonly #endpoints = new Map<string, Endpoint>()
  // Opening and closing sockets one after the other: whether an address is free depends on what was opened before.
  #turn: Promise<unknown> = Promise.resolve()

  constructor(failed: (error: unknown) => void) {
    this.#failed = failed
  }

  route(address: string, path: string, handle: HttpHandler): Promise<HttpRoute> {
    return this.#inTurn(async () => {
      const endpoint = await this.#open(address)
      endpoint.add(path, handle)
      let closed: Promise<void> | null = null
      return {
        address: endpoint.address,
        close: () => {
          closed ??= this.#inTurn(() => this.#drop(endpoint, path, handle))
          return closed
        },
      }
    })
  }

  #inTurn<T>(task: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(task)
    this.#turn = result.catch(() => {})
    return result
  }

  async #open(address: string): Promise<Endpoint> {
    const place = await parsePlace(address)
    const known = this.#endpoints.get(place.key)
    if (known?.listening) return known
    const endpoint = known ?? new Endpoint(place, this.#failed)
    try {
      await endpoint.listen()
    } catch (error) {
      if (!isInUse(error) || !(await this.#displace(endpoint))) throw listenError(error, 'tcp', address)
    }
    this.#endpoints.set(place.key, endpoint)
    return endpoint
  }

  // A reload may go from 127.0.0.1:9153 to :9153 or back. The kernel gives out only one of them, so the older one makes room; it comes back if the
  // new configuration goes before it does.
  async #displace(endpoint: Endpoint): Promise<boolean> {
    const inTheWay = [...this.#endpoints.values()].filter((other) => other.listening && other.overlaps(endpoint))
    if (inTheWay.length === 0) return false
    await Promise.all(inTheWay.map((other) => other.stop()))
    try {
      await endpoint.listen()
      return true
    } catch {
      await Promise.all(inTheWay.map((other) => other.listen()))
      return false
    }
  }

  async #drop(endpoint: Endpoint, path: string, handle: HttpHandler): Promise<void> {
    endpoint.remove(path, handle)
    if (endpoint.used) return
    this.#endpoints.delete(endpoint.place.key)
    if (!endpoint.listening) return
    await endpoint.stop()
    for (const other of this.#endpoints.values()) {
      if (!other.listening && other.overlaps(endpoint)) await other.listen()
    }
  }
}

/** Where to listen; `host` '' is every address. */
interface Place {
  readonly key: string
  readonly host: string
  readonly port: number
}

async function parsePlace(address: string): Promise<Place> {
  const colon = address.lastIndexOf(':')
  const name = address.slice(0, colon).replace(/^\[(.*)\]$/, '$1')
  const portText = address.slice(colon + 1)
  if (!/^[0-9]+$/.test(portText)) throw new ConfigError(`listen tcp: lookup tcp/${portText}: unknown port`)
  const port = Number(portText)
  if (port > 0xffff) throw new ConfigError(`listen tcp: address ${portText}: invalid port`)
  const host = name === '0.0.0.0' || name === '::' ? '' : await resolveHost(name)
  return { key: hostPort(host, port), host, port }
}

// A name stands for one address, IPv4 if it has one (as for CoreDNS: `localhost` is 127.0.0.1).
async function resolveHost(name: string): Promise<string> {
  if (name === '' || isIP(name) !== 0) return name
  const found = await lookup(name, { order: 'ipv4first' }).catch(() => {
    throw new ConfigError(`listen tcp: lookup ${name}: no such host`)
  })
  return found.address
}

// One address: a socket that can be closed and opened again, and the handlers of its paths.
class Endpoint {
  readonly place: Place
  readonly #failed: (error: unknown) => void
  readonly #handlers = new Map<string, HttpHandler[]>()
  #server: FastifyInstance | null = null
  /** Where it listens, with the real port. */
  address = ''

  constructor(place: Place, failed: (error: unknown) => void) {
    this.place = place
    this.#failed = failed
  }

  get listening(): boolean {
    return this.#server !== null
  }

  get used(): boolean {
    return this.#handlers.size > 0
  }

  overlaps(other: Endpoint): boolean {
    const wildcard = this.place.host === '' || other.place.host === ''
    return other !== this && this.place.port === other.place.port && wildcard
  }

  add(path: string, handle: HttpHandler): void {
    const handlers = this.#handlers.get(path)
    if (handlers) handlers.push(handle)
    else this.#handlers.set(path, [handle])
  }

  remove(path: string, handle: HttpHandler): void {
    const handlers = this.#handlers.get(path) ?? []
    handlers.splice(handlers.lastIndexOf(handle), 1)
    if (handlers.length === 0) this.#handlers.delete(path)
  }

  async listen(): Promise<void> {
    this.#server = await openWildcard(this.place.host, (host) => this.#listenOn(host))
    const [bound] = this.#server.addresses()
    this.address = hostPort(this.place.host, typeof bound === 'object' ? bound.port : this.place.port)
  }

  async stop(): Promise<void> {
    const server = this.#server
    this.#server = null
    await server?.close()
  }

  async #listenOn(host: string): Promise<FastifyInstance> {
    // Loaded when the first path is asked for: a Corefile without HTTP does without it.
    const { default: fastify } = await import('fastify')
    const server = fastify({
      requestTimeout: httpLimits.requestTimeoutMs,
      keepAliveTimeout: httpLimits.keepAliveTimeoutMs,
      forceCloseConnections: 'idle',
    })
    server.server.maxConnections = httpLimits.connections
    // The hook answers before the body is read: whatever the method, a path has one answer.
    server.addHook('onRequest', async (request, reply) => {
      const answer = await this.#answer(request.url)
      if (answer.status === 404) reply.header('x-content-type-options', 'nosniff')
      return reply
        .code(answer.status)
        .type(answer.type ?? 'text/plain; charset=utf-8')
        .send(answer.body)
    })
    try {
      await server.listen({ host, port: this.place.port })
    } catch (error) {
      await server.close()
      throw error
    }
    return server
  }

  async #answer(url: string): Promise<HttpReply> {
    const query = url.indexOf('?')
    const handle = this.#handlers.get(query < 0 ? url : url.slice(0, query))?.at(-1)
    if (!handle) return notFound
    try {
      return await handle()
    } catch (error) {
      this.#failed(error)
      return { status: 500, body: 'internal server error\n' }
    }
  }
}
