// The contract of decoders: the body of a list or watch response, as its bytes arrive, into trimmed objects. Protobuf and JSON implement it and pass one suite
// (test/support/decoder-suite.ts). No whole page is ever held: an object is decoded, trimmed and let go when its last byte has come.

import type { ClusterObject, Labels, ObjectName } from './objects.ts'

/** One object of a list or watch event. */
export interface Decoded {
  readonly name: ObjectName
  /** Null if it is in a state that DNS does not show (a pod that has ended): as good as deleted. */
  readonly object: ClusterObject | null
  /** What selectors look at; only filled for manifests, an API server selects by itself. */
  readonly labels: Labels
  readonly uid: string
  readonly resourceVersion: string
  /** Annotation endpoints.kubernetes.io/last-change-trigger-time of a slice, milliseconds since 1970; 0 without one. */
  readonly changedAtMs: number
}

/** An object of a shape that it cannot have: what was known of it stays. `name` is null where not even that could be read. */
interface Undecodable {
  readonly name: ObjectName | null
  /** `Service default/web: spec.ports[0].port: must be an integer from 1 to 65535`. */
  readonly fault: string
}

export type DecodedItem = Decoded | Undecodable

/** Decodes one page. Throws DecodeError where the body itself is damaged; after that it is of no more use. */
export interface ListDecoder {
  /** The objects that the next bytes complete. The bytes are the caller's again afterwards. */
  push(bytes: Uint8Array): readonly DecodedItem[]
  /** The page's metadata, once all bytes are there; DecodeError if the body ended early. */
  end(): ListEnd
}

export interface ListEnd {
  readonly resourceVersion: string
  /** The token of the next page, '' after the last. */
  readonly continueToken: string
}

/** What a metadata-only list says of one object. */
export interface MetadataItem {
  /** '' for an object of the whole cluster. */
  readonly namespace: string
  readonly name: string
  readonly uid: string
  readonly resourceVersion: string
}

/** Decodes one page of a metadata-only list (PartialObjectMetadataList); errors as ListDecoder's. */
export interface MetadataDecoder {
  push(bytes: Uint8Array): readonly MetadataItem[]
  end(): ListEnd
}

/** Decodes the events of one watch; errors as ListDecoder's. */
export interface WatchDecoder {
  push(bytes: Uint8Array): readonly WatchEvent[]
}

export type WatchEvent =
  | { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'; readonly item: DecodedItem }
  /** `initialEventsEnd`: everything that existed at the start of a WatchList has been sent (annotation k8s.io/initial-events-end). */
  | { readonly type: 'BOOKMARK'; readonly resourceVersion: string; readonly initialEventsEnd: boolean }
  | { readonly type: 'ERROR'; readonly status: ApiStatus }

/** metav1.Status: what an API server says instead of an answer. */
export interface ApiStatus {
  /** HTTP status code; 410 is an expired resource version. */
  readonly code: number
  readonly reason: string
  readonly message: string
  /** Seconds; 0 if not given. */
  readonly retryAfterSeconds: number
}

/** A body that is no list, no watch or no whole one. */
export class DecodeError extends Error {
  override readonly name = 'DecodeError'
}
