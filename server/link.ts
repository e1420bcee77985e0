// The line between the main thread and a serving thread: what they say to each other. Everything is structured-clone-able, because in production a worker's
// message port carries it; tests join both ends in one thread.

import type { Configuration } from './configuration.ts'
import type { Announcement } from './metrics/announcement.ts'

/** What the main thread says to a serving thread. */
export type Order =
  | {
      readonly kind: 'prepare'
      readonly generation: number
      readonly configuration: Configuration
      readonly threads: number
    }
  | { readonly kind: 'commit'; readonly generation: number }
  | { readonly kind: 'abort'; readonly generation: number }
  /** A service has started for this subscription, or could not. */
  | { readonly kind: 'started'; readonly subscription: number; readonly batch: object | undefined }
  | { readonly kind: 'refused'; readonly subscription: number; readonly error: string }
  | { readonly kind: 'batch'; readonly subscription: number; readonly batch: object }
  | { readonly kind: 'drain' }
  | { readonly kind: 'stop' }

/** What a serving thread says to the main thread. */
export type Notice =
  | { readonly kind: 'prepared'; readonly generation: number; readonly listeners: readonly ListenerNotice[] }
  | { readonly kind: 'failed'; readonly generation: number; readonly error: string }
  | { readonly kind: 'committed'; readonly generation: number }
  | {
      readonly kind: 'subscribe'
      readonly subscription: number
      readonly generation: number
      readonly plugin: string
      readonly service: string
      readonly options: object
    }
  | { readonly kind: 'unsubscribe'; readonly subscription: number }
  | { readonly kind: 'message'; readonly subscription: number; readonly message: object }
  | { readonly kind: 'readiness'; readonly notReady: readonly string[] }
  | { readonly kind: 'metrics'; readonly announcement: Announcement }
  | { readonly kind: 'log'; readonly line: string }
  | { readonly kind: 'drained' }
  | { readonly kind: 'stopped' }

/** A listener of the new configuration, for the lines printed at start. */
export interface ListenerNotice {
  /** `.:53`, `example.org.:1053 on 127.0.0.1`: CoreDNS's form, one a zone. */
  readonly lines: readonly string[]
  readonly warnings: readonly string[]
  readonly host: string
  readonly port: number
}

/** One end of the line. */
export interface Line<Outgoing> {
  post(message: Outgoing): void
}
