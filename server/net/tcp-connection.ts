// One TCP connection of a client: many queries under way at once, answered in whatever order they are ready (RFC 7766 6.2.1.1, 7).
//
//     socket ─► FrameReader ─► receive … reply ─► socket
//        ▲ paused while          │
//        └ queriesMax under way, or the client does not take its answers
//
// A zone transfer is one query whose answer takes many messages; it shares the connection with the others.

import type { Socket } from 'node:net'
import type { Clock, Timer } from '../../plugins/plugin.ts'
import type { Client } from '../../plugins/query.ts'
import { unmapped } from './address.ts'
import type { UnderWay } from './draining.ts'
import { FrameReader, frame } from './framing.ts'
import { tcpQueriesPerTurn, tcpUnsentBytesMax } from './limits.ts'
import type { Messages, Receive, TransportSettings } from './transport.ts'

export interface TcpConnectionOptions {
  readonly receive: Receive
  readonly settings: () => TransportSettings
  /** Counts the queries of all connections. */
  readonly underWay: UnderWay
  readonly clock: Clock
  readonly failed: (error: Error) => void
}

/** Serves one connection until the client or a timeout ends it. */
export class TcpConnection {
  readonly #socket: Socket
  readonly #options: TcpConnectionOptions
  readonly #client: Client
  readonly #frames = new FrameReader()
  #received = 0
  #underWay = 0
  #unsent = 0
  /** The client has sent all it will send (it may still want answers). */
  #ended = false
  /** A turn of taking queries is planned or running. */
  #taking = false
  #timer: Timer
  /** What the time limit counts from: the last complete message or answer, or the first octet of an incomplete one. */
  #since: number
  #sentSince: number

  constructor(socket: Socket, options: TcpConnectionOptions) {
    this.#socket = socket
    this.#options = options
    this.#client = clientOf(socket)
    this.#since = options.clock.now()
    this.#sentSince = this.#since
    this.#timer = options.clock.after(options.settings().readMs, () => this.#checkTime())
    socket.on('data', (chunk: Buffer) => this.#push(chunk))
    socket.on('end', () => {
      this.#ended = true
      this.#finishIfDone()
    })
    // Resets and the like are the client's business; 'close' follows.
    socket.on('error', options.failed)
    socket.on('close', () => this.#timer.cancel())
  }

  /** Queries that came so far. */
  get received(): number {
    return this.#received
  }

  /** True if there are queries that were read and not taken yet. */
  get waiting(): boolean {
    return this.#frames.ready
  }

  /** Ends the connection: answers that are written still go out. */
  close(): void {
    if (this.#underWay > 0 || this.#unsent > 0) this.#socket.destroy()
    else this.#socket.destroySoon()
  }

  #push(chunk: Uint8Array): void {
    if (!this.#frames.partial) this.#since = this.#options.clock.now()
    this.#frames.push(chunk)
    this.#take()
  }

  // Takes what the limits allow; the rest waits, first in the FrameReader and then, the socket being paused, at the client.
  #take(): void {
    if (this.#taking) return
    this.#taking = true
    // Answers that are ready at once leave in one system call.
    this.#socket.cork()
    let taken = 0
    while (taken < tcpQueriesPerTurn && this.#mayTake()) {
      const message = this.#frames.next()
      if (!message) break
      taken++
      this.#received++
      this.#underWay++
      this.#since = this.#options.clock.now()
      const underWay = this.#options.underWay.begin()
      this.#options.receive(
        message,
        this.#client,
        (answer) => this.#reply(answer, underWay),
        (messages) => this.#stream(messages, underWay),
      )
    }
    this.#socket.uncork()
    this.#taking = false
    if (!this.#mayTake()) {
      this.#socket.pause()
    } else if (this.#frames.ready) {
      this.#socket.pause()
      this.#taking = true
      setImmediate(() => {
        this.#taking = false
        this.#take()
      })
    } else {
      this.#socket.resume()
      this.#finishIfDone()
    }
  }

  #mayTake(): boolean {
    return (
      !this.#socket.destroyed &&
      this.#underWay < this.#options.settings().queriesMax &&
      this.#socket.writableLength < tcpUnsentBytesMax
    )
  }

  #reply(answer: Uint8Array | null, underWay: { count: number }): void {
    this.#underWay--
    if (answer === null || this.#socket.destroyed) underWay.count--
    else this.#write(answer, underWay)
    this.#take()
  }

  // One message at a time: the next is made when the kernel has taken this one, so a client that reads slowly keeps no more than one in memory.
  #stream(messages: Messages, underWay: { count: number }): void {
    const step = (): void => {
      const message = this.#socket.destroyed ? null : messages.next()
      if (message === 'later') {
        setImmediate(step)
      } else if (message) {
        underWay.count++
        this.#write(message, underWay, () => setImmediate(step))
      } else {
        if (this.#socket.destroyed) messages.abandon()
        this.#reply(null, underWay)
      }
    }
    step()
  }

  #write(answer: Uint8Array, underWay: { count: number }, written = (): void => {}): void {
    const now = this.#options.clock.now()
    if (this.#unsent === 0) this.#sentSince = now
    if (!this.#frames.partial) this.#since = now
    this.#unsent++
    // Called with an error, too, if the connection breaks first.
    this.#socket.write(frame(answer), () => {
      underWay.count--
      this.#unsent--
      this.#sentSince = this.#options.clock.now()
      written()
      this.#take()
    })
  }

  // A client that half-closed still gets its answers; what is left of an incomplete message is nothing.
  #finishIfDone(): void {
    if (this.#ended && this.#underWay === 0 && !this.#frames.ready) this.#socket.end()
  }

  // One timer a connection, set again for what is left: moving a timer with each message would cost more than the message.
  #checkTime(): void {
    const { readMs, writeMs, idleMs } = this.#options.settings()
    const now = this.#options.clock.now()
    const reading = this.#frames.partial || this.#received === 0
    const waiting = this.#underWay > 0 || this.#frames.ready
    const ends = [
      waiting ? Number.POSITIVE_INFINITY : this.#since + (reading ? readMs : idleMs),
      this.#unsent > 0 ? this.#sentSince + writeMs : Number.POSITIVE_INFINITY,
    ]
    const end = Math.min(...ends)
    if (now >= end) {
      this.#socket.destroy()
      return
    }
    const soonest = Math.min(readMs, writeMs, idleMs)
    this.#timer = this.#options.clock.after(Math.min(end - now, soonest), () => this.#checkTime())
  }
}

function clientOf(socket: Socket): Client {
  const address = unmapped(socket.remoteAddress ?? '')
  return {
    address,
    port: socket.remotePort ?? 0,
    family: address.includes(':') ? 6 : 4,
    transport: 'tcp',
    localAddress: unmapped(socket.localAddress ?? ''),
    localPort: socket.localPort ?? 0,
  }
}
