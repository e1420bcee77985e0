// The service `cluster`: the watch on an API server, once a process. The work is done in the k8s thread; here its batches, log lines and figures are passed on.
//
//   k8s thread ── batches ──► this, in the main thread ──► every serving thread
//
// A k8s thread that dies is replaced. The serving threads go on with what they know until the new one has listed everything, and then get all of that at once.

import type { ClusterNews } from '../../k8s/cluster-line.ts'
import type { ClusterOptions } from '../../k8s/cluster-options.ts'
import { resourceLabel } from '../../k8s/figures.ts'
import type { ChangeBatch } from '../../k8s/store.ts'
import { ConfigError } from '../directive.ts'
import { defineService, type RunningService, type ServiceContext, type Timer } from '../plugin.ts'
import { ClusterMetrics } from './cluster-metrics.ts'
import { ageEveryMs, restartMaxMs, restartMinMs, restartResetMs, waitingEveryMs } from './limits.ts'
import { WatchSession } from './watch-session.ts'

/** What is watched, and how long a start may wait for it. */
export interface ClusterServiceOptions {
  readonly cluster: ClusterOptions
  readonly startupTimeoutMs: number
}

/** What serving threads are told. */
export interface ClusterUpdate {
  readonly batch: ChangeBatch
  /** The answers may be given although not everything has been listed: they are an earlier run's. */
  readonly ready: boolean
}

const threadModule = new URL('../../k8s/cluster-thread.ts', import.meta.url)

/** Watches an API server and posts what changes of the objects that the options ask for. */
export const cluster = defineService<ClusterServiceOptions>({
  async start(options, context): Promise<RunningService> {
    if (context.checking) {
      const { checkAccess } = await import('./access.ts')
      await checkAccess(options.cluster.access)
      return { snapshot: () => undefined, stop: () => {} }
    }
    const running = new ClusterService(options, context)
    try {
      await running.start()
    } catch (error) {
      await running.stop()
      throw error
    }
    return running
  },
})

class ClusterService implements RunningService {
  readonly #options: ClusterServiceOptions
  readonly #context: ServiceContext
  readonly #metrics: ClusterMetrics
  readonly #timers = new Set<Timer>()
  #session: WatchSession
  /** Resolves when there is something to serve, of the session that is the latest. */
  #known = Promise.withResolvers<void>()
  #started = false
  #restored = false
  #stopped = false
  /** The serving threads know what an earlier session told them. */
  #takesOver = false
  #restartMs = 0
  #diedAt = Number.NEGATIVE_INFINITY

  constructor(options: ClusterServiceOptions, context: ServiceContext) {
    this.#options = options
    this.#context = context
    this.#metrics = new ClusterMetrics(context.metrics, context.clock, options.cluster.kinds.map(resourceLabel))
    this.#session = this.#makeSession()
    this.#ageLater()
  }

