// One upstream as a serving thread sees it: its ways (UDP, TCP, DoT, DoH), what the probes say about it, and whether it leads back to us.

import { isDeepStrictEqual } from 'node:util'
import { flagBits } from '../../wire/message.ts'
import { rcodeName } from '../../wire/registry.ts'
import type { Counter, Family, Histogram, Metrics } from '../plugin.ts'
import type { Asker, AskerTools, Asking, Cancel, Outcome } from './asker.ts'
import { HttpsClient } from './https-client.ts'
import type { UpstreamQuestion } from './question.ts'
import { StreamPool } from './stream-pool.ts'
import type { UpstreamAddress } from './targets.ts'
import type { TlsMaterial } from './tls-files.ts'
import { Trouble } from './trouble.ts'
import { UdpPool } from './udp-pool.ts'

/** up: the last probe was answered; doubtful: it was not; down: too many in a row were not; unknown: none has ended yet. */
export type Health = 'unknown' | 'up' | 'doubtful' | 'down'

/** What a stanza says about all its upstreams. */
export interface UpstreamOptions {
  readonly forceTcp: boolean
  readonly preferUdp: boolean
  readonly expireMs: number
  readonly maxAgeMs: number
  readonly idleConnectionsMax: number
  readonly dohMethod: 'GET' | 'POST'
  readonly tls: TlsMaterial
}

/** How one question is put to an upstream. */
export interface Inquiry {
  readonly question: UpstreamQuestion
  /** The client came over a stream. */
  readonly stream: boolean
  readonly timeoutMs: number
  readonly done: (outcome: Outcome) => void
}

/** The series of all upstreams. */
export interface UpstreamMetrics {
  readonly duration: Family<Histogram>
  readonly connectionHits: Family<Counter>
  readonly connectionMisses: Family<Counter>
  readonly mismatched: Family<Counter>
}

const durationBuckets = Array.from({ length: 16 }, (_, i) => 0.00025 * 2 ** i)

/** Declares them. */
export function upstreamMetrics(metrics: Metrics): UpstreamMetrics {
  return {
    duration: metrics.histogram({
      name: 'coredns_proxy_request_duration_seconds',
      help: 'Histogram of the time each request took.',
      labels: ['proxy_name', 'to', 'rcode'],
      buckets: durationBuckets,
    }),
    connectionHits: metrics.counter({
      name: 'coredns_proxy_conn_cache_hits_total',
      help: 'Counter of connection cache hits per upstream and protocol.',
      labels: ['proxy_name', 'to', 'proto'],
    }),
    connectionMisses: metrics.counter({
      name: 'coredns_proxy_conn_cache_misses_total',
      help: 'Counter of connection cache misses per upstream and protocol.',
      labels: ['proxy_name', 'to', 'proto'],
    }),
    mismatched: metrics.counter({
      name: 'meridian_forward_mismatched_replies_total',
      help: 'Replies of upstreams that fit no question under way: late ones, or forgeries.',
      labels: ['to'],
    }),
  }
}

export type UpstreamTools = Pick<AskerTools, 'clock' | 'unpredictable' | 'sourceAddress'>

/** One upstream. */
export class Upstream {
  readonly at: UpstreamAddress
  health: Health = 'unknown'
  /** It leads back to this server: asked nothing until a probe says otherwise. */
  quarantined = false
  /** What `forward/upstream` says of its answers. */
  readonly metadata: ReadonlyMap<string, string>
  readonly #tools: UpstreamTools
  readonly #options: UpstreamOptions
  readonly #metrics: UpstreamMetrics
  readonly #udp: Asker | null
  readonly #stream: Asker

  constructor(at: UpstreamAddress, options: UpstreamOptions, tools: UpstreamTools, metrics: UpstreamMetrics) {
    this.at = at
    this.#options = options
    this.#tools = tools
    this.#metrics = metrics
    this.metadata = new Map([['forward/upstream', at.label]])
    const target = { ...at, ...options, method: options.dohMethod }
    const tls = { ...options.tls, serverName: at.serverName }
    this.#udp = at.transport === 'dns' ? new UdpPool(at, this.#askerTools('udp')) : null
    if (at.transport === 'https') this.#stream = new HttpsClient({ ...target, tls }, this.#askerTools('tcp-tls'))
    else if (at.transport === 'tls') this.#stream = new StreamPool({ ...target, tls }, this.#askerTools('tcp-tls'))
    else this.#stream = new StreamPool({ ...target, tls: null }, this.#askerTools('tcp'))
  }

  /** May be asked now. */
  get usable(): boolean {
    return this.health !== 'down' && !this.quarantined
  }

  /** True if it is the upstream at `at` with these certificates. */
  isAt(at: UpstreamAddress, tls: TlsMaterial): boolean {
    return isDeepStrictEqual([this.at, this.#options.tls], [at, tls])
  }

  /** Puts one question; a forged or truncated reply over UDP is followed up over TCP where that is called for. */
  ask({ question, stream, timeoutMs, done }: Inquiry): Cancel {
    const { clock } = this.#tools
    const start = clock.now()
    const finish = (outcome: Outcome): void => {
      if (!(outcome instanceof Trouble)) this.#observe(outcome.rcode, clock.now() - start)
      done(outcome)
    }
    const { forceTcp, preferUdp } = this.#options
    const overStream = (): Cancel => {
      const left = Math.max(1, timeoutMs - (clock.now() - start))
      return this.#stream.ask({ question, timeoutMs: left, done: finish })
    }
    if (!this.#udp || forceTcp || (stream && !preferUdp)) return overStream()
    let cancel: Cancel
    const asking: Asking = {
      question,
      timeoutMs,
      done: (outcome) => {
        const mismatched = outcome instanceof Trouble && outcome.kind === 'mismatch'
        const truncated = !(outcome instanceof Trouble) && (outcome.flags & flagBits.tc) !== 0
        if (mismatched || (truncated && preferUdp)) cancel = overStream()
        else finish(outcome)
      },
    }
    cancel = this.#udp.ask(asking)
    return () => cancel()
  }

  /** Lets what is under way end and keeps nothing open. */
  close(): void {
    this.#udp?.close()
    this.#stream.close()
  }

  #observe(rcode: number, ms: number): void {
    this.#metrics.duration.with('forward', this.at.label, rcodeName(rcode)).observe(ms / 1000)
  }

  #askerTools(proto: string): AskerTools {
    const { connectionHits, connectionMisses, mismatched } = this.#metrics
    const { label } = this.at
    return {
      ...this.#tools,
      connection: (reused) => (reused ? connectionHits : connectionMisses).with('forward', label, proto).increment(),
      mismatched: () => mismatched.with(label).increment(),
    }
  }
}
