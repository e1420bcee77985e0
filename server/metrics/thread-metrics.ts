// The metrics of one thread: what plugins and the server count with. Numbers lie in shared cells (cells.ts), so that counting a query is an addition
// and scraping costs the serving threads nothing; the main thread's MetricsRegistry adds the threads up.

import type { Counter, Family, Gauge, Histogram, MetricSpec, Metrics } from '../../plugins/plugin.ts'
import type { Announce, FamilySpec } from './announcement.ts'
import { CellAllocator, type Cells } from './cells.ts'

/** Metrics of the thread that made it; news of families, series and chunks goes to `announce`, which must bring it to the registry in order. */
export class ThreadMetrics implements Metrics {
  readonly #announce: Announce
  readonly #allocator: CellAllocator
  readonly #families = new Map<string, SeriesFamily<unknown>>()

  constructor(announce: Announce) {
    this.#announce = announce
    this.#allocator = new CellAllocator((memory) => announce({ news: 'chunk', memory }))
  }

  counter(spec: MetricSpec): Family<Counter> {
    return this.#family({ ...blank(spec), kind: 'counter' }, (cells) => new CellCounter(cells))
  }

  gauge(spec: Parameters<Metrics['gauge']>[0]): Family<Gauge> {
    return this.#family({ ...blank(spec), kind: 'gauge', merge: spec.merge ?? 'sum' }, (cells) => new CellGauge(cells))
  }

  /** A histogram; throws RangeError if the buckets do not ascend. */
  histogram(spec: Parameters<Metrics['histogram']>[0]): Family<Histogram> {
    const buckets = Object.freeze([...spec.buckets])
    if (buckets.some((bound, i) => i > 0 && bound <= buckets[i - 1]!)) {
      throw new RangeError(`buckets of ${spec.name} do not ascend`)
    }
    return this.#family({ ...blank(spec), kind: 'histogram', buckets }, (cells) => new CellHistogram(cells, buckets))
  }

  #family<Series>(spec: FamilySpec, makeSeries: (cells: Cells) => Series): Family<Series> {
    const known = this.#families.get(spec.name)
    if (known) {
      if (known.spec.kind !== spec.kind || known.spec.labels.join() !== spec.labels.join()) {
        throw new TypeError(
          `metric ${spec.name} is already a ${known.spec.kind} with labels "${known.spec.labels.join()}"`,
        )
      }
      return known as SeriesFamily<Series>
    }
    this.#announce({ news: 'family', spec })
    const family = new SeriesFamily({
      spec,
      id: this.#families.size,
      announce: this.#announce,
      allocator: this.#allocator,
      makeSeries,
    })
    this.#families.set(spec.name, family)
    if (spec.labels.length === 0) family.with()
    return family
  }
}

const blank = (spec: MetricSpec) => ({
  name: spec.name,
  help: spec.help,
  labels: Object.freeze([...(spec.labels ?? [])]),
  buckets: Object.freeze([]),
  merge: 'sum' as const,
})

/** The cells that a series of `spec` takes: a histogram has one a bucket, one for +Inf and one for the sum. */
export const cellsOf = (spec: FamilySpec): number => (spec.kind === 'histogram' ? spec.buckets.length + 2 : 1)

interface FamilyParts<Series> {
  readonly spec: FamilySpec
  readonly id: number
  readonly announce: Announce
  readonly allocator: CellAllocator
  readonly makeSeries: (cells: Cells) => Series
}

interface SeriesEntry<Series> {
  readonly series: Series
  readonly labelValues: readonly string[]
  readonly cells: Cells
  visible: boolean
}

class SeriesFamily<Series> implements Family<Series> {
  readonly spec: FamilySpec
  readonly #parts: FamilyParts<Series>
  readonly #entries = new Map<string, SeriesEntry<Series>>()

  constructor(parts: FamilyParts<Series>) {
    this.spec = parts.spec
    this.#parts = parts
  }

  /** The series with these label values, made on first use; throws RangeError if there are more or fewer than labels. */
  with(...labelValues: readonly string[]): Series {
    const key = labelValues.length === 1 ? labelValues[0]! : labelValues.join('\xff')
    const entry = this.#entries.get(key) ?? this.#make(key, labelValues)
    if (!entry.visible) this.#show(entry)
    return entry.series
  }

  // A series keeps its cells over a reset: the same label values come back with the next configuration, and reloads must not use up memory.
  reset(): void {
    for (const entry of this.#entries.values()) {
      entry.visible = false
      entry.cells.values.fill(0, entry.cells.at, entry.cells.at + cellsOf(this.spec))
    }
    this.#parts.announce({ news: 'reset', family: this.#parts.id })
    if (this.spec.labels.length === 0) this.with()
  }

  #make(key: string, labelValues: readonly string[]): SeriesEntry<Series> {
    const { spec, allocator, makeSeries } = this.#parts
    if (labelValues.length !== spec.labels.length) {
      throw new RangeError(`metric ${spec.name} has ${spec.labels.length} labels, not ${labelValues.length}`)
    }
    const cells = allocator.take(cellsOf(spec))
    const entry = { series: makeSeries(cells), labelValues: [...labelValues], cells, visible: false }
    this.#entries.set(key, entry)
    return entry
  }

  #show(entry: SeriesEntry<Series>): void {
    entry.visible = true
    const { announce, id } = this.#parts
    announce({ news: 'series', family: id, labelValues: entry.labelValues, cell: entry.cells.cell })
  }
}

class CellCounter implements Counter {
  readonly #values: Float64Array
  readonly #at: number

  constructor(cells: Cells) {
    this.#values = cells.values
    this.#at = cells.at
  }

  increment(by = 1): void {
    this.#values[this.#at]! += by
  }
}

class CellGauge implements Gauge {
  readonly #values: Float64Array
  readonly #at: number

  constructor(cells: Cells) {
    this.#values = cells.values
    this.#at = cells.at
  }

  set(value: number): void {
    this.#values[this.#at] = value
  }

  increment(by = 1): void {
    this.#values[this.#at]! += by
  }
}

// Cells hold the count of each bucket alone; they are added up to "less or equal" when scraped. The number of observations is the sum of all
// buckets, so count and +Inf always agree.
class CellHistogram implements Histogram {
  readonly #values: Float64Array
  readonly #at: number
  readonly #buckets: readonly number[]

  constructor(cells: Cells, buckets: readonly number[]) {
    this.#values = cells.values
    this.#at = cells.at
    this.#buckets = buckets
  }

  observe(value: number): void {
    const buckets = this.#buckets
    let bucket = 0
    while (bucket < buckets.length && !(value <= buckets[bucket]!)) bucket++
    this.#values[this.#at + bucket]! += 1
    this.#values[this.#at + buckets.length + 1]! += value
  }
}
