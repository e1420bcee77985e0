// A watch on a (fake) API server in the test's own thread, as impatient as a test: what it makes of the cluster, counts and says.

import { connect } from '../../k8s/api/connection.ts'
import type { WatchTiming } from '../../k8s/api/watch-timing.ts'
import { systemClock } from '../../k8s/clock.ts'
import type { ClusterOptions } from '../../k8s/cluster-options.ts'
import { ClusterWatch } from '../../k8s/cluster-watch.ts'
import { changesOf } from '../../k8s/object-bytes.ts'
import { type ClusterObject, keyOf } from '../../k8s/objects.ts'
import type { ChangeBatch } from '../../k8s/store.ts'

/** Times that let a test see everything within a second. */
const impatient: WatchTiming = {
  pageObjects: 3,
  watchMinMs: 60_000,
  watchMaxMs: 60_000,
  listSilenceMs: 200,
  bookmarkGaps: 3,
  silenceMinMs: 300,
  silenceMaxMs: 300,
  silenceUnknownMs: 300,
  backoffMinMs: 5,
  backoffMaxMs: 40,
  backoffResetMs: 500,
  untroubledMs: 100,
  retryAfterMaxMs: 30,
  absentRetryMs: 50,
  checkEveryMs: 1_000_000,
  checkObjects: 1_000_000,
  checkAgainMs: [5, 20, 75],
  connectPatienceMs: 100,
  snapshotEveryMs: 20,
  figuresEveryMs: 5,
}

/** What is watched unless a test says otherwise. */
const everything: Omit<ClusterOptions, 'access'> = {
  limits: { queriesPerSecond: 1000, burst: 1000, maxInflight: 0 },
  kinds: ['Service', 'Namespace', 'EndpointSlice'],
  labels: '',
  namespaceLabels: '',
  trim: { endpoints: 'ready', targets: false, zones: false, podLabels: false },
  snapshot: null,
}

/** tap's test object, as far as it is used here. */
interface Teardown {
  teardown(handler: () => unknown): void
}

/** What a watch has told so far. */
export class ClusterWatchRig {
  readonly watch: ClusterWatch
  /** Objects by key, as batches have made them. */
  readonly objects = new Map<string, ClusterObject>()
  readonly log: string[] = []
  /** `api_errors services expired` -> how often. */
  readonly counts = new Map<string, number>()
  readonly programmed: { readonly serviceKind: string; readonly seconds: number }[] = []
  readonly batches: ChangeBatch[] = []
  restoredMs: number | null = null
  synced = false

  constructor(url: string, options: Partial<ClusterOptions> = {}, timing: Partial<WatchTiming> = {}) {
    const all: ClusterOptions = { ...everything, access: { kind: 'endpoint', url, tls: null }, ...options }
    this.watch = new ClusterWatch({
      options: all,
      connect: (observe) => connect({ access: all.access, limits: all.limits, clock: systemClock, observe }),
      clock: systemClock,
      random: Math.random,
      timing: { ...impatient, ...timing },
      listener: {
        batch: (batch) => this.#take(batch),
        synced: () => {
          this.synced = true
        },
        restored: (ageMs) => {
          this.restoredMs = ageMs
        },
        figures: ({ counts, programmed, snapshots }) => {
          for (const { name, resource, label, by } of counts) this.#count(`${name} ${resource} ${label}`.trim(), by)
          for (const written of snapshots) this.#count(`snapshots ${written}`, 1)
          this.programmed.push(...programmed)
        },
        log: (level, text) => this.log.push(`${level} ${text}`),
      },
    })
  }

  /** Starts, and stops when the test is over. */
  async start(t: Teardown): Promise<this> {
    t.teardown(() => this.watch.stop())
    await this.watch.start((error) => {
      throw error
    })
    return this
  }

  /** Namespace/name of the objects of a kind, in order. */
  names(kind: ClusterObject['kind']): string[] {
    return [...this.objects.values()]
      .filter((object) => object.kind === kind)
      .map(({ namespace, name }) => (namespace === '' ? name : `${namespace}/${name}`))
      .sort()
  }

  /** How often something was counted whose name begins so. */
  counted(prefix: string): number {
    let sum = 0
    for (const [name, count] of this.counts) if (name.startsWith(prefix)) sum += count
    return sum
  }

  #count(name: string, by: number): void {
    this.counts.set(name, (this.counts.get(name) ?? 0) + by)
  }

  #take(batch: ChangeBatch): void {
    this.batches.push(batch)
    for (const change of changesOf(batch)) {
      if ('object' in change) this.objects.set(keyOf(change.object), change.object)
      else this.objects.delete(keyOf(change.deleted))
    }
  }
}
