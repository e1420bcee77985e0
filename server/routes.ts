// Which server block answers a name on one listener: the longest matching zone, then the root (coredns.md 1.4; RFC 4035 3.1.4.1 for DS).

import type { Query } from '../plugins/query.ts'
import type { Name } from '../wire/name.ts'
import { types } from '../wire/registry.ts'
import type { ServedBlock } from './block.ts'

/** A block and the zone under which it was found. */
export interface Route {
  readonly zone: Name
  readonly block: ServedBlock
}

/** The blocks of one listener by zone, in Corefile order within a zone. */
export class Routes {
  readonly #byZone = new Map<string, Route[]>()
  /** True if some block takes classes other than IN: then every block gets them. */
  anyClass = false
  /** True if some block chooses by client: then routing may not be skipped. */
  hasViews = false

  add(zone: Name, block: ServedBlock): void {
    const routes = this.#byZone.get(zone.key)
    if (routes) routes.push({ zone, block })
    else this.#byZone.set(zone.key, [{ zone, block }])
    this.anyClass ||= block.settings.anyClass
    this.hasViews ||= block.settings.filters.length > 0
  }

  get zones(): string[] {
    return [...this.#byZone.values()].map((routes) => routes[0]!.zone.toString())
  }

  /** The block for `query`, or null: refused. */
  find(query: Query): Route | null {
    const { name } = query
    let child: Route | null = null
    for (let cut = 0; cut < name.labelCount; cut++) {
      const route = this.#at(name.suffixKey(cut), query)
      if (!route) continue
      // DS belongs to the parent side of a cut: remember the child's block and look whether we serve the parent too.
      if (query.type !== types.DS || !route.block.chain) return route
      child = route
    }
    return child ?? this.#at('\0', query)
  }

  #at(zoneKey: string, query: Query): Route | null {
    const routes = this.#byZone.get(zoneKey)
    if (!routes) return null
    for (const route of routes) {
      const { filters } = route.block.settings
      if (filters.length === 0 || filters.every((filter) => filter(query))) return route
    }
    return null
  }
}
