// Rolling updates all over the cluster, in a process of its own: Pods are replaced one after another, so an endpoint turns not-ready, then another address stands in its place.
// One change is one EndpointSlice that is written.

import { ApiWriter } from './api-writer.ts'
import { Child, obey } from './child.ts'
import { type ClusterSize, type KubernetesObject, kubernetesObjects } from './cluster-data.ts'
import { seeded } from './random.ts'

/** What the process is told; it answers with the changes that have been written so far. */
type Order = { readonly kubeconfig: string; readonly size: ClusterSize } | { readonly perSecond: number } | 'count'

/** The updates, from another process's point of view. */
export class RollingUpdates {
  readonly #child: Child<Order, number>

  private constructor(child: Child<Order, number>) {
    this.#child = child
  }

  /** The cluster must be there already. */
  static async begin(kubeconfig: string, size: ClusterSize, core: number): Promise<RollingUpdates> {
    const child = new Child<Order, number>(import.meta.filename, core)
    await child.tell({ kubeconfig, size })
    return new RollingUpdates(child)
  }

  /** So many changes a second from now on; 0 waits for those that are under way. Rejects if one was refused. */
  async pace(perSecond: number): Promise<void> {
    await this.#child.tell({ perSecond })
  }

  /** How many changes the API server has taken. */
  written(): Promise<number> {
    return this.#child.tell('count')
  }

  end(): Promise<void> {
    return this.#child.stop()
  }
}

// ---- the process ---------------------------------------------------------------------------------------------------------------------

interface JsonEndpoint {
  readonly addresses: readonly string[]
  readonly conditions: { readonly ready: boolean; readonly serving: boolean; readonly terminating: boolean }
  readonly [field: string]: unknown
}

/** Writes. */
class Updater {
  readonly #slices: KubernetesObject[]
  readonly #writer: ApiWriter
  readonly #random = seeded(2)
  readonly #underWay = new Set<Promise<void>>()
  #timer: NodeJS.Timeout | undefined
  #written = 0
  #count = 0

  constructor(size: ClusterSize, writer: ApiWriter) {
    this.#slices = [...kubernetesObjects(size)].filter(({ kind }) => kind === 'EndpointSlice')
    this.#writer = writer
  }

  get written(): number {
    return this.#written
  }

  /** Changes so many slices a second from now on, or none; then it resolves when all are written. Rejects if one was not. */
  async pace(perSecond: number): Promise<void> {
    clearInterval(this.#timer)
    if (perSecond === 0) {
      await Promise.all(this.#underWay)
      return
    }
    const startMs = performance.now()
    let begun = 0
    this.#timer = setInterval(() => {
      const due = ((performance.now() - startMs) / 1000) * perSecond
      for (; begun < due; begun++) this.#begin()
    }, 1)
  }

  end(): void {
    clearInterval(this.#timer)
    this.#writer.close()
  }

  #begin(): void {
    const write: Promise<void> = this.#change().then(() => {
      this.#written++
      this.#underWay.delete(write)
    })
    this.#underWay.add(write)
  }

  #change(): Promise<unknown> {
    const at = Math.floor(this.#random() * this.#slices.length)
    const slice = this.#slices[at]!
    const endpoints = slice.endpoints as readonly JsonEndpoint[]
    const leaving = endpoints.findIndex(({ conditions }) => !conditions.ready)
    const chosen = leaving >= 0 ? leaving : Math.floor(this.#random() * endpoints.length)
    const next: KubernetesObject = {
      ...slice,
      endpoints: endpoints.map((endpoint, index) => (index === chosen ? this.#step(endpoint) : endpoint)),
    }
    this.#slices[at] = next
    return this.#writer.replace(next)
  }

  #step(endpoint: JsonEndpoint): JsonEndpoint {
    if (endpoint.conditions.ready)
      return { ...endpoint, conditions: { ready: false, serving: true, terminating: true } }
    const n = this.#count++
    return {
      ...endpoint,
      addresses: [`10.${64 + ((n >> 16) & 15)}.${(n >> 8) & 255}.${n & 255}`],
      conditions: { ready: true, serving: true, terminating: false },
    }
  }
}

if (import.meta.main) {
  let updater: Updater | null = null
  obey<Order, number>(
    async (order) => {
      if (order === 'count') return updater?.written ?? 0
      if ('size' in order) updater = new Updater(order.size, new ApiWriter(order.kubeconfig))
      else await updater?.pace(order.perSecond)
      return updater?.written ?? 0
    },
    async () => updater?.end(),
  )
}