  /** Begins, and waits as CoreDNS does: until all is known, or as long as a start may take. Rejects if the API server can never be reached as configured; in a reload also if it
   * does not answer, because the configuration that runs knows more. */
  async start(): Promise<void> {
    const { clock, isReload, log } = this.#context
    this.#session.begin()
    let tell: Timer
    const waiting = (): void => {
      tell = clock.after(waitingEveryMs, () => {
        log.info('waiting for Kubernetes API before starting server')
        waiting()
      })
    }
    waiting()
    try {
      if (await this.#isKnown()) return
      if (isReload) throw new ConfigError('the Kubernetes API has not been listed within the startup timeout')
      log.warning('starting server with unsynced Kubernetes API')
    } finally {
      tell!.cancel()
      this.#started = true
    }
  }

  /** For a thread that joins now. After a death the new session knows nothing yet, and no thread should begin with that: ConfigError, so that a reload is refused and what runs keeps what it knows. */
  async snapshot(): Promise<ClusterUpdate | undefined> {
    while (!this.#stopped) {
      if (this.#takesOver && !(await this.#isKnown()))
        throw new ConfigError('the cluster has to be listed anew, and the Kubernetes API does not answer')
      const batch = await this.#session.snapshot()
      if (batch) return this.#update(batch)
    }
    return undefined
  }

  async stop(): Promise<void> {
    this.#stopped = true
    for (const timer of this.#timers) timer.cancel()
    this.#known.resolve()
    await this.#session.stop(this.#context.clock)
  }

  #update(batch: ChangeBatch): ClusterUpdate {
    return { batch, ready: this.#restored && this.#options.cluster.snapshot?.ready === true }
  }

  /** False if it took longer than a start may. */
  async #isKnown(): Promise<boolean> {
    const late = Promise.withResolvers<false>()
    const timer = this.#context.clock.after(this.#options.startupTimeoutMs, () => late.resolve(false))
    try {
      return await Promise.race([this.#known.promise.then(() => true), late.promise])
    } finally {
      timer.cancel()
    }
  }

  #makeSession(): WatchSession {
    const session: WatchSession = new WatchSession({
      cluster: this.#options.cluster,
      open: () => this.#context.thread(threadModule),
      hear: (news) => this.#hear(news),
      died: () => this.#died(session),
    })
    return session
  }

  #hear(news: ClusterNews): void {
    const { log, publish } = this.#context
    switch (news.news) {
      case 'batch':
        publish(this.#update(news.batch))
        return
      case 'restored':
        // A session that takes over has something better to offer soon.
        if (this.#started) return
        this.#restored = true
        log.info(
          `answering from a snapshot ${Math.round(news.ageMs / 1000)} s old until the API server has been listed`,
        )
        this.#known.resolve()
        return
      case 'synced':
        this.#known.resolve()
        if (this.#takesOver) void this.#publishAll()
        return
      case 'log':
        log[news.level](news.text)
        return
      case 'figures':
        this.#metrics.take(news.figures)
        return
      case 'refused':
        if (this.#started) this.#refused(news.error)
        else this.#known.reject(new ConfigError(news.error))
    }
  }

  async #publishAll(): Promise<void> {
    const batch = await this.#session.snapshot()
    if (!batch || this.#stopped) return
    this.#takesOver = false
    this.#context.publish(this.#update(batch))
  }

  /** What the configuration names was there when it was loaded, so it is tried again. */
  #refused(error: string): void {
    this.#context.log.warning(`cannot watch the cluster, what is known stays: ${error}`)
    const session = this.#session
    this.#replace(() => session.stop(this.#context.clock))
  }

  #died(session: WatchSession): void {
    if (this.#stopped || session !== this.#session) return
    this.#metrics.died()
    this.#context.log.error('the thread that watches the cluster died; another one lists it anew, what is known stays')
    this.#replace(async () => {})
  }

  /** Another session in place of this one: at once, unless that happens too often. */
  #replace(end: () => Promise<void>): void {
    const { clock } = this.#context
    if (clock.now() - this.#diedAt > restartResetMs) this.#restartMs = 0
    this.#diedAt = clock.now()
    if (this.#started) this.#known = Promise.withResolvers()
    this.#takesOver = this.#started
    const session = this.#makeSession()
    this.#session = session
    const begin = (): void => void end().then(() => session.begin())
    if (this.#restartMs === 0) begin()
    else this.#after(this.#restartMs, begin)
    this.#restartMs = Math.min(Math.max(2 * this.#restartMs, restartMinMs), restartMaxMs)
  }

  #ageLater(): void {
    this.#after(ageEveryMs, () => {
      this.#metrics.age()
      this.#ageLater()
    })
  }

  #after(delayMs: number, task: () => void): void {
    const timer = this.#context.clock.after(delayMs, () => {
      this.#timers.delete(timer)
      if (!this.#stopped) task()
    })
    this.#timers.add(timer)
  }
}
