// The `coredns_cache_*` metrics. A series appears with its first event, as in CoreDNS.

import type { Counter, Family, Gauge, Host } from '../plugin.ts'
import type { PartName } from './config.ts'

/** The cache's metrics under every server that asks it. */
export class CacheMetrics {
  readonly #families: Families
  readonly #zones: string
  readonly #view: () => string
  readonly #servers = new Map<string, ServerMetrics>()

  /** `zones` is the label's text. */
  constructor(host: Host, zones: string) {
    this.#families = makeFamilies(host)
    this.#zones = zones
    // The `view` directive stands behind this one, so its name is known later.
    this.#view = () => host.block.settings.view
  }

  /** The metrics of one listener, named as in `dns://:53`. */
  of(server: string): ServerMetrics {
    let metrics = this.#servers.get(server)
    if (!metrics) {
      metrics = new ServerMetrics(this.#families, server, [this.#zones, this.#view()])
      this.#servers.set(server, metrics)
    }
    return metrics
  }
}

function makeFamilies({ metrics }: Host) {
  const labels = ['server', 'zones', 'view']
  const withType = ['server', 'type', 'zones', 'view']
  const counter = (name: string, help: string, names = labels): Family<Counter> =>
    metrics.counter({ name: `coredns_cache_${name}`, help, labels: names })
  return {
    entries: metrics.gauge({
      name: 'coredns_cache_entries',
      help: 'The number of elements in the cache.',
      labels: withType,
    }),
    requests: counter('requests_total', 'The count of cache requests.'),
    hits: counter('hits_total', 'The count of cache hits.', withType),
    misses: counter(
      'misses_total',
      'The count of cache misses. Deprecated, derive misses from cache hits/requests counters.',
    ),
    prefetches: counter('prefetch_total', 'The number of times the cache has prefetched a cached item.'),
    drops: counter('drops_total', 'The number responses that are not cached, because the reply is malformed.'),
    stale: counter('served_stale_total', 'The number of requests served from stale cache entries.'),
    evictions: counter('evictions_total', 'The count of cache evictions.', withType),
  }
}

type Families = ReturnType<typeof makeFamilies>

/** Series of one listener. */
export class ServerMetrics {
  readonly #families: Families
  readonly #server: string
  readonly #rest: readonly [zones: string, view: string]
  #requests: Counter | null = null
  #misses: Counter | null = null
  readonly #hits: Record<PartName, Counter | null> = { success: null, denial: null }
  readonly #entries: Record<PartName, Gauge | null> = { success: null, denial: null }

  constructor(families: Families, server: string, rest: readonly [string, string]) {
    this.#families = families
    this.#server = server
    this.#rest = rest
  }

  request(): void {
    this.#requests ??= this.#families.requests.with(this.#server, ...this.#rest)
    this.#requests.increment()
  }

  miss(): void {
    this.#misses ??= this.#families.misses.with(this.#server, ...this.#rest)
    this.#misses.increment()
  }

  hit(part: PartName): void {
    this.#hits[part] ??= this.#families.hits.with(this.#server, part, ...this.#rest)
    this.#hits[part].increment()
  }

  prefetch(): void {
    this.#families.prefetches.with(this.#server, ...this.#rest).increment()
  }

  drop(): void {
    this.#families.drops.with(this.#server, ...this.#rest).increment()
  }

  stale(): void {
    this.#families.stale.with(this.#server, ...this.#rest).increment()
  }

  evicted(part: PartName, count: number): void {
    if (count > 0) this.#families.evictions.with(this.#server, part, ...this.#rest).increment(count)
  }

  entries(part: PartName, count: number): void {
    this.#entries[part] ??= this.#families.entries.with(this.#server, part, ...this.#rest)
    this.#entries[part].set(count)
  }
}
