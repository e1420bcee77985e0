// Asks a server on 127.0.0.1 over UDP, many questions at once, each told apart by its id and port as resolvers do.

import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import packet, { type RecordType } from 'dns-packet'

/** What came back: `NXDOMAIN`, or `NOERROR` and each record of the answer as `TYPE data`, in the order of letters. */
export interface Reply {
  readonly text: string
  /** On the clock of `performance.now()`. */
  readonly atMs: number
}

/** One socket. */
export class Asker {
  readonly #socket: Socket
  readonly #waiting = new Map<number, (reply: Reply) => void>()
  #id = 0

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.on('message', (bytes) => this.#take(bytes, performance.now()))
    // A server that has just gone.
    socket.on('error', () => {})
  }

  /** A socket to 127.0.0.1. */
  static async connect(port: number): Promise<Asker> {
    const socket = createSocket('udp4')
    socket.connect(port, '127.0.0.1')
    await once(socket, 'connect')
    return new Asker(socket)
  }

  /** Asks once; `heard` is called if there is an answer. */
  send(name: string, type: RecordType, heard: (reply: Reply) => void): void {
    this.#id = (this.#id + 1) & 0xffff
    this.#waiting.set(this.#id, heard)
    const questions = [{ type, name, class: 'IN' as const }]
    this.#socket.send(packet.encode({ type: 'query', id: this.#id, flags: packet.RECURSION_DESIRED, questions }))
  }

  close(): void {
    this.#socket.close()
  }

  #take(bytes: Buffer, atMs: number): void {
    const id = bytes.readUInt16BE(0)
    const heard = this.#waiting.get(id)
    this.#waiting.delete(id)
    heard?.({ text: textOf(bytes), atMs })
  }
}

function textOf(bytes: Buffer): string {
  const decoded = packet.decode(bytes) as packet.DecodedPacket & { readonly rcode: string }
  const records = (decoded.answers ?? []).flatMap((record) => {
    if (record.type === 'A' || record.type === 'CNAME' || record.type === 'PTR')
      return [`${record.type} ${record.data}`]
    return record.type === 'SRV' ? [`SRV ${record.data.port} ${record.data.target}`] : []
  })
  return [decoded.rcode, ...records.sort()].join(', ')
}
