// What forward does once a process: finds the addresses of its upstreams, reads its certificates, and keeps the verdict about each upstream. Every serving
// thread gets addresses and verdicts in one batch, and reports what happens to clients' questions.

import { readFileSync } from 'node:fs'
import { isDeepStrictEqual } from 'node:util'
import { Name } from '../../wire/name.ts'
import { types } from '../../wire/registry.ts'
import {
  type Counter,
  defineService,
  type Family,
  type Gauge,
  type RunningService,
  type ServiceContext,
} from '../plugin.ts'
import type { Asker, AskerTools } from './asker.ts'
import type { Stanza } from './config.ts'
import { HttpsClient } from './https-client.ts'
import { freshMs } from './limits.ts'
import { Probe } from './probe.ts'
import { plainQuestion, type UpstreamQuestion } from './question.ts'
import { systemUnpredictable } from './question-id.ts'
import { resolveByServers, resolveBySystem } from './resolve-host.ts'
import { StreamPool } from './stream-pool.ts'
import { findUpstreams, readTextFile, type UpstreamAddress } from './targets.ts'
import { loadTls, type TlsMaterial } from './tls-files.ts'
import { UdpPool } from './udp-pool.ts'
import type { Health } from './upstream.ts'

/** The part of a stanza that decides where its upstreams are and how they are probed; stanzas that agree in it share one service. */
export type UpstreamsOptions = Pick<
  Stanza,
  | 'to'
  | 'resolver'
  | 'tls'
  | 'tlsServerName'
  | 'sourceAddress'
  | 'forceTcp'
  | 'failsMax'
  | 'healthCheck'
  | 'dohMethod'
  | 'expireMs'
>

/** Takes them out of a stanza. */
export function upstreamsOptions(stanza: Stanza): UpstreamsOptions {
  const { to, resolver, tls, tlsServerName, sourceAddress } = stanza
  const { forceTcp, failsMax, healthCheck, dohMethod, expireMs } = stanza
  return { to, resolver, tls, tlsServerName, sourceAddress, forceTcp, failsMax, healthCheck, dohMethod, expireMs }
}

/** One upstream and what is known about it. */
interface UpstreamState {
  readonly at: UpstreamAddress
  readonly health: Health
  /** It leads back to this server. */
  readonly quarantined: boolean
}

/** What a thread is told. */
export interface UpstreamsBatch {
  readonly upstreams: readonly UpstreamState[]
  readonly tls: TlsMaterial
}

/** What a thread reports of an upstream. */
export interface UpstreamReport {
  /** Its label. */
  readonly upstream: string
  /** failed, answered: a client's question; looped, straight: a loop probe came back here, or did not. */
  readonly what: 'failed' | 'answered' | 'looped' | 'straight'
}

/** The service. */
export const upstreamsService = defineService<UpstreamsOptions>({
  async start(options, context) {
    const watch = new UpstreamsWatch(options, context)
    await watch.find()
    return watch
  },
})

interface Watched {
  readonly at: UpstreamAddress
  readonly probe: Probe
  quarantined: boolean
}

class UpstreamsWatch implements RunningService {
  readonly #options: UpstreamsOptions
  readonly #context: ServiceContext
  readonly #tools: AskerTools
  readonly #question: UpstreamQuestion
  readonly #failures: Family<Counter>
  readonly #quarantineGauge: Gauge
  #tls: TlsMaterial = { ca: null, cert: null, key: null }
  #watched: readonly Watched[] = []
  #foundAt = 0
  #stopped = false

