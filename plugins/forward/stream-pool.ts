// Questions over TCP and TLS: a few connections to one upstream, each with many questions under way (RFC 7766 6.2.1.1), replies in any order.
//
// A connection that the other side closed between two questions is no failure: what was asked on it is asked once more on a new one.

import { Socket } from 'node:net'
import type { Timer } from '../plugin.ts'
import type { Asker, AskerTools, Asking, Cancel } from './asker.ts'
import { streamQuestionsMax, streamsMax } from './limits.ts'
import { OpenQuestions } from './open-questions.ts'
import { withId } from './question.ts'
import { joinHostPort } from './targets.ts'
import { connectTls, type TcpPlace, type TlsClient, tcpOptions } from './tls-client.ts'
import { socketTrouble, Trouble } from './trouble.ts'

/** Where the connections go and how long they are kept. */
export interface StreamTarget {
  readonly address: string
  readonly port: number
  readonly label: string
  /** Null: plain TCP. */
  readonly tls: TlsClient | null
  readonly expireMs: number
  /** 0: no limit. */
  readonly maxAgeMs: number
  /** 0: no limit. */
  readonly idleConnectionsMax: number
}

/** The connections to one upstream. */
export class StreamPool implements Asker {
  readonly #target: StreamTarget
  readonly #tools: AskerTools
  readonly #connections = new Set<StreamConnection>()
  #closed = false

  constructor(target: StreamTarget, tools: AskerTools) {
    this.#target = target
    this.#tools = tools
  }

  ask(asking: Asking): Cancel {
    return this.#askOn(this.#choose(), asking)
  }

  close(): void {
    this.#closed = true
    for (const connection of this.#connections) connection.retire()
  }

  #askOn(open: StreamConnection | null, asking: Asking): Cancel {
    this.#tools.connection(open !== null)
    const connection = open ?? this.#connect()
    let cancel: Cancel = connection.ask(asking, () => {
      if (open === null) return false
      cancel = this.#askOn(null, asking)
      return true
    })
    if (this.#closed) connection.retire()
    return () => cancel()
  }

  /** An idle connection, else a new one (null), else the one with least under way. */
  #choose(): StreamConnection | null {
    let best: StreamConnection | null = null
    for (const connection of this.#connections) {
      if (connection.takesMore && (best === null || connection.questions < best.questions)) best = connection
    }
    if (best === null || best.questions === 0) return best
    // Servers that answer one question after the other are common: questions share a connection only when there are many.
    return this.#connections.size < streamsMax ? null : best
  }

  #connect(): StreamConnection {
    const connection: StreamConnection = new StreamConnection(this.#target, this.#tools, {
      closed: () => this.#connections.delete(connection),
      idle: () => this.#tooManyIdle(),
    })
    this.#connections.add(connection)
    return connection
  }

  #tooManyIdle(): boolean {
    const { idleConnectionsMax } = this.#target
    if (this.#closed || idleConnectionsMax === 0) return this.#closed
    let idle = 0
    for (const { questions } of this.#connections) if (questions === 0) idle++
    return idle > idleConnectionsMax
  }
}

/** Asks a question again elsewhere after its connection was closed; false if that must not be. */
type Again = () => boolean

interface ConnectionEvents {
  closed(): void
  /** The connection has nothing under way; true: close it. */
  idle(): boolean
}

/** One connection. */
class StreamConnection {
  readonly #target: StreamTarget
  readonly #tools: AskerTools
  readonly #events: ConnectionEvents
  readonly #socket: Socket
  readonly #questions: OpenQuestions<Again>
  readonly #openedAt: number
  #expiry: Timer | null = null
  #inbox: Buffer = Buffer.alloc(0)
  #connected = false
  #retired = false
  #closed = false

