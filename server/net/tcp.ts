// DNS over TCP (RFC 7766): a listener whose connections (tcp-connection.ts) answer in parallel.

import { createServer, type Server, type Socket } from 'node:net'
import { systemClock } from '../clock.ts'
import { hostPort, listenError, openWildcard } from './address.ts'
import { receiveQueue, UnderWay, untilDrained } from './draining.ts'
import { tcpConnectionsMax } from './limits.ts'
import { TcpConnection } from './tcp-connection.ts'
import { canReusePort, type Listener, type OpenOptions, type Receive, type Transport } from './transport.ts'

/** TCP by node:net. */
export const tcpTransport: Transport = {
  async open(options) {
    const server = createServer({ allowHalfOpen: true, noDelay: true })
    server.maxConnections = tcpConnectionsMax
    const reusePort = options.reusePort ?? canReusePort
    const bind = (host: string) => listen(server, { host, port: options.port, reusePort })
    await openWildcard(options.host, bind).catch((error: unknown) => {
      throw listenError(error, 'tcp', hostPort(options.host, options.port))
    })
    return new TcpListener(server, options)
  },
}

function listen(server: Server, address: { host: string; port: number; reusePort: boolean }): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ ...address, exclusive: true, backlog: 1024 }, () => {
      server.off('error', reject)
      resolve()
    })
  })
}

class TcpListener implements Listener {
  readonly address: string
  readonly port: number
  readonly #server: Server
  readonly #options: OpenOptions
  readonly #connections = new Set<TcpConnection>()
  readonly #underWay = new UnderWay()
  #received = 0

  constructor(server: Server, options: OpenOptions) {
    this.#server = server
    this.#options = options
    const bound = server.address()
    if (bound === null || typeof bound === 'string') throw new TypeError('a TCP listener without an address')
    this.address = bound.address
    this.port = bound.port
    server.on('connection', (socket) => this.#accept(socket))
    // A connection that could not be accepted (no file descriptors left); the next one may be.
    server.on('error', options.failed ?? (() => {}))
  }

  #accept(socket: Socket): void {
    this.#received++
    const { settings, clock = systemClock, failed = () => {} } = this.#options
    const receive: Receive = (bytes, client, reply, stream) => {
      this.#received++
      this.#options.receive(bytes, client, reply, stream)
    }
    const connection = new TcpConnection(socket, { receive, settings, underWay: this.#underWay, clock, failed })
    this.#connections.add(connection)
    socket.on('close', () => this.#connections.delete(connection))
  }

  drain(): Promise<void> {
    return untilDrained({
      clock: this.#options.clock ?? systemClock,
      queue: async () => {
        const queued = await receiveQueue('tcp', this.port)
        const waiting = [...this.#connections].some((connection) => connection.waiting)
        return waiting ? (queued ?? 0) + 1 : queued
      },
      received: () => this.#received,
      underWay: this.#underWay,
    })
  }

  async close(): Promise<void> {
    if (!this.#server.listening) return
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()))
    for (const connection of this.#connections) connection.close()
    await closed
  }
}
