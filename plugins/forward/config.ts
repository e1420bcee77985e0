// The forward directive of a Corefile as data: one Stanza for each line `forward FROM TO...`. Nothing is looked up here: files, host names and
// certificates are read once a process, by the service in targets.ts.

import { isIP } from 'node:net'
import { isAbsolute, join } from 'node:path'
import { Name, NameError } from '../../wire/name.ts'
import { rcodeNumber, rcodes } from '../../wire/registry.ts'
import { ConfigError, type Directive } from '../directive.ts'
import { formatDuration, parseDuration } from '../duration.ts'
import { parseInteger, parseUnsigned, quote } from '../number.ts'
import { parseZone, splitScheme } from '../zones.ts'
import { attemptsPerUpstream, targetsMax } from './limits.ts'
import { type PolicyName, policyNames } from './policy.ts'

/** The files of `tls [CERT KEY] [CA]`, as absolute paths. */
export interface TlsFiles {
  readonly cert: string | null
  readonly key: string | null
  readonly ca: string | null
}

/** One `forward` line with its block. */
export interface Stanza {
  readonly from: Name
  readonly to: readonly string[]
  readonly except: readonly Name[]
  readonly forceTcp: boolean
  readonly preferUdp: boolean
  readonly expireMs: number
  /** 0: no limit. */
  readonly maxAgeMs: number
  /** 0: no limit. */
  readonly idleConnectionsMax: number
  readonly readTimeoutMs: number
  /** 0: never down, never probed. */
  readonly failsMax: number
  /** 0: no limit; null: twice the number of upstreams. */
  readonly attemptsMax: number | null
  readonly dohMethod: 'GET' | 'POST'
  readonly tls: TlsFiles
  readonly tlsServerName: string
  readonly policy: PolicyName
  readonly healthCheck: { readonly intervalMs: number; readonly recursion: boolean; readonly domain: string }
  /** 0: no limit. */
  readonly concurrentMax: number
  /** `max_concurrent`'s argument as it is spelled, for the error text. */
  readonly concurrentText: string
  readonly next: readonly number[]
  readonly nextOnNodata: boolean
  readonly failover: readonly number[]
  readonly failFast: boolean
  readonly sourceAddress: string | null
  readonly resolver: readonly string[]
}

type Draft = { -readonly [Key in keyof Stanza]: Stanza[Key] }

/** What the directive depends on beside its own words. */
export interface ConfigPlace {
  /** The block's `root`, '' without one. */
  readonly root: string
  warn(text: string): void
}

/** Reads every `forward` of a block, in order; throws ConfigError in CoreDNS's words. */
export function parseStanzas(directive: Directive, place: ConfigPlace): readonly Stanza[] {
  const stanzas: Stanza[] = []
  while (directive.next()) stanzas.push(parseStanza(directive, place))
  for (const { to } of stanzas) {
    if (to.length > targetsMax) throw new ConfigError(`more than ${targetsMax} TOs configured: ${to.length}`)
  }
  return stanzas
}

/** How many attempts one question has with `upstreams` of them; Infinity for `max_connect_attempts 0`. */
export function attemptsOf(stanza: Stanza, upstreams: number): number {
  const { attemptsMax } = stanza
  if (attemptsMax === null) return attemptsPerUpstream * upstreams
  return attemptsMax === 0 ? Number.POSITIVE_INFINITY : attemptsMax
}

