// What operators see of the watch on a cluster: CoreDNS's series of its client, and ours of how old our knowledge is and what went wrong.

import type { ClusterFigures } from '../../k8s/cluster-line.ts'
import type { Clock, Counter, Family, Gauge, Histogram, Metrics } from '../plugin.ts'

/** Prometheus' own default buckets, in seconds. */
const requestBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

/** From 1 ms to 9 minutes, as CoreDNS has them. */
const programmingBuckets = Array.from({ length: 20 }, (_, step) => 0.001 * 2 ** step)

/** Declares the histogram; a serving thread does so too, so that it is there whatever the cluster comes from. */
export const programmingDuration = (metrics: Metrics): Family<Histogram> =>
  metrics.histogram({
    name: 'coredns_kubernetes_dns_programming_duration_seconds',
    help: 'Histogram of the time (in seconds) it took to program a dns instance.',
    labels: ['service_kind'],
    buckets: programmingBuckets,
  })

/** The metrics of one watch. */
export class ClusterMetrics {
  readonly #clock: Clock
  readonly #counters: Readonly<Record<ClusterFigures['counts'][number]['name'], Family<Counter>>>
  readonly #objects: Family<Gauge>
  readonly #staleness: Family<Gauge>
  readonly #programming: Family<Histogram>
  readonly #durations: Family<Histogram>
  readonly #waits: Family<Histogram>
  readonly #requests: Family<Counter>
  readonly #snapshots: Family<Counter>
  readonly #restarts: Counter
  /** When each resource was last heard of, on the clock. */
  readonly #heardAt = new Map<string, number>()

  constructor(metrics: Metrics, clock: Clock, resources: readonly string[]) {
    this.#clock = clock
    const counter = (name: string, help: string, ...labels: string[]): Family<Counter> =>
      metrics.counter({ name: `meridian_kubernetes_${name}`, help, labels })
    this.#counters = {
      watch_events: counter('watch_events_total', 'Counter of events on watches.', 'resource', 'type'),
      lists: counter(
        'lists_total',
        'Counter of lists of everything there is, by why it was needed.',
        'resource',
        'reason',
      ),
      api_errors: counter('api_errors_total', 'Counter of trouble with the API server.', 'resource', 'kind'),
      undecodable: counter('undecodable_total', 'Counter of objects that could not be read.', 'resource'),
      consistency_checks: counter(
        'consistency_checks_total',
        'Counter of comparisons of what is known with what the API server has.',
        'resource',
        'result',
      ),
    }
    this.#snapshots = counter('snapshot_writes_total', 'Counter of snapshots that were written, or not.', 'result')
    this.#restarts = counter('thread_restarts_total', 'Counter of threads watching the cluster that died.').with()
    const gauge = (name: string, help: string): Family<Gauge> =>
      metrics.gauge({ name: `meridian_kubernetes_${name}`, help, labels: ['resource'], merge: 'max' })
    this.#objects = gauge('objects', 'Objects of the API server that are known.')
    this.#staleness = gauge('staleness_seconds', 'Time since the API server last said or confirmed what there is.')
    this.#programming = programmingDuration(metrics)
    const client = (name: string, help: string): Family<Histogram> =>
      metrics.histogram({
        name: `coredns_kubernetes_rest_client_${name}`,
        help,
        labels: ['verb', 'host'],
        buckets: requestBuckets,
      })
    this.#durations = client('request_duration_seconds', 'Request latency in seconds. Broken down by verb and host.')
    this.#waits = client(
      'rate_limiter_duration_seconds',
      'Client side rate limiter latency in seconds. Broken down by verb and host.',
    )
    this.#requests = metrics.counter({
      name: 'coredns_kubernetes_rest_client_requests_total',
      help: 'Number of HTTP requests, partitioned by status code, method, and host.',
      labels: ['code', 'method', 'host'],
    })
    for (const resource of resources) this.#heardAt.set(resource, clock.now())
    this.age()
  }

  /** Takes what the k8s thread has counted. */
  take(figures: ClusterFigures): void {
    for (const { name, resource, label, by } of figures.counts)
      this.#counters[name].with(...(name === 'undecodable' ? [resource] : [resource, label])).increment(by)
    const now = this.#clock.now()
    for (const { resource, objects, ageMs } of figures.resources) {
      this.#objects.with(resource).set(objects)
      this.#heardAt.set(resource, now - ageMs)
    }
    for (const { serviceKind, seconds } of figures.programmed) this.#programming.with(serviceKind).observe(seconds)
    for (const written of figures.snapshots) this.#snapshots.with(written ? 'written' : 'failed').increment()
    for (const request of figures.requests) {
      const { verb, host } = request
      if (request.seen === 'answer') this.#requests.with(request.code, verb, host).increment()
      else (request.seen === 'wait' ? this.#waits : this.#durations).with(verb, host).observe(request.seconds)
    }
    this.age()
  }

  /** The k8s thread died. */
  died(): void {
    this.#restarts.increment()
  }

  /** Brings the ages up to now. */
  age(): void {
    const now = this.#clock.now()
    for (const [resource, heardAt] of this.#heardAt) this.#staleness.with(resource).set((now - heardAt) / 1000)
  }
}
