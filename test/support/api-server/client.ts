// A client for the tests of the fake API server: nothing but HTTP, so that what is seen is what was sent.

import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { eventually } from '../eventually.ts'
import { decodeObject } from '../kubernetes-schema.ts'
import type { JsonObject } from './kubernetes-object.ts'

/** Who asks. */
export interface ClientOptions {
  readonly token?: string
  /** PEM. */
  readonly authority?: string
  readonly certificate?: string
  readonly key?: string
}

/** What is asked. */
export interface Ask {
  readonly method?: string
  readonly accept?: string
  /** An object is sent as JSON. */
  readonly body?: unknown
  readonly type?: string
}

/** An answer; `json` is the body read as JSON or protobuf, {} if it is neither. */
export interface Reply {
  readonly status: number
  readonly type: string
  readonly headers: IncomingMessage['headers']
  readonly body: Buffer
  readonly json: JsonObject
}

/** One event of a watch. */
export interface SeenEvent {
  readonly type: string
  readonly object: JsonObject
}

/** Asks one server; every request has its own connection. */
export class ApiClient {
  readonly #url: string
  readonly #options: ClientOptions

  constructor(url: string, options: ClientOptions = {}) {
    this.#url = url
    this.#options = options
  }

  /** Rejects if the connection breaks before the answer's end. */
  async ask(path: string, ask: Ask = {}): Promise<Reply> {
    const response = await this.#open(path, ask)
    const chunks: Buffer[] = []
    for await (const chunk of response as AsyncIterable<Buffer>) chunks.push(chunk)
    const body = Buffer.concat(chunks)
    const type = response.headers['content-type'] ?? ''
    return { status: response.statusCode ?? 0, type, headers: response.headers, body, json: read(type, body) }
  }

  /** A watch, once its head has come. */
  async watch(path: string, accept = 'application/json'): Promise<SeenWatch> {
    return new SeenWatch(await this.#open(path, { accept }))
  }

  #open(path: string, { method = 'GET', accept, body, type = 'application/json' }: Ask): Promise<IncomingMessage> {
    const { token, authority, certificate, key } = this.#options
    const bytes = Buffer.isBuffer(body) || typeof body === 'string' ? body : JSON.stringify(body)
    const headers = {
      ...(accept !== undefined && { accept }),
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...(bytes !== undefined && { 'content-type': type, 'content-length': Buffer.byteLength(bytes) }),
    }
    const tls = { ca: authority, cert: certificate, key, allowPartialTrustChain: true }
    const open = this.#url.startsWith('https:') ? httpsRequest : httpRequest
    return new Promise((resolve, reject) => {
      const request: ClientRequest = open(`${this.#url}${path}`, { method, headers, agent: false, ...tls }, resolve)
      request.on('error', reject)
      request.end(bytes)
    })
  }
}

function read(type: string, body: Buffer): JsonObject {
  try {
    return (type.startsWith('application/json') ? JSON.parse(body.toString()) : decodeObject(body)) as JsonObject
  } catch {
    return {}
  }
}

/** The events of one watch so far. */
export class SeenWatch {
  readonly type: string
  readonly status: number
  /** Bytes behind the last whole event. */
  rest = Buffer.alloc(0)
  ended: 'no' | 'cleanly' | 'broken' = 'no'
  readonly events: SeenEvent[] = []
  readonly #response: IncomingMessage

  constructor(response: IncomingMessage) {
    this.#response = response
    this.type = response.headers['content-type'] ?? ''
    this.status = response.statusCode ?? 0
    response.on('data', (chunk: Buffer) => {
      this.rest = Buffer.concat([this.rest, chunk])
      this.#read()
    })
    response.on('end', () => {
      this.ended = 'cleanly'
    })
    response.on('error', () => {
      this.ended = 'broken'
    })
  }

  /** `ADDED prod/web`, `BOOKMARK`, `ERROR 410`, in their order, once there are `count`. */
  async seen(count: number): Promise<string[]> {
    await eventually(() => this.events.length >= count)
    return this.events.map(nameOfEvent)
  }

  close(): void {
    this.#response.destroy()
  }

  #read(): void {
    if (this.type === 'application/json') {
      for (let end = this.rest.indexOf(10); end >= 0; end = this.rest.indexOf(10)) {
        this.events.push(JSON.parse(this.rest.subarray(0, end).toString()) as SeenEvent)
        this.rest = this.rest.subarray(end + 1)
      }
      return
    }
    while (this.rest.length >= 4 && this.rest.length >= 4 + this.rest.readUInt32BE()) {
      const end = 4 + this.rest.readUInt32BE()
      this.events.push(readFrame(this.rest.subarray(4, end)))
      this.rest = this.rest.subarray(end)
    }
  }
}

function nameOfEvent({ type, object }: SeenEvent): string {
  const { namespace, name } = (object.metadata ?? {}) as { namespace?: string; name?: string }
  if (type === 'BOOKMARK') return type
  if (type === 'ERROR') return `${type} ${String(object.code)}`
  return `${type} ${namespace === undefined ? '' : `${namespace}/`}${name}`
}

/** WatchEvent { 1: type, 2: RawExtension { 1: object } }. */
function readFrame(frame: Buffer): SeenEvent {
  const type = frame.subarray(2, 2 + frame[1]!).toString()
  return { type, object: decodeObject(frame.subarray(frame.indexOf('k8s\0'))) as JsonObject }
}
