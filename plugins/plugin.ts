// The contract between the server and its plugins. A plugin reads its directive once in each serving thread and gives back a layer; layers are composed once, in
// the order of order.ts, into the chain of their server block. They are synchronous unless something is awaited.
//
//   Query ─► layer ─► layer ─► … ─► end of chain
//   Response ◄─ amended on the way back, immutable

import type { MessagePort } from 'node:worker_threads'
import type { Name } from '../wire/name.ts'
import type { Directive } from './directive.ts'
import type { Client, MetadataSource, Query } from './query.ts'
import type { Response } from './response.ts'

/** What answers a query: a response, or null for silence. */
export type Answered = Response | null | Promise<Response | null>

/** Answers queries. `last` marks the end of the chain, which answers SERVFAIL ("no next plugin found"). */
export interface Handler {
  (query: Query): Answered
  readonly last?: true
}

/** Wraps what follows it in the chain. */
export type Layer = (next: Handler) => Handler

/** A plugin: its name is its directive, its folder and its metrics' subsystem. */
export interface Plugin {
  readonly name: string
  /** Reads the directive and returns the plugin's layer, or nothing if it only configures or observes. Throws ConfigError. Makes only layers and per-thread state: no file, socket or timer. */
  setup(directive: Directive, host: Host): Layer | undefined
  /** What the plugin needs once a process; started when a setup asks for it with `host.service`. */
  readonly services?: Readonly<Record<string, Service>>
}

/** Types a plugin literal (its services keep their own types). */
export const definePlugin = <P extends Plugin>(plugin: P): P => plugin

// ---- what a plugin may touch ---------------------------------------------------------------------------------------------------

/** Time, passed in so that tests own it. */
export interface Clock {
  /** Milliseconds that only go forward; the unit of `born`, `until` and `start`. */
  now(): number
  /** Milliseconds since 1970. */
  wall(): number
  /** Calls `task` once after `delayMs`; the timer never keeps the process alive. */
  after(delayMs: number, task: () => void): Timer
}

export interface Timer {
  cancel(): void
}

/** Log lines in CoreDNS's form; inside a plugin every line gets its `plugin/NAME: `. */
export interface Log {
  debug(text: string): void
  info(text: string): void
  warning(text: string): void
  error(text: string): void
  /** A line as it is: without level and plugin (`log` and `errors` write whole lines of their own). */
  line(text: string): void
}

/** A number that only grows. */
export interface Counter {
  increment(by?: number): void
}

export interface Gauge {
  set(value: number): void
  increment(by?: number): void
}

export interface Histogram {
  observe(value: number): void
}

/** The series of one metric; `with` takes label values in the order of the declared labels and is cheap to call again. */
export interface Family<Series> {
  with(...labelValues: readonly string[]): Series
  /** Forgets every series (CoreDNS resets `coredns_plugin_enabled` at each load). */
  reset(): void
}

export interface MetricSpec {
  readonly name: string
  readonly help: string
  readonly labels?: readonly string[]
}

/** How a gauge's values in several threads make one; `presence` is 1 while their sum is positive, and no series otherwise. */
export type Merge = 'sum' | 'max' | 'presence'

/** Metrics, summed over the serving threads when scraped. Asking twice for a name gives the same family; a metric without labels is exported from the start. */
export interface Metrics {
  counter(spec: MetricSpec): Family<Counter>
  gauge(spec: MetricSpec & { readonly merge?: Merge }): Family<Gauge>
  histogram(spec: MetricSpec & { readonly buckets: readonly number[] }): Family<Histogram>
}

