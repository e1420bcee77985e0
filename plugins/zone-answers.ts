// From what a zone says (zones/lookup.ts) to a response, for *file* and *auto*: rcode and AA, what an answer depends on, and aliases that lead elsewhere.

import type { Name } from '../wire/name.ts'
import { edeCodes, opcodes, rcodes, types } from '../wire/registry.ts'
import { addressesOf } from '../zones/additional.ts'
import { authorityAfterAlias, type Found, type FoundKind, lookup } from '../zones/lookup.ts'
import type { Zone } from '../zones/zone.ts'
import { whenAnswered, whenResolved } from './answered.ts'
import type { Answered, Handler, Host } from './plugin.ts'
import { amendQuery, type Query } from './query.ts'
import { combine, depend, fail, type Response, respond, reuseWhile } from './response.ts'
import type { ServedZone } from './served-zone.ts'
import type { Fallthrough } from './zones.ts'

/** Aliases out of a zone's own nodes that may follow each other for one query; CoreDNS gives up at the same one. */
const aliasDepthMax = 8

const rcodeOf: Readonly<Record<FoundKind, number>> = {
  answer: rcodes.NOERROR,
  nodata: rcodes.NOERROR,
  nxdomain: rcodes.NXDOMAIN,
  referral: rcodes.NOERROR,
  alias: rcodes.NOERROR,
  toolong: rcodes.YXDOMAIN,
  failed: rcodes.SERVFAIL,
}

/** Where a query goes that a zone does not answer. */
export interface WayOn {
  /** Which missing names are passed on. */
  readonly fallthrough: Fallthrough
  readonly next: Handler
}

/** Makes the responses of one server block's zones, in the name of `plugin`. */
export class ZoneAnswers {
  readonly #plugin: string
  readonly #host: Host

  constructor(plugin: string, host: Host) {
    this.#plugin = plugin
    this.#host = host
  }

  /** Answers a query whose name is in the zone. */
  answer(served: ServedZone, query: Query, { fallthrough, next }: WayOn): Answered {
    const { zone, versioned, origin } = served
    if (!zone) return unloaded(origin)
    if (query.type === types.AXFR || query.type === types.IXFR) return fail(rcodes.REFUSED)
    // A primary is told nothing (RFC 1996 3.10).
    if (query.opcode === opcodes.NOTIFY) {
      this.#host.log.info(`Dropping notify from ${query.client.address} for ${origin}`)
      return null
    }
    const found = lookup(zone, query)
    const missing = found.kind === 'nxdomain' || found.emptyNonTerminal
    if (!missing || !fallthrough.through(query.name)) return this.#respond(found, served, query)
    // That the name is missing is data too: what the next plugin says holds no longer than this zone.
    const { version } = versioned
    return whenAnswered(next(query), (response) => depend(response, [version]))
  }

  #respond(found: Found, served: ServedZone, query: Query): Answered {
    if (found.kind === 'failed' && found.answer.length === 0) return fail(rcodes.SERVFAIL, 'an alias leads to itself')
    if (query.depth > aliasDepthMax) return fail(rcodes.SERVFAIL, 'too many aliases')
    const { answer, authority, additional } = found
    const response = respond(this.#plugin, {
      rcode: rcodeOf[found.kind],
      // A bare referral is the one thing that is not the zone's own to say (RFC 1034 4.3.2).
      aa: found.kind !== 'referral' || answer.length > 0,
      answer,
      authority,
      additional,
      metadata: this.#metadata(found),
      reuse: reuseWhile(served.versioned.version),
    })
    return found.target ? this.#chase(response, found.target, served.zone!, query) : response
  }

  #metadata(found: Found): ReadonlyMap<string, string> | null {
    if (!found.source || this.#host.block.settings.metadataZones === null) return null
    return new Map([['zone/wildcard', found.source.folded]])
  }

  /** Asks whoever serves the alias's target, which may be this zone again. */
  #chase(alias: Response, target: Name, zone: Zone, query: Query): Answered {
    const chased = this.#host.resolve(amendQuery(query, { name: target }))
    return whenResolved(chased, (response) => this.#complete(alias, response, { zone, query, target }))
  }

  #complete(alias: Response, target: Response, about: { zone: Zone; query: Query; target: Name }): Response {
    const { zone, query } = about
    const nothing = target.rcode === rcodes.NOERROR && target.answer.length === 0
    const negative = target.rcode === rcodes.NXDOMAIN || nothing
    // The rcode is that of the end of the chain (RFC 6604 3). One that only says "not here" is no fault of the alias.
    const kept = target.rcode === rcodes.NXDOMAIN || target.rcode === rcodes.SERVFAIL
    const records = [...alias.answer, ...target.answer]
    // A denial is proved by the zone of the missing name (RFC 2308 2.1), whose SOA says how long it holds.
    const foreign = negative && !this.#host.block.settings.compat && !about.target.isSubdomainOf(zone.origin)
    return combine(alias, target, {
      rcode: kept ? target.rcode : rcodes.NOERROR,
      answer: records,
      authority: foreign ? target.authority : authorityAfterAlias(zone, query, negative),
      additional: addressesOf(zone, records, query.do),
    })
  }
}

function unloaded(origin: Name): Answered {
  const ede = { code: edeCodes.NOT_READY, text: `zone ${origin} is not loaded` }
  return fail(rcodes.SERVFAIL, ede.text, [ede])
}
