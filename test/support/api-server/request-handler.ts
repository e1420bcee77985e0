// One request, from its head to the end of its answer: faults, who asks, what about, whether he may, then list, watch, get or write.

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Clock } from '../../../plugins/plugin.ts'
import { decodeObject } from '../kubernetes-schema.ts'
import type { Access } from './access.ts'
import { ApiError, badRequest, encodeStatus, noSuchPath, notFound, reasonOf } from './api-status.ts'
import type { ClusterState } from './cluster-state.ts'
import { discoveryDocument } from './discovery.ts'
import type { Faults } from './faults.ts'
import { listFrame } from './frames.ts'
import { isJsonObject, type KubernetesObject } from './kubernetes-object.ts'
import { listPage } from './list.ts'
import { contentTypeOf, mediaForStatus, negotiate, numberOf, type Purpose, requireJson } from './negotiation.ts'
import type { ApiResource } from './resource-table.ts'
import { type Route, routeOf } from './route.ts'
import { matchOf } from './selectors.ts'
import { type Form, type StoredObject, typeOf } from './stored-object.ts'
import { WatchStream } from './watch.ts'
import { WatchResponse } from './watch-response.ts'
import { keyOf, parseBody, type Target, type Writer } from './writes.ts'

/** A request that came, for assertions. */
export interface RequestRecord {
  readonly method: string
  readonly path: string
  readonly query: URLSearchParams
  readonly accept: string
  /** '' before it is known who asks. */
  user: string
  /** 0 until the answer's head is written. */
  status: number
  contentType: string
}

/** What requests are answered from. */
export interface HandlerOptions {
  readonly state: ClusterState
  readonly writer: Writer
  readonly access: Access
  readonly faults: Faults
  readonly clock: Clock
  readonly watchList: boolean
  readonly protobuf: boolean
  readonly pageLimitMax: number
  /** Open watches, for bookmarks and faults. */
  readonly watches: Set<WatchResponse>
  readonly requests: RequestRecord[]
}

/** The last requests that are remembered. */
const requestsMax = 100_000
const bodyBytesMax = 4 * 1024 * 1024
/** A list is written in pieces of about this size. */
const pieceBytes = 256 * 1024

const garbage = Buffer.from('<html>\0\u00ff this is {neither "JSON": nor protobuf')

/** One request and what is known about it. */
interface Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly url: URL
  readonly record: RequestRecord
}

/** Answers requests. */
export class RequestHandler {
  readonly #options: HandlerOptions

  constructor(options: HandlerOptions) {
    this.#options = options
  }

