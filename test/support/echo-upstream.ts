// An upstream for load: answers every question over UDP and TCP with one address, as bytes, after a delay; some answers it may spoil.

import { createSocket, type Socket as UdpSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer, type Server } from 'node:net'
import { FrameReader, frame } from '../../server/net/framing.ts'

export interface EchoUpstreamOptions {
  readonly delayMs?: number
  /** Changes an answer before it is sent. */
  readonly spoil?: (answer: Buffer) => Uint8Array
}

// An A record of the question's name: 203.0.113.7.
const addressRecord = Buffer.from('c00c000100010000003c0004cb007107', 'hex')
const headerBytes = 12

/** A running upstream on 127.0.0.1. */
export class EchoUpstream {
  readonly port: number
  asked = 0
  #closed = false
  readonly #udp: UdpSocket
  readonly #tcp: Server
  readonly #options: EchoUpstreamOptions

  static async start(port: number, options: EchoUpstreamOptions = {}): Promise<EchoUpstream> {
    const upstream = new EchoUpstream(port, options)
    await Promise.all([once(upstream.#udp, 'listening'), once(upstream.#tcp, 'listening')])
    return upstream
  }

  constructor(port: number, options: EchoUpstreamOptions) {
    this.port = port
    this.#options = options
    this.#udp = createSocket('udp4')
    this.#udp.on('message', (query, from) =>
      this.#answer(query, (bytes) => this.#udp.send(bytes, from.port, from.address)),
    )
    this.#udp.bind(port, '127.0.0.1')
    this.#tcp = createServer((socket) => {
      const frames = new FrameReader()
      socket.on('error', () => {})
      socket.on('data', (chunk: Buffer) => {
        frames.push(chunk)
        for (let query = frames.next(); query; query = frames.next()) {
          this.#answer(Buffer.from(query), (bytes) => socket.writable && socket.write(frame(bytes)))
        }
      })
    })
    this.#tcp.listen(port, '127.0.0.1')
  }

  #answer(query: Buffer, send: (bytes: Uint8Array) => void): void {
    this.asked++
    const answer = answerTo(query)
    const { delayMs = 0, spoil } = this.#options
    const bytes = spoil ? spoil(answer) : answer
    if (delayMs === 0) send(bytes)
    else setTimeout(() => this.#closed || send(bytes), delayMs)
  }

  close(): void {
    this.#closed = true
    this.#udp.close()
    this.#tcp.close()
  }
}

/** The question again, with an address if it asks for one. */
function answerTo(query: Buffer): Buffer {
  let end = headerBytes
  while (end < query.length && query[end] !== 0) end += 1 + (query[end] ?? 0)
  end += 5
  const isAddress = query[end - 3] === 1 && query[end - 4] === 0
  const answer = Buffer.concat([query.subarray(0, end), isAddress ? addressRecord : Buffer.alloc(0)])
  answer.writeUInt16BE(0x8180 | (answer.readUInt16BE(2) & 0x0110), 2)
  answer.writeUInt16BE(1, 4)
  answer.writeUInt16BE(isAddress ? 1 : 0, 6)
  answer.writeUInt32BE(0, 8)
  return answer
}
