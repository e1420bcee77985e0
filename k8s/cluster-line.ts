// What the main thread and the k8s thread say to each other about one cluster, over a line of its own. Everything is structured-clone-able.
//
//   main ── watch ──► k8s                     restored, synced ◄── what is known now, not what changed: nothing is sent that nobody has asked for
//        ── snapshot ──► snapshot, then every batch after it
//        ── stop ──► stopped

import type { RequestSeen } from './api/connection.ts'
import type { CountName } from './api/report.ts'
import type { WatchTiming } from './api/watch-timing.ts'
import type { ClusterOptions } from './cluster-options.ts'
import type { ChangeBatch } from './store.ts'

/** What the main thread says. */
export type ClusterOrder =
  /** First of all, and once. */
  | { readonly order: 'watch'; readonly options: ClusterOptions; readonly timing?: Partial<WatchTiming> }
  /** Everything that is known now; from then on every change. */
  | { readonly order: 'snapshot'; readonly ask: number }
  /** Ends the watch; its state is written to disk if it has a place there. */
  | { readonly order: 'stop' }

/** What the k8s thread says. */
export type ClusterNews =
  /** The state of an earlier run has been read. */
  | { readonly news: 'restored'; readonly ageMs: number }
  /** Everything wanted has been listed. */
  | { readonly news: 'synced' }
  /** The watch cannot be: no such file, no such context, … */
  | { readonly news: 'refused'; readonly error: string }
  | { readonly news: 'snapshot'; readonly ask: number; readonly batch: ChangeBatch }
  | { readonly news: 'batch'; readonly batch: ChangeBatch }
  | { readonly news: 'log'; readonly level: 'info' | 'warning'; readonly text: string }
  | { readonly news: 'figures'; readonly figures: ClusterFigures }
  | { readonly news: 'stopped' }

/** What has happened since the last figures. */
export interface ClusterFigures {
  readonly counts: readonly {
    readonly name: CountName
    readonly resource: string
    readonly label: string
    readonly by: number
  }[]
  /** Resources that were heard of. */
  readonly resources: readonly { readonly resource: string; readonly objects: number; readonly ageMs: number }[]
  readonly requests: readonly RequestSeen[]
  readonly programmed: readonly { readonly serviceKind: string; readonly seconds: number }[]
  /** Snapshots written (true) or not (false). */
  readonly snapshots: readonly boolean[]
}
