// One walk along a search path: the name as it was asked for, then its words in each further zone, and at last as they are. What comes of it rests on every name that was
// tried, so that a name which appears is found at once.
//
//   X.ns.svc.zone ─ NXDOMAIN ─► X.svc.zone ─ NXDOMAIN ─► X.zone ─ NXDOMAIN ─► X. ─ NXDOMAIN ─► the first NXDOMAIN
//        └ anything else: the answer           └ anything else: CNAME to it, and its answer

import { Name, NameError } from '../../wire/name.ts'
import { ResourceRecord } from '../../wire/record.ts'
import { classes, rcodes, types } from '../../wire/registry.ts'
import { whenAnswered } from '../answered.ts'
import type { Answered, Handler } from '../plugin.ts'
import { amendQuery, type Query } from '../query.ts'
import { amend, bothReuses, isUnwritten, type Response, type Reuse, useOnce } from '../response.ts'

/** Who answers for the names of a walk. */
export interface WalkPlugins {
  /** The plugins after this one, for names of the server block. */
  readonly next: Handler
  /** Whoever owns the name, for all others. */
  readonly resolve: Handler
  /** The zones of the server block. */
  readonly blockZones: readonly Name[]
  /** Counts an answer, now and each time that it is given again. */
  readonly found: (server: string) => void
}

/** The words of `name` in each of `zones` after the first, and as they are, without repetition; names that would be too long are left out. */
function laterNames(name: Name, zones: readonly Name[]): Name[] {
  const words = name
    .labels()
    .slice(0, name.labelCount - zones[0]!.labelCount)
    .map((label) => label.toLowerCase())
  const names = new Map<string, Name>()
  for (const zone of [...zones.slice(1), Name.root]) {
    const candidate = joined(words, zone)
    if (candidate && !candidate.equals(name) && !names.has(candidate.key)) names.set(candidate.key, candidate)
  }
  return [...names.values()]
}

function joined(words: readonly string[], zone: Name): Name | null {
  try {
    return Name.fromLabels(words, zone)
  } catch (error) {
    if (error instanceof NameError) return null
    throw error
  }
}

/** The answer to `query`, whose name lies in the first of `zones`. */
export function walk(query: Query, zones: readonly Name[], plugins: WalkPlugins): Answered {
  return whenAnswered(plugins.next(query), (first) => {
    if (goesOn(first)) return new Walk(query, first, laterNames(query.name, zones), plugins).go()
    return stops(first) ? first : counted(first, plugins.found, query.server)
  })
}

class Walk {
  readonly #query: Query
  readonly #first: Response
  readonly #names: readonly Name[]
  readonly #plugins: WalkPlugins
  #reuse: Reuse
  #at = 0

  constructor(query: Query, first: Response, names: readonly Name[], plugins: WalkPlugins) {
    this.#query = query
    this.#first = first
    this.#names = names
    this.#plugins = plugins
    this.#reuse = first.reuse
  }

  go(): Answered {
    while (this.#at < this.#names.length) {
      const name = this.#names[this.#at++]!
      const answered = this.#ask(name)
      if (answered instanceof Promise) {
        return answered.then((response) => {
          const done = this.#take(name, response)
          return done === undefined ? this.go() : done
        })
      }
      const done = this.#take(name, answered)
      if (done !== undefined) return done
    }
    return this.#nothing()
  }

  // A name of another server block has rules of its own (who may ask, where it is forwarded to), which must hold here too.
  #ask(name: Name): Answered {
    const { next, resolve, blockZones } = this.#plugins
    const query = amendQuery(this.#query, { name })
    return blockZones.some((zone) => name.isSubdomainOf(zone)) ? next(query) : this.#elsewhere(query, resolve, next)
  }

  #elsewhere(query: Query, resolve: Handler, next: Handler): Answered {
    return whenAnswered(resolve(query), (response) =>
      isUnwritten(response) && response.rcode === rcodes.REFUSED && !next.last ? this.#here(query, next) : response,
    )
  }

  // Where no server block owns the name this block's own plugins may know it, as in CoreDNS; but that none of them does is no error.
  #here(query: Query, next: Handler): Answered {
    return whenAnswered(next(query), (response) =>
      isUnwritten(response) ? amend(response, { error: null }) : response,
    )
  }

  /** The end of the walk, or undefined if it goes on. */
  #take(name: Name, response: Response | null): Response | undefined {
    // Silence is for that name: the client that asks for it itself will get it.
    if (response === null) return useOnce(this.#nothing())
    this.#reuse = bothReuses(this.#reuse, response.reuse)
    if (goesOn(response)) return undefined
    const { found } = this.#plugins
    const ended = amend(response, { reuse: this.#reuse })
    return stops(response) ? ended : counted(this.#withAlias(ended, name), found, this.#query.server)
  }

  #nothing(): Response {
    return amend(this.#first, { reuse: this.#reuse })
  }

  #withAlias(response: Response, name: Name): Response {
    const [record] = response.answer
    if (!record) return response
    const owner = this.#query.name
    const alias = new ResourceRecord(owner, types.CNAME, classes.IN, record.ttl, name.wire, record.born)
    // Nobody has signed the alias.
    return amend(response, { answer: [alias, ...response.answer], ad: false })
  }
}

/** The name does not exist, or nobody here knows it. */
const goesOn = (response: Response): boolean =>
  isUnwritten(response) ? response.error === null : response.rcode === rcodes.NXDOMAIN

/** Nobody could tell: an error, which is the answer. */
const stops = (response: Response): boolean => isUnwritten(response)

function counted(response: Response, found: (server: string) => void, server: string): Response {
  found(server)
  const { reuse } = response
  const used = (server: string): void => {
    found(server)
    reuse.used?.(server)
  }
  return amend(response, { reuse: { ...reuse, used } })
}
