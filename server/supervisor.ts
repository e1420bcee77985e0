// The main thread: loads configurations into every serving thread (all or none), runs the services, HTTP and metrics that exist once a process, and stops it all
// in order.

import type { MessagePort } from 'node:worker_threads'
import { ConfigError } from '../plugins/directive.ts'
import type { Clock, HttpListeners, Plugin, ProcessControl, ServiceContext } from '../plugins/plugin.ts'
import { guardedClock } from './clock.ts'
import { type Configuration, type ConfigurationSource, loadConfiguration } from './configuration.ts'
import type { Line, ListenerNotice, Notice, Order } from './link.ts'
import { type LogSink, makeLog } from './log.ts'
import type { MetricsRegistry } from './metrics/registry.ts'
import { ThreadMetrics } from './metrics/thread-metrics.ts'
import { ServiceThreads } from './service-threads.ts'
import { Services, type Subscriber } from './services.ts'

/** Starts a serving thread that talks through the line it is given; returns the other end. */
export type StartThread = (hear: (notice: Notice) => void) => Line<Order>

/** What the main thread is made of. */
export interface SupervisorOptions {
  readonly source: ConfigurationSource
  readonly plugins: readonly (Plugin | string)[]
  readonly threads: number
  readonly startThread: StartThread
  readonly clock: Clock
  readonly random: () => number
  readonly sink: LogSink
  readonly http: HttpListeners
  readonly registry: MetricsRegistry
}

/** One serving thread as the main thread sees it. */
interface Worker {
  readonly number: number
  line: Line<Order>
  notReady: readonly string[]
  readonly subscribers: Map<number, Subscriber>
  /** What the thread has been told to do and has not said yet that it did. */
  readonly waiting: Set<{ readonly answers: readonly Notice['kind'][]; resolve(notice: Notice): void }>
}

/** Runs the process. */
export class Supervisor {
  readonly #options: SupervisorOptions
  readonly #services: Services
  readonly #threads = new ServiceThreads((error, module) => this.bug(error, `the thread ${module}`))
  readonly #workers: Worker[] = []
  readonly #metrics: ThreadMetrics
  #running: Configuration | null = null
  #generation = 0
  #stopped = false
  #turn: Promise<unknown> = Promise.resolve()

