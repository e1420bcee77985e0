// Fuzzes the real process: mutated packets over UDP and mutated frames over TCP, from a seed, and what must hold meanwhile: it lives, questions in between get their
// right answers, replies are well-formed, its memory is bounded, and its log tells of no bug.

import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { connect } from 'node:net'
import { FrameReader } from '../../server/net/framing.ts'
import { isFault } from '../../wire/fault.ts'
import { decodeMessage } from '../../wire/message.ts'
import { rcodeName } from '../../wire/registry.ts'
import { EchoUpstream } from '../support/echo-upstream.ts'
import { queryBytes, readReply } from '../support/questions.ts'
import { WatchedServer } from '../support/watched-server.ts'
import { fuzzCorefile, knownAnswers, sensibleQuery } from './server-corefile.ts'
import { mutated, type Random, randomFrom } from './wire-inputs.ts'

/** Packets between two questions with a known answer: few enough for the kernel's buffers, so that all arrive. */
const burst = 250
/** Milliseconds that a question with a known answer may take. */
const answerMsMax = 10_000
/** What the process may have resident, in MiB, whatever it was sent. */
const residentMiBMax = 700

export interface ServerFuzzOptions {
  readonly packets: number
  /** Connections with mutated frames. */
  readonly connections: number
  readonly seed: number
  readonly print: (line: string) => void
}

export interface ServerFuzzResult {
  readonly packets: number
  readonly replies: number
  readonly connections: number
  readonly streamReplies: number
  readonly known: number
  /** Replies by rcode: shows that the packets get everywhere. */
  readonly rcodes: ReadonlyMap<string, number>
  readonly residentMiB: readonly number[]
}

/** Runs the fuzzer; throws an Error that says what did not hold. */
export async function fuzzServer(options: ServerFuzzOptions): Promise<ServerFuzzResult> {
  const random = randomFrom(options.seed)
  const server = await WatchedServer.start({ corefile: fuzzCorefile })
  const upstream = await EchoUpstream.start(server.ports[1] ?? 0, { spoil: spoiler(randomFrom(options.seed + 1)) })
  const fuzzer = new ServerFuzzer(server, random)
  try {
    await fuzzer.open()
    for (let sent = 0, part = 0; sent < options.packets; sent += burst) {
      await fuzzer.burst(Math.min(burst, options.packets - sent))
      if (sent < (part * options.packets) / 10) continue
      part++
      options.print(`  ${sent} packets, ${fuzzer.replies} replies, ${await fuzzer.measure()} MiB`)
    }
    for (let i = 0; i < options.connections; i++) {
      await fuzzer.connection()
      if (i % 100 === 99) await fuzzer.askKnown()
    }
    await fuzzer.measure()
    fuzzer.check()
    const { replies, streamReplies, known, rcodes, residentMiB } = fuzzer
    return {
      packets: options.packets,
      replies,
      connections: options.connections,
      streamReplies,
      known,
      rcodes,
      residentMiB,
    }
  } finally {
    fuzzer.close()
    upstream.close()
    await server.close()
  }
}

// Every eighth answer of the upstream is not what a server sends.
function spoiler(random: Random): (answer: Buffer) => Uint8Array {
  return (answer) => (random.below(8) === 0 && answer.indexOf('elsewhere') < 0 ? mutated(random, [answer]) : answer)
}

class ServerFuzzer {
  replies = 0
  streamReplies = 0
  known = 0
  readonly rcodes = new Map<string, number>()
  readonly residentMiB: number[] = []
  readonly #server: WatchedServer
  readonly #random: Random
  readonly #socket: Socket = createSocket('udp4')
  readonly #asking: Socket = createSocket('udp4')
  /** Ids that were sent: a reply with another id answers nothing. */
  readonly #ids = new Uint8Array(65_536)
  #seeds: Uint8Array[] = []
  #broken: string | null = null

  constructor(server: WatchedServer, random: Random) {
    this.#server = server
    this.#random = random
    this.#socket.on('message', (reply) => this.#checkReply(reply, true))
  }