  constructor(target: StreamTarget, tools: AskerTools, events: ConnectionEvents) {
    this.#target = target
    this.#tools = tools
    this.#events = events
    this.#openedAt = tools.clock.now()
    this.#questions = new OpenQuestions(tools, { timedOut: () => this.#timedOut(), rest: () => this.#rest() })
    this.#socket = openStream(target, tools.sourceAddress)
    this.#socket.unref()
    this.#socket.on(target.tls ? 'secureConnect' : 'connect', () => {
      this.#connected = true
    })
    this.#socket.on('data', (chunk: Buffer) => this.#received(chunk))
    this.#socket.on('error', (error: NodeJS.ErrnoException) => this.#ended(this.#troubleOf(error)))
    this.#socket.on('close', () => this.#ended(new Trouble('network', 'EOF')))
    this.#socket.on('end', () => this.#ended(new Trouble('network', 'EOF')))
  }

  get questions(): number {
    return this.#questions.size
  }

  get takesMore(): boolean {
    if (this.#retired || this.#questions.idsTaken >= streamQuestionsMax) return false
    const { maxAgeMs } = this.#target
    return maxAgeMs === 0 || this.#tools.clock.now() - this.#openedAt < maxAgeMs
  }

  ask(asking: Asking, again: Again): Cancel {
    this.#expiry?.cancel()
    const id = this.#questions.add(asking, again)
    const { length } = asking.question.bytes
    this.#socket.write(Buffer.concat([Uint8Array.of(length >> 8, length & 0xff), withId(asking.question, id)]))
    return () => this.#questions.forget(id)
  }

  /** Takes no more questions; closes as soon as none waits. */
  retire(): void {
    this.#retired = true
    if (this.#questions.size === 0) this.#close()
  }

  #received(chunk: Buffer): void {
    this.#inbox = this.#inbox.length === 0 ? chunk : Buffer.concat([this.#inbox, chunk])
    while (this.#inbox.length >= 2) {
      const length = this.#inbox.readUInt16BE(0)
      if (this.#inbox.length < 2 + length) return
      const bytes = this.#inbox.subarray(2, 2 + length)
      this.#inbox = this.#inbox.subarray(2 + length)
      this.#questions.receive(bytes)
    }
  }

  #timedOut(): Trouble {
    // What hangs once is not asked again.
    this.#retired = true
    const during = this.#connected ? `read tcp ${this.#path()}` : `dial tcp ${this.#target.label}`
    return new Trouble('silent', `${during}: i/o timeout`)
  }

  // With nothing under way a connection waits `expire` for more, and then goes.
  #rest(): void {
    if (this.#questions.size > 0 || this.#closed) return
    if (this.#retired || this.#events.idle()) this.#close()
    else {
      this.#expiry?.cancel()
      this.#expiry = this.#tools.clock.after(this.#target.expireMs, () => this.retire())
    }
  }

  #ended(trouble: Trouble): void {
    if (this.#closed) return
    this.#close()
    for (const [asking, again] of this.#questions.takeAll()) {
      if (!this.#connected || !again()) asking.done(trouble)
    }
  }

  #troubleOf(error: NodeJS.ErrnoException): Trouble {
    if (this.#connected) return socketTrouble(error, `read tcp ${this.#path()}: read`)
    if (error.syscall === 'connect') return socketTrouble(error, `dial tcp ${this.#target.label}: connect`)
    return socketTrouble(error, this.#target.tls ? 'tls' : `dial tcp ${this.#target.label}`)
  }

  #path(): string {
    const { localAddress = '', localPort = 0 } = this.#socket
    return `${joinHostPort(localAddress, String(localPort))}->${this.#target.label}`
  }

  #close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#retired = true
    this.#expiry?.cancel()
    this.#events.closed()
    this.#socket.destroy()
  }
}

function openStream(target: StreamTarget, sourceAddress: string | null): Socket {
  const place: TcpPlace = { address: target.address, port: target.port, sourceAddress }
  return target.tls ? connectTls(place, target.tls) : new Socket().connect(tcpOptions(place))
}
