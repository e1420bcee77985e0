// Keeps the store in step with one resource of an API server: lists it, then watches it from the version that the list had, for ever.
//
//   WatchList ──refused, or without end──► pages of a list ─► watch ──ended──► watch from the last version ─► …
//       └──────── initial events, then ──────────────────────────┘ └──410, inconsistent──► list again: a diff in place
//
// Whatever goes wrong, what is known stays. https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes

import type { Clock } from '../clock.ts'
import { acceptHeader, decodeStatus, listDecoder, watchDecoder } from '../decoders.ts'
import type { ObjectName, Trim } from '../objects.ts'
import type { ObjectStore } from '../store.ts'
import type { ApiConnection, ApiResponse } from './api-connection.ts'
import { Backoff } from './backoff.ts'
import { Intake } from './intake.ts'
import { refusalOf } from './refusal.ts'
import type { Report } from './report.ts'
import { listPath, type Selection, watchListPath, watchPath } from './requests.ts'
import { Silence } from './silence.ts'
import { Refused, type Trouble, troubleOf, Unstreamable } from './trouble.ts'
import type { WatchTiming } from './watch-timing.ts'

/** Why everything is listed. */
export type ListReason = 'start' | 'expired' | 'inconsistent' | 'garbage' | 'undecodable'

/** What a reflector works with. */
export interface ReflectorOptions {
  readonly selection: Selection
  readonly trim: Trim
  /** Without it the cluster cannot be answered from, so it is asked for as often as the backoff allows, whatever the refusal. */
  readonly essential: boolean
  readonly api: ApiConnection
  readonly store: ObjectStore
  readonly clock: Clock
  readonly random: () => number
  readonly timing: WatchTiming
  readonly report: Report
}

/** Garbage this many times in a row is got around by a list. */
const garbageMax = 3

/** Lists and watches one resource until it is stopped. */
export class Reflector {
  readonly #options: ReflectorOptions
  readonly #backoff: Backoff
  readonly #intake: Intake
  #stopped = false
  /** Cut short by `stop`, `relist` and silence: the stream that is open, or the wait for the next. */
  #attempt = new AbortController()
  #reason: ListReason = 'start'
  #streaming = true
  /** A continue token expired: the next list is asked for in one piece. */
  #whole = false
  #garbage = 0
  /** How long the open stream may be silent, and when its last bookmark came. */
  #silence = { ms: 0 }
  #bookmarkAt: number | null = null
  #longestGapMs = 0
  /** The last trouble was that nobody answered. */
  #unreachable = false
  /** Ends the wait, if there is one. */
  #woken = (): void => {}
  /** The trouble that was logged, '' if there is none. */
  #logged = ''

