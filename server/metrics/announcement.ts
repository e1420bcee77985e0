// What a thread tells the main thread about its metrics: where their numbers are, never the numbers themselves, which stay in shared memory.
// Sent when a family, a series or a chunk is made, so nothing is sent while queries are counted. All of it is structured-clone-able.

import type { Merge } from '../../plugins/plugin.ts'

type MetricKind = 'counter' | 'gauge' | 'histogram'

/** A metric as it is exported, apart from its series. */
export interface FamilySpec {
  readonly kind: MetricKind
  readonly name: string
  readonly help: string
  readonly labels: readonly string[]
  /** Upper bounds in ascending order, without +Inf; empty unless it is a histogram. */
  readonly buckets: readonly number[]
  readonly merge: Merge
}

/** One piece of news about a thread's metrics, in the order in which it happened. */
export type Announcement =
  /** The next chunk of cells. */
  | { readonly news: 'chunk'; readonly memory: SharedArrayBuffer }
  /** A family; families are numbered from 0 in the order of these announcements. */
  | { readonly news: 'family'; readonly spec: FamilySpec }
  /** A series whose cells start at `cell` (chunk x cellsPerChunk + place). */
  | {
      readonly news: 'series'
      readonly family: number
      readonly labelValues: readonly string[]
      readonly cell: number
    }
  /** All series of a family are gone. */
  | { readonly news: 'reset'; readonly family: number }

/** Takes one announcement to the main thread. */
export type Announce = (announcement: Announcement) => void
