// The cache directive of a Corefile as data. Error texts are CoreDNS's.

import { Name, NameError } from '../../wire/name.ts'
import { ConfigError, type Directive } from '../directive.ts'
import { parseDuration } from '../duration.ts'
import { parseInteger, quote } from '../number.ts'
import { zonesOrBlock } from '../zones.ts'
import {
  capacityUnit,
  capacityUnitsMin,
  defaultCapacity,
  defaultPrefetchGapMs,
  defaultPrefetchPercent,
  defaultServfailMs,
  defaultStaleMs,
  denialSecondsMax,
  failureMsMax,
  prefetchPercentMax,
  prefetchPercentMin,
  secondsMin,
  successSecondsMax,
  ttlMax,
} from './limits.ts'

/** The two parts of the cache. */
export type PartName = 'success' | 'denial'

/** One part. */
export interface PartConfig {
  /** Entries. */
  readonly capacity: number
  readonly secondsMax: number
  readonly secondsMin: number
  /** Nothing below these is kept. */
  readonly disabled: readonly Name[]
}

/** `prefetch`; an amount of 0 turns it off. */
interface PrefetchConfig {
  readonly amount: number
  readonly gapMs: number
  readonly percent: number
}

/** `serve_stale`; an `upToMs` of 0 turns it off. */
interface StaleConfig {
  readonly upToMs: number
  readonly verify: boolean
  /** 0: as long as it takes. */
  readonly verifyTimeoutMs: number
  readonly ttlSeconds: number
  /** 0: no pause after a refresh that failed. */
  readonly recheckMs: number
}

/** One `cache` directive. */
export interface CacheConfig {
  readonly zones: readonly Name[]
  readonly success: PartConfig
  readonly denial: PartConfig
  readonly prefetch: PrefetchConfig
  readonly stale: StaleConfig
  readonly preferPositive: boolean
  /** 0: SERVFAIL is not kept. */
  readonly servfailMs: number
  readonly keepTtl: boolean
}

type Draft<T> = { -readonly [Key in keyof T]: T[Key] }

interface CacheDraft extends Draft<Omit<CacheConfig, 'success' | 'denial'>> {
  readonly success: Draft<PartConfig>
  readonly denial: Draft<PartConfig>
  /** Whether `serve_stale` and `serve_stale_policy` were there. */
  staleSet: boolean
  policySet: boolean
}

/** Reads the directive; `blockZones` are cached if it names none. Throws ConfigError. */
export function parseCache(directive: Directive, blockZones: readonly Name[]): CacheConfig {
  directive.next()
  const { seconds, zones } = parseArguments(directive.remainingArguments())
  const draft: CacheDraft = {
    zones: zonesOrBlock(zones, blockZones),
    success: defaultPart(seconds ?? successSecondsMax),
    denial: defaultPart(seconds ?? denialSecondsMax),
    prefetch: { amount: 0, gapMs: defaultPrefetchGapMs, percent: defaultPrefetchPercent },
    stale: noStale,
    preferPositive: false,
    servfailMs: defaultServfailMs,
    keepTtl: false,
    staleSet: false,
    policySet: false,
  }
  while (directive.nextBlock()) {
    const property = Object.hasOwn(properties, directive.value) ? properties[directive.value] : undefined
    if (!property) throw directive.argumentError()
    property(directive, draft)
  }
  if (draft.policySet && !draft.staleSet) throw new ConfigError('serve_stale_policy requires serve_stale')
  if (directive.next()) throw new ConfigError('this plugin can only be used once per Server Block')
  return draft
}

/** Stale data is not served. */
const noStale: StaleConfig = { upToMs: 0, verify: false, verifyTimeoutMs: 0, ttlSeconds: 0, recheckMs: 0 }

const defaultPart = (secondsMaximum: number): Draft<PartConfig> => ({
  capacity: capacityOf(defaultCapacity),
  secondsMax: secondsMaximum,
  secondsMin,
  disabled: [],
})

/** The entries that a part really has: CoreDNS divides it into 256 shards. */
const capacityOf = (asked: number): number =>
  capacityUnit * Math.max(capacityUnitsMin, Math.trunc(asked / capacityUnit))

/** The first argument is a TTL if it is a number, a zone if not. */
function parseArguments(args: readonly string[]): { seconds: number | null; zones: readonly string[] } {
  const seconds = args[0] === undefined ? null : integerOrNull(args[0])
  if (seconds === null) return { seconds, zones: args }
  return { seconds: positiveTtl(seconds), zones: args.slice(1) }
}

function integerOrNull(text: string): number | null {
  try {
    return parseInteger(text)
  } catch (error) {
    if (error instanceof ConfigError) return null
    throw error
  }
}

function positiveTtl(seconds: number): number {
  if (seconds <= 0) throw new ConfigError(`cache TTL can not be zero or negative: ${seconds}`)
  return Math.min(seconds, ttlMax)
}

type Property = (directive: Directive, draft: CacheDraft) => void

const properties: Readonly<Record<string, Property>> = {
  success: (directive, draft) => parsePart(directive, draft.success),
  denial: (directive, draft) => parsePart(directive, draft.denial),
  prefetch: (directive, draft) => {
    draft.prefetch = parsePrefetch(directive, draft.prefetch)
  },
  serve_stale: (directive, draft) => {
    draft.staleSet = true
    draft.stale = parseStale(directive)
  },
  serve_stale_policy: (directive, draft) => {
    if (draft.policySet) throw new ConfigError('serve_stale_policy can only be specified once')
    draft.policySet = true
    const policy = onlyArgument(directive)
    if (policy.toLowerCase() !== 'prefer_positive') throw new ConfigError(`invalid serve_stale_policy: ${policy}`)
    draft.preferPositive = true
  },
  servfail: (directive, draft) => {
    const ms = parseDuration(onlyArgument(directive))
    if (ms < 0) throw new ConfigError('invalid negative ttl for servfail')
    if (ms > failureMsMax) throw new ConfigError('caching SERVFAIL responses over 5 minutes is not permitted')
    draft.servfailMs = ms
  },
  disable: parseDisable,
  keepttl: (directive, draft) => {
    if (directive.remainingArguments().length > 0) throw directive.argumentError()
    draft.keepTtl = true
  },
}

