// Services in the main thread: what exists once a process (file watches, health probes, HTTP endpoints, timers), however many threads and blocks ask for it. Equal
// plugin, name and options are one service; it lives until nobody is subscribed, so a reload that asks for the same again keeps it running.

import { ConfigError } from '../plugins/directive.ts'
import type { Plugin, RunningService, ServiceContext } from '../plugins/plugin.ts'

/** Who wants a service: one subscription of one thread. */
export interface Subscriber {
  started(batch: object | undefined): void
  refused(error: string): void
  batch(batch: object): void
}

/** Makes the context of a service of `plugin`. */
export type MakeContext = (plugin: string, publish: (batch: object) => void) => ServiceContext

/** Told what a service of `plugin` threw after it had started: other services, and the process, go on. */
export type ServiceFailed = (plugin: string, error: unknown) => void

interface Shared {
  readonly key: string
  readonly plugin: string
  readonly running: Promise<RunningService>
  readonly subscribers: Set<Subscriber>
  service: RunningService | null
}

/** Every running service. */
export class Services {
  readonly #plugins: ReadonlyMap<string, Plugin>
  readonly #makeContext: MakeContext
  readonly #failed: ServiceFailed
  readonly #shared = new Map<string, Shared>()
  readonly #of = new Map<Subscriber, Shared>()
  readonly #stopping = new Set<Promise<void>>()

  constructor(plugins: ReadonlyMap<string, Plugin>, makeContext: MakeContext, failed: ServiceFailed) {
    this.#plugins = plugins
    this.#makeContext = makeContext
    this.#failed = failed
  }

  /** Starts the service if need be and joins it; the subscriber hears when it has started. */
  subscribe(subscriber: Subscriber, wanted: { plugin: string; service: string; options: object }): void {
    const key = `${wanted.plugin}/${wanted.service} ${JSON.stringify(wanted.options)}`
    const running = this.#shared.get(key)
    const shared = running ?? this.#start(key, wanted)
    shared.subscribers.add(subscriber)
    this.#of.set(subscriber, shared)
    // Who joins a service that runs (a reload) gets what is there now, not what was there when it looked last.
    const ready = running ? shared.running.then((service) => this.#refreshed(shared.plugin, service)) : shared.running
    ready.then(
      (service) => {
        if (this.#of.get(subscriber) === shared) void this.#join(subscriber, shared, service)
      },
      (error: unknown) => {
        this.unsubscribe(subscriber)
        subscriber.refused(errorText(error))
      },
    )
  }

  async #refreshed(plugin: string, service: RunningService): Promise<RunningService> {
    try {
      await service.refresh?.()
    } catch (error) {
      this.#failed(plugin, error)
    }
    return service
  }

  // A subscriber that has not started ignores batches, so what is published while its snapshot is made must be in it.
  async #join(subscriber: Subscriber, shared: Shared, service: RunningService): Promise<void> {
    let batch: object | undefined
    try {
      const snapshot = service.snapshot()
      batch = snapshot instanceof Promise ? await snapshot : snapshot
    } catch (error) {
      this.#failed(shared.plugin, error)
      this.unsubscribe(subscriber)
      subscriber.refused(errorText(error))
      return
    }
    if (this.#of.get(subscriber) === shared) subscriber.started(batch)
  }

  #start(key: string, wanted: { plugin: string; service: string; options: object }): Shared {
    const definition = this.#plugins.get(wanted.plugin)?.services?.[wanted.service]
    if (!definition) throw new Error(`plugin ${wanted.plugin} has no service ${wanted.service}`)
    const subscribers = new Set<Subscriber>()
    // A batch published while the service starts is part of its snapshot.
    const publish = (batch: object): void => {
      if (!shared.service) return
      for (const subscriber of subscribers) subscriber.batch(batch)
    }
    const context = this.#makeContext(wanted.plugin, publish)
    const running = Promise.resolve().then(() => definition.start(wanted.options as never, context))
    const shared: Shared = { key, plugin: wanted.plugin, running, subscribers, service: null }
    this.#shared.set(key, shared)
    running.then(
      (service) => {
        shared.service = service
        if (this.#shared.get(key) !== shared) this.#stop(shared.plugin, service)
      },
      () => {
        if (this.#shared.get(key) === shared) this.#shared.delete(key)
      },
    )
    return shared
  }

  message(subscriber: Subscriber, message: object): void {
    const shared = this.#of.get(subscriber)
    try {
      shared?.service?.receive?.(message)
    } catch (error) {
      this.#failed(shared?.plugin ?? '', error)
    }
  }

  /** Leaves; the last one out stops the service. */
  unsubscribe(subscriber: Subscriber): void {
    const shared = this.#of.get(subscriber)
    if (!shared) return
    this.#of.delete(subscriber)
    shared.subscribers.delete(subscriber)
    if (shared.subscribers.size > 0) return
    if (this.#shared.get(shared.key) === shared) this.#shared.delete(shared.key)
    if (shared.service) this.#stop(shared.plugin, shared.service)
  }

  #stop(plugin: string, service: RunningService): void {
    const stopped: Promise<void> = Promise.resolve()
      .then(() => service.stop())
      .catch((error: unknown) => this.#failed(plugin, error))
      .finally(() => this.#stopping.delete(stopped))
    this.#stopping.add(stopped)
  }

  /** SIGTERM: services drain (lameduck) together; resolves when all have. */
  async drain(): Promise<void> {
    const drain = async ({ plugin, service }: Shared): Promise<void> => {
      try {
        await service?.drain?.()
      } catch (error) {
        this.#failed(plugin, error)
      }
    }
    await Promise.all([...this.#shared.values()].map(drain))
  }

  /** Stops every service; one that is still starting is stopped when it has started. */
  async stop(): Promise<void> {
    const all = [...this.#shared.values()]
    this.#shared.clear()
    this.#of.clear()
    for (const { plugin, service } of all) if (service) this.#stop(plugin, service)
    await Promise.all(this.#stopping)
  }
}

function errorText(error: unknown): string {
  if (error instanceof ConfigError) return error.message
  return error instanceof Error ? error.message : String(error)
}
