// What a cluster watch is told: which API server, as whom, and what of it is wanted. Plain data: it crosses threads, and equal options share one watch.

import type { ClusterObject, Trim } from './objects.ts'

/** How to reach an API server and who to be there. */
export type ApiAccess =
  /** The Pod's own service account: KUBERNETES_SERVICE_HOST and _PORT, token and CA file of the mounted volume. */
  | { readonly kind: 'in-cluster' }
  /** `context` '' is the file's current one. */
  | { readonly kind: 'kubeconfig'; readonly file: string; readonly context: string }
  | { readonly kind: 'endpoint'; readonly url: string; readonly tls: ClientTls | null }

/** Files in PEM; '' for one that is not given. */
export interface ClientTls {
  readonly certificate: string
  readonly key: string
  readonly authority: string
}

/** How hard the API server may be asked. 0 is no limit for `maxInflight`, and client-go's default (5 and 10) for the others. */
export interface ApiLimits {
  readonly queriesPerSecond: number
  readonly burst: number
  readonly maxInflight: number
}

/** Where the last known state is kept over restarts. */
export interface SnapshotOptions {
  readonly path: string
  /** An older one is not used; Infinity for any age. */
  readonly maxAgeMs: number
  /** Whether having read one makes the server ready. */
  readonly ready: boolean
}

/** Everything about one watch on a cluster. */
export interface ClusterOptions {
  readonly access: ApiAccess
  readonly limits: ApiLimits
  readonly kinds: readonly ClusterObject['kind'][]
  /** Selector of Services, EndpointSlices and Pods; '' for all. */
  readonly labels: string
  /** Selector of Namespaces and ServiceImports. */
  readonly namespaceLabels: string
  readonly trim: Trim
  readonly snapshot: SnapshotOptions | null
}