function parseStanza(directive: Directive, place: ConfigPlace): Stanza {
  const [fromText, ...to] = directive.remainingArguments()
  if (fromText === undefined) throw directive.argumentError()
  const zones = parseZone(fromText)
  const from = zones[0]
  if (!from) throw new ConfigError(`unable to normalize '${fromText}'`)
  if (zones.length > 1) {
    place.warn(`Unsupported CIDR notation: '${fromText}' expands to multiple zones. Using only '${from.folded}'.`)
  }
  if (to.length === 0) throw directive.argumentError()
  const draft = defaults(from, to)
  while (directive.nextBlock()) parseProperty(directive, draft, place)
  if (draft.maxAgeMs > 0 && draft.maxAgeMs < draft.expireMs) {
    const [age, expire] = [formatDuration(draft.maxAgeMs), formatDuration(draft.expireMs)]
    throw new ConfigError(`max_age (${age}) must not be less than expire (${expire})`)
  }
  for (const target of to) {
    const { scheme, rest } = splitScheme(target)
    if (scheme !== 'https' || !rest.includes('/')) continue
    const reason = 'paths are not allowed in HTTPS upstream addresses (the /dns-query path is used by default)'
    throw new ConfigError(`${reason}: ${target}`)
  }
  return draft
}

function defaults(from: Name, to: readonly string[]): Draft {
  return {
    from,
    to,
    except: [],
    forceTcp: false,
    preferUdp: false,
    expireMs: 10_000,
    maxAgeMs: 0,
    idleConnectionsMax: 0,
    readTimeoutMs: 2_000,
    failsMax: 2,
    attemptsMax: null,
    dohMethod: 'POST',
    tls: { cert: null, key: null, ca: null },
    tlsServerName: '',
    policy: 'random',
    healthCheck: { intervalMs: 500, recursion: true, domain: '.' },
    concurrentMax: 0,
    concurrentText: '',
    next: [],
    nextOnNodata: false,
    failover: [],
    failFast: false,
    sourceAddress: null,
    resolver: [],
  }
}

type Property = (directive: Directive, draft: Draft, place: ConfigPlace) => void

const properties: Readonly<Record<string, Property>> = {
  except: (directive, draft) => {
    draft.except = [...draft.except, ...someArguments(directive).flatMap((text) => parseZone(text))]
  },
  max_fails: (directive, draft) => {
    draft.failsMax = parseUnsigned(argument(directive), 32)
  },
  max_connect_attempts: (directive, draft) => {
    draft.attemptsMax = parseUnsigned(argument(directive), 32)
  },
  health_check: parseHealthCheck,
  force_tcp: (directive, draft) => {
    noArgument(directive)
    draft.forceTcp = true
  },
  prefer_udp: (directive, draft) => {
    noArgument(directive)
    draft.preferUdp = true
  },
  tls: (directive, draft, place) => {
    draft.tls = parseTls(directive, place.root)
  },
  tls_servername: (directive, draft) => {
    draft.tlsServerName = argument(directive)
  },
  expire: (directive, draft) => {
    draft.expireMs = duration(directive, 'expire')
  },
  max_age: (directive, draft) => {
    draft.maxAgeMs = duration(directive, 'max_age')
  },
  max_idle_conns: (directive, draft) => {
    draft.idleConnectionsMax = count(directive, 'max_idle_conns')
  },
  read_timeout: (directive, draft) => {
    const ms = parseDuration(argument(directive))
    if (ms <= 0) throw new ConfigError(`read_timeout must be positive: ${formatDuration(ms)}`)
    draft.readTimeoutMs = ms
  },
  doh_method: (directive, draft) => {
    const method = argument(directive)
    if (method !== 'GET' && method !== 'POST') throw new ConfigError('doh_method must be either POST or GET')
    draft.dohMethod = method
  },
  policy: (directive, draft) => {
    const text = argument(directive)
    const policy = policyNames.find((name) => name === text)
    if (!policy) throw directive.error(`unknown policy '${text}'`)
    draft.policy = policy
  },
  max_concurrent: (directive, draft) => {
    draft.concurrentMax = count(directive, 'max_concurrent')
    draft.concurrentText = directive.value
  },
  next: (directive, draft) => {
    draft.next = [...draft.next, ...someArguments(directive).map(rcode)]
  },
  next_on_nodata: (directive, draft) => {
    noArgument(directive)
    draft.nextOnNodata = true
  },
  failfast_all_unhealthy_upstreams: (directive, draft) => {
    if (directive.remainingArguments().length > 0) throw directive.argumentError()
    draft.failFast = true
  },
  failover: (directive, draft) => {
    draft.failover = [...draft.failover, ...someArguments(directive).map(failoverRcode)]
  },
  resolver: (directive, draft) => {
    const addresses = someArguments(directive)
    for (const address of addresses) {
      if (isIP(hostOf(address)) === 0) {
        throw new ConfigError(`resolver must be an IP address or IP:port: ${quote(address)}`)
      }
    }
    draft.resolver = addresses
  },
  source_address: (directive, draft) => {
    const address = argument(directive)
    if (isIP(address) === 0) throw directive.error(`invalid IP address: ${address}`)
    draft.sourceAddress = address
  },
}