  constructor(options: UpstreamsOptions, context: ServiceContext) {
    this.#options = options
    this.#context = context
    this.#tools = probeTools(options, context)
    const { domain, recursion } = options.healthCheck
    this.#question = plainQuestion(Name.parse(domain), types.NS, recursion)
    this.#failures = context.metrics.counter({
      name: 'coredns_proxy_healthcheck_failures_total',
      help: 'Counter of the number of failed healthchecks.',
      labels: ['proxy_name', 'to'],
    })
    this.#quarantineGauge = context.metrics
      .gauge({
        name: 'meridian_forward_quarantined_upstreams',
        help: 'Upstreams that lead back to this server and are not asked.',
      })
      .with()
  }

  /** Reads files and looks names up; rejects with ConfigError. An upstream that was there before keeps its probe and verdict. */
  async find(): Promise<void> {
    const { resolver, to, tls, tlsServerName } = this.#options
    const material = loadTls(tls, (file) => readFileSync(file, 'utf8'))
    const source = {
      readFile: readTextFile,
      resolve: (hostname: string) =>
        resolver.length === 0
          ? resolveBySystem(hostname)
          : resolveByServers(hostname, resolver, { ...this.#tools, sourceAddress: null }),
    }
    const found = await findUpstreams(to, source, tlsServerName)
    this.#foundAt = this.#context.clock.now()
    if (this.#stopped) return
    const before = this.#watched
    if (!isDeepStrictEqual([material, found], [this.#tls, before.map(({ at }) => at)])) this.#replace(material, found)
  }

  snapshot(): UpstreamsBatch {
    // A thread joins after a reload too, and then files and names are read again, as CoreDNS does; it starts with what is known.
    if (this.#context.clock.now() - this.#foundAt >= freshMs) this.#findAgain()
    return this.#batch()
  }

  receive(message: object): void {
    const { upstream, what } = message as UpstreamReport
    const watched = this.#watched.find(({ at }) => at.label === upstream)
    if (!watched) return
    if (what === 'failed') watched.probe.failedQuestion()
    else if (what === 'answered') watched.probe.answeredQuestion()
    else this.#quarantine(watched, what === 'looped')
  }

  stop(): void {
    this.#stopped = true
    for (const watched of this.#watched) this.#drop(watched)
  }

  #findAgain(): void {
    this.find().catch((error: Error) => {
      this.#context.log.warning(`upstreams stay as they were: ${error.message}`)
    })
  }

  #replace(tls: TlsMaterial, found: readonly UpstreamAddress[]): void {
    const sameTls = isDeepStrictEqual(tls, this.#tls)
    this.#tls = tls
    const before = this.#watched
    const kept = (at: UpstreamAddress): Watched | undefined =>
      before.find((old) => isDeepStrictEqual(old.at, at) && (sameTls || at.transport === 'dns'))
    this.#watched = found.map((at) => kept(at) ?? this.#watch(at))
    for (const old of before) if (!this.#watched.includes(old)) this.#drop(old)
    for (const { probe } of this.#watched.filter((each) => !before.includes(each))) probe.start()
    this.#publish()
  }

  #watch(at: UpstreamAddress): Watched {
    const { context, options } = { context: this.#context, options: this.#options }
    let down = false
    const probe = new Probe({
      asker: this.#probeAsker(at),
      question: this.#question,
      intervalMs: options.healthCheck.intervalMs,
      failsMax: options.failsMax,
      clock: context.clock,
      random: context.random,
      failed: () => this.#failures.with('forward', at.label).increment(),
      changed: (health, reason) => {
        if (health === 'down') context.log.warning(`upstream ${at.label} is down: ${reason}`)
        else if (down) context.log.info(`upstream ${at.label} is up again`)
        down = health === 'down'
        this.#publish()
      },
    })
    return { at, probe, quarantined: false }
  }

  #quarantine(watched: Watched, looped: boolean): void {
    if (watched.quarantined === looped) return
    watched.quarantined = looped
    this.#quarantineGauge.increment(looped ? 1 : -1)
    if (!looped) this.#context.log.info(`upstream ${watched.at.label} no longer leads back here and is asked again`)
    this.#publish()
  }

  #drop(watched: Watched): void {
    watched.probe.stop()
    if (watched.quarantined) this.#quarantineGauge.increment(-1)
  }

  #publish(): void {
    if (!this.#stopped) this.#context.publish(this.#batch())
  }

  #batch(): UpstreamsBatch {
    const upstreams = this.#watched.map(({ at, probe, quarantined }) => ({ at, health: probe.health, quarantined }))
    return { upstreams, tls: this.#tls }
  }

  /** A way to the upstream for probes alone: they must not wait behind clients' questions, nor count as such. */
  #probeAsker(at: UpstreamAddress): Asker {
    const { expireMs, dohMethod, forceTcp } = this.#options
    const target = { ...at, expireMs, maxAgeMs: 0, idleConnectionsMax: 0, method: dohMethod }
    const client = { ...this.#tls, serverName: at.serverName }
    if (at.transport === 'https') return new HttpsClient({ ...target, tls: client }, this.#tools)
    if (at.transport === 'tls') return new StreamPool({ ...target, tls: client }, this.#tools)
    return forceTcp ? new StreamPool({ ...target, tls: null }, this.#tools) : new UdpPool(at, this.#tools, 1)
  }
}

function probeTools(options: UpstreamsOptions, { clock }: ServiceContext): AskerTools {
  return {
    clock,
    unpredictable: systemUnpredictable(),
    sourceAddress: options.sourceAddress,
    connection: () => {},
    mismatched: () => {},
  }
}
