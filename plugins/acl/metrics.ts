// What became of queries, counted under CoreDNS's names.

import type { Counter, Family, Metrics } from '../plugin.ts'
import type { Query } from '../query.ts'
import type { Action } from './config.ts'
import type { Verdict } from './verdicts.ts'

/** The counters of all blocks. */
export class AclMetrics {
  readonly #stopped: Readonly<Record<Exclude<Action, 'allow'>, Family<Counter>>>
  readonly #allowed: Family<Counter>

  constructor(metrics: Metrics) {
    const stopped = (outcome: string): Family<Counter> =>
      metrics.counter({
        name: `coredns_acl_${outcome}_requests_total`,
        help: `Counter of DNS requests being ${outcome}.`,
        labels: ['server', 'zone', 'view'],
      })
    this.#stopped = { block: stopped('blocked'), filter: stopped('filtered'), drop: stopped('dropped') }
    this.#allowed = metrics.counter({
      name: 'coredns_acl_allowed_requests_total',
      help: 'Counter of DNS requests being allowed.',
      labels: ['server', 'view'],
    })
  }

  /** Counts such a query with such a verdict, given the listener that takes it. */
  countOf({ view }: Query, { action, zone }: Verdict): (server: string) => void {
    if (action === 'allow') return (server) => this.#allowed.with(server, view).increment()
    const family = this.#stopped[action]
    const label = zone?.folded ?? ''
    return (server) => family.with(server, label, view).increment()
  }
}
