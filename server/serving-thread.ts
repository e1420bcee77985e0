// A serving thread: sockets, the running configuration's engines, and the line to the main thread. It answers queries and does nothing that could block them.
//
//   prepare ─► set up, services started, new sockets bound ─► prepared      (the old configuration serves on)
//   commit  ─► engines swapped on every socket, old sockets closed           no query falls between
//   abort   ─► what prepare made is undone

import { ConfigError } from '../plugins/directive.ts'
import { DnsMetrics } from '../plugins/dns-metrics.ts'
import type { Answered, Clock, Counter, Plugin } from '../plugins/plugin.ts'
import type { Query } from '../plugins/query.ts'
import { fail } from '../plugins/response.ts'
import { rcodes } from '../wire/registry.ts'
import { Engine } from './engine.ts'
import type { HostContext, Subscription } from './host.ts'
import { bannerLines, Instance, inPlugin, type ListenerPlan } from './instance.ts'
import { drainMsMax } from './limits.ts'
import type { Line, ListenerNotice, Notice, Order } from './link.ts'
import { ThreadMetrics } from './metrics/thread-metrics.ts'
import { Pieces } from './pieces.ts'
import { Readiness } from './readiness.ts'
import { nodeTransports, Sockets } from './sockets.ts'

/** What a thread is made of. */
export interface ServingThreadOptions {
  readonly plugins: readonly (Plugin | string)[]
  readonly clock: Clock
  readonly random: () => number
  readonly line: Line<Notice>
  /** False for tests and `check`: nothing is bound, queries come through `inject`. */
  readonly sockets: boolean
}

type Prepare = Extract<Order, { kind: 'prepare' }>

/** A configuration on its way in, or running. */
interface Generation {
  readonly number: number
  readonly instance: Instance
  readonly engines: ReadonlyMap<string, Engine>
  readonly subscriptions: Map<number, Subscription>
  readonly readiness: Readiness
}

interface Waiting {
  started(batch: object | undefined): void
  refused(error: string): void
}

/** Answers queries in one thread. */
export class ServingThread {
  readonly #options: ServingThreadOptions
  readonly #metrics: ThreadMetrics
  readonly #pieces: Pieces
  readonly #panics: Counter
  readonly #sockets: Sockets
  readonly #waiting = new Map<number, Waiting>()
  /** Configurations that have been replaced and still answer what they were asked. */
  readonly #retiring = new Set<Generation>()
  readonly #receivers = new Map<number, Pick<Subscription, 'plugin' | 'receive'>>()
  #next = 1
  #running: Generation | null = null
  #coming: Generation | null = null