function onlyArgument(directive: Directive): string {
  const args = directive.remainingArguments()
  if (args.length !== 1) throw directive.argumentError()
  return args[0]!
}

function parsePart(directive: Directive, part: Draft<PartConfig>): void {
  const [capacity, longest, shortest] = directive.remainingArguments()
  if (capacity === undefined) throw directive.argumentError()
  part.capacity = capacityOf(parseInteger(capacity))
  if (longest === undefined) return
  part.secondsMax = positiveTtl(parseInteger(longest))
  if (shortest === undefined) return
  const seconds = parseInteger(shortest)
  if (seconds < 0) throw new ConfigError(`cache min TTL can not be negative: ${seconds}`)
  part.secondsMin = Math.min(seconds, ttlMax)
}

function parsePrefetch(directive: Directive, before: PrefetchConfig): PrefetchConfig {
  const args = directive.remainingArguments()
  const [amountText, gap, percent] = args
  if (amountText === undefined || args.length > 3) throw directive.argumentError()
  const amount = parseInteger(amountText)
  if (amount < 0) throw new ConfigError(`prefetch amount should be positive: ${amount}`)
  return {
    amount,
    gapMs: gap === undefined ? before.gapMs : parseDuration(gap),
    percent: percent === undefined ? before.percent : parsePercent(percent),
  }
}

function parsePercent(text: string): number {
  if (!text.endsWith('%')) {
    // CoreDNS looks at the last byte.
    const last = Buffer.from(text).toString('latin1').slice(-1)
    throw new ConfigError(`last character of percentage should be \`%\`, but is: ${quotedCharacter(last)}`)
  }
  const percent = parseInteger(text.slice(0, -1))
  if (percent < prefetchPercentMin || percent > prefetchPercentMax) {
    throw new ConfigError(`percentage should fall in range [${prefetchPercentMin}, ${prefetchPercentMax}]: ${percent}`)
  }
  return percent
}

function quotedCharacter(character: string): string {
  if (character === '"') return `'"'`
  if (character === "'") return `'\\''`
  return `'${quote(character).slice(1, -1)}'`
}

function parseStale(directive: Directive): StaleConfig {
  const args = directive.remainingArguments()
  const [upTo, mode, ...rest] = args
  if (args.length > 5) throw directive.argumentError()
  const upToMs = upTo === undefined ? defaultStaleMs : parseDuration(upTo)
  if (upToMs < 0) throw new ConfigError('invalid negative duration for serve_stale')
  const refresh = mode?.toLowerCase() ?? 'immediate'
  if (refresh !== 'immediate' && refresh !== 'verify') {
    throw new ConfigError(`invalid value for serve_stale refresh mode: ${refresh}`)
  }
  const verify = refresh === 'verify'
  if (!verify && args.length > 4) throw directive.argumentError()
  const [timeout, ttl, recheck] = verify ? rest : [undefined, ...rest]
  return {
    upToMs,
    verify,
    verifyTimeoutMs: timeout === undefined ? 0 : parseVerifyTimeout(timeout),
    ttlSeconds: ttl === undefined ? 0 : parseStaleTtl(ttl),
    recheckMs: recheck === undefined ? 0 : parseRecheck(recheck),
  }
}

function parseVerifyTimeout(text: string): number {
  const ms = prefixed('invalid serve_stale verify timeout', text)
  if (ms < 0) throw new ConfigError('invalid negative timeout for serve_stale verify')
  return ms
}

function parseStaleTtl(text: string): number {
  const ms = prefixed('invalid serve_stale response TTL', text)
  if (ms < 0) throw new ConfigError('invalid negative response TTL for serve_stale')
  if (ms % 1000 !== 0) throw new ConfigError('serve_stale response TTL must be a whole number of seconds')
  if (ms / 1000 > 0xffff_ffff) throw new ConfigError('serve_stale response TTL exceeds the DNS TTL range')
  return ms / 1000
}

function parseRecheck(text: string): number {
  const ms = prefixed('invalid serve_stale failure recheck', text)
  if (ms < 0) throw new ConfigError('invalid negative failure recheck for serve_stale')
  if (ms > failureMsMax) throw new ConfigError('serve_stale failure recheck cannot exceed 5 minutes')
  return ms
}

/** A duration; what is wrong with it is told after `what`. */
function prefixed(what: string, text: string): number {
  try {
    return parseDuration(text)
  } catch (error) {
    if (error instanceof ConfigError) throw new ConfigError(`${what}: ${error.message}`)
    throw error
  }
}

function parseDisable(directive: Directive, draft: CacheDraft): void {
  const [part, ...texts] = directive.remainingArguments()
  if (part === undefined) throw directive.argumentError()
  const disabled = texts.length === 0 ? [Name.root] : texts.flatMap(parseDisabledZone)
  if (part !== 'success' && part !== 'denial') {
    throw new ConfigError('cache type for disable must be "success" or "denial"')
  }
  draft[part].disabled = disabled
}

// CoreDNS takes any text here; one that is no name disables nothing.
function parseDisabledZone(text: string): Name[] {
  try {
    return [Name.parse(text)]
  } catch (error) {
    if (error instanceof NameError) return []
    throw error
  }
}
