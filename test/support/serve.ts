// A whole server in one process without sockets, for tests: real Corefile, plugins, services, chain and answer table; a clock in the test's hands; files in a
// temporary folder, which is the working directory.

import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { order } from '../../plugins/order.ts'
import type { Clock } from '../../plugins/plugin.ts'
import type { Client, Transport } from '../../plugins/query.ts'
import type { Engine } from '../../server/engine.ts'
import { SharedHttpListeners } from '../../server/http/listeners.ts'
import type { Notice, Order } from '../../server/link.ts'
import { MetricsRegistry } from '../../server/metrics/registry.ts'
import { ServingThread } from '../../server/serving-thread.ts'
import { Supervisor } from '../../server/supervisor.ts'
import type { EdnsOption } from '../../wire/edns.ts'
import { isFault } from '../../wire/fault.ts'
import { decodeMessage, flagBits, type Message } from '../../wire/message.ts'
import { formatRecord } from '../../wire/presentation.ts'
import { rcodeName } from '../../wire/registry.ts'
import { eventually } from './eventually.ts'
import { FakeClock } from './fake-clock.ts'
import { LoopbackHttp } from './loopback-http.ts'
import { clientAt, queryBytes } from './questions.ts'

/** What a test gives. */
export interface ServeOptions<C extends Clock = FakeClock> {
  readonly corefile: string
  /** Name -> text, written before the start; the working directory becomes their folder. */
  readonly files?: Readonly<Record<string, string>>
  readonly clock?: C
  readonly random?: () => number
  readonly environment?: Readonly<Record<string, string>>
  readonly threads?: number
  /** As `--manifests`. */
  readonly manifests?: string
  /** HTTP addresses of the Corefile (:8080, :9153) become free ports; reach them with `server.http`. */
  readonly anyHttpPort?: boolean
}

/** How a question is asked. */
export interface AskOptions {
  readonly transport?: Transport
  readonly client?: string
  readonly port?: number
  readonly rd?: boolean
  readonly cd?: boolean
  readonly ad?: boolean
  readonly class?: string
  readonly opcode?: number
  /** The serial that an IXFR says it has. */
  readonly serial?: number
  readonly edns?: {
    readonly size?: number
    readonly do?: boolean
    readonly version?: number
    readonly options?: readonly EdnsOption[]
  }
  /** Which listener (`dns://:53`); the first one if not given. */
  readonly server?: string
  /** Which serving thread. */
  readonly thread?: number
}

/** A reply as text. */
export interface AskedReply {
  readonly rcode: string
  /** Lower-case names of the header bits that are set, without qr: `['aa', 'rd']`. */
  readonly flags: readonly string[]
  readonly answer: readonly string[]
  readonly authority: readonly string[]
  readonly additional: readonly string[]
  readonly edns: Message['edns']
  readonly message: Message
  readonly bytes: Uint8Array
}

/** tap's test object, as far as it is used here. */
interface Teardown {
  teardown(handler: () => unknown): void
}

/** Starts a server; rejects with ConfigError if the Corefile is refused. */
export async function serve<C extends Clock = FakeClock>(
  t: Teardown,
  options: ServeOptions<C>,
): Promise<TestServer<C>> {
  const server = await TestServer.make<C>(options)
  t.teardown(() => server.close())
  await server.start()
  return server
}

/** The message with which a Corefile is refused; throws if it is not. */
export async function serveError(options: ServeOptions): Promise<string> {
  const server = await TestServer.make(options)
  try {
    await server.start()
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  } finally {
    await server.close()
  }
  throw new Error('the Corefile was accepted')
}

/** A running server under test. */
export class TestServer<C extends Clock = FakeClock> {
  readonly clock: C
  readonly folder: string
  readonly log: string[] = []
  readonly #supervisor: Supervisor
  readonly #registry: MetricsRegistry
  /** GET PATH where an HTTP address of the Corefile really listens (with `anyHttpPort`). */
  readonly http: LoopbackHttp
  readonly #threads: ServingThread[] = []
  readonly #corefile: string
  #id = 1

  static async make<C extends Clock>(options: ServeOptions<C>): Promise<TestServer<C>> {
    const folder = await mkdtemp(join(tmpdir(), 'meridian-'))
    for (const [name, text] of Object.entries(options.files ?? {})) await writeBelow(folder, name, text)
    await writeBelow(folder, 'Corefile', options.corefile)
    process.chdir(folder)
    return new TestServer<C>(folder, options)
  }

