// What `template` counts.

import type { Counter, Family, Metrics } from '../plugin.ts'
import type { TemplateData } from './data.ts'
import type { RecordFault } from './records.ts'

/** Where a template was used, for the labels. */
export interface TemplateUse {
  readonly server: string
  readonly zone: string
  readonly view: string
  readonly data: TemplateData
}

const useLabels = ['server', 'zone', 'view', 'class', 'type']

const labelsOf = ({ server, zone, view, data }: TemplateUse): [string, string, string, string, string] => [
  server,
  zone,
  view,
  data.Class,
  data.Type,
]

/** The counters of all templates. */
export class TemplateMetrics {
  readonly #matches: Family<Counter>
  readonly #templateFailures: Family<Counter>
  readonly #recordFailures: Family<Counter>

  constructor(metrics: Metrics) {
    this.#matches = metrics.counter({
      name: 'coredns_template_matches_total',
      help: 'Counter of template regex matches.',
      labels: useLabels,
    })
    this.#templateFailures = metrics.counter({
      name: 'coredns_template_template_failures_total',
      help: 'Counter of go template failures.',
      labels: [...useLabels, 'section', 'template'],
    })
    this.#recordFailures = metrics.counter({
      name: 'coredns_template_rr_failures_total',
      help: 'Counter of mis-templated RRs.',
      labels: [...useLabels, 'section', 'template'],
    })
  }

  /** The counter of the queries that a template answers in this place. */
  matches(use: TemplateUse): Counter {
    return this.#matches.with(...labelsOf(use))
  }

  /** Counts a template that gave no record. */
  failed({ ran, section, source }: RecordFault, use: TemplateUse): void {
    const family = ran ? this.#recordFailures : this.#templateFailures
    family.with(...labelsOf(use), section, source).increment()
  }
}
