// Questions over UDP: a pool of connected sockets, so that a forged reply has to guess address, port and id (RFC 5452 9).
//
//   question ─► random slot of 64 ─► UdpSocket (own random port, ≤ 10 s, ≤ 4,096 questions)
//                                      └─ under way: id ─► question; a reply needs the id and the question
//
// A slot's socket is opened when the slot is first drawn. One that has served its time keeps the questions that wait on it and then closes.

import { createSocket, type Socket } from 'node:dgram'
import { isIPv6 } from 'node:net'
import type { Timer } from '../plugin.ts'
import type { Asker, AskerTools, Asking, Cancel } from './asker.ts'
import { mismatchesMax, udpSocketMs, udpSocketQueriesMax, udpSocketsMax } from './limits.ts'
import { OpenQuestions } from './open-questions.ts'
import { withId } from './question.ts'
import { joinHostPort } from './targets.ts'
import { socketTrouble, Trouble } from './trouble.ts'

/** Where the sockets of a pool are connected to. */
export interface UdpTarget {
  readonly address: string
  readonly port: number
  readonly label: string
}

/** The sockets to one upstream. */
export class UdpPool implements Asker {
  readonly #target: UdpTarget
  readonly #tools: AskerTools
  readonly #slots: (UdpSocket | undefined)[]
  #closed = false

  constructor(target: UdpTarget, tools: AskerTools, socketsMax = udpSocketsMax) {
    this.#target = target
    this.#tools = tools
    this.#slots = new Array<UdpSocket | undefined>(socketsMax).fill(undefined)
  }

  ask(asking: Asking): Cancel {
    const slot = this.#tools.unpredictable() % this.#slots.length
    const open = this.#slots[slot]
    const reused = open?.takesMore === true
    const socket = reused ? open : new UdpSocket(this.#target, this.#tools)
    if (!reused) {
      open?.retire()
      this.#slots[slot] = socket
    }
    this.#tools.connection(reused)
    const cancel = socket.ask(asking)
    if (this.#closed) socket.retire()
    return cancel
  }

  close(): void {
    this.#closed = true
    for (const socket of this.#slots) socket?.retire()
    this.#slots.fill(undefined)
  }
}

/** One connected socket. */
class UdpSocket {
  readonly #target: UdpTarget
  readonly #socket: Socket
  /** Noted of each: the socket's mismatches before it. */
  readonly #questions: OpenQuestions<number>
  readonly #life: Timer
  #unsent: Uint8Array[] | null = []
  #asked = 0
  #mismatches = 0
  #retired = false
  #closed = false

  constructor(target: UdpTarget, tools: AskerTools) {
    this.#target = target
    this.#questions = new OpenQuestions(tools, {
      timedOut: () => new Trouble('silent', `read udp ${this.#path()}: i/o timeout`),
      rest: () => this.#rest(),
    })
    this.#socket = openSocket(target.address)
    this.#socket.unref()
    this.#socket.on('message', (bytes) => {
      if (!this.#questions.receive(bytes)) this.#mismatch()
    })
    this.#socket.on('error', (error) => this.#failed(error))
    this.#socket.on('connect', () => this.#connected())
    if (tools.sourceAddress !== null) this.#socket.bind({ address: tools.sourceAddress, exclusive: true })
    this.#socket.connect(target.port, target.address)
    this.#life = tools.clock.after(udpSocketMs, () => this.retire())
  }

  get takesMore(): boolean {
    return !this.#retired && this.#asked < udpSocketQueriesMax
  }

  ask(asking: Asking): Cancel {
    this.#asked++
    const id = this.#questions.add(asking, this.#mismatches)
    const bytes = withId(asking.question, id)
    if (this.#unsent) this.#unsent.push(bytes)
    else this.#send(bytes)
    return () => this.#questions.forget(id)
  }

  /** Takes no more questions; closes as soon as none waits. */
  retire(): void {
    this.#retired = true
    this.#rest()
  }

  #rest(): void {
    if (this.#retired && this.#questions.size === 0) this.#close()
  }

  #connected(): void {
    const unsent = this.#unsent ?? []
    this.#unsent = null
    if (!this.#closed) for (const bytes of unsent) this.#send(bytes)
  }

  #send(bytes: Uint8Array): void {
    this.#socket.send(bytes, (error) => {
      if (error) this.#failed(error)
    })
  }

  // A reply with no question for it may be a guess at any of those that wait: each can stand only so many.
  #mismatch(): void {
    this.#mismatches++
    // The oldest question comes first and has seen most, so the first that still stands ends the search.
    for (const [id, mismatchesBefore] of this.#questions.entries()) {
      if (this.#mismatches - mismatchesBefore < mismatchesMax) break
      this.#retired = true
      this.#questions.finish(id, new Trouble('mismatch', `${mismatchesMax} replies to other questions`))
    }
  }

  #failed(error: NodeJS.ErrnoException): void {
    if (this.#closed) return
    const during = this.#unsent ? `dial udp ${this.#target.label}: connect` : `read udp ${this.#path()}: read`
    const trouble = socketTrouble(error, during)
    this.#retired = true
    for (const [id] of this.#questions.entries()) this.#questions.finish(id, trouble)
    this.#close()
  }

  #path(): string {
    try {
      const { address, port } = this.#socket.address()
      return `${joinHostPort(address, String(port))}->${this.#target.label}`
    } catch {
      return this.#target.label // not bound yet
    }
  }

  #close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#retired = true
    this.#life.cancel()
    this.#socket.close()
  }
}

/** A socket that takes addresses as they are and asks no resolver for them. */
function openSocket(address: string): Socket {
  const family = isIPv6(address) ? 6 : 4
  return createSocket({
    type: family === 6 ? 'udp6' : 'udp4',
    // Later: a question is never answered before `ask` has returned.
    lookup: (hostname, _options, callback) => process.nextTick(callback, null, hostname, family),
  })
}