  constructor(folder: string, options: ServeOptions<C>) {
    this.folder = folder
    this.#corefile = options.corefile
    this.clock = options.clock ?? (new FakeClock() as unknown as C)
    const { clock } = this
    const random = options.random ?? Math.random
    const sink = (line: string): void => void this.log.push(line)
    this.#registry = new MetricsRegistry()
    const http = new SharedHttpListeners((error) => this.log.push(String(error)))
    this.http = new LoopbackHttp(http)
    this.#supervisor = new Supervisor({
      source: {
        file: 'Corefile',
        port: 53,
        manifests: options.manifests ?? '',
        environment: options.environment ?? {},
        directives: new Set(order.map((plugin) => (typeof plugin === 'string' ? plugin : plugin.name))),
      },
      plugins: order,
      threads: options.threads ?? 1,
      clock,
      random,
      sink,
      http: options.anyHttpPort ? this.http : http,
      registry: this.#registry,
      startThread: (hear: (notice: Notice) => void) => {
        const line = { post: (notice: Notice) => queueMicrotask(() => hear(structuredClone(notice))) }
        const thread = new ServingThread({ plugins: order, clock, random, line, sockets: false })
        this.#threads.push(thread)
        return { post: (order: Order) => queueMicrotask(() => thread.obey(structuredClone(order))) }
      },
    })
  }

  async start(): Promise<void> {
    await this.#supervisor.start()
  }

  /** Loads the Corefile again, after writing `corefile` if given; false if it was refused. */
  async reload(corefile: string = this.#corefile): Promise<boolean> {
    await this.write('Corefile', corefile)
    return (await this.#supervisor.reload()) === null
  }

  /** SIGTERM as far as services and sockets go. */
  drain(): Promise<void> {
    return this.#supervisor.drain()
  }

  path(name: string): string {
    return join(this.folder, name)
  }

  write(name: string, text: string): Promise<void> {
    return writeBelow(this.folder, name, text)
  }

  metrics(): Promise<string> {
    return this.#registry.text()
  }

  /** Asks `'www.example.org. A'`; null is silence. */
  async ask(question: string, options: AskOptions = {}): Promise<AskedReply | null> {
    const bytes = questionBytes(question, options, this.#id++ & 0xffff)
    if (options.transport !== 'tcp') {
      const reply = await this.inject(bytes, options)
      return reply ? readReply(reply) : null
    }
    // The answer of several messages (a zone transfer) reads as one.
    const replies = (await this.#engine(options).injectStream(bytes, clientOf(options))).map(readReply)
    const [first] = replies
    return first ? { ...first, answer: replies.flatMap(({ answer }) => answer) } : null
  }

  /** Sends bytes as they are. */
  inject(bytes: Uint8Array, options: AskOptions = {}): Promise<Uint8Array | null> {
    return this.#engine(options).inject(bytes, clientOf(options))
  }

  #engine({ thread = 0, server }: AskOptions): Engine {
    const engine = this.#threads[thread]?.engine(server)
    if (!engine) throw new Error(`no listener ${server ?? ''}`)
    return engine
  }

  /** Waits in real time, 5 s at most, until `condition` holds (file events). */
  until(condition: () => boolean | Promise<boolean>): Promise<void> {
    return eventually(condition)
  }

  async close(): Promise<void> {
    await this.#supervisor.stop()
    await rm(this.folder, { recursive: true, force: true })
  }
}

async function writeBelow(folder: string, name: string, text: string): Promise<void> {
  const path = join(folder, name)
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, text)
}

function clientOf({ client, transport, port }: AskOptions): Client {
  const from = clientAt(client, transport)
  return port === undefined ? from : { ...from, port }
}

function questionBytes(question: string, options: AskOptions, id: number): Uint8Array {
  const flags =
    ((options.rd ?? true) ? flagBits.rd : 0) | (options.cd ? flagBits.cd : 0) | (options.ad ? flagBits.ad : 0)
  return queryBytes(question, { ...options, id, flags })
}

function readReply(bytes: Uint8Array): AskedReply {
  const message = decodeMessage(bytes)
  if (isFault(message)) throw new Error(`undecodable reply: ${message.fault}`)
  const flags = (['aa', 'tc', 'rd', 'ra', 'z', 'ad', 'cd'] as const).filter(
    (flag) => (message.flags & flagBits[flag]) !== 0,
  )
  return {
    rcode: rcodeName(message.rcode),
    flags,
    answer: message.answer.map(formatRecord),
    authority: message.authority.map(formatRecord),
    additional: message.additional.map(formatRecord),
    edns: message.edns,
    message,
    bytes,
  }
}