  async open(): Promise<void> {
    for (const socket of [this.#socket, this.#asking]) {
      socket.connect(this.#server.port, '127.0.0.1')
      await once(socket, 'connect')
      socket.on('error', () => {})
    }
    await this.askKnown()
  }

  close(): void {
    this.#socket.close()
    this.#asking.close()
  }

  #packet(): Uint8Array {
    const random = this.#random
    if (this.#seeds.length === 0 || random.below(500) === 0)
      this.#seeds = Array.from({ length: 40 }, () => sensibleQuery(random))
    const packet = random.below(4) === 0 ? sensibleQuery(random) : mutated(random, this.#seeds)
    // A datagram has its bound, and an empty one says nothing.
    return packet.subarray(0, 60_000)
  }

  /** Sends packets, then asks what must still be answered rightly. */
  async burst(count: number): Promise<void> {
    for (let i = 0; i < count; i++) {
      const packet = this.#packet()
      this.#note(packet)
      this.#socket.send(packet)
    }
    await this.askKnown()
    this.check()
  }

  #note(packet: Uint8Array): void {
    if (packet.length >= 2) this.#ids[(packet[0]! << 8) | packet[1]!] = 1
  }

  /** Throws if something that must hold did not. */
  check(): void {
    const { code, faults, tail } = this.#server
    if (code !== undefined) throw new Error(`the server ended with ${code}:\n${tail.join('\n')}`)
    if (faults.length > 0) throw new Error(`its log tells of a bug:\n${faults.join('\n')}\n…\n${tail.join('\n')}`)
    if (this.#broken !== null) throw new Error(this.#broken)
  }

  /** Memory now; throws if it is too much. */
  async measure(): Promise<number> {
    const resident = await this.#server.residentMiB()
    this.residentMiB.push(resident)
    if (resident > residentMiBMax) throw new Error(`${resident} MiB are resident, more than ${residentMiBMax}`)
    return resident
  }

  // Decodable, a reply, to something that was asked; without OPT no larger than a client without EDNS takes.
  #checkReply(reply: Buffer, datagram: boolean): void {
    if (datagram) this.replies++
    else this.streamReplies++
    const message = decodeMessage(reply)
    const fault = isFault(message)
      ? message.fault
      : (message.flags & 0x8000) === 0
        ? 'QR is not set'
        : this.#ids[message.id] !== 1
          ? 'nobody asked with this id'
          : datagram && message.edns === null && reply.length > 512
            ? `${reply.length} octets without EDNS`
            : datagram && reply.length > 4096
              ? `${reply.length} octets in a datagram`
              : null
    if (!isFault(message))
      this.rcodes.set(rcodeName(message.rcode), (this.rcodes.get(rcodeName(message.rcode)) ?? 0) + 1)
    if (fault !== null) this.#broken ??= `a reply is not well-formed (${fault}): ${reply.toString('hex')}`
  }

  /** Asks one question with a known answer, over UDP. */
  async askKnown(): Promise<void> {
    const [question, answer] = knownAnswers[this.known++ % knownAnswers.length]!
    const id = 1 + (this.known % 60_000)
    const right = new Promise<boolean>((resolve) => {
      const timer = setTimeout(() => finished(false), answerMsMax)
      const heard = (bytes: Buffer): void => {
        if (bytes.readUInt16BE(0) !== id) return
        const first = readReply(bytes).answer[0] ?? ''
        if (!first.endsWith(answer)) this.#broken ??= `${question} was answered by ${JSON.stringify(readReply(bytes))}`
        finished(true)
      }
      const finished = (found: boolean): void => {
        clearTimeout(timer)
        this.#asking.off('message', heard)
        resolve(found)
      }
      this.#asking.on('message', heard)
    })
    this.#asking.send(queryBytes(question, { id, edns: {} }))
    if (!(await right))
      throw new Error(`${question} was not answered for ${answerMsMax} ms:\n${this.#server.tail.join('\n')}`)
  }

  /** One connection: frames whose lengths may lie, in chunks of any size, ended in one of several ways. */
  async connection(): Promise<void> {
    const random = this.#random
    const stream = Buffer.concat(Array.from({ length: 1 + random.below(20) }, () => this.#frame()))
    const socket = connect({ port: this.#server.port, host: '127.0.0.1', allowHalfOpen: random.below(2) === 0 })
    const frames = new FrameReader()
    socket.on('error', () => {})
    socket.on('data', (chunk: Buffer) => {
      frames.push(chunk)
      for (let reply = frames.next(); reply; reply = frames.next()) this.#checkReply(Buffer.from(reply), false)
    })
    await once(socket, 'connect')
    for (let at = 0; at < stream.length && socket.writable; ) {
      const size = 1 + random.below(random.below(2) === 0 ? 3 : 4000)
      socket.write(stream.subarray(at, at + size))
      at += size
      if (random.below(4) === 0) await new Promise(setImmediate)
    }
    const way = random.below(3)
    if (way === 0) socket.destroy()
    else if (way === 1) socket.end()
    await new Promise((resolve) => setTimeout(resolve, 2))
    socket.destroy()
  }

  #frame(): Buffer {
    const random = this.#random
    const packet = this.#packet()
    this.#note(packet)
    const length = random.below(10) === 0 ? random.below(65_536) : packet.length
    const framed = Buffer.alloc(2 + packet.length)
    framed.writeUInt16BE(length)
    framed.set(packet, 2)
    // What follows a length that lies is read as other messages with other ids.
    if (length !== packet.length) this.#ids.fill(1)
    return framed
  }
}
