// Watches: changes as a stream that never ends by itself. One WatchStream is one response; it turns changes of its resource into the events of its selection.
//
//   resourceVersion=N                    changes after N
//   resourceVersion=0 or none            ADDED for what there is, then changes
//   sendInitialEvents=true (WatchList)   ADDED for what there is, BOOKMARK with k8s.io/initial-events-end, then changes

import { ApiError, encodeStatus, invalid } from './api-status.ts'
import { type Change, type ClusterState, type Collection, parseRevision, requireKnown } from './cluster-state.ts'
import { watchFrame } from './frames.ts'
import type { ObjectMeta } from './kubernetes-object.ts'
import { switchOf } from './negotiation.ts'
import { type Match, matchOf } from './selectors.ts'
import { type Form, StoredObject } from './stored-object.ts'

/** Where events go: a response, or what a fault makes of it. */
export interface EventSink {
  /** `change`: something that happens now; `state`: what there was at the start, bookmarks, the error at the end. */
  write(bytes: Buffer, what: 'change' | 'state'): void
  end(): void
}

/** What a watch is started with. */
export interface WatchRequest {
  readonly state: ClusterState
  readonly collection: Collection
  /** '' is all namespaces. */
  readonly namespace: string
  readonly query: URLSearchParams
  readonly form: Form
  /** Whether the WatchList feature is on. */
  readonly watchList: boolean
  /** Asked before every event: how objects are shown now. */
  readonly shapeNow: () => Form['shape']
}

const initialEventsEnd = { 'k8s.io/initial-events-end': 'true' }
/** Initial events are written in pieces of about this size. */
const pieceBytes = 256 * 1024

/** One watch, from its request to its end. */
export class WatchStream {
  readonly collection: Collection
  readonly #request: WatchRequest
  readonly #match: Match
  #sink: EventSink | null = null
  #silence: (() => void) | null = null

  /** Throws ApiError for options that Kubernetes refuses before it begins to stream. */
  constructor(request: WatchRequest) {
    const { collection, namespace, query, watchList } = request
    checkWatchOptions(query, watchList)
    this.collection = collection
    this.#request = request
    this.#match = matchOf(collection.resource, {
      namespace,
      labelSelector: query.get('labelSelector') ?? '',
      fieldSelector: query.get('fieldSelector') ?? '',
    })
    const revision = parseRevision(query.get('resourceVersion') ?? '')
    if (revision !== null) requireKnown(request.state, revision)
  }

  /** Sends what has happened already, then everything as it happens. A resource version that is compacted is an ERROR event and the end. */
  start(sink: EventSink): void {
    const { query, state } = this.#request
    this.#sink = sink
    const revision = parseRevision(query.get('resourceVersion') ?? '')
    const initial = query.has('sendInitialEvents')
      ? switchOf(query, 'sendInitialEvents')
      : revision === null || revision === 0
    try {
      if (initial) this.#sendState()
      else for (const change of this.collection.since(revision || state.revision)) this.#send(change)
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      sink.write(errorEvent(this.#request.form, error), 'state')
      sink.end()
      return
    }
    if (initial && query.has('sendInitialEvents')) this.bookmark(initialEventsEnd)
    this.#silence = this.collection.listen((change) => this.#send(change))
  }

  /** Nothing is sent any more. */
  stop(): void {
    this.#silence?.()
    this.#silence = null
  }

  /** Tells how far it has come, if the client allows bookmarks. */
  bookmark(annotations: Readonly<Record<string, string>> | null = null): void {
    const { query, form, state } = this.#request
    if (!switchOf(query, 'allowWatchBookmarks')) return
    const { resource } = this.collection
    const metadata = { creationTimestamp: null, ...(annotations && { annotations }) } as unknown as ObjectMeta
    const mark = { apiVersion: '', kind: '', metadata }
    const shape = form.shape === 'metadata' ? 'metadata' : 'whole'
    const object = new StoredObject(resource, mark, state.revision).whole({ media: form.media, shape })
    this.#sink?.write(watchFrame(form.media, 'BOOKMARK', object), 'state')
  }

  #sendState(): void {
    const { state } = this.#request
    let pieces: Buffer[] = []
    let bytes = 0
    for (const stored of this.collection.at(state.revision)) {
      if (!this.#match(stored.object)) continue
      const event = this.#event('ADDED', stored)
      pieces.push(event)
      bytes += event.length
      if (bytes < pieceBytes) continue
      this.#sink?.write(Buffer.concat(pieces), 'state')
      pieces = []
      bytes = 0
    }
    if (bytes > 0) this.#sink?.write(Buffer.concat(pieces), 'state')
  }

  /** What a change is to this selection: an object that no longer matches is deleted, one that begins to match is added. */
  #send({ type, object, before }: Change): void {
    const matched = before !== null && this.#match(before.object)
    const matches = type !== 'DELETED' && this.#match(object.object)
    if (matches) this.#sink?.write(this.#event(matched ? 'MODIFIED' : 'ADDED', object), 'change')
    else if (matched) {
      const last = type === 'DELETED' ? object : lastMatch(before, object)
      this.#sink?.write(this.#event('DELETED', last), 'change')
    }
  }

  #event(type: Change['type'], stored: StoredObject): Buffer {
    const { form, shapeNow } = this.#request
    const { media } = form
    return watchFrame(media, type, stored.whole({ media, shape: shapeNow() }))
  }
}

/** An object that a change took out of a selection, as that selection last saw it, at the change's revision. */
const lastMatch = (before: StoredObject, now: StoredObject): StoredObject =>
  new StoredObject(before.resource, before.object, now.revision)

const errorEvent = (form: Form, error: ApiError): Buffer =>
  watchFrame(form.media, 'ERROR', encodeStatus(form.media, error.status()))

/** Combinations of options that Kubernetes refuses. */
function checkWatchOptions(query: URLSearchParams, watchList: boolean): void {
  const match = query.get('resourceVersionMatch') ?? ''
  const faults: string[] = []
  const forbidden = 'resourceVersionMatch: Forbidden:'
  if (query.has('sendInitialEvents')) {
    if (match !== 'NotOlderThan')
      faults.push(`${forbidden} sendInitialEvents requires setting resourceVersionMatch to NotOlderThan`)
    if (!watchList)
      faults.push(
        'sendInitialEvents: Forbidden: sendInitialEvents is forbidden for watch unless the WatchList feature gate is enabled',
      )
  }
  if (match !== '') {
    if (!query.has('sendInitialEvents'))
      faults.push(`${forbidden} resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided`)
    if (match !== 'NotOlderThan')
      faults.push(`resourceVersionMatch: Unsupported value: "${match}": supported values: "NotOlderThan"`)
    if ((query.get('continue') ?? '') !== '')
      faults.push(`${forbidden} resourceVersionMatch is forbidden when continue is provided`)
  }
  if (faults.length > 0) throw invalid('ListOptions.meta.k8s.io', '', faults)
}
