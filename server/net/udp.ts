// DNS over UDP with Node's own sockets: a datagram is a query, a datagram is an answer.

import { createSocket, type RemoteInfo, type Socket, type SocketOptions } from 'node:dgram'
import { isIP } from 'node:net'
import type { Client } from '../../plugins/query.ts'
import { systemClock } from '../clock.ts'
import { hostPort, listenError, openWildcard, unmapped } from './address.ts'
import { receiveQueue, UnderWay, untilDrained } from './draining.ts'
import { udpBufferBytes } from './limits.ts'
import { canReusePort, type Listener, type OpenOptions, type Transport } from './transport.ts'

/** UDP by node:dgram. */
export const udpTransport: Transport = {
  async open(options) {
    const reusePort = options.reusePort ?? canReusePort
    const bind = (host: string) => bindSocket({ host, port: options.port, reusePort })
    const socket = await openWildcard(options.host, bind).catch((error: unknown) => {
      throw listenError(error, 'udp', hostPort(options.host, options.port))
    })
    return new UdpListener(socket, options)
  },
}

function bindSocket({ host, port, reusePort }: { host: string; port: number; reusePort: boolean }): Promise<Socket> {
  const socket = createSocket({ type: host.includes(':') ? 'udp6' : 'udp4', reusePort, lookup: asItIs })
  return new Promise((resolve, reject) => {
    socket.once('error', (error) => {
      socket.close()
      reject(error)
    })
    socket.bind({ port, address: host, exclusive: true }, () => {
      socket.removeAllListeners('error')
      resolve(socket)
    })
  })
}

// Every address here is a number; the default would take a detour through the resolver's queue for each answer.
const asItIs: NonNullable<SocketOptions['lookup']> = (address, _options, found) => found(null, address, isIP(address))

class UdpListener implements Listener {
  readonly address: string
  readonly port: number
  readonly #socket: Socket
  readonly #options: OpenOptions
  readonly #failed: (error: Error) => void
  readonly #underWay = new UnderWay()
  #received = 0
  #open = true

  constructor(socket: Socket, options: OpenOptions) {
    this.#socket = socket
    this.#options = options
    this.#failed = options.failed ?? (() => {})
    const { address, port } = socket.address()
    this.address = address
    this.port = port
    enlargeBuffers(socket)
    socket.on('message', (bytes, remote) => this.#receive(bytes, remote))
    // What ICMP says about an earlier answer, or want of memory: nothing that ends the socket.
    socket.on('error', this.#failed)
  }

  #receive(bytes: Uint8Array, remote: RemoteInfo): void {
    this.#received++
    const underWay = this.#underWay.begin()
    this.#options.receive(bytes, clientOf(remote, this), (answer) => {
      if (answer === null || !this.#open) underWay.count--
      else this.#send(answer, remote, underWay)
    })
  }

  #send(answer: Uint8Array, remote: RemoteInfo, underWay: { count: number }): void {
    const sent = (error: Error | null) => {
      underWay.count--
      if (error) this.#failed(error)
    }
    try {
      this.#socket.send(answer, remote.port, remote.address, sent)
    } catch (error) {
      // A forged source port of 0 cannot be sent to.
      sent(error as Error)
    }
  }

  drain(): Promise<void> {
    return untilDrained({
      clock: this.#options.clock ?? systemClock,
      queue: () => receiveQueue('udp', this.port),
      received: () => this.#received,
      underWay: this.#underWay,
    })
  }

  async close(): Promise<void> {
    if (!this.#open) return
    this.#open = false
    await new Promise<void>((resolve) => this.#socket.close(resolve))
  }
}

function clientOf(remote: RemoteInfo, listener: UdpListener): Client {
  const address = unmapped(remote.address)
  return {
    address,
    port: remote.port,
    family: address.includes(':') ? 6 : 4,
    transport: 'udp',
    localAddress: listener.address,
    localPort: listener.port,
  }
}

function enlargeBuffers(socket: Socket): void {
  try {
    socket.setRecvBufferSize(udpBufferBytes)
    socket.setSendBufferSize(udpBufferBytes)
  } catch {
    // A kernel that refuses keeps its defaults: bursts are shorter, nothing else.
  }
}