  constructor(options: SupervisorOptions) {
    this.#options = options
    this.#metrics = new ThreadMetrics(options.registry.attach('main'))
    const plugins = new Map(
      options.plugins.flatMap((plugin) => (typeof plugin === 'string' ? [] : [[plugin.name, plugin]])),
    )
    this.#services = new Services(
      plugins,
      (plugin, publish) => this.#contextFor(plugin, publish),
      (plugin, error) => this.bug(error, `plugin/${plugin}`),
    )
    for (let number = 0; number < options.threads; number++) this.#workers.push(this.#startWorker(number))
  }

  /** Metrics that the main thread counts itself. */
  get metrics(): ThreadMetrics {
    return this.#metrics
  }

  /** Loads the Corefile and starts serving; throws ConfigError if it cannot. */
  start(): Promise<readonly ListenerNotice[]> {
    return this.#inTurn(async () => this.#load(await loadConfiguration(this.#options.source)))
  }

  /** Loads the Corefile again and says so in CoreDNS's words. On an error, which is counted, what ran keeps running; its text is returned, else null. */
  async reload(): Promise<string | null> {
    const { sink } = this.#options
    sink('[INFO] Reloading')
    try {
      await this.start()
      sink('[INFO] Reloading complete')
      return null
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error)
      this.#metrics
        .counter({ name: 'coredns_reload_failed_total', help: 'Counter of the number of failed reload attempts.' })
        .with()
        .increment()
      sink(`[ERROR] Restart failed: ${text}`)
      return text
    }
  }

  /** Something threw where nobody waits for it: counted and logged. */
  bug(error: unknown, where: string): void {
    this.#metrics
      .counter({ name: 'coredns_panics_total', help: 'A metrics that counts the number of panics.' })
      .with()
      .increment()
    const stack = error instanceof Error ? (error.stack ?? error.message) : String(error)
    this.#options.sink(`[ERROR] Recovered from bug in ${where}: ${stack}`)
  }

  /** SIGTERM: services drain (lameduck) while everything answers, then sockets are read empty. */
  async drain(): Promise<void> {
    await this.#services.drain()
    await Promise.all(this.#workers.map((worker) => this.#tell(worker, { kind: 'drain' }, 'drained')))
  }

  /** Ends all threads and services; a load that is under way fails. */
  async stop(): Promise<void> {
    this.#stopped = true
    await Promise.all(this.#workers.map((worker) => this.#tell(worker, { kind: 'stop' }, 'stopped')))
    await this.#services.stop()
  }

  #inTurn<T>(task: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(task)
    this.#turn = result.catch(() => {})
    return result
  }

  // Two phases: no thread serves a configuration that another one could not load.
  async #load(configuration: Configuration): Promise<readonly ListenerNotice[]> {
    if (this.#stopped) throw new ConfigError('the server is stopping')
    for (const warning of configuration.warnings) this.#options.sink(`[WARNING] ${warning}`)
    const generation = ++this.#generation
    const notices = await Promise.all(
      this.#workers.map((worker) =>
        this.#tell(
          worker,
          { kind: 'prepare', generation, configuration, threads: this.#workers.length },
          'prepared',
          'failed',
        ),
      ),
    )
    const failed = notices.find((notice) => notice.kind === 'failed')
    if (failed?.kind === 'failed') {
      for (const worker of this.#workers) worker.line.post({ kind: 'abort', generation })
      throw new ConfigError(failed.error)
    }
    if (this.#stopped) throw new ConfigError('the server is stopping')
    await Promise.all(this.#workers.map((worker) => this.#tell(worker, { kind: 'commit', generation }, 'committed')))
    this.#running = configuration
    const first = notices[0]
    return first?.kind === 'prepared' ? first.listeners : []
  }

  #tell(worker: Worker, order: Order, ...answers: readonly Notice['kind'][]): Promise<Notice> {
    return new Promise((resolve) => {
      worker.waiting.add({ answers, resolve })
      worker.line.post(order)
    })
  }

  #startWorker(number: number): Worker {
    const name = `thread${number}`
    const worker: Worker = {
      number,
      line: { post: () => {} },
      notReady: [],
      subscribers: new Map(),
      waiting: new Set(),
    }
    const announce = this.#options.registry.attach(name)
    worker.line = this.#options.startThread((notice) => {
      if (notice.kind === 'metrics') announce(notice.announcement)
      else this.#hear(worker, notice)
    })
    return worker
  }

  #hear(worker: Worker, notice: Notice): void {
    switch (notice.kind) {
      case 'subscribe':
        this.#subscribe(worker, notice)
        return
      case 'unsubscribe': {
        const subscriber = worker.subscribers.get(notice.subscription)
        worker.subscribers.delete(notice.subscription)
        if (subscriber) this.#services.unsubscribe(subscriber)
        return
      }
      case 'message': {
        const subscriber = worker.subscribers.get(notice.subscription)
        if (subscriber) this.#services.message(subscriber, notice.message)
        return
      }
      case 'readiness':
        worker.notReady = notice.notReady
        return
      case 'log':
        this.#options.sink(notice.line)
        return
      default: {
        for (const waiting of worker.waiting) {
          if (!waiting.answers.includes(notice.kind)) continue
          worker.waiting.delete(waiting)
          waiting.resolve(notice)
          return
        }
      }
    }
  }

  #subscribe(worker: Worker, notice: Extract<Notice, { kind: 'subscribe' }>): void {
    const { subscription, plugin, service, options } = notice
    const subscriber: Subscriber = {
      started: (batch) => worker.line.post({ kind: 'started', subscription, batch }),
      refused: (error) => worker.line.post({ kind: 'refused', subscription, error }),
      batch: (batch) => worker.line.post({ kind: 'batch', subscription, batch }),
    }
    worker.subscribers.set(subscription, subscriber)
    this.#services.subscribe(subscriber, { plugin, service, options })
  }

  #contextFor(plugin: string, publish: (batch: object) => void): ServiceContext {
    const { random, sink, http } = this.#options
    const log = makeLog(sink, `plugin/${plugin}: `)
    const clock = guardedClock(this.#options.clock, (error) => this.bug(error, `plugin/${plugin}`))
    const thread = (module: URL): MessagePort => this.#threads.connect(module)
    const isReload = this.#running !== null
    return { clock, random, log, metrics: this.#metrics, http, process: this.#control(), thread, isReload, publish }
  }

  #control(): ProcessControl {
    const { registry, source } = this.#options
    return {
      notReady: () => [...new Set(this.#workers.flatMap((worker) => worker.notReady))].sort(),
      metricsText: () => registry.text(),
      metricsType: () => registry.contentType,
      runningHash: () => this.#running?.hash ?? '',
      diskHash: async () => (await loadConfiguration(source)).hash,
      reload: () => this.reload(),
    }
  }
}
