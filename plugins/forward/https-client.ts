// Questions over HTTPS (RFC 8484): one HTTP/2 session to one upstream, one stream for each question, always at /dns-query.

import { type ClientHttp2Session, type ClientHttp2Stream, connect, type IncomingHttpHeaders } from 'node:http2'
import type { Timer } from '../plugin.ts'
import type { Asker, AskerTools, Asking, Cancel, Outcome } from './asker.ts'
import { replyBytesMax } from './limits.ts'
import { readReply } from './question.ts'
import { connectTls, type TlsClient } from './tls-client.ts'
import { socketTrouble, Trouble } from './trouble.ts'

const mediaType = 'application/dns-message'

/** Where the requests go. */
export interface HttpsTarget {
  readonly address: string
  readonly port: number
  readonly label: string
  readonly method: 'GET' | 'POST'
  readonly tls: TlsClient
  readonly expireMs: number
}

/** One upstream over HTTPS. */
export class HttpsClient implements Asker {
  readonly #target: HttpsTarget
  readonly #tools: AskerTools
  #session: ClientHttp2Session | null = null
  #underWay = 0
  #expiry: Timer | null = null
  #closed = false

  constructor(target: HttpsTarget, tools: AskerTools) {
    this.#target = target
    this.#tools = tools
  }

  ask(asking: Asking): Cancel {
    if (this.#session?.closed || this.#session?.destroyed) this.#session = null
    const reused = this.#session !== null
    this.#tools.connection(reused)
    const session = this.#session ?? this.#connect()
    this.#session = session
    this.#expiry?.cancel()
    this.#underWay++
    const stream = request(session, this.#target, asking.question.bytes)
    let settled = false
    const settle = (outcome: Outcome | null): void => {
      if (settled) return
      settled = true
      timer.cancel()
      this.#rest()
      if (outcome) asking.done(outcome)
    }
    const timer = this.#tools.clock.after(asking.timeoutMs, () => {
      // What hangs once is not asked again.
      if (this.#session === session) this.#session = null
      settle(new Trouble('silent', `https ${this.#target.label}: i/o timeout`))
      stream.destroy()
      if (session.connecting) session.destroy()
      else session.close()
    })
    readBody(stream, (result) => {
      if (result instanceof Error) settle(socketTrouble(result, `https ${this.#target.label}`))
      else if (typeof result === 'string') settle(new Trouble('network', `https ${this.#target.label}: ${result}`))
      else settle(this.#read(result, asking))
    })
    return () => {
      settle(null)
      stream.destroy()
    }
  }

  close(): void {
    this.#closed = true
    if (this.#underWay === 0) this.#drop()
  }

  #read(body: Uint8Array, asking: Asking): Outcome {
    if (body.length < 12) return new Trouble('malformed', 'malformed reply: message ends early')
    const outcome = readReply(body, asking.question)
    if (outcome instanceof Trouble && outcome.kind === 'mismatch') this.#tools.mismatched()
    return outcome
  }

  #rest(): void {
    this.#underWay--
    if (this.#underWay > 0) return
    this.#expiry?.cancel()
    if (this.#closed) this.#drop()
    else this.#expiry = this.#tools.clock.after(this.#target.expireMs, () => this.#drop())
  }

  #drop(): void {
    this.#expiry?.cancel()
    this.#session?.close()
    this.#session = null
  }

  #connect(): ClientHttp2Session {
    const { label, tls } = this.#target
    const place = { ...this.#target, sourceAddress: this.#tools.sourceAddress }
    // What a server pushes would be buffered and read by nobody.
    const session = connect(`https://${label}`, {
      createConnection: () => connectTls(place, tls, ['h2']),
      settings: { enablePush: false },
    })
    session.unref()
    const gone = (): void => {
      if (this.#session === session) this.#session = null
    }
    // The streams of a session that fails get its error too.
    session.on('error', gone)
    session.on('close', gone)
    session.on('goaway', gone)
    return session
  }
}

function request(session: ClientHttp2Session, target: HttpsTarget, bytes: Uint8Array): ClientHttp2Stream {
  const authority = target.tls.serverName === '' ? target.label : target.tls.serverName
  const common = { ':authority': authority, accept: mediaType }
  if (target.method === 'GET') {
    const path = `/dns-query?dns=${Buffer.from(bytes).toString('base64url')}`
    return session.request({ ...common, ':method': 'GET', ':path': path }, { endStream: true })
  }
  const stream = session.request({
    ...common,
    ':method': 'POST',
    ':path': '/dns-query',
    'content-type': mediaType,
    'content-length': bytes.length,
  })
  stream.end(bytes)
  return stream
}

/** Calls `done` with the body of a 200, an error, or what was wrong with the reply. */
function readBody(stream: ClientHttp2Stream, done: (result: Uint8Array | Error | string) => void): void {
  const parts: Buffer[] = []
  let length = 0
  let status = 0
  stream.on('response', (headers: IncomingHttpHeaders & { ':status'?: number }) => {
    status = headers[':status'] ?? 0
  })
  stream.on('data', (part: Buffer) => {
    length += part.length
    if (length > replyBytesMax) {
      done('reply is longer than a DNS message may be')
      stream.destroy()
    } else parts.push(part)
  })
  stream.on('end', () => done(status === 200 ? Buffer.concat(parts) : `status ${status}`))
  // A stream whose session failed says what happened to the session.
  stream.on('error', (error) => done(error.cause instanceof Error ? error.cause : error))
  stream.on('close', () => done('EOF'))
}
