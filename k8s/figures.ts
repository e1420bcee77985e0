// Collects what the watch on a cluster counts, and hands it over at most once a second: the main thread has the metrics.

import type { RequestSeen } from './api/connection.ts'
import type { CountName } from './api/report.ts'
import type { Clock } from './clock.ts'
import type { ClusterFigures } from './cluster-line.ts'
import type { ClusterObject } from './objects.ts'
import { resources } from './resources.ts'

type Count = ClusterFigures['counts'][number]

/** A resource's label in metrics. */
export const resourceLabel = (kind: ClusterObject['kind']): string =>
  kind === 'ImportedSlice' ? 'imported_endpointslices' : resources[kind].plural

/** Counts since they were last handed over. */
export class Figures {
  readonly #clock: Clock
  readonly #everyMs: number
  readonly #send: (figures: ClusterFigures) => void
  readonly #objects: (resource: string) => number
  #counts = new Map<string, Count>()
  #requests: RequestSeen[] = []
  #programmed: { serviceKind: string; seconds: number }[] = []
  #snapshots: boolean[] = []
  /** When each resource was last heard of, on the clock. */
  readonly #heardAt = new Map<string, number>()
  #news = new Set<string>()
  #timer: { cancel(): void } | null = null

  constructor(options: {
    readonly clock: Clock
    readonly everyMs: number
    readonly send: (figures: ClusterFigures) => void
    /** How many objects of a resource are known. */
    readonly objects: (resource: string) => number
  }) {
    this.#clock = options.clock
    this.#everyMs = options.everyMs
    this.#send = options.send
    this.#objects = options.objects
  }

  count(name: CountName, resource: string, label: string): void {
    const key = `${name} ${resource} ${label}`
    this.#counts.set(key, { name, resource, label, by: (this.#counts.get(key)?.by ?? 0) + 1 })
    this.#later()
  }

  heard(resource: string): void {
    this.#heardAt.set(resource, this.#clock.now())
    this.#news.add(resource)
    this.#later()
  }

  request(seen: RequestSeen): void {
    this.#requests.push(seen)
    this.#later()
  }

  programmed(serviceKind: string, seconds: number): void {
    this.#programmed.push({ serviceKind, seconds })
    this.#later()
  }

  snapshot(written: boolean): void {
    this.#snapshots.push(written)
    this.#later()
  }

  /** Hands over what there is. */
  flush(): void {
    this.#timer?.cancel()
    this.#timer = null
    const now = this.#clock.now()
    const resources = [...this.#news].map((resource) => ({
      resource,
      objects: this.#objects(resource),
      ageMs: now - this.#heardAt.get(resource)!,
    }))
    this.#send({
      counts: [...this.#counts.values()],
      resources,
      requests: this.#requests,
      programmed: this.#programmed,
      snapshots: this.#snapshots,
    })
    this.#counts = new Map()
    this.#news = new Set()
    this.#requests = []
    this.#programmed = []
    this.#snapshots = []
  }

  #later(): void {
    this.#timer ??= this.#clock.after(this.#everyMs, () => this.flush())
  }
}
