// The `coredns_dns_*` metrics: how queries are counted. The `prometheus` plugin counts those of its block, the server those that no block took.

import type { Name } from '../wire/name.ts'
import { rcodeName, rcodes, typeName, types } from '../wire/registry.ts'
import type { Counter, Family, Histogram, Metrics, Observation } from './plugin.ts'
import type { Transport } from './query.ts'

/** Bounds in seconds: 250 µs, doubled fifteen times. */
const durationBuckets = Array.from({ length: 16 }, (_, i) => 0.00025 * 2 ** i)

/** Bounds in octets. */
const sizeBuckets = [0, 100, 200, 300, 400, 511, 1023, 2047, 4095, 8291, 16_000, 32_000, 48_000, 64_000]

/** The types that have a `type` label of their own; clients choose types, so the rest is `other`. */
const labelledTypes: ReadonlySet<number> = new Set([
  ...[types.A, types.AAAA, types.CNAME, types.DNSKEY, types.DS, types.MX, types.NSEC, types.NSEC3, types.NS, types.PTR],
  ...[types.RRSIG, types.SOA, types.SRV, types.TXT, types.HTTPS, types.SVCB, types.IXFR, types.AXFR, types.ANY],
])

/** The zone label of queries that no server block took; without a final dot, so it is no zone. */
const droppedZone = 'dropped'

/** Counts queries under server, zone and view. */
export class DnsMetrics {
  readonly #families: Families
  // Looked up by words that an observation holds ready; label texts are made once for each.
  readonly #servers = new Map<string, Map<string, Map<string, PlaceMetrics>>>()

  constructor(metrics: Metrics) {
    this.#families = makeFamilies(metrics)
  }

  /** Counts a query under the zone that its server block was found by. */
  count(observation: Observation): void {
    const { server, zone, view } = observation
    this.#place(server, zone.key, view, zone).count(observation)
  }

  /** Counts a query that no server block took. */
  dropped(observation: Observation): void {
    this.#place(observation.server, droppedZone, '', null).count(observation)
  }

  #place(server: string, zoneKey: string, view: string, zone: Name | null): PlaceMetrics {
    const places = inner(inner(this.#servers, server), zoneKey)
    let place = places.get(view)
    if (!place) {
      place = new PlaceMetrics(this.#families, [server, zone?.folded ?? droppedZone, view])
      places.set(view, place)
    }
    return place
  }
}

function inner<Key, Value>(maps: Map<string, Map<Key, Value>>, key: string): Map<Key, Value> {
  let map = maps.get(key)
  if (!map) {
    map = new Map()
    maps.set(key, map)
  }
  return map
}

interface Families {
  readonly requests: Family<Counter>
  readonly durations: Family<Histogram>
  readonly requestSizes: Family<Histogram>
  readonly dnssecOk: Family<Counter>
  readonly responseSizes: Family<Histogram>
  readonly responses: Family<Counter>
}

function makeFamilies(metrics: Metrics): Families {
  const place = ['server', 'zone', 'view']
  return {
    requests: metrics.counter({
      name: 'coredns_dns_requests_total',
      help: 'Counter of DNS requests made per zone, protocol and family.',
      labels: [...place, 'proto', 'family', 'type'],
    }),
    durations: metrics.histogram({
      name: 'coredns_dns_request_duration_seconds',
      help: 'Histogram of the time (in seconds) each request took per zone.',
      labels: place,
      buckets: durationBuckets,
    }),
    requestSizes: metrics.histogram({
      name: 'coredns_dns_request_size_bytes',
      help: 'Size of the EDNS0 UDP buffer in bytes (64K for TCP) per zone and protocol.',
      labels: [...place, 'proto'],
      buckets: sizeBuckets,
    }),
    dnssecOk: metrics.counter({
      name: 'coredns_dns_do_requests_total',
      help: 'Counter of DNS requests with DO bit set per zone.',
      labels: place,
    }),
    responseSizes: metrics.histogram({
      name: 'coredns_dns_response_size_bytes',
      help: 'Size of the returned response in bytes.',
      labels: [...place, 'proto'],
      buckets: sizeBuckets,
    }),
    responses: metrics.counter({
      name: 'coredns_dns_responses_total',
      help: 'Counter of response status codes.',
      labels: [...place, 'rcode', 'plugin'],
    }),
  }
}

// What a datagram carries is `udp`, the rest runs over TCP.
const protocolOf = (transport: Transport): Protocol =>
  transport === 'udp' || transport === 'quic' || transport === 'https3' ? 'udp' : 'tcp'

type Protocol = 'udp' | 'tcp'

/** CoreDNS's labels of address families. */
const familyLabel = { 4: '1', 6: '2' } as const

// The series of one server, zone and view, found by numbers and short words.
class PlaceMetrics {
  readonly #families: Families
  readonly #labels: readonly [server: string, zone: string, view: string]
  readonly #durations: Histogram
  #dnssecOk: Counter | null = null
  readonly #protocols: Record<Protocol, ProtocolMetrics | null> = { udp: null, tcp: null }
  readonly #responses = new Map<string, Map<number, Counter>>()

  constructor(families: Families, labels: readonly [string, string, string]) {
    this.#families = families
    this.#labels = labels
    this.#durations = families.durations.with(...labels)
  }

  count(observation: Observation): void {
    const protocol = protocolOf(observation.client.transport)
    this.#protocols[protocol] ??= this.#protocolMetrics(protocol)
    this.#protocols[protocol].count(observation)
    this.#durations.observe(observation.durationSeconds)
    if (observation.do) {
      this.#dnssecOk ??= this.#families.dnssecOk.with(...this.#labels)
      this.#dnssecOk.increment()
    }
    this.#response(observation.from, observation.rcode).increment()
  }

  #protocolMetrics(protocol: Protocol): ProtocolMetrics {
    return new ProtocolMetrics(this.#families, [...this.#labels, protocol])
  }

  #response(from: string, rcode: number): Counter {
    const counters = inner(this.#responses, from)
    let counter = counters.get(rcode)
    if (!counter) {
      counter = this.#families.responses.with(...this.#labels, rcodeLabel(rcode), from)
      counters.set(rcode, counter)
    }
    return counter
  }
}

class ProtocolMetrics {
  readonly #families: Families
  readonly #labels: readonly string[]
  readonly #requests = { 4: new Map<number, Counter>(), 6: new Map<number, Counter>() }
  readonly #requestSizes: Histogram
  readonly #responseSizes: Histogram

  constructor(families: Families, labels: readonly string[]) {
    this.#families = families
    this.#labels = labels
    this.#requestSizes = families.requestSizes.with(...labels)
    this.#responseSizes = families.responseSizes.with(...labels)
  }

  count(observation: Observation): void {
    this.#request(observation.client.family, observation.type).increment()
    this.#requestSizes.observe(observation.querySize)
    this.#responseSizes.observe(observation.uncompressedSize)
  }

  #request(family: 4 | 6, type: number): Counter {
    const labelled = labelledTypes.has(type) ? type : 0
    let counter = this.#requests[family].get(labelled)
    if (!counter) {
      const typeLabel = labelled === 0 ? 'other' : typeName(type)
      counter = this.#families.requests.with(...this.#labels, familyLabel[family], typeLabel)
      this.#requests[family].set(labelled, counter)
    }
    return counter
  }
}

const knownRcodes: ReadonlySet<number> = new Set(Object.values(rcodes))

const rcodeLabel = (rcode: number): string => (knownRcodes.has(rcode) ? rcodeName(rcode) : `RCODE${rcode}`)
