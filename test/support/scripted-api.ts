// An API server that only exists as a script: each request is answered by the next line of it. For the tests of *k8s/api*.

import { type ApiConnection, type ApiRequest, type ApiResponse, ConnectionError } from '../../k8s/api/api-connection.ts'

/** How a body goes on after its chunks: it ends, the connection breaks, or nothing comes any more. */
type Ending = 'end' | 'reset' | 'open'

/** One answer. */
export interface Answer {
  readonly status?: number
  readonly retryAfterSeconds?: number
  readonly chunks?: readonly string[]
  readonly ending?: Ending
  /** No answer at all. */
  readonly unreachable?: true
}

/** Answers requests from its script; when that is over, streams stay open and silent. */
export class ScriptedApi implements ApiConnection {
  readonly #script: Answer[]
  readonly #now: () => number
  readonly #start: number
  /** `+800 watch 7`: when, from the beginning, and what was asked. */
  readonly asked: string[] = []
  readonly paths: string[] = []
  refusals = 0
  #open: ((text: string) => void)[] = []

  constructor(script: readonly Answer[], now: () => number) {
    this.#script = [...script]
    this.#now = now
    this.#start = now()
  }

  /** Sends more on every stream that stays open. */
  say(text: string): void {
    const listeners = this.#open
    this.#open = []
    for (const listener of listeners) listener(text)
  }

  async get(request: ApiRequest): Promise<ApiResponse> {
    this.asked.push(`+${Math.round(this.#now() - this.#start)} ${summaryOf(request)}`)
    this.paths.push(request.path)
    const {
      status = 200,
      retryAfterSeconds = 0,
      chunks = [],
      ending,
      unreachable,
    } = this.#script.shift() ?? { ending: 'open' }
    if (unreachable) throw new ConnectionError('connection refused')
    return {
      status,
      retryAfterSeconds,
      contentType: 'application/json',
      body: this.#body(chunks, ending ?? 'end', request.signal),
    }
  }

  async *#body(chunks: readonly string[], ending: Ending, signal: AbortSignal): AsyncGenerator<Uint8Array> {
    for (const chunk of chunks) yield Buffer.from(chunk)
    if (ending === 'reset') throw new ConnectionError('the connection was reset')
    while (ending === 'open') yield Buffer.from(await this.#next(signal))
  }

  #next(signal: AbortSignal): Promise<string> {
    return new Promise((resolve, reject) => {
      const cut = (): void => reject(new ConnectionError('cut off'))
      if (signal.aborted) cut()
      signal.addEventListener('abort', cut)
      this.#open.push(resolve)
    })
  }

  refuse(): void {
    this.refusals++
  }

  close(): void {}
}

function summaryOf({ path, accept }: ApiRequest): string {
  const query = new URL(path, 'http://api').searchParams
  if (query.has('sendInitialEvents')) return 'watchlist'
  if (query.has('watch')) return `watch ${query.get('resourceVersion')}`
  const what = accept.includes('PartialObjectMetadataList') ? 'metadata' : 'list'
  const token = query.get('continue')
  return `${what}${token === null ? '' : ` ${token}`}${query.has('limit') ? '' : ' whole'}`
}

/** A namespace in its JSON form; a number for `name` makes it one of a wrong shape. */
export const namespace = (name: string, version: string): object => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name, uid: `uid-${name}`, resourceVersion: version },
})

/** A page of a list of namespaces. */
export const page = (items: readonly object[], resourceVersion: string, token = ''): string =>
  JSON.stringify({ kind: 'NamespaceList', apiVersion: 'v1', metadata: { resourceVersion, continue: token }, items })

/** An event of a watch. */
export const event = (type: string, object: object): string => `${JSON.stringify({ type, object })}\n`

/** A bookmark. */
export const bookmark = (resourceVersion: string, initialEventsEnd = false): string =>
  event('BOOKMARK', {
    kind: 'Namespace',
    apiVersion: 'v1',
    metadata: { resourceVersion, ...(initialEventsEnd && { annotations: { 'k8s.io/initial-events-end': 'true' } }) },
  })

/** A refusal, as a body or the object of an ERROR event. */
export const status = (code: number, message = '', reason = ''): object => ({
  kind: 'Status',
  apiVersion: 'v1',
  status: 'Failure',
  code,
  message,
  reason,
})