  /** Never rejects: what goes wrong is said to the client. */
  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { requests } = this.#options
    const url = new URL(request.url ?? '/', 'http://api')
    const record: RequestRecord = {
      method: request.method ?? '',
      path: url.pathname,
      query: url.searchParams,
      accept: request.headers.accept ?? '',
      user: '',
      status: 0,
      contentType: '',
    }
    if (requests.push(record) > requestsMax) requests.shift()
    const exchange = { request, response, url, record }
    try {
      await this.#answer(exchange)
    } catch (error) {
      const known = error instanceof ApiError ? error : new ApiError(500, 'InternalError', String(error))
      if (response.headersSent) response.destroy()
      else sendStatus(exchange, known)
    }
  }

  async #answer(exchange: Exchange): Promise<void> {
    const { request, response, url, record } = exchange
    const { access, faults } = this.#options
    const route = routeOf(record.method, url)
    const plural = route?.resource.plural ?? ''
    await faults.thawed(plural)
    if (faults.delayMs > 0)
      await new Promise<void>((resolve) => void this.#options.clock.after(faults.delayMs, resolve))
    if (response.destroyed) return
    const refusal = faults.takeStatus(plural)
    if (refusal)
      throw new ApiError(
        refusal.code,
        reasonOf(refusal.code),
        `a fault that a test wanted: ${refusal.code}`,
        refusal.retryAfter > 0 ? { retryAfterSeconds: refusal.retryAfter } : {},
      )
    if (/^\/(healthz|livez|readyz)$/.test(url.pathname)) return send(exchange, 200, 'text/plain', Buffer.from('ok'))
    record.user = access.authenticate(request)
    if (!route) return this.#discover(exchange)
    access.authorize({ user: record.user, ...route })
    return this.#dispatch(exchange, route)
  }

  #discover(exchange: Exchange): void {
    const document = exchange.record.method === 'GET' ? discoveryDocument(exchange.url.pathname) : null
    if (!document) throw noSuchPath()
    requireJson(exchange.record.accept)
    send(exchange, 200, 'application/json', Buffer.from(JSON.stringify(document)))
  }

  async #dispatch(exchange: Exchange, route: Route): Promise<void> {
    const { writer, state } = this.#options
    const { record, url } = exchange
    const dryRun = url.searchParams.get('dryRun') === 'All'
    const target: Target = { ...route, dryRun }
    switch (route.verb) {
      case 'list':
        return this.#list(exchange, route)
      case 'watch':
        return this.#watch(exchange, route)
      case 'get': {
        const found = state.collection(route.resource).get(keyOf(route))
        if (!found) throw notFound(route.resource, route.name)
        return this.#sendObject(exchange, 200, found)
      }
      case 'create':
        return this.#sendObject(exchange, 201, writer.create(target, await this.#readObject(exchange)))
      case 'update':
        return this.#sendObject(exchange, 200, writer.replace(target, await this.#readObject(exchange)))
      case 'patch': {
        const type = (exchange.request.headers['content-type'] ?? '').split(';')[0]!
        const fieldManager = url.searchParams.get('fieldManager') ?? ''
        const { stored, created } = writer.patch(target, { type, body: await readBody(exchange.request), fieldManager })
        return this.#sendObject(exchange, created ? 201 : 200, stored)
      }
      case 'delete': {
        const body = await readBody(exchange.request)
        const options = body.length > 0 ? parseBody(body) : {}
        const gone = writer.delete(target, isJsonObject(options) ? options : {})
        // Namespaces and Pods take their time elsewhere, so that the object is the answer; the others are gone.
        if (['namespaces', 'pods'].includes(route.resource.plural)) return this.#sendObject(exchange, 200, gone)
        return send(exchange, 200, 'application/json', Buffer.from(JSON.stringify(deleted(gone))))
      }
      case 'deletecollection': {
        const match = matchOf(route.resource, {
          namespace: route.namespace,
          labelSelector: record.query.get('labelSelector') ?? '',
          fieldSelector: record.query.get('fieldSelector') ?? '',
        })
        const doomed = [...state.collection(route.resource).values()].filter(({ object }) => match(object))
        if (!dryRun) for (const stored of doomed) writer.remove(stored)
        return send(
          exchange,
          200,
          'application/json',
          Buffer.from(JSON.stringify({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success' })),
        )
      }
    }
  }

  #negotiate({ record }: Exchange, resource: ApiResource, purpose: Purpose): Form {
    const shown = this.#options.protobuf ? resource : { ...resource, protobuf: false }
    return negotiate(record.accept, shown, purpose)
  }

  /** Whole objects of a resource are broken while a fault says so. */
  #shapeNow(form: Form, resource: ApiResource): Form['shape'] {
    return form.shape === 'whole' && this.#options.faults.breaksShape(resource.plural) ? 'broken' : form.shape
  }

  async #list(exchange: Exchange, { resource, namespace }: Route): Promise<void> {
    const { state, faults, pageLimitMax } = this.#options
    const { response, record } = exchange
    const { media, shape: wanted } = this.#negotiate(exchange, resource, 'list')
    const collection = state.collection(resource)
    const page = listPage({ state, collection, namespace, query: record.query, pageLimitMax })
    if (faults.takeGarbage(resource.plural)) return send(exchange, 200, contentTypeOf(media, 'list'), garbage)
    const form: Form = { media, shape: this.#shapeNow({ media, shape: wanted }, resource) }
    const type = typeOf(resource, form)
    const items = page.objects.map((stored) => stored.item(form))
    const length = items.reduce((sum, item) => sum + item.length, 0)
    const frame = listFrame(media, { ...type, kind: `${type.kind}List` }, page.meta, length)
    writeHead(exchange, 200, contentTypeOf(media, 'list'))
    for (const piece of piecesOf([frame.head, ...separated(items, frame.separator), frame.tail])) {
      if (response.destroyed) return
      if (!response.write(piece)) await drained(response)
    }
    response.end()
  }

  #watch(exchange: Exchange, { resource, namespace }: Route): void {
    const { state, faults, clock, watchList, watches } = this.#options
    const { record, response } = exchange
    const form = this.#negotiate(exchange, resource, 'watch')
    const seconds = numberOf(record.query, 'timeoutSeconds')
    const stream = new WatchStream({
      state,
      collection: state.collection(resource),
      namespace,
      query: record.query,
      form,
      watchList,
      shapeNow: () => this.#shapeNow(form, resource),
    })
    writeHead(exchange, 200, contentTypeOf(form.media, 'watch'))
    response.flushHeaders()
    const watch = new WatchResponse({ resource: resource.plural, stream, response, faults, garbage })
    watches.add(watch)
    const timer = seconds === null || seconds === 0 ? null : clock.after(seconds * 1000, () => watch.end())
    response.on('close', () => {
      timer?.cancel()
      stream.stop()
      watches.delete(watch)
    })
    stream.start(watch)
  }

  #sendObject(exchange: Exchange, code: number, stored: StoredObject): void {
    const form = this.#negotiate(exchange, stored.resource, 'object')
    const bytes = stored.whole({ ...form, shape: this.#shapeNow(form, stored.resource) })
    send(exchange, code, contentTypeOf(form.media, 'object'), bytes)
  }

  async #readObject({ request }: Exchange): Promise<KubernetesObject> {
    const type = (request.headers['content-type'] ?? 'application/json').split(';')[0]!
    const body = await readBody(request)
    if (!['application/json', 'application/yaml', 'application/vnd.kubernetes.protobuf'].includes(type))
      throw new ApiError(415, 'UnsupportedMediaType', `the body of the request was in an unknown format: ${type}`)
    const object = type.endsWith('protobuf') ? readProtobuf(body) : parseBody(body)
    if (!isJsonObject(object) || !isJsonObject(object.metadata))
      throw badRequest('the body of the request is no object with metadata')
    return object as KubernetesObject
  }
}