  constructor(options: ReflectorOptions) {
    const { selection, store, report } = options
    this.#options = options
    this.#backoff = new Backoff(options)
    this.#intake = new Intake({
      kind: selection.resource.kind,
      store,
      report,
      progress: (sign) => this.#progress(sign),
    })
  }

  get selection(): Selection {
    return this.#options.selection
  }

  /** True while a watch follows a complete list: then the store ought to hold what the API server has. */
  get following(): boolean {
    return this.#intake.version !== ''
  }

  /** Keys of objects that events tell of from now on, until `untrack`. */
  track(): ReadonlySet<string> {
    return this.#intake.track()
  }

  untrack(): void {
    this.#intake.untrack()
  }

  /** How many objects could not be read in their latest state. */
  get undecodableCount(): number {
    return this.#intake.undecodableCount
  }

  /** True if this is one of them. */
  undecodable(name: ObjectName): boolean {
    return this.#intake.undecodable(name)
  }

  /** Resolves when it has been stopped; rejects only for a bug. */
  async run(): Promise<void> {
    while (!this.#stopped) {
      const attempt = new AbortController()
      this.#attempt = attempt
      try {
        await this.#follow()
      } catch (error) {
        const { aborted, reason } = attempt.signal
        // A body that nobody wanted to read is still open.
        attempt.abort()
        if (this.#stopped || reason === relisting) continue
        const trouble = troubleOf(aborted ? reason : error)
        if (!trouble) throw error
        await this.#recover(trouble)
      }
    }
  }

  stop(): void {
    this.#stopped = true
    this.#attempt.abort()
  }

  /** Lists anew at once: the watch has been found wrong. */
  relist(reason: ListReason): void {
    this.#expire(reason)
    this.#attempt.abort(relisting)
  }

  /** Somebody else has reached the API server: who waits for that need wait no longer. */
  wake(): void {
    if (this.#unreachable) this.#woken()
  }

  #expire(reason: ListReason): void {
    if (this.following) this.#reason = reason
    this.#intake.expire()
  }

  // ---- asking --------------------------------------------------------------------------------------------------------------------

  async #follow(): Promise<void> {
    if (!this.following) {
      this.#options.report.count('lists', this.#reason)
      this.#intake.begin()
      if (this.#streaming) return this.#watchFromStart()
      await this.#list()
    }
    await this.#watch(watchPath(this.selection, this.#intake.version, this.#timeoutSeconds()))
  }

  async #list(): Promise<void> {
    const { selection, timing, trim } = this.#options
    this.#silence = { ms: timing.listSilenceMs }
    let token = ''
    let version = ''
    do {
      const response = await this.#get(listPath(selection, this.#whole ? 0 : timing.pageObjects, token), 'list')
      const decoder = listDecoder(response.contentType, selection.resource, trim)
      await this.#read(response, (bytes) => this.#intake.page(decoder.push(bytes)))
      const end = decoder.end()
      token = end.continueToken
      version = end.resourceVersion
    } while (token !== '')
    this.#whole = false
    this.#intake.complete(version)
  }

  /** WatchList: the initial events are a list, what follows is a watch. */
  async #watchFromStart(): Promise<void> {
    try {
      await this.#watch(watchListPath(this.selection, this.#timeoutSeconds()))
    } catch (error) {
      const unknown = error instanceof Refused && [400, 422].includes(error.status.code)
      throw unknown && !this.following ? new Unstreamable(error.message) : error
    }
    if (!this.following) throw new Unstreamable('a WatchList ended before its initial events did')
  }

  #timeoutSeconds(): number {
    const { random, timing } = this.#options
    return Math.ceil((timing.watchMinMs + random() * (timing.watchMaxMs - timing.watchMinMs)) / 1000)
  }

  async #watch(path: string): Promise<void> {
    const { clock, selection, timing, trim } = this.#options
    const startedAt = clock.now()
    this.#bookmarkAt = null
    this.#silence = { ms: this.following ? this.#watchSilenceMs() : timing.listSilenceMs }
    const response = await this.#get(path, 'watch')
    const decoder = watchDecoder(response.contentType, selection.resource, trim)
    await this.#read(response, (bytes) => this.#intake.take(decoder.push(bytes)))
    // A server that ends each watch at once is not asked again at once for ever.
    if (clock.now() - startedAt < timing.backoffMinMs) await this.#wait(this.#backoff.next())
  }

  async #get(path: string, form: 'list' | 'watch'): Promise<ApiResponse> {
    const { api, selection } = this.#options
    const accept = acceptHeader(selection.resource, form)
    const response = await api.get({ path, accept, signal: this.#attempt.signal })
    if (response.status !== 200) throw await refusalOf(response, decodeStatus)
    return response
  }

  async #read(response: ApiResponse, take: (bytes: Uint8Array) => void): Promise<void> {
    const { clock, report } = this.#options
    const attempt = this.#attempt
    const guard = new Silence(clock, this.#silence, (error) => attempt.abort(error))
    try {
      for await (const bytes of response.body) {
        guard.heard()
        report.heard()
        take(bytes)
      }
    } finally {
      guard.end()
    }
    // Some bodies end quietly when they are cut off.
    attempt.signal.throwIfAborted()
  }

  #progress(sign: 'complete' | 'bookmark' | 'change'): void {
    const now = this.#options.clock.now()
    this.#garbage = 0
    this.#backoff.succeeded()
    if (sign !== 'change') {
      if (this.#bookmarkAt !== null) this.#longestGapMs = Math.max(this.#longestGapMs, now - this.#bookmarkAt)
      this.#bookmarkAt = now
      this.#silence.ms = this.#watchSilenceMs()
    }
    if (this.#unreachable) {
      this.#unreachable = false
      this.#options.report.reachable()
    }
    if (this.#logged === '') return
    this.#logged = ''
    this.#options.report.info(`following ${this.selection.resource.plural} again`)
  }

  #watchSilenceMs(): number {
    const { bookmarkGaps, silenceMaxMs, silenceMinMs, silenceUnknownMs } = this.#options.timing
    if (this.#longestGapMs === 0) return silenceUnknownMs
    return Math.min(Math.max(bookmarkGaps * this.#longestGapMs, silenceMinMs), silenceMaxMs)
  }

  // ---- trouble -------------------------------------------------------------------------------------------------------------------

  async #recover(trouble: Trouble): Promise<void> {
    const { kind } = trouble
    this.#options.report.count('api_errors', kind)
    if (kind === 'expired') {
      this.#whole = !this.following && !this.#streaming
      this.#expire('expired')
    }
    // Initial events that stop half-way: what cannot end them may still be able to list.
    if (!this.following && streamFaults.has(kind)) this.#streaming = false
    if (kind === 'garbage' && ++this.#garbage % garbageMax === 0) this.#expire('garbage')
    if (kind === 'unauthorized') this.#options.api.refuse()
    this.#unreachable = kind === 'connection'
    const delayMs = this.#delayMs(trouble)
    if (delayMs > 0 || kind === 'garbage' || kind === 'silent') this.#complain(trouble)
    if (delayMs > 0) await this.#wait(delayMs)
  }

  #delayMs({ kind, retryAfterMs }: Trouble): number {
    const { essential, random, report, timing } = this.#options
    if (kind === 'unstreamable') return 0
    if (!essential && (kind === 'forbidden' || kind === 'missing')) {
      report.unavailable(kind)
      return timing.absentRetryMs * (1 + random())
    }
    if (retryAfterMs > 0) return Math.min(retryAfterMs, timing.retryAfterMaxMs) * (1 + random() / 10)
    return retriedAtOnce.has(kind) && this.#backoff.isFirst(kind) ? 0 : this.#backoff.next()
  }

  #complain({ kind, text: whole }: Trouble): void {
    const { essential, report, selection } = this.#options
    // A URL's query differs each time and tells nobody anything.
    const text = whole.replace(/(https?:\/\/[^\s"?]*)\?[^\s"]*/g, '$1')
    const told = `${kind} ${text}`
    if (told === this.#logged || this.#stopped) return
    this.#logged = told
    const { group, plural, version } = selection.resource
    const effect = essential
      ? this.#intake.hasListed
        ? 'what is known stays'
        : 'nothing is known of them yet'
      : 'only what needs it is off'
    const rule = `apiGroups: ["${group}"] resources: ["${plural}"] verbs: ["list", "watch"]`
    const what = kind === 'missing' ? `${group === '' ? version : `${group}/${version}`} is not served there` : text
    const advice = kind === 'forbidden' ? `; the ClusterRole lacks the rule ${rule}` : ''
    report.warning(`cannot ${this.following ? 'watch' : 'list'} ${plural}: ${what}; ${effect}${advice}`)
  }

  /** Ends early if there is something else to do. */
  #wait(delayMs: number): Promise<void> {
    if (this.#stopped || this.#attempt.signal.reason === relisting) return Promise.resolve()
    this.#attempt = new AbortController()
    const { signal } = this.#attempt
    return new Promise((resolve) => {
      const timer = this.#options.clock.after(delayMs, resolve)
      this.#woken = () => {
        timer.cancel()
        resolve()
      }
      signal.addEventListener('abort', this.#woken)
    })
  }
}

/** The reason with which a stream is cut to list again. */
const relisting = Symbol('list again')

/** What may be the WatchList's own fault. */
const streamFaults: ReadonlySet<Trouble['kind']> = new Set(['unstreamable', 'silent', 'garbage'])

/** What one retry may cure; everything else needs time. */
const retriedAtOnce: ReadonlySet<Trouble['kind']> = new Set([
  'expired',
  'unauthorized',
  'connection',
  'silent',
  'garbage',
])
