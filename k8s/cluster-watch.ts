// The watch on one cluster: a reflector and a consistency check for every kind of object that is wanted, over one connection, into one store; and the store's
// copy on disk.
//
//   snapshot file ─► store ◄── reflectors ◄── API server            batches, "synced", figures, log lines ─► listener
//        ▲────────────┘  ▲──── checks ◄────────────┘

import type { ApiConnection } from './api/api-connection.ts'
import type { RequestSeen } from './api/connection.ts'
import { ConsistencyCheck } from './api/consistency.ts'
import { clusterOf } from './api/file-access.ts'
import { Reflector } from './api/reflector.ts'
import type { Report } from './api/report.ts'
import type { WatchTiming } from './api/watch-timing.ts'
import type { Clock } from './clock.ts'
import type { ClusterFigures } from './cluster-line.ts'
import type { ClusterOptions } from './cluster-options.ts'
import { Figures, resourceLabel } from './figures.ts'
import type { ClusterObject, EndpointSliceObject } from './objects.ts'
import { type Resource, resources } from './resources.ts'
import { SnapshotKeeper } from './snapshot-keeper.ts'
import { type ChangeBatch, ObjectStore } from './store.ts'

type Kind = ClusterObject['kind']

/** Hears of the cluster. */
export interface ClusterListener {
  batch(batch: ChangeBatch): void
  /** Everything wanted has been listed; said once. */
  synced(): void
  /** The store has the state of an earlier run, this old. */
  restored(ageMs: number): void
  figures(figures: ClusterFigures): void
  log(level: 'info' | 'warning', text: string): void
}

/** What a watch works with. */
export interface ClusterWatchParts {
  readonly options: ClusterOptions
  /** Makes the connection; rejects if it can never be. */
  readonly connect: (observe: (seen: RequestSeen) => void) => Promise<ApiConnection>
  readonly clock: Clock
  readonly random: () => number
  readonly timing: WatchTiming
  readonly listener: ClusterListener
}

/** Without these no answer about the cluster can be trusted; what needs the others can be off by itself. */
const essential: ReadonlySet<Kind> = new Set(['Service', 'Namespace', 'EndpointSlice'])

/** Watches one cluster until it is stopped. */
export class ClusterWatch {
  readonly #parts: ClusterWatchParts
  readonly #store: ObjectStore
  readonly #figures: Figures
  readonly #keeper: SnapshotKeeper | null
  readonly #reflectors: Reflector[] = []
  readonly #checks: ConsistencyCheck[] = []
  /** Kinds whose first list is still to come. */
  readonly #awaited: Set<Kind>
  /** When the API server last said something about each kind, milliseconds since 1970. */
  readonly #heardAtMs = new Map<Kind, number>()
  #api: ApiConnection | null = null
  #stopped = false

