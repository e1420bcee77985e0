// A supervisor with serving threads in one process, over plugins that a test makes: for tests of loading, reloading, services and stopping.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Clock, definePlugin, type HttpListeners, type Plugin } from '../../plugins/plugin.ts'
import { respond, reuseWhile } from '../../plugins/response.ts'
import type { ListenerNotice, Notice, Order } from '../../server/link.ts'
import { MetricsRegistry } from '../../server/metrics/registry.ts'
import { ServingThread } from '../../server/serving-thread.ts'
import { Supervisor } from '../../server/supervisor.ts'
import { FakeClock } from './fake-clock.ts'
import { clientAt, queryBytes, type ReadableReply, readReply, recordsOf } from './questions.ts'

export interface ProcessRigOptions {
  readonly corefile: string
  readonly plugins: readonly (Plugin | string)[]
  readonly threads?: number
  readonly clock?: Clock
  /** Real sockets. */
  readonly sockets?: boolean
}

interface Teardown {
  teardown(handler: () => unknown): void
}

const noHttp: HttpListeners = { route: async (address) => ({ address, close: async () => {} }) }

/** The main thread and its serving threads, joined by lines that copy as a message port does. */
export class ProcessRig {
  readonly log: string[] = []
  readonly clock: Clock
  readonly registry = new MetricsRegistry()
  readonly supervisor: Supervisor
  readonly threads: ServingThread[] = []
  readonly #file: string

  constructor(
    t: Teardown,
    { corefile, plugins, threads = 1, clock = new FakeClock(), sockets = false }: ProcessRigOptions,
  ) {
    const folder = mkdtempSync(join(tmpdir(), 'meridian-'))
    t.teardown(() => rmSync(folder, { recursive: true }))
    this.#file = join(folder, 'Corefile')
    writeFileSync(this.#file, corefile)
    this.clock = clock
    const line = (text: string): void => void this.log.push(text)
    this.supervisor = new Supervisor({
      source: {
        file: this.#file,
        port: 53,
        manifests: '',
        environment: {},
        directives: new Set(plugins.map((plugin) => (typeof plugin === 'string' ? plugin : plugin.name))),
      },
      plugins,
      threads,
      clock,
      random: () => 0,
      sink: line,
      http: noHttp,
      registry: this.registry,
      startThread: (hear) => {
        const post = (notice: Notice): void => queueMicrotask(() => hear(structuredClone(notice)))
        const thread = new ServingThread({ plugins, clock, random: () => 0, line: { post }, sockets })
        this.threads.push(thread)
        return { post: (order: Order) => queueMicrotask(() => thread.obey(structuredClone(order))) }
      },
    })
    t.teardown(() => this.supervisor.stop())
  }

  start(): Promise<readonly ListenerNotice[]> {
    return this.supervisor.start()
  }

  /** Loads `corefile` in place of what runs; rejects if it is refused. */
  reload(corefile: string): Promise<readonly ListenerNotice[]> {
    writeFileSync(this.#file, corefile)
    return this.supervisor.start()
  }

  /** What each thread answers to `'www.example.org. A'`. */
  async ask(question: string): Promise<(ReadableReply | null)[]> {
    const replies = await Promise.all(
      this.threads.map((thread) => thread.engine()?.inject(queryBytes(question), clientAt()) ?? null),
    )
    return replies.map((bytes) => bytes && readReply(bytes))
  }

  /** The first address that each thread answers with. */
  async addresses(question = 'www.example.org. A'): Promise<(string | undefined)[]> {
    return (await this.ask(question)).map((reply) => reply?.answer[0]?.split(' ').at(-1))
  }

  metric(name: string): Promise<string | undefined> {
    return this.registry
      .text()
      .then((text) => text.split('\n').find((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`)))
  }
}

/** `answer ADDRESS`: answers every question with it, until the configuration is replaced. */
export const answer = definePlugin({
  name: 'answer',
  setup(directive) {
    directive.next()
    const [address = ''] = directive.remainingArguments()
    if (address === 'bad') throw directive.error('not an address')
    const records = recordsOf(`x. 60 IN A ${address}`)
    return () => (query) =>
      respond('answer', { answer: records.map((record) => record.withOwner(query.name)), reuse: reuseWhile() })
  },
})

/** Lets everything that is queued run. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 5; i++) await new Promise((resolve) => setImmediate(resolve))
}
