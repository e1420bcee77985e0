// The process's metrics: every thread's cells added up and printed when Prometheus asks. Lives in the main thread; never on the way of a query.
//
//     serving thread 0 ─ announcements ─►┐
//     serving thread 1 ─ announcements ─►├─ MetricsRegistry ─ text() ─► /metrics
//     main thread      ─ announcements ─►┘        ▲ cells are read in place (shared memory)

import { type Metric, Registry } from 'prom-client'
import type { Announcement, FamilySpec } from './announcement.ts'
import { cellsPerChunk } from './cells.ts'
import { cellsOf } from './thread-metrics.ts'

/** One exported number; `suffix` is put behind the metric's name (`_bucket`). */
interface Sample {
  readonly suffix?: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

/** One exported metric with its numbers. */
export interface CollectedMetric {
  readonly name: string
  readonly help: string
  readonly type: 'counter' | 'gauge' | 'histogram'
  readonly samples: readonly Sample[]
}

/** Measures something at the time of a scrape. */
export type Collector = () => readonly CollectedMetric[] | Promise<readonly CollectedMetric[]>

/** Adds up the metrics of all threads. */
export class MetricsRegistry {
  readonly #threads = new Map<string | number, ThreadCells>()
  readonly #collectors: Collector[] = []
  /** What threads that ended had counted: counters never go back. */
  readonly #retained: Totals = new Map()

  readonly contentType = Registry.PROMETHEUS_CONTENT_TYPE