  constructor(parts: ClusterWatchParts) {
    const { options, clock, timing, listener } = parts
    this.#parts = parts
    this.#store = new ObjectStore({ wall: () => clock.wall() })
    this.#awaited = new Set(options.kinds)
    const kindOf = new Map(options.kinds.map((kind) => [resourceLabel(kind), kind]))
    this.#figures = new Figures({
      clock,
      everyMs: timing.figuresEveryMs,
      send: (figures) => listener.figures(figures),
      objects: (resource) => this.#store.count(kindOf.get(resource)!),
    })
    this.#keeper = options.snapshot
      ? new SnapshotKeeper({
          snapshot: options.snapshot,
          identity: identityOf(options),
          clock,
          everyMs: timing.snapshotEveryMs,
          state: () => this.#store.snapshot(),
          confirmedAtMs: () => Math.min(clock.wall(), ...this.#heardAtMs.values()),
          written: (error) => this.#written(error),
        })
      : null
  }

  /** Reads the snapshot and begins to watch; rejects if the API server can never be reached as configured. What is watched then never ends by itself: a rejection of `failed` is a bug. */
  async start(failed: (error: unknown) => void): Promise<void> {
    const { connect, listener, options } = this.#parts
    const restoredMs = await this.#restore()
    const connecting = connect((seen) => this.#figures.request(seen))
    if (restoredMs !== null) {
      await this.#patient(connecting)
      listener.restored(restoredMs)
    }
    const api = await connecting
    if (this.#stopped) return api.close()
    this.#api = api
    for (const kind of options.kinds) this.#follow(kind, api, failed)
  }

  /** Everything that is known now. */
  snapshot(): ChangeBatch {
    return this.#store.snapshot()
  }

  /** Ends everything; the state is on disk when this resolves. */
  async stop(): Promise<void> {
    this.#stopped = true
    for (const check of this.#checks) check.stop()
    for (const reflector of this.#reflectors) reflector.stop()
    this.#api?.close()
    await this.#keeper?.stop()
    this.#figures.flush()
  }

  /** The age of the state that has been read; null if there is none. */
  async #restore(): Promise<number | null> {
    const found = await this.#keeper?.read()
    if (!found) return null
    if ('problem' in found) {
      this.#parts.listener.log('warning', `the snapshot is not used: ${found.problem}`)
      return null
    }
    this.#store.restore(found.batch)
    return found.ageMs
  }

  /** Waits for it, but not for long. */
  async #patient(work: Promise<unknown>): Promise<void> {
    const { clock, timing } = this.#parts
    const late = Promise.withResolvers<void>()
    const timer = clock.after(timing.connectPatienceMs, () => late.resolve())
    await Promise.race([work, late.promise]).finally(() => timer.cancel())
  }

  #follow(kind: Kind, api: ApiConnection, failed: (error: unknown) => void): void {
    const { clock, options, random, timing } = this.#parts
    const selection = { resource: resources[kind], labels: selectorOf(resources[kind], options) }
    const report = this.#report(kind)
    const common = { api, store: this.#store, clock, random, timing, report }
    const reflector = new Reflector({ ...common, selection, trim: options.trim, essential: essential.has(kind) })
    const check = new ConsistencyCheck({ ...common, reflector })
    this.#reflectors.push(reflector)
    this.#checks.push(check)
    reflector.run().catch(failed)
    check.start()
  }

  #report(kind: Kind): Report {
    const { listener } = this.#parts
    const resource = resourceLabel(kind)
    return {
      batch: (batch) => this.#changed(batch),
      listed: () => this.#settle(kind),
      unavailable: (reason) => this.#lacks(kind, reason),
      reachable: () => {
        for (const reflector of this.#reflectors) reflector.wake()
      },
      heard: () => {
        this.#heardAtMs.set(kind, this.#parts.clock.wall())
        this.#figures.heard(resource)
      },
      count: (name, label) => this.#figures.count(name, resource, label),
      programmed: (slice, changedAtMs) => this.#programmed(slice, changedAtMs),
      info: (text) => listener.log('info', text),
      warning: (text) => listener.log('warning', text),
    }
  }

  #changed(batch: ChangeBatch): void {
    this.#parts.listener.batch(batch)
    if (batch.synced) this.#keeper?.changed()
  }

  /** What is not installed has no objects; of what may not be listed nobody knows. */
  #lacks(kind: Kind, reason: 'forbidden' | 'missing'): void {
    const batch = reason === 'forbidden' ? this.#store.markUnlisted(kind) : null
    if (batch) this.#changed(batch)
    this.#settle(kind)
  }

  #settle(kind: Kind): void {
    if (!this.#awaited.delete(kind) || this.#awaited.size > 0) return
    const batch = this.#store.markSynced()
    if (batch) this.#changed(batch)
    this.#parts.listener.synced()
  }

  /** As CoreDNS: slices that the endpoints controller dated, of a Service that is known. */
  #programmed(slice: EndpointSliceObject, changedAtMs: number): void {
    const service = this.#store.get({ kind: 'Service', namespace: slice.namespace, name: slice.service })
    if (service?.kind !== 'Service') return
    const seconds = Math.max(0, this.#parts.clock.wall() - changedAtMs) / 1000
    this.#figures.programmed(service.headless ? 'headless_with_selector' : 'cluster_ip', seconds)
  }

  #written(error: unknown): void {
    this.#figures.snapshot(error === null)
    if (error !== null) this.#parts.listener.log('warning', `the snapshot was not written: ${messageOf(error)}`)
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

/** What was asked of whom: a snapshot of anything else is of no use. */
const identityOf = ({ access, kinds, labels, namespaceLabels, trim }: ClusterOptions): string =>
  JSON.stringify({ cluster: clusterOf(access), kinds: [...kinds].sort(), labels, namespaceLabels, trim })

function selectorOf({ kind }: Resource, { labels, namespaceLabels }: ClusterOptions): string {
  return kind === 'Namespace' || kind === 'ServiceImport' ? namespaceLabels : labels
}
