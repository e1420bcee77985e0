// One server block as it serves: its chain, observers, metadata and settings. Made by instance.ts, used by engine.ts.

import type { BlockSettings, Handler, Observer } from '../plugins/plugin.ts'
import { type MetadataSource, noMetadata, type Query } from '../plugins/query.ts'
import type { Name } from '../wire/name.ts'

/** A block that answers queries; `chain` is null if it names no plugin with a layer (then it refuses). */
export interface ServedBlock {
  readonly zones: readonly Name[]
  readonly settings: BlockSettings
  readonly chain: Handler | null
  readonly observers: readonly Observer[]
  readonly offers: ReadonlyMap<string, (query: Query) => string | undefined>
}

/** Settings of a block before its directives are read: CoreDNS's defaults. */
export function defaultSettings(manifests: string): BlockSettings {
  return {
    root: '',
    addresses: [],
    debug: false,
    anyClass: false,
    compat: false,
    view: '',
    filters: [],
    timeouts: { readMs: 3_000, writeMs: 5_000, idleMs: 10_000 },
    tcpQueriesMax: 128,
    manifests,
    metadataZones: null,
    loopGuard: null,
  }
}

/** What the block's plugins can tell about `query`, if its name is under a zone that `metadata` was given. */
export function metadataFor(block: ServedBlock, query: Query): MetadataSource {
  const zones = block.settings.metadataZones
  if (!zones?.some((zone) => query.name.isSubdomainOf(zone))) return noMetadata
  return { get: (label) => block.offers.get(label)?.(query), labels: () => block.offers.keys() }
}
