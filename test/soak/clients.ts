// Clients that ask without pause and count what becomes of each query.

import { createSocket, type Socket as UdpSocket } from 'node:dgram'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { FrameReader, frame } from '../../server/net/framing.ts'
import { queryBytes, readReply } from '../support/questions.ts'

/** Milliseconds without an answer after which a query counts as lost. */
const patienceMs = 8_000

/** What became of the queries that were sent before `until` (performance.now), and of later ones. */
export interface Tally {
  sent: number
  answered: number
  /** Answered by SERVFAIL, REFUSED or the like. */
  refused: number
  lateSent: number
  lateAnswered: number
  /** Questions of the lost ones, a few at most. */
  readonly lost: string[]
}

export const emptyTally = (): Tally => ({ sent: 0, answered: 0, refused: 0, lateSent: 0, lateAnswered: 0, lost: [] })

/** When clients stop: they ask without pause until `end`; what they send after `due` need not be answered any more. */
export interface Deadline {
  due: number
  end: number
}

interface Waiting {
  readonly question: string
  readonly late: boolean
  readonly settled: () => void
  readonly timer: NodeJS.Timeout
}

/** Queries under way on one socket. */
class UnderWay {
  readonly #tally: Tally
  readonly #waiting = new Map<number, Waiting>()
  #id = 0

  constructor(tally: Tally) {
    this.#tally = tally
  }

  /** Counts a query; `settled` is called when it is answered or given up. Returns its id. */
  add(question: string, late: boolean, settled: () => void): number {
    this.#id = (this.#id + 1) & 0xffff
    const id = this.#id
    if (late) this.#tally.lateSent++
    else this.#tally.sent++
    this.#waiting.set(id, { question, late, settled, timer: setTimeout(() => this.#lost(id), patienceMs) })
    return id
  }

  answered(reply: Uint8Array): void {
    const id = (reply[0]! << 8) | reply[1]!
    const waiting = this.#take(id)
    if (!waiting) return
    if (waiting.late) this.#tally.lateAnswered++
    else this.#tally.answered++
    if (!waiting.late && (reply[3]! & 15) !== 0 && (reply[3]! & 15) !== 3) this.#tally.refused++
    waiting.settled()
  }

  /** The socket has gone: nothing that is under way will be answered. */
  closed(): void {
    for (const id of [...this.#waiting.keys()]) this.#lost(id)
  }

  #lost(id: number): void {
    const waiting = this.#take(id)
    if (!waiting) return
    if (!waiting.late && this.#tally.lost.length < 20) this.#tally.lost.push(waiting.question)
    waiting.settled()
  }

  #take(id: number): Waiting | undefined {
    const waiting = this.#waiting.get(id)
    this.#waiting.delete(id)
    clearTimeout(waiting?.timer)
    return waiting
  }
}

export interface ClientOptions {
  readonly port: number
  readonly questions: readonly string[]
  readonly deadline: Deadline
  readonly tally: Tally
  /** Queries that a client has under way at once. */
  readonly atOnce: number
}

/** One UDP socket. Resolves when its last query is settled. */
export async function udpClient({ port, questions, deadline, tally, atOnce }: ClientOptions): Promise<void> {
  const socket: UdpSocket = createSocket('udp4')
  socket.on('error', () => {})
  socket.connect(port, '127.0.0.1')
  await once(socket, 'connect')
  const underWay = new UnderWay(tally)
  socket.on('message', (reply) => underWay.answered(reply))
  await Promise.all(
    Array.from({ length: atOnce }, (_, i) =>
      askUntil(deadline, questions, i, (question, late, settled) => {
        socket.send(queryBytes(question, { id: underWay.add(question, late, settled) }))
      }),
    ),
  )
  socket.close()
}

/** TCP connections one after another, each with several queries under way and `perConnection` in all. */
export async function tcpClient(options: ClientOptions & { readonly perConnection: number }): Promise<void> {
  const { port, questions, deadline, tally, atOnce, perConnection } = options
  while (performance.now() < deadline.end) {
    const socket: Socket = connect({ port, host: '127.0.0.1' })
    const underWay = new UnderWay(tally)
    const frames = new FrameReader()
    socket.on('error', () => {})
    socket.on('data', (chunk: Buffer) => {
      frames.push(chunk)
      for (let reply = frames.next(); reply; reply = frames.next()) underWay.answered(reply)
    })
    socket.on('close', () => underWay.closed())
    const connected = await new Promise<boolean>((resolve) => {
      socket.once('connect', () => resolve(true))
      socket.once('close', () => resolve(false))
    })
    if (!connected) return
    let left = perConnection
    const connectionDeadline = {
      get end() {
        return left > 0 && !socket.destroyed ? deadline.end : 0
      },
      get due() {
        return deadline.due
      },
    }
    await Promise.all(
      Array.from({ length: atOnce }, (_, i) =>
        askUntil(connectionDeadline, questions, i, (question, late, settled) => {
          left--
          socket.write(frame(queryBytes(question, { id: underWay.add(question, late, settled) })))
        }),
      ),
    )
    socket.end()
  }
}

type Send = (question: string, late: boolean, settled: () => void) => void

async function askUntil(deadline: Deadline, questions: readonly string[], first: number, send: Send): Promise<void> {
  for (let i = first; performance.now() < deadline.end; i++) {
    const question = questions[i % questions.length]!.replace('N', String(i))
    await new Promise<void>((settled) => send(question, performance.now() > deadline.due, settled))
  }
}

/** One question over UDP: its first answer record, or '' if there is none; rejects if nothing comes. */
export async function ask(port: number, question: string): Promise<string> {
  const socket = createSocket('udp4')
  socket.connect(port, '127.0.0.1')
  await once(socket, 'connect')
  try {
    socket.send(queryBytes(question))
    const [reply] = (await once(socket, 'message', { signal: AbortSignal.timeout(patienceMs) })) as [Buffer]
    return readReply(reply).answer[0] ?? ''
  } finally {
    socket.close()
  }
}
