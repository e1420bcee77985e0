// What a handler returns: an immutable response, with what the server must know to use it again. It holds no question and no OPT: the server writes
// both from the query.

import type { EdnsOption, ExtendedError } from '../wire/edns.ts'
import type { ResourceRecord } from '../wire/record.ts'
import { rcodes } from '../wire/registry.ts'
import type { Client } from './query.ts'
import type { Version } from './version.ts'

/** A fact about clients that answers may differ by, such as the address or its place; `of` must be cheap. */
export interface ClientFact {
  readonly name: string
  of(client: Client): string
}

/** When a response may answer the same question again: before `until`, while every version stands, for clients with the same facts. */
export interface Reuse {
  /** Clock milliseconds; Infinity if only data ends it, 0 if it is not to be used again. */
  readonly until: number
  /** What the response was made from, or was reached because of. Filled also for a response that is not reused: a cache below may keep it only as long as they stand. */
  readonly depends: readonly Version[]
  readonly vary: readonly ClientFact[]
  /** Called each time the answer table answers with it, with the listener's name: how the cache counts hits that it does not see. */
  readonly used: ((server: string) => void) | null
}

/** What a response says that says nothing: it is never used again. */
export const neverReused: Reuse = Object.freeze({
  until: 0,
  depends: Object.freeze([]),
  vary: Object.freeze([]),
  used: null,
})

/** Answer records that are too many for one message: those of a zone transfer. The server takes them one by one, no faster than the client takes its messages. */
export interface RecordStream {
  /** Null says that nothing is ready yet and that other work may have its turn. Each step takes far less than a millisecond. */
  readonly records: Iterator<ResourceRecord | null>
  /** Called once: `sent` records went out; `whole` is false if the client left before the last, or `records` threw. */
  ended(sent: number, whole: boolean): void
}

/** One response. `from` names the plugin that made it; '' marks what the server made itself (an error nobody answered). */
export interface Response {
  readonly rcode: number
  readonly aa: boolean
  readonly tc: boolean
  readonly ra: boolean
  readonly ad: boolean
  /** RD in the reply if it is not to be the query's. */
  readonly rd: boolean | null
  /** DO in the reply's OPT if it is not to be the query's: CoreDNS's plugins that write an OPT of their own set it. */
  readonly do: boolean | null
  readonly answer: readonly ResourceRecord[]
  readonly authority: readonly ResourceRecord[]
  readonly additional: readonly ResourceRecord[]
  /** What the answer section goes on with, in as many messages as it takes; null for all but transfers, which only transports that carry streams can send. */
  readonly stream: RecordStream | null
  /** EDNS options to send if the client speaks EDNS, besides those that the server echoes. */
  readonly options: readonly EdnsOption[]
  /** False if `options` are all of the reply's: an upstream that answered with an OPT of its own has dealt with the query's options, none of them is repeated. */
  readonly echo: boolean
  readonly ede: readonly ExtendedError[]
  /** RRsets of addresses and MX may be rotated each time the response is sent (`loadbalance`). */
  readonly rotate: boolean
  /** Upper bound for the client's UDP size, from `bufsize`. */
  readonly udpSizeMax: number
  readonly from: string
  /** What went wrong on the way, for `errors` and `log`; the response itself is still sent. */
  readonly error: string | null
  readonly metadata: ReadonlyMap<string, string> | null
  readonly reuse: Reuse
}

const blank: Response = Object.freeze({
  rcode: rcodes.NOERROR,
  aa: false,
  tc: false,
  ra: false,
  ad: false,
  rd: null,
  do: null,
  answer: Object.freeze([]),
  authority: Object.freeze([]),
  additional: Object.freeze([]),
  stream: null,
  options: Object.freeze([]),
  echo: true,
  ede: Object.freeze([]),
  rotate: false,
  udpSizeMax: 0xffff,
  from: '',
  error: null,
  metadata: null,
  reuse: neverReused,
})

/** A response of plugin `from`; what is not given is empty, false, and never reused. */
export function respond(from: string, fields: Partial<Omit<Response, 'from'>>): Response {
  return { ...blank, ...fields, from }
}

/** The server's own answer for a query that no plugin answered: an empty reply with `rcode`, never reused. CoreDNS: a return code without a written reply. */
export function fail(rcode: number, error: string | null = null, ede: readonly ExtendedError[] = []): Response {
  return { ...blank, rcode, error, ede }
}

/** True when no plugin wrote the response (see `fail`). */
export const isUnwritten = (response: Response): boolean => response.from === ''

/** A copy of `response` with some fields replaced. */
export function amend(response: Response, changes: Partial<Response>): Response {
  return { ...response, ...changes }
}

/** Reuse as long as every version stands. */
export const reuseWhile = (...depends: readonly Version[]): Reuse => ({
  until: Number.POSITIVE_INFINITY,
  depends,
  vary: [],
  used: null,
})

/** The response of another layer that was reached only because of data under `versions`: it may be kept no longer than they stand. */
export function depend(response: Response, versions: readonly Version[]): Response {
  if (versions.length === 0) return response
  return { ...response, reuse: { ...response.reuse, depends: union(response.reuse.depends, versions) } }
}

/** `response` for clients that agree on `fact` only. */
export function vary(response: Response, fact: ClientFact): Response {
  if (response.reuse.vary.includes(fact)) return response
  return { ...response, reuse: { ...response.reuse, vary: [...response.reuse.vary, fact] } }
}

/** `response` for this one query: it is not used again (what it was made from stays known). */
export function useOnce(response: Response): Response {
  return { ...response, reuse: { ...response.reuse, until: 0 } }
}

/** An alias's response with that of its target appended: records in order, the target's rcode unless `changes` says otherwise; reuse is what both allow, each record keeps its own ageing. */
export function combine(alias: Response, target: Response, changes: Partial<Response> = {}): Response {
  return {
    ...alias,
    rcode: target.rcode,
    answer: [...alias.answer, ...target.answer],
    authority: [...alias.authority, ...target.authority],
    additional: [...alias.additional, ...target.additional],
    ede: [...alias.ede, ...target.ede],
    error: alias.error ?? target.error,
    rotate: alias.rotate || target.rotate,
    reuse: bothReuses(alias.reuse, target.reuse),
    ...changes,
  }
}

/** What two reuses allow together. */
export function bothReuses(one: Reuse, other: Reuse): Reuse {
  return {
    until: Math.min(one.until, other.until),
    depends: union(one.depends, other.depends),
    vary: union(one.vary, other.vary),
    used: bothUsed(one.used, other.used),
  }
}

function bothUsed(one: Reuse['used'], other: Reuse['used']): Reuse['used'] {
  if (!one || !other) return one ?? other
  return (server) => {
    one(server)
    other(server)
  }
}

function union<T>(one: readonly T[], other: readonly T[]): readonly T[] {
  const extra = other.filter((item) => !one.includes(item))
  return extra.length === 0 ? one : [...one, ...extra]
}
