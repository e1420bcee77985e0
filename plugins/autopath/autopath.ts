// `autopath`: walks a client's search path for it. It stands above `acl` and `cache`, which see each name of the walk.
//
//   query ─► in the first zone of a search path? ─no─► next plugin
//                │yes
//                └► walk (search-walk.ts) ─► next plugin, for each name

import { Name } from '../../wire/name.ts'
import { rcodes, types } from '../../wire/registry.ts'
import { whenAnswered } from '../answered.ts'
import { type Answered, definePlugin, type Handler, type Host } from '../plugin.ts'
import type { Query } from '../query.ts'
import { depend, fail, type Response, vary } from '../response.ts'
import { noSearch, type SearchPath, type SearchPathSource, searchPath } from '../search-path.ts'
import { Versioned } from '../version.ts'
import { longestZone } from '../zones.ts'
import { type AutopathConfig, readConfig, type SearchOrigin } from './config.ts'
import { searchZonesMax } from './limits.ts'
import { type ResolvConfOptions, resolvConf, type SearchBatch, systemResolvConf } from './resolv-conf.ts'
import { walk } from './search-walk.ts'

export const autopath = definePlugin({
  name: 'autopath',
  setup(directive, host) {
    const config = readConfig(directive, host)
    const successes = host.metrics.counter({
      name: 'coredns_autopath_success_total',
      help: 'Counter of requests that did autopath.',
      labels: ['server'],
    })
    const found = (server: string): void => successes.with(server).increment()
    const search = new Search(config.origin, host)
    return (next) => (query) => answer(query, { config, search, next, host, found })
  },
  services: { resolvConf },
})

interface Parts {
  readonly config: AutopathConfig
  readonly search: Search
  readonly next: Handler
  readonly host: Host
  readonly found: (server: string) => void
}

function answer(query: Query, { config, search, next, host, found }: Parts): Answered {
  if (!longestZone(config.zones, query.name)) return next(query)
  const { zones, depends, fact } = search.of(query)
  const first = zones[0]
  const resting = (response: Response): Response => {
    const resting = depend(response, depends)
    return fact ? vary(resting, fact) : resting
  }
  if (!first || !query.name.isSubdomainOf(first)) return whenAnswered(next(query), resting)
  // CoreDNS has no words to look for, and says so.
  if (query.name.equals(first)) return resting(fail(rcodes.SERVFAIL, `no name to look for below ${first}`))
  const plugins = { next, resolve: host.resolve, blockZones: host.block.zones, found }
  return whenAnswered(walk(query, zones, plugins), resting)
}

/** Tells the search path for a query. */
class Search {
  readonly #origin: SearchOrigin
  readonly #changes = new Versioned()
  /** From the resolv.conf. */
  #zones: readonly Name[] = []
  readonly #host: Host
  /** Undefined until the first query: other plugins of the block are set up after this one. */
  #source: SearchPathSource | null | undefined

  constructor(origin: SearchOrigin, host: Host) {
    this.#origin = origin
    this.#host = host
    const required = origin.kind === 'file'
    const options: ResolvConfOptions = { path: required ? origin.path : systemResolvConf, required }
    host.service('resolvConf', options, (batch: SearchBatch) => {
      this.#zones = batch.zones.slice(0, searchZonesMax).map((zone) => Name.parse(zone))
      this.#changes.changed()
    })
    if (origin.kind !== 'client') return
    host.onStart(() => {
      if (this.#offered()?.knowsClients) return
      host.log.warning(`${origin.plugin} does not know whose addresses are whose (pods verified): nothing is completed`)
    })
  }

  #offered(): SearchPathSource | null {
    const origin = this.#origin
    const offers = this.#host.offered(searchPath)
    const offer = origin.kind === 'client' ? offers.find(({ plugin }) => plugin === origin.plugin) : offers[0]
    this.#source = offer?.value ?? null
    return this.#source
  }

  of(query: Query): SearchPath {
    const { kind } = this.#origin
    const { type } = query
    // Transfers are of zones that are meant.
    if (type === types.AXFR || type === types.IXFR) return noSearch
    if (kind === 'query' && type !== types.A && type !== types.AAAA) return noSearch
    const own = { zones: this.#zones, depends: [this.#changes.version], fact: null }
    if (kind === 'file') return own
    const source = this.#source === undefined ? this.#offered() : this.#source
    if (!source) return noSearch
    const told = kind === 'query' ? source.ofName(query) : source.ofClient(query)
    if (told.zones.length === 0) return told
    return { ...told, zones: [...told.zones, ...own.zones], depends: [...told.depends, ...own.depends] }
  }
}