/** One answered (or dropped) query as observers see it. The object is used again for the next query: keep nothing of it. */
export interface Observation {
  readonly client: Client
  readonly server: string
  readonly zone: Name
  readonly view: string
  readonly id: number
  readonly opcode: number
  /** The question, as sent; building the name costs, so ask only when it is printed. */
  readonly name: Name
  readonly type: number
  readonly class: number
  readonly do: boolean
  /** The UDP size that the query advertised after `bufsize`; 512 without OPT, 65535 on a stream. */
  readonly bufferSize: number
  readonly querySize: number
  /** False if nothing was sent. */
  readonly answered: boolean
  readonly rcode: number
  /** The header bits of the reply (flagBits of wire/message.ts). */
  readonly flags: number
  readonly responseSize: number
  /** What the reply would take uncompressed and untruncated: what CoreDNS logs and measures. */
  readonly uncompressedSize: number
  /** True if the answer section is not empty; with `negative` this tells CoreDNS's log classes apart. */
  readonly hasAnswer: boolean
  /** True if the authority section has a SOA and the answer is empty. */
  readonly negative: boolean
  readonly from: string
  readonly error: string | null
  readonly metadata: MetadataSource
  /** Seconds from the query's arrival to its answer. */
  readonly durationSeconds: number
  /** True if the answer table answered. */
  readonly prepared: boolean
}

export type Observer = (observation: Observation) => void

/** What block-wide directives (root, bind, debug, …) settle for the plugins after them and for the server. */
export interface BlockSettings {
  /** Where relative paths of plugins start (`root`); '' is the working directory. */
  root: string
  /** IP addresses to listen on (`bind`); empty: all. */
  addresses: string[]
  /** `debug`: no recovery from bugs, debug lines. */
  debug: boolean
  /** Let classes other than IN in (`chaos`, `forward`). */
  anyClass: boolean
  /** `compat coredns`: copy the answer-visible faults too. */
  compat: boolean
  /** `view`: this block answers only queries for which every filter is true. */
  view: string
  filters: ((query: Query) => boolean)[]
  timeouts: { readMs: number; writeMs: number; idleMs: number }
  /** Queries at once a TCP connection may have under way. */
  tcpQueriesMax: number
  /** `--manifests PATH` of the command line: stands in for the API server of every `kubernetes`; '' if not given. */
  manifests: string
  /** Zones whose queries carry metadata (`metadata`); null: none do. */
  metadataZones: readonly Name[] | null
  /** Set by `loop` for `forward`, which asks each upstream once whether it leads back here. */
  loopGuard: LoopGuard | null
}

/** Names that only this process knows: one that comes back in a query proves that an upstream leads here. */
export interface LoopGuard {
  /** A name below `zone` to ask an upstream for (HINFO); `seen` is called once if the query arrives at one of our listeners. `upstream` is what the log calls the one that is asked. */
  watch(zone: Name, seen: () => void, upstream?: string): Name
  forget(name: Name): void
}

/** The server block that a plugin is set up in. */
export interface Block {
  /** The zones of all keys, reverse zones of CIDR keys included. */
  readonly zones: readonly Name[]
  /** The block's first key as the Corefile spells it. */
  readonly key: string
  readonly settings: BlockSettings
  /** The listeners of the block's first key as metrics name them (`dns://:53`); known once all directives are read, so look in onStart or later. */
  readonly servers: readonly string[]
  /** True if the block has the directive. */
  has(directive: string): boolean
}

/** What a plugin can do for the others of its block, known by what it is and not by who does it (`Host.offer`). */
export interface Contract<Value> {
  readonly name: string
  /** Never set: it ties the type to the contract. */
  readonly value?: Value
}

/** Something that a plugin of the block offers. */
export interface Offer<Value> {
  readonly plugin: string
  readonly value: Value
}