function readProtobuf(body: Buffer): unknown {
  try {
    return withoutEmpty(decodeObject(body))
  } catch (error) {
    throw badRequest(`couldn't read the body: ${error instanceof Error ? error.message : String(error)}`)
  }
}

/** Protobuf has no missing lists and maps, only empty ones. */
function withoutEmpty(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutEmpty)
  if (!isJsonObject(value)) return value
  const fields = Object.entries(value).filter(([, found]) => !isEmpty(found))
  return Object.fromEntries(fields.map(([name, found]) => [name, withoutEmpty(found)]))
}

const isEmpty = (value: unknown): boolean =>
  Array.isArray(value) ? value.length === 0 : isJsonObject(value) && Object.keys(value).length === 0

/** The answer to a DELETE. */
function deleted({ resource, object }: StoredObject): object {
  const { group, plural } = resource
  const { name, uid } = object.metadata
  const details = { name, ...(group !== '' && { group }), kind: plural, uid }
  return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', details }
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > bodyBytesMax) throw new ApiError(413, 'RequestEntityTooLarge', 'limit is 3145728')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

function writeHead({ response, record }: Exchange, code: number, contentType: string, retryAfter = 0): void {
  record.status = code
  record.contentType = contentType
  response.writeHead(code, {
    'Content-Type': contentType,
    'Cache-Control': 'no-cache, private',
    ...(retryAfter > 0 && { 'Retry-After': String(retryAfter) }),
  })
}

function send(exchange: Exchange, code: number, contentType: string, body: Buffer): void {
  writeHead(exchange, code, contentType)
  exchange.response.end(body)
}

function sendStatus(exchange: Exchange, error: ApiError): void {
  const media = mediaForStatus(exchange.record.accept)
  // What is left of a body that nobody read must not be taken for the next request.
  exchange.request.resume()
  writeHead(exchange, error.code, contentTypeOf(media, 'object'), error.extras.retryAfterSeconds ?? 0)
  exchange.response.end(encodeStatus(media, error.status()))
}

function* separated(items: readonly Buffer[], separator: Buffer): Iterable<Buffer> {
  for (const [index, item] of items.entries()) {
    if (index > 0 && separator.length > 0) yield separator
    yield item
  }
}

/** Many small buffers as few larger ones. */
function* piecesOf(buffers: Iterable<Buffer>): Iterable<Buffer> {
  let gathered: Buffer[] = []
  let bytes = 0
  for (const buffer of buffers) {
    gathered.push(buffer)
    bytes += buffer.length
    if (bytes < pieceBytes) continue
    yield Buffer.concat(gathered, bytes)
    gathered = []
    bytes = 0
  }
  if (bytes > 0) yield Buffer.concat(gathered, bytes)
}

/** Resolves when more may be written, or never will. */
function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    if (response.destroyed) return resolve()
    const done = (): void => {
      response.off('drain', done)
      response.off('close', done)
      resolve()
    }
    response.on('drain', done)
    response.on('close', done)
  })
}
