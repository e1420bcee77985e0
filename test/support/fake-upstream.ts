// A DNS server on 127.0.0.1 for tests of what asks other servers: UDP and TCP on one port (TLS instead of TCP if asked for), answers by a function of the decoded
// question, everything counted.

import { createSocket, type Socket as UdpSocket } from 'node:dgram'
import { createServer, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import { decode, encode, type Packet } from 'dns-packet'

/** What a fake upstream is asked. */
export interface FakeQuestion {
  readonly name: string
  readonly type: string
  readonly transport: 'udp' | 'tcp'
  readonly packet: Packet
  /** The source port: which socket asked. */
  readonly port: number
  readonly raw: Buffer
}

/** What it answers: a packet's fields, whole messages as they are, or null for silence. A TCP connection is closed by 'close'. */
export type FakeAnswer = Partial<Packet> | Buffer | readonly Buffer[] | null | 'close'

interface Options {
  readonly answer: (question: FakeQuestion) => FakeAnswer
  readonly tls?: { readonly cert: string; readonly key: string }
  readonly address?: string
}

interface Teardown {
  teardown(handler: () => unknown): void
}

/** A running fake. */
export class FakeUpstream {
  readonly asked: FakeQuestion[] = []
  readonly connections = new Set<Socket>()
  connectionCount = 0
  answer: (question: FakeQuestion) => FakeAnswer
  port = 0
  readonly #udp: UdpSocket
  readonly #tcp: Server

  static async start(t: Teardown, options: Options): Promise<FakeUpstream> {
    const fake = new FakeUpstream(options)
    await fake.#listen(options.address ?? '127.0.0.1')
    t.teardown(() => fake.close())
    return fake
  }

  constructor(options: Options) {
    this.answer = options.answer
    this.#udp = createSocket('udp4')
    this.#udp.on('message', (raw, from) => {
      const answer = this.#ask(raw, 'udp', from.port)
      for (const bytes of messages(answer, raw)) this.#udp.send(bytes, from.port, from.address)
    })
    const serve = (socket: Socket): void => this.#serve(socket)
    this.#tcp = options.tls ? createTlsServer(options.tls, serve) : createServer(serve)
  }

  get label(): string {
    return `127.0.0.1:${this.port}`
  }

  /** How many questions had this name. */
  count(name: string): number {
    return this.asked.filter((question) => question.name.toLowerCase() === name).length
  }

  /** Sends bytes out of the upstream's own port to `port`, asked or not. */
  send(bytes: Uint8Array, port: number): void {
    this.#udp.send(bytes, port, '127.0.0.1')
  }

  async close(): Promise<void> {
    for (const socket of this.connections) socket.destroy()
    await new Promise<void>((resolve) => this.#tcp.close(() => resolve()))
    await new Promise<void>((resolve) => this.#udp.close(() => resolve()))
  }

  // The port that TCP got may be taken in UDP, by whoever runs beside us: then another one is tried.
  async #listen(address: string): Promise<void> {
    await new Promise<void>((resolve) => this.#tcp.listen(0, address, resolve))
    const bound = this.#tcp.address()
    this.port = bound !== null && typeof bound === 'object' ? bound.port : 0
    await new Promise<void>((resolve, reject) => {
      this.#udp.once('error', reject)
      this.#udp.bind(this.port, address, resolve)
    })
  }

  #serve(socket: Socket): void {
    this.connectionCount++
    this.connections.add(socket)
    let inbox = Buffer.alloc(0)
    socket.on('error', () => {})
    socket.on('close', () => this.connections.delete(socket))
    socket.on('data', (chunk: Buffer) => {
      inbox = Buffer.concat([inbox, chunk])
      while (inbox.length >= 2 && inbox.length >= 2 + inbox.readUInt16BE(0)) {
        const raw = inbox.subarray(2, 2 + inbox.readUInt16BE(0))
        inbox = inbox.subarray(2 + raw.length)
        const answer = this.#ask(raw, 'tcp', socket.remotePort ?? 0)
        if (answer === 'close') socket.destroy()
        for (const bytes of messages(answer, raw)) socket.write(framed(bytes))
      }
    })
  }

  #ask(raw: Buffer, transport: 'udp' | 'tcp', port: number): FakeAnswer {
    const packet = decode(raw)
    const { name, type } = packet.questions?.[0] ?? { name: '', type: '' }
    const question: FakeQuestion = { name, type, transport, packet, port, raw }
    if (name !== '' && name !== '.') this.asked.push(question)
    return this.answer(question)
  }
}

/** Two octets of length and the message. */
function framed(bytes: Uint8Array): Buffer {
  return Buffer.concat([Uint8Array.of(bytes.length >> 8, bytes.length & 0xff), bytes])
}

/** The bytes of a reply to `raw` with the given fields. */
export function replyTo(raw: Buffer, fields: Partial<Packet>): Buffer {
  const { id, questions, flags = 0 } = decode(raw)
  return encode({
    type: 'response',
    id: id ?? 0,
    questions: questions ?? [],
    ...fields,
    flags: (fields.flags ?? 0) | (flags & 0x0100),
  })
}

/** An answer section of one A record. */
export function address(question: FakeQuestion, text: string, ttl = 60): Partial<Packet> {
  return { answers: [{ type: 'A', name: question.name, ttl, data: text }] }
}

function messages(answer: FakeAnswer, raw: Buffer): readonly Buffer[] {
  if (answer === null || answer === 'close') return []
  if (Buffer.isBuffer(answer)) return [answer]
  if (Array.isArray(answer)) return answer as readonly Buffer[]
  return [replyTo(raw, answer as Partial<Packet>)]
}
