// What the cache makes of a response: which part keeps it, for how long, and which TTLs clients see (RFC 2308 5, RFC 2181 5.2). Pure.

import { readClientSubnet } from '../../wire/edns.ts'
import type { ResourceRecord } from '../../wire/record.ts'
import { ednsOptions, rcodes, types } from '../../wire/registry.ts'
import type { Query } from '../query.ts'
import type { Response } from '../response.ts'
import { responseKind } from '../response-kind.ts'
import { answersQuestion, concernsQuestion } from './alias-chain.ts'
import type { CacheConfig, PartConfig, PartName } from './config.ts'
import { unspecifiedSeconds } from './limits.ts'
import { allSignaturesValid } from './signature-time.ts'

/**
 * answer: the question is answered. denial: NXDOMAIN or NODATA with a SOA. failure: SERVFAIL or NOTIMP. referral, empty: as they say.
 * The rest is never kept; unrelated: an answer to another question; dangling: an alias that leads to nothing, or records beside the answer only;
 * bare-denial: NXDOMAIN without SOA; other: errors, and what is out of date.
 */
type Sort = 'answer' | 'denial' | 'failure' | 'referral' | 'empty' | 'unrelated' | 'dangling' | 'bare-denial' | 'other'

/** What becomes of a response. */
export interface Judgement {
  /** Where it is kept; null: nowhere. */
  readonly part: PartName | null
  /** NXDOMAIN or NODATA with a SOA. */
  readonly denial: boolean
  /** SERVFAIL or NOTIMP. */
  readonly failure: boolean
  /** A positive answer to the question. */
  readonly answering: boolean
  /** It answers another question. */
  readonly unrelated: boolean
  readonly keptMs: number
  /** The highest TTL that clients see, in seconds. */
  readonly ttlMax: number
}

/** The rules: the configuration, and whether they are CoreDNS's (`compat coredns`). */
export interface Rules {
  readonly config: CacheConfig
  readonly compat: boolean
}

/** Judges the response to `query`; `now` is the clock's time and `wallMs` the time since 1970, in milliseconds. */
export function judge(
  query: Query,
  response: Response,
  rules: Rules,
  time: { now: number; wallMs: number },
): Judgement {
  const { config, compat } = rules
  const sort = sortOf(query, response, time.wallMs)
  const part = partOf(sort)
  const limits = part === 'denial' || sort === 'bare-denial' ? config.denial : config.success
  const seconds = keptSeconds(sort, response, { limits, compat, now: time.now })
  const keptMs = sort === 'failure' ? config.servfailMs : seconds * 1000
  const wanted = keptMs > 0 && !isFor(query, response) && !isDisabled(query, limits)
  return {
    part: wanted ? part : null,
    denial: sort === 'denial',
    failure: sort === 'failure',
    answering: sort === 'answer',
    unrelated: sort === 'unrelated',
    keptMs,
    ttlMax: compat || speaksNoTime(sort) ? Math.floor(keptMs / 1000) : limits.secondsMax,
  }
}

/** True if nothing for this name is to be kept in the part. */
export const isDisabled = (query: Query, { disabled }: PartConfig): boolean =>
  disabled.some((zone) => query.name.isSubdomainOf(zone))

function sortOf(query: Query, response: Response, wallMs: number): Sort {
  if (query.do && !allSignaturesValid(response, wallMs)) return 'other'
  const kind = responseKind(response)
  if (kind === 'answer') {
    if (answersQuestion(query, response.answer)) return 'answer'
    if (hasSoa(response)) return 'denial'
    return concernsQuestion(query, response.answer) ? 'dangling' : 'unrelated'
  }
  if (kind === 'nodata') return 'denial'
  if (kind === 'nxdomain') return hasSoa(response) ? 'denial' : 'bare-denial'
  if (kind === 'empty' && response.authority.length + response.additional.length > 0) return 'dangling'
  return kind
}

const hasSoa = ({ authority }: Response): boolean => authority.some(({ type }) => type === types.SOA)

function partOf(sort: Sort): PartName | null {
  switch (sort) {
    case 'answer':
    case 'referral':
    case 'empty':
      return 'success'
    case 'denial':
    case 'failure':
      return 'denial'
    default:
      return null
  }
}

/** Replies whose records do not say how long the reply holds. */
const speaksNoTime = (sort: Sort): boolean =>
  sort === 'failure' || sort === 'referral' || sort === 'empty' || sort === 'other'

function keptSeconds(
  sort: Sort,
  response: Response,
  { limits, compat, now }: { limits: PartConfig; compat: boolean; now: number },
): number {
  const { secondsMin, secondsMax } = limits
  let seconds = unspecifiedSeconds
  if (!speaksNoTime(sort)) {
    seconds = Math.min(...records(response).map((record) => record.ttlAt(now)), secondsMax)
    if (!compat && limitedByMinimum(sort)) seconds = Math.min(seconds, ...soaMinimums(response))
  }
  return Math.min(Math.max(seconds, secondsMin), secondsMax)
}

const limitedByMinimum = (sort: Sort): boolean => sort === 'denial' || sort === 'bare-denial'

/** The MINIMUM of a SOA record's rdata (its last number), in seconds. */
export function soaMinimum({ rdata }: ResourceRecord): number {
  if (rdata.length < 4) return 0
  return new DataView(rdata.buffer, rdata.byteOffset, rdata.byteLength).getUint32(rdata.byteLength - 4)
}

const soaMinimums = ({ authority }: Response): number[] =>
  authority.filter(({ type }) => type === types.SOA).map(soaMinimum)

const records = ({ answer, authority, additional }: Response): ResourceRecord[] => [
  ...answer,
  ...authority,
  ...additional,
]

/** True if the response is for this client or this kind of query only, so nobody else may get it. */
function isFor(query: Query, response: Response): boolean {
  if (response.tc || response.reuse.vary.length > 0) return true
  // Who does not ask for recursion gets what the upstream has at hand; others may get more.
  if (!query.rd && response.answer.length === 0 && !isDenial(response)) return true
  return response.options.some(
    (option) => option.code === ednsOptions.ECS && (readClientSubnet(option)?.scopeLength ?? 1) > 0,
  )
}

const isDenial = (response: Response): boolean => response.rcode === rcodes.NXDOMAIN || hasSoa(response)