  constructor(options: ServingThreadOptions) {
    this.#options = options
    this.#metrics = new ThreadMetrics((announcement) => options.line.post({ kind: 'metrics', announcement }))
    this.#panics = this.#metrics
      .counter({ name: 'coredns_panics_total', help: 'A metrics that counts the number of panics.' })
      .with()
    this.#pieces = new Pieces(options.clock)
    const errors = this.#metrics.counter({
      name: 'meridian_transport_errors_total',
      help: 'Counter of errors on sockets of clients: answers that could not be sent, connections that broke.',
      labels: ['server', 'proto'],
    })
    this.#sockets = new Sockets(options.sockets ? nodeTransports : null, (server, transport) =>
      errors.with(server, transport).increment(),
    )
  }

  /** Metrics that this thread counts itself. */
  get metrics(): ThreadMetrics {
    return this.#metrics
  }

  /** Does what the main thread says. */
  obey(order: Order): void {
    switch (order.kind) {
      case 'prepare':
        void this.#prepare(order)
        return
      case 'commit':
        this.#commit(order.generation)
        return
      case 'abort':
        this.#abandon(order.generation)
        void this.#sockets.closeUnused(this.#running?.engines ?? new Map())
        return
      case 'started':
        this.#waiting.get(order.subscription)?.started(order.batch)
        return
      case 'refused':
        this.#waiting.get(order.subscription)?.refused(order.error)
        return
      case 'batch':
        this.#receive(order.subscription, order.batch)
        this.#running?.readiness.look()
        return
      case 'drain':
        void this.#drain()
        return
      case 'stop':
        void this.#stop()
    }
  }

  /** The engine of a listener, for `inject`; the first one without a name. */
  engine(server?: string): Engine | undefined {
    const engines = this.#running?.engines
    return server === undefined ? engines?.values().next().value : engines?.get(server)
  }

  /** Something threw where no query waits for it: counted and logged; a block with `debug` wants no recovery. */
  bug(error: unknown, where: string, debug = false): void {
    this.#panics.increment()
    const stack = error instanceof Error ? (error.stack ?? error.message) : String(error)
    this.#options.line.post({ kind: 'log', line: `[ERROR] Recovered from bug in ${where}: ${stack}` })
    if (!debug) return
    setImmediate(() => {
      throw error
    })
  }

  #receive(subscription: number, batch: object): void {
    const receiver = this.#receivers.get(subscription)
    if (!receiver) return
    try {
      receiver.receive(batch)
    } catch (error) {
      this.bug(error, `plugin/${receiver.plugin}`)
    }
  }

  async #prepare(order: Prepare): Promise<void> {
    const { line } = this.#options
    const number = order.generation
    try {
      const generation = this.#setUp(order)
      this.#coming = generation
      await this.#startServices(generation)
      await this.#pieces.idle()
      const { listeners } = generation.instance
      const bound = this.#coming === generation ? await this.#sockets.open(listeners, generation.engines) : []
      if (this.#coming !== generation) throw new ConfigError('loading was given up')
      line.post({ kind: 'prepared', generation: number, listeners: bound.map((plan) => noticeOf(plan, generation)) })
    } catch (error) {
      this.#abandon(number)
      await this.#sockets.closeUnused(this.#running?.engines ?? new Map())
      line.post({ kind: 'failed', generation: number, error: describe(error) })
    }
  }

  #setUp({ generation: number, configuration, threads }: Prepare): Generation {
    const subscriptions = new Map<number, Subscription>()
    const engines = new Map<string, Engine>()
    const context = this.#context(threads, subscriptions, engines)
    const instance = new Instance(configuration, this.#options.plugins, context)
    for (const plan of instance.listeners) engines.set(plan.server, this.#engineFor(plan))
    const readiness = new Readiness(context.readyChecks, this.#options.clock, (notReady) => {
      this.#options.line.post({ kind: 'readiness', notReady })
    })
    return { number, instance, engines, subscriptions, readiness }
  }

  #context(
    threads: number,
    subscriptions: Map<number, Subscription>,
    engines: ReadonlyMap<string, Engine>,
  ): HostContext {
    const { clock, random, line } = this.#options
    const context: HostContext = {
      clock,
      threads,
      random,
      sink: (text) => line.post({ kind: 'log', line: text }),
      metrics: this.#metrics,
      pieces: this.#pieces,
      startHooks: [],
      stopHooks: [],
      readyChecks: [],
      subscribe: (subscription) => {
        const number = this.#next++
        subscriptions.set(number, subscription)
        return number
      },
      send: (subscription, message) => line.post({ kind: 'message', subscription, message }),
      debugging: { on: false },
      bug: (error, where, debug) => this.bug(error, where, debug),
      resolve: (query: Query): Answered => {
        const engine = engines.get(query.server)
        return engine ? engine.resolve(query) : fail(rcodes.SERVFAIL)
      },
    }
    return context
  }

  #engineFor(plan: ListenerPlan): Engine {
    const dnsMetrics = new DnsMetrics(this.#metrics)
    return new Engine({
      clock: this.#options.clock,
      random: this.#options.random,
      server: plan.server,
      routes: plan.routes,
      dropped: (observation) => dnsMetrics.dropped(observation),
      bug: (error, name, debug) => this.bug(error, `server "${plan.server}" for ${name}`, debug),
    })
  }

  async #startServices(generation: Generation): Promise<void> {
    const { line } = this.#options
    const starts = [...generation.subscriptions].map(([number, { plugin, service, options, receive }]) => {
      const started = new Promise<void>((resolve, reject) => {
        this.#waiting.set(number, {
          started: (batch) => {
            this.#waiting.delete(number)
            this.#receivers.set(number, { plugin, receive })
            try {
              if (batch !== undefined) receive(batch)
              resolve()
            } catch (error) {
              reject(inPlugin(plugin, error))
            }
          },
          refused: (error) => {
            this.#waiting.delete(number)
            reject(inPlugin(plugin, new ConfigError(error)))
          },
        })
      })
      line.post({ kind: 'subscribe', subscription: number, generation: generation.number, plugin, service, options })
      return started
    })
    // The first error in setup order is the one that is told.
    const results = await Promise.allSettled(starts)
    for (const result of results) if (result.status === 'rejected') throw result.reason
  }

  #commit(number: number): void {
    const generation = this.#coming
    if (generation?.number !== number) return
    const old = this.#running
    this.#coming = null
    this.#running = generation
    generation.instance.start()
    this.#sockets.swap(generation.instance.listeners, generation.engines)
    generation.readiness.start()
    old?.readiness.stop()
    this.#options.line.post({ kind: 'committed', generation: number })
    if (old) void this.#retire(old)
  }

  // What the old configuration was asked it still answers, so its services and pools stay until then.
  async #retire(old: Generation): Promise<void> {
    this.#retiring.add(old)
    await this.#sockets.retireUnused(this.#running?.engines ?? new Map())
    await this.#answered(old)
    this.#end(old)
  }

  // Resolves when no query waits in the generation's chains, after drainMsMax at the latest.
  #answered(generation: Generation): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.#options.clock.after(drainMsMax, resolve)
      void Promise.all([...generation.engines.values()].map((engine) => engine.idle())).then(() => {
        timer.cancel()
        resolve()
      })
    })
  }

  #end(generation: Generation): void {
    if (!this.#retiring.delete(generation)) return
    generation.instance.stop()
    this.#unsubscribe(generation.subscriptions)
  }

  #abandon(number: number): void {
    const generation = this.#coming
    if (generation?.number !== number) return
    this.#coming = null
    generation.instance.stop()
    this.#unsubscribe(generation.subscriptions)
  }

  #unsubscribe(subscriptions: ReadonlyMap<number, Subscription>): void {
    for (const number of subscriptions.keys()) {
      this.#receivers.delete(number)
      this.#waiting.get(number)?.refused('loading was given up')
      this.#options.line.post({ kind: 'unsubscribe', subscription: number })
    }
  }

  async #drain(): Promise<void> {
    await this.#sockets.drain()
    if (this.#running) await this.#answered(this.#running)
    this.#options.line.post({ kind: 'drained' })
  }

  async #stop(): Promise<void> {
    const generation = this.#running
    this.#running = null
    if (this.#coming) this.#abandon(this.#coming.number)
    generation?.readiness.stop()
    await this.#sockets.closeUnused(new Map())
    if (generation) this.#retiring.add(generation)
    for (const old of this.#retiring) this.#end(old)
    this.#options.line.post({ kind: 'stopped' })
  }
}

function noticeOf(plan: ListenerPlan & { readonly boundPort: number }, generation: Generation): ListenerNotice {
  return {
    lines: bannerLines({ ...plan, port: plan.boundPort }),
    warnings: generation.instance.warnings,
    host: plan.host,
    port: plan.boundPort,
  }
}

function describe(error: unknown): string {
  if (error instanceof ConfigError) return error.message
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}
