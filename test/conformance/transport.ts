// Bytes to a server and the bytes that come back, over UDP (RFC 1035 section 4.2.1) and TCP (section 4.2.2).
import { createSocket } from 'node:dgram'
import { connect } from 'node:net'
import { counted16 } from './wire/encode.ts'

export interface Route {
  readonly address: string
  readonly port: number
  readonly source?: string | undefined
  readonly timeoutMs: number
}

/** Sends one datagram; the first reply with its id, or null when the time is over or the port is closed. */
export function askUdp(message: Buffer, route: Route): Promise<Buffer | null> {
  const isIpv6 = route.address.includes(':')
  const socket = createSocket(isIpv6 ? 'udp6' : 'udp4')
  return new Promise((resolve) => {
    const finish = (reply: Buffer | null): void => {
      clearTimeout(timer)
      socket.removeAllListeners('message')
      socket.close()
      resolve(reply)
    }
    const timer = setTimeout(finish, route.timeoutMs, null)
    socket.once('error', () => finish(null))
    socket.on('message', (reply) => {
      const comparable = message.length >= 2 && reply.length >= 2
      if (!comparable || reply.readUInt16BE() === message.readUInt16BE()) finish(reply)
    })
    socket.bind(0, route.source ?? (isIpv6 ? '::1' : '127.0.0.1'), () =>
      socket.send(message, route.port, route.address),
    )
  })
}

export interface StreamOptions {
  /** The bytes to send hold their own lengths. */
  readonly framed?: boolean
  /** Called after each message: true when no more is to come. By default one message is all. */
  readonly complete?: (messages: readonly Buffer[]) => boolean
}

/** Sends one message on a new connection; the messages that come until the last, the end, or the end of the time. */
export function askTcp(message: Buffer, route: Route, options: StreamOptions = {}): Promise<Buffer[]> {
  const complete = options.complete ?? (() => true)
  const messages: Buffer[] = []
  let received: Buffer = Buffer.alloc(0)
  return new Promise((resolve) => {
    const socket = connect({
      host: route.address,
      port: route.port,
      ...(route.source === undefined ? {} : { localAddress: route.source }),
    })
    const finish = (): void => {
      clearTimeout(timer)
      socket.destroy()
      resolve(messages)
    }
    const timer = setTimeout(finish, route.timeoutMs)
    socket.on('error', finish)
    socket.on('end', finish)
    socket.on('connect', () => socket.write(options.framed ? message : counted16(message)))
    socket.on('data', (chunk: Buffer) => {
      received = Buffer.concat([received, chunk])
      while (received.length >= 2 && received.length >= 2 + received.readUInt16BE()) {
        const end = 2 + received.readUInt16BE()
        messages.push(received.subarray(2, end))
        received = received.subarray(end)
        if (complete(messages)) return finish()
      }
    })
  })
}

/** True if something accepts a TCP connection there. */
export function accepts(address: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: address, port })
    const finish = (accepted: boolean): void => {
      socket.destroy()
      resolve(accepted)
    }
    socket.once('connect', () => finish(true))
    socket.once('error', () => finish(false))
  })
}

export interface HttpReply {
  readonly refused?: boolean
  readonly status?: number
  readonly body?: string
}

/** Gets a path from 127.0.0.1; `refused` when nobody answers within 5 s. */
export async function getHttp(port: number, path: string): Promise<HttpReply> {
  try {
    const reply = await fetch(`http://127.0.0.1:${port}${path}`, {
      signal: AbortSignal.timeout(5000),
      redirect: 'manual',
    })
    return { status: reply.status, body: await reply.text() }
  } catch {
    return { refused: true }
  }
}