/** All that a plugin may touch. */
export interface Host {
  readonly block: Block
  readonly clock: Clock
  /** How many serving threads share what the Corefile allows the process (capacities, limits). */
  readonly threads: number
  /** A number in [0, 1). */
  readonly random: () => number
  readonly log: Log
  readonly metrics: Metrics
  /** Absolute path of a file that the directive names: below the block's root. */
  path(file: string): string
  /** Called after every service of this configuration has started and its sockets are bound, in setup order. */
  onStart(hook: () => void): void
  /** Called when this configuration has been replaced or the process ends, in setup order. */
  onStop(hook: () => void): void
  /** The plugin takes part in readiness: asked again until it says true. */
  onReady(ready: () => boolean): void
  /** Sees every query of the block, those that the answer table answers too. */
  observe(observer: Observer): void
  /** Offers metadata under `PLUGIN/…` labels; `value` is called when something reads the label. */
  offerMetadata(label: string, value: (query: Query) => string | undefined): void
  /** Offers something to the other plugins of the block. */
  offer<Value>(contract: Contract<Value>, value: Value): void
  /** What plugins of the block offer, in chain order; complete once all directives are read: look in onStart or later. */
  offered<Value>(contract: Contract<Value>): readonly Offer<Value>[]
  /** Resolves another question through the chain of the block that owns its name (an alias's target): counted and logged as a query. Past the depth limit it answers SERVFAIL. */
  resolve(query: Query): Answered
  /** Asks for one of the plugin's services; started once a process for equal options. `receive` gets its latest batch before the configuration starts, then each new one. Returns the line back to it. */
  service<Batch>(name: string, options: object, receive: (batch: Batch) => void): ServiceLine
  /** Does a long piece of work in slices of at most 1 ms, between queries: `steps` yields where it may be interrupted. */
  inPieces(steps: Iterator<void>, done: () => void): void
}

// ---- services: what exists once a process ----------------------------------------------------------------------------------------

/** A thread's line to a service. */
export interface ServiceLine {
  send(message: object): void
}

/** Something that exists once a process and posts immutable batches (structured-clone-able) to every serving thread. */
export interface Service {
  /** Starts it; a ConfigError stops the load. `options` are what the plugin passed. */
  start(options: never, context: ServiceContext): RunningService | Promise<RunningService>
}

/** Types a service literal by its options. */
export function defineService<Options extends object>(service: {
  start(options: Options, context: ServiceContext): RunningService | Promise<RunningService>
}): Service {
  return service as unknown as Service
}

export interface RunningService {
  /** The batch that a thread which joins now starts from; undefined: it waits for the next. Batches published before it is there are part of it, later ones follow it. */
  snapshot(): object | undefined | Promise<object | undefined>
  /** A reload asks for the service that runs already: looks at once whether what it watches has changed, before the new subscriber gets its snapshot. */
  refresh?(): Promise<void>
  /** A message of one of the threads. */
  receive?(message: object): void
  /** SIGTERM came: everything still answers until this resolves (lameduck). */
  drain?(): Promise<void>
  stop(): void | Promise<void>
}

/** All that a service may touch. */
export interface ServiceContext {
  readonly clock: Clock
  readonly random: () => number
  readonly log: Log
  readonly metrics: Metrics
  readonly http: HttpListeners
  readonly process: ProcessControl
  /** The configuration is only checked (`meridian check`): start tells what is wrong with it here, and talks to nobody. */
  readonly checking?: true
  /** A line to a worker thread that runs the module; all services that ask for it share one, which ends after the last line is closed. A thread that dies closes its lines. */
  thread(module: URL): MessagePort
  /** A configuration serves already: one that cannot have what it needs should be refused, so that what runs goes on. */
  readonly isReload: boolean
  /** Posts a batch to every thread that asked for the service. */
  publish(batch: object): void
}

/** HTTP listeners shared by address; they outlive a reload if the new configuration asks for the same address. */
export interface HttpListeners {
  /** Answers GET `path` on `address` (`:8080`, `127.0.0.1:9153`); a later caller takes the path over. Rejects with ConfigError if the address cannot be bound. */
  route(address: string, path: string, handle: HttpHandler): Promise<HttpRoute>
}

export type HttpHandler = () => HttpReply | Promise<HttpReply>

export interface HttpReply {
  readonly status: number
  readonly type?: string
  readonly body: string
}

export interface HttpRoute {
  /** Where it listens, with the port that was given for port 0. */
  readonly address: string
  close(): Promise<void>
}

/** The process as services see it. */
export interface ProcessControl {
  /** Names of plugins that are not ready in some thread, sorted. */
  notReady(): readonly string[]
  /** Every metric of the process in Prometheus's text format. */
  metricsText(): Promise<string>
  metricsType(): string
  /** SHA-512 (hex) of the parsed configuration that runs, and of the one on disk now. */
  runningHash(): string
  diskHash(): Promise<string>
  /** Loads the Corefile again; the error's text if it failed (the running one stays and the failure is counted), else null. */
  reload(): Promise<string | null>
}