  /** Takes a thread in; the returned function receives its announcements. Throws Error if the thread is already here. */
  attach(thread: string | number): (announcement: Announcement) => void {
    if (this.#threads.has(thread)) throw new Error(`metrics of thread ${thread} are already attached`)
    const cells = new ThreadCells()
    this.#threads.set(thread, cells)
    return (announcement) => cells.receive(announcement)
  }

  /** The thread ended: its counts stay, its gauges go. */
  detach(thread: string | number): void {
    const cells = this.#threads.get(thread)
    if (!cells) return
    this.#threads.delete(thread)
    cells.addTo(this.#retained, (spec) => spec.kind !== 'gauge')
  }

  /** `collector` is asked at each scrape. */
  collect(collector: Collector): void {
    this.#collectors.push(collector)
  }

  /** All metrics in Prometheus's text format, sorted by name. */
  async text(): Promise<string> {
    const collected = (await Promise.all(this.#collectors.map((collector) => collector()))).flat()
    const metrics = [...this.#fromThreads(), ...collected].filter((metric) => metric.samples.length > 0)
    metrics.sort((one, other) => (one.name < other.name ? -1 : 1))
    const registry = new Registry()
    for (const metric of metrics) registry.registerMetric(asPromClient(metric))
    return registry.metrics()
  }

  #fromThreads(): CollectedMetric[] {
    const totals: Totals = new Map()
    addTotals(totals, this.#retained)
    for (const cells of this.#threads.values()) cells.addTo(totals, () => true)
    return [...totals.values()].map(asMetric)
  }
}

/** Family name -> its series' numbers, in the layout of cells. */
type Totals = Map<string, { readonly spec: FamilySpec; readonly series: Map<string, SeriesTotal> }>

interface SeriesTotal {
  readonly labelValues: readonly string[]
  readonly values: Float64Array
}

interface FamilyTotals {
  readonly spec: FamilySpec
  readonly series: Map<string, SeriesTotal>
}

function totalsOf(totals: Totals, spec: FamilySpec): FamilyTotals {
  let family = totals.get(spec.name)
  if (!family) {
    family = { spec, series: new Map() }
    totals.set(spec.name, family)
  }
  return family
}

function addSeries(family: FamilyTotals, labelValues: readonly string[], values: Float64Array): void {
  const key = labelValues.join('\xff')
  const total = family.series.get(key)
  if (!total) {
    family.series.set(key, { labelValues, values: values.slice() })
  } else if (family.spec.merge === 'max') {
    total.values[0] = Math.max(total.values[0]!, values[0]!)
  } else {
    for (let i = 0; i < values.length; i++) total.values[i]! += values[i]!
  }
}

function addTotals(totals: Totals, more: Totals): void {
  for (const { spec, series } of more.values()) {
    const family = totalsOf(totals, spec)
    for (const { labelValues, values } of series.values()) addSeries(family, labelValues, values)
  }
}

// One thread's families and where their cells are.
class ThreadCells {
  readonly #chunks: Float64Array[] = []
  readonly #families: { spec: FamilySpec; series: { labelValues: readonly string[]; cell: number }[] }[] = []

  receive(announcement: Announcement): void {
    switch (announcement.news) {
      case 'chunk':
        this.#chunks.push(new Float64Array(announcement.memory))
        break
      case 'family':
        this.#families.push({ spec: announcement.spec, series: [] })
        break
      case 'series':
        this.#families[announcement.family]!.series.push(announcement)
        break
      case 'reset':
        this.#families[announcement.family]!.series.length = 0
        break
    }
  }

  addTo(totals: Totals, wanted: (spec: FamilySpec) => boolean): void {
    for (const { spec, series } of this.#families) {
      if (!wanted(spec)) continue
      const family = totalsOf(totals, spec)
      for (const { labelValues, cell } of series) addSeries(family, labelValues, this.#read(spec, cell))
    }
  }

  #read(spec: FamilySpec, cell: number): Float64Array {
    const at = cell % cellsPerChunk
    return this.#chunks[Math.floor(cell / cellsPerChunk)]!.subarray(at, at + cellsOf(spec))
  }
}

function asMetric({ spec, series }: FamilyTotals): CollectedMetric {
  const shown = spec.merge === 'presence' ? presence(series) : series
  const samples = [...shown.entries()]
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .flatMap(([, { labelValues, values }]) => {
      const labels = labelsOf(spec, labelValues)
      return spec.kind === 'histogram' ? histogramSamples(spec, labels, values) : [{ labels, value: values[0]! }]
    })
  return { name: spec.name, help: spec.help, type: spec.kind, samples }
}

function presence(series: ReadonlyMap<string, SeriesTotal>): Map<string, SeriesTotal> {
  const one = Float64Array.of(1)
  const present = [...series].filter(([, { values }]) => values[0]! > 0)
  return new Map(present.map(([key, { labelValues }]) => [key, { labelValues, values: one }]))
}

// Labels in alphabetical order, as every Prometheus client prints them.
function labelsOf(spec: FamilySpec, labelValues: readonly string[]): Record<string, string> {
  const pairs = spec.labels.map((label, i) => [label, labelValues[i]!] as const)
  return Object.fromEntries(pairs.sort(([one], [other]) => (one < other ? -1 : 1)))
}

function histogramSamples(spec: FamilySpec, labels: Record<string, string>, values: Float64Array): Sample[] {
  const samples: Sample[] = []
  let count = 0
  for (let i = 0; i <= spec.buckets.length; i++) {
    count += values[i]!
    samples.push({ suffix: '_bucket', labels: { ...labels, le: formatBound(spec.buckets[i]) }, value: count })
  }
  samples.push({ suffix: '_sum', labels, value: values[spec.buckets.length + 1]! })
  samples.push({ suffix: '_count', labels, value: count })
  return samples
}

/** A bucket's bound as client_golang prints it (`0.00025`, `16000`, `1e+06`), because `le` is compared as text. */
function formatBound(bound: number | undefined): string {
  if (bound === undefined) return '+Inf'
  const exponent = bound === 0 ? 0 : Math.floor(Math.log10(Math.abs(bound)))
  if (exponent >= -4 && exponent < 6) return String(bound)
  return bound.toExponential().replace(/e([+-])(\d)$/, 'e$10$2')
}

// prom-client's own histograms can only observe, so a metric is handed to its registry as the object that a registry asks.
function asPromClient(metric: CollectedMetric): Metric {
  const values = metric.samples.map(({ suffix, labels, value }) => ({
    metricName: metric.name + (suffix ?? ''),
    labels,
    value,
  }))
  const { name, help, type } = metric
  return { name, get: async () => ({ name, help, type, values, aggregator: 'sum' }) } as unknown as Metric
}
