// Asks a server over UDP: one socket, any number of questions at once.

import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { queryBytes, readReply } from '../support/questions.ts'
import { type AnswerText, replyText } from './oracle.ts'

/** Without an answer for this long a query is lost, in milliseconds. */
const patienceMs = 2_000

/** An answer, and when it was asked and came (performance.now). */
export interface Heard {
  readonly answer: AnswerText
  readonly sentAt: number
  readonly receivedAt: number
}

/** Asks one server. */
export class Asker {
  readonly #socket: Socket
  readonly #waiting = new Map<number, (reply: Buffer | null) => void>()
  #id = 0

  static async connect(port: number): Promise<Asker> {
    const socket = createSocket('udp4')
    socket.connect(port, '127.0.0.1')
    await once(socket, 'connect')
    return new Asker(socket)
  }

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.on('error', () => {})
    socket.on('message', (reply) => this.#waiting.get(reply.readUInt16BE(0))?.(reply))
  }

  /** The answer to `'web.default.svc.cluster.local. A'`; null if none came. */
  async ask(question: string): Promise<Heard | null> {
    this.#id = (this.#id + 1) & 0xffff
    const id = this.#id
    const sentAt = performance.now()
    const reply = await new Promise<Buffer | null>((resolve) => {
      const timer = setTimeout(() => resolve(null), patienceMs)
      this.#waiting.set(id, (bytes) => {
        clearTimeout(timer)
        resolve(bytes)
      })
      this.#socket.send(queryBytes(question, { id }))
    })
    const receivedAt = performance.now()
    this.#waiting.delete(id)
    if (!reply) return null
    const { rcode, answer } = readReply(reply)
    return { answer: replyText(rcode, answer), sentAt, receivedAt }
  }

  close(): void {
    this.#socket.close()
  }
}
