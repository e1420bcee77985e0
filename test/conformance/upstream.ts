// The DNS server that the suites forward to: UDP and TCP on 127.0.0.1 to 127.0.0.8, one port. It counts what it is asked, and can
// be taken down (it hears and counts, and says nothing). It runs in the runner's own process.
import { createSocket, type Socket } from 'node:dgram'
import { createServer, type Server } from 'node:net'
import { type UpstreamReply, upstreamReply } from './upstream-zone.ts'
import { decodeMessage, type Message } from './wire/decode.ts'
import { counted16, encodeQuestion, u16, u32 } from './wire/encode.ts'

const hosts = [1, 2, 3, 4, 5, 6, 7, 8]

export class Upstream {
  #counts = new Map<string, number>()
  #occurrences = new Map<string, number>()
  #isDown = false
  readonly #sockets: Socket[] = []
  readonly #servers: Server[] = []

  /** Starts listening; rejects when the port is taken on one of the addresses. */
  static async listen(port: number): Promise<Upstream> {
    const upstream = new Upstream()
    try {
      for (const host of hosts) {
        await upstream.#listenUdp(host, port)
        await upstream.#listenTcp(host, port)
      }
    } catch (error) {
      await upstream.close()
      throw error
    }
    return upstream
  }

  /** How many queries there were since the last reset: for `name|TYPE` (name in lower case), for an address, or for `*`. */
  count(key: string): number {
    return this.#counts.get(key) ?? 0
  }

  reset(): void {
    this.#counts = new Map()
    this.#occurrences = new Map()
    this.#isDown = false
  }

  down(): void {
    this.#isDown = true
  }

  up(): void {
    this.#isDown = false
  }

  async close(): Promise<void> {
    await Promise.all([
      ...this.#sockets.map((socket) => new Promise<void>((resolve) => socket.close(() => resolve()))),
      ...this.#servers.map((server) => new Promise<void>((resolve) => server.close(() => resolve()))),
    ])
  }

  #listenUdp(host: number, port: number): Promise<void> {
    const socket = createSocket('udp4')
    socket.on('message', (bytes, from) => {
      const reply = this.#reply(bytes, host, 'udp')
      if (reply) socket.send(reply, from.port, from.address)
    })
    return new Promise((resolve, reject) => {
      socket.once('error', reject)
      socket.bind({ port, address: `127.0.0.${host}`, exclusive: true }, () => {
        socket.off('error', reject)
        socket.on('error', () => {}) // an ICMP error of a client that has gone
        this.#sockets.push(socket)
        resolve()
      })
    })
  }

  #listenTcp(host: number, port: number): Promise<void> {
    const server = createServer((connection) => {
      let received: Buffer = Buffer.alloc(0)
      connection.unref()
      connection.on('error', () => connection.destroy())
      connection.on('data', (chunk: Buffer) => {
        received = Buffer.concat([received, chunk])
        while (received.length >= 2 && received.length >= 2 + received.readUInt16BE()) {
          const end = 2 + received.readUInt16BE()
          const reply = this.#reply(received.subarray(2, end), host, 'tcp')
          received = received.subarray(end)
          if (reply) connection.write(counted16(reply))
        }
      })
    })
    return new Promise((resolve, reject) => {
      server.once('error', reject)
      server.listen({ port, host: `127.0.0.${host}`, exclusive: true }, () => {
        server.off('error', reject)
        this.#servers.push(server)
        resolve()
      })
    })
  }

  #reply(bytes: Buffer, host: number, transport: 'udp' | 'tcp'): Buffer | null {
    const message = decodeQuery(bytes)
    const question = message?.question[0]
    if (!message || !question) return null
    const key = `${question.name.toLowerCase()}|${question.type}`
    for (const counter of [key, `127.0.0.${host}`, '*']) this.#counts.set(counter, this.count(counter) + 1)
    if (this.#isDown) return null
    // only an address that answers by name sees an occurrence of it: a failover must not spoil the sequence
    if (host <= 2 || (host === 7 && transport === 'tcp'))
      this.#occurrences.set(key, (this.#occurrences.get(key) ?? 0) + 1)
    const occurrence = this.#occurrences.get(key) ?? 1
    const reply = upstreamReply({ message, name: question.name, type: question.type, transport, host, occurrence })
    return reply && encodeReply(reply, message, transport)
  }
}

function decodeQuery(bytes: Buffer): Message | null {
  try {
    const message = decodeMessage(bytes)
    return message.qr || message.question.length !== 1 ? null : message
  } catch {
    return null // not a query: an upstream says nothing
  }
}

/** The reply as bytes; on UDP it is cut down to what the client takes, with TC set. */
function encodeReply(reply: UpstreamReply, query: Message, transport: 'udp' | 'tcp'): Buffer {
  const [asked] = query.question
  const { name, type } = reply.question ?? { name: asked?.name ?? '.', type: asked?.type ?? 'A' }
  const question = encodeQuestion(name, type, reply.question ? 'IN' : asked?.class)
  const opt = query.edns
    ? [Buffer.concat([Buffer.of(0), u16(41), u16(4096), u32(query.edns.do ? 0x8000 : 0), u16(0)])]
    : []
  const build = ({
    answer,
    authority,
    additional,
    tc,
  }: Pick<UpstreamReply, 'answer' | 'authority' | 'additional' | 'tc'>): Buffer => {
    const flags =
      0x8000 |
      (reply.aa ? 0x400 : 0) |
      (tc ? 0x200 : 0) |
      (query.flags.rd ? 0x100 : 0) |
      (reply.ra ? 0x80 : 0) |
      (reply.ad ? 0x20 : 0) |
      (query.flags.cd ? 0x10 : 0) |
      reply.rcode
    const counts = [1, answer.length, authority.length, additional.length + opt.length].map(u16)
    return Buffer.concat([
      u16(query.id),
      u16(flags),
      ...counts,
      question,
      ...answer,
      ...authority,
      ...additional,
      ...opt,
    ])
  }
  const whole = build(reply)
  const limit = transport === 'tcp' ? 65535 : Math.max(512, query.edns?.size ?? 512)
  if (whole.length <= limit) return whole
  const cut = { answer: [...reply.answer], authority: [], additional: [], tc: true }
  while (cut.answer.length > 0 && build(cut).length > limit) cut.answer.pop()
  return build(cut)
}
