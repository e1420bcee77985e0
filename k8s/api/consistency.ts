// Compares the store with the API server now and then: a watch can go silent, or lose an event, without any error. Only names, uids and versions are listed
// (PartialObjectMetadata), by pages, without a version so that the answer is not an old one.
//
//   list ─► what the store doesn't hold, what it has beyond ─► looked at again for 5 s ─► still so: cut the watch, list again
//
// An event on its way is no difference: it comes within milliseconds, and the store is looked at several times meanwhile. Nor is an object that an event told of since the
// list began: whatever the list says of it may be older.

import type { Clock } from '../clock.ts'
import type { MetadataItem } from '../decoder.ts'
import { acceptHeader, decodeStatus, metadataDecoder } from '../decoders.ts'
import { keyOf, type ObjectName } from '../objects.ts'
import type { ObjectStore } from '../store.ts'
import type { ApiConnection } from './api-connection.ts'
import type { Reflector } from './reflector.ts'
import { refusalOf } from './refusal.ts'
import type { Report } from './report.ts'
import { listPath } from './requests.ts'
import { Silence } from './silence.ts'
import { type Refused, troubleOf } from './trouble.ts'
import type { WatchTiming } from './watch-timing.ts'

/** What a check works with. */
export interface CheckOptions {
  readonly reflector: Pick<
    Reflector,
    'selection' | 'following' | 'relist' | 'undecodable' | 'undecodableCount' | 'track' | 'untrack'
  >
  readonly api: ApiConnection
  readonly store: Pick<ObjectStore, 'holds' | 'names' | 'count'>
  readonly clock: Clock
  readonly random: () => number
  readonly timing: WatchTiming
  readonly report: Report
}

/** Checks one resource now and then until it is stopped. */
export class ConsistencyCheck {
  readonly #options: CheckOptions
  #stopped = false
  #timer: { cancel(): void } | null = null
  #attempt = new AbortController()

  constructor(options: CheckOptions) {
    this.#options = options
  }

  start(): void {
    this.#later()
  }

  stop(): void {
    this.#stopped = true
    this.#timer?.cancel()
    this.#attempt.abort()
  }

  #later(): void {
    if (this.#stopped) return
    const { clock, random, reflector, store, timing } = this.#options
    // Checking 150,000 pods as often as 150 Services would be the API server's load, not ours.
    const size = Math.max(1, store.count(reflector.selection.resource.kind) / timing.checkObjects)
    const delayMs = timing.checkEveryMs * size * (0.75 + random() / 2)
    this.#timer = clock.after(delayMs, () => void this.check().finally(() => this.#later()))
  }

  /** Compares once. */
  async check(): Promise<void> {
    const { reflector, report } = this.#options
    if (!reflector.following) return
    // Whatever made objects unreadable may be over, and no event need tell.
    if (reflector.undecodableCount > 0) return reflector.relist('undecodable')
    this.#attempt = new AbortController()
    const touched = reflector.track()
    try {
      const suspicion = await this.#compare()
      const stale = await this.#confirm(suspicion, touched)
      if (this.#stopped) return
      report.count('consistency_checks', stale === '' ? 'consistent' : 'stale')
      if (stale === '') return report.heard()
      const { plural } = reflector.selection.resource
      report.warning(`the watch on ${plural} missed a change of ${stale}; listing again`)
      reflector.relist('inconsistent')
    } catch (error) {
      if (this.#stopped) return
      // The next list or watch will tell the trouble; here it only means that nothing was compared.
      const { aborted, reason } = this.#attempt.signal
      this.#attempt.abort()
      if (!troubleOf(aborted ? reason : error)) throw error
      report.count('consistency_checks', 'failed')
    } finally {
      reflector.untrack()
    }
  }

  async #compare(): Promise<Suspicion> {
    const { reflector, store } = this.#options
    const { kind } = reflector.selection.resource
    const beyond = new Set<string>()
    for (const name of store.names(kind)) beyond.add(keyOf(name))
    const unheld: MetadataItem[] = []
    await this.#list((item) => {
      const name = { kind, namespace: item.namespace, name: item.name }
      beyond.delete(keyOf(name))
      if (!store.holds(name, item.uid, item.resourceVersion) && !reflector.undecodable(name)) unheld.push(item)
    })
    return { unheld, beyond }
  }

  async #list(take: (item: MetadataItem) => void): Promise<void> {
    const { api, clock, reflector, timing } = this.#options
    const { selection } = reflector
    let token = ''
    do {
      const response = await api.get({
        path: listPath(selection, timing.pageObjects, token),
        accept: acceptHeader(selection.resource, 'metadata'),
        signal: this.#attempt.signal,
      })
      if (response.status !== 200) throw await this.#refusal(await refusalOf(response, decodeStatus))
      const decoder = metadataDecoder(response.contentType)
      const guard = new Silence(clock, { ms: timing.listSilenceMs }, (error) => this.#attempt.abort(error))
      try {
        for await (const bytes of response.body) {
          guard.heard()
          for (const item of decoder.push(bytes)) take(item)
        }
      } finally {
        guard.end()
      }
      this.#attempt.signal.throwIfAborted()
      token = decoder.end().continueToken
    } while (token !== '')
  }

  #refusal(refused: Refused): Refused {
    if (refused.status.code === 401) this.#options.api.refuse()
    return refused
  }

  /** The first object whose difference outlives every look; '' if there is none. */
  async #confirm({ unheld, beyond }: Suspicion, touched: ReadonlySet<string>): Promise<string> {
    const { reflector, store, timing } = this.#options
    const { kind } = reflector.selection.resource
    const isUntouched = ({ namespace, name }: Pick<ObjectName, 'namespace' | 'name'>): boolean =>
      !touched.has(keyOf({ kind, namespace, name }))
    let missed = unheld
    for (const delayMs of timing.checkAgainMs) {
      if (missed.length === 0 && beyond.size === 0) return ''
      await this.#sleep(delayMs)
      // A list in the meantime has put everything right.
      if (this.#stopped || !reflector.following) return ''
      missed = missed.filter(
        ({ namespace, name, uid, resourceVersion }) =>
          !store.holds({ kind, namespace, name }, uid, resourceVersion) &&
          !reflector.undecodable({ kind, namespace, name }),
      )
    }
    const first = missed.find(isUntouched)
    if (first) return nameText(first)
    if (beyond.size === 0) return ''
    for (const name of store.names(kind)) if (beyond.has(keyOf(name)) && isUntouched(name)) return nameText(name)
    return ''
  }

  #sleep(delayMs: number): Promise<void> {
    const { clock } = this.#options
    return new Promise((resolve) => {
      const timer = clock.after(delayMs, resolve)
      this.#attempt.signal.addEventListener('abort', () => {
        timer.cancel()
        resolve()
      })
    })
  }
}

const nameText = ({ namespace, name }: Pick<ObjectName, 'namespace' | 'name'>): string =>
  namespace === '' ? name : `${namespace}/${name}`

/** What differs, perhaps only because an event is on its way. */
interface Suspicion {
  /** States that the API server has and the store does not. */
  readonly unheld: readonly MetadataItem[]
  /** Keys of objects that the store has and the API server does not. */
  readonly beyond: ReadonlySet<string>
}
