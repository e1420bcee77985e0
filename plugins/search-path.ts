// What a plugin that knows a cluster offers to *autopath*: where the client that asks looks for the names it is given (`search` of resolv.conf), as far as it can be told.
//
//   www.example.com.prod.svc.cluster.local ─► prod.svc.cluster.local, svc.cluster.local, cluster.local

import type { Name } from '../wire/name.ts'
import type { Contract } from './plugin.ts'
import type { Query } from './query.ts'
import type { ClientFact } from './response.ts'
import type { Version } from './version.ts'

/** Offered with `host.offer(searchPath, …)`. */
export const searchPath: Contract<SearchPathSource> = { name: 'search path' }

/** The plugins that offer it: `autopath` is set up before them, and must tell at the load that another one does not. */
export const searchPathPlugins: readonly string[] = ['kubernetes']

/** Tells search paths. */
export interface SearchPathSource {
  /** Whether search paths can be told by who asks. */
  readonly knowsClients: boolean
  /** The search path of the client that asks. */
  ofClient(query: Query): SearchPath
  /** The search path that the name itself shows, whoever asks; none for names that may be meant as they are. */
  ofName(query: Query): SearchPath
}

/** A search path, and what it rests on. */
export interface SearchPath {
  /** In the client's order; the name asked for lies in the first. Empty: the name is not from a search. */
  readonly zones: readonly Name[]
  readonly depends: readonly Version[]
  /** What clients differ by; null if they don't. */
  readonly fact: ClientFact | null
}

/** The name is not from a search, whatever changes. */
export const noSearch: SearchPath = Object.freeze({ zones: [], depends: [], fact: null })