function parseProperty(directive: Directive, draft: Draft, place: ConfigPlace): void {
  const name = directive.value
  const property = Object.hasOwn(properties, name) ? properties[name] : undefined
  if (!property) throw directive.error(`unknown property '${name}'`)
  property(directive, draft, place)
}

function parseHealthCheck(directive: Directive, draft: Draft): void {
  const ms = parseDuration(argument(directive))
  // CoreDNS prints this one duration in nanoseconds.
  if (ms < 0) throw new ConfigError(`health_check can't be negative: ${Math.round(ms * 1e6)}`)
  let { recursion } = draft.healthCheck
  let domain = '.'
  while (directive.nextArgument()) {
    if (directive.value === 'no_rec') recursion = false
    else if (directive.value === 'domain') domain = probeDomain(argument(directive))
    else throw new ConfigError(`health_check: unknown option ${directive.value}`)
  }
  draft.healthCheck = { intervalMs: ms, recursion, domain }
}

function probeDomain(text: string): string {
  try {
    return Name.parse(text).folded
  } catch (error) {
    if (error instanceof NameError) throw new ConfigError(`health_check: invalid domain name ${text}`)
    throw error
  }
}

function parseTls(directive: Directive, root: string): TlsFiles {
  const files = directive.remainingArguments()
  if (files.length > 3) throw directive.argumentError()
  const [first, second, third] = files.map((file) => (isAbsolute(file) || root === '' ? file : join(root, file)))
  if (second === undefined) return { cert: null, key: null, ca: first ?? null }
  return { cert: first ?? null, key: second, ca: third ?? null }
}

function argument(directive: Directive): string {
  if (!directive.nextArgument()) throw directive.argumentError()
  return directive.value
}

function noArgument(directive: Directive): void {
  if (directive.nextArgument()) throw directive.argumentError()
}

function someArguments(directive: Directive): string[] {
  const found = directive.remainingArguments()
  if (found.length === 0) throw directive.argumentError()
  return found
}

function duration(directive: Directive, property: string): number {
  const ms = parseDuration(argument(directive))
  if (ms < 0) throw new ConfigError(`${property} can't be negative: ${formatDuration(ms)}`)
  return ms
}

function count(directive: Directive, property: string): number {
  const number = parseInteger(argument(directive))
  if (number < 0) throw new ConfigError(`${property} can't be negative: ${number}`)
  return number
}

function rcode(text: string): number {
  const number = rcodeNumber(text)
  if (number === undefined) throw new ConfigError(`${text} is not a valid rcode`)
  return number
}

function failoverRcode(text: string): number {
  const number = rcode(text)
  if (number === rcodes.NOERROR) throw new ConfigError('NoError cannot be used in failover')
  return number
}

/** The address in `IP`, `IP:PORT` or `[IP]:PORT`. */
function hostOf(text: string): string {
  if (isIP(text) !== 0) return text
  const colon = text.lastIndexOf(':')
  const host = colon < 0 ? text : text.slice(0, colon)
  return host.startsWith('[') && host.endsWith(']') ? host.slice(1, -1) : host
}
