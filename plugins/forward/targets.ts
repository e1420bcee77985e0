// From the words after FROM to addresses: [SCHEME://]IP[%NAME][:PORT], a file in resolv.conf's format, or a host name that is looked up once. Runs in the
// service (once a process), before the configuration starts; what is wrong with a word stops the load.

import { readFileSync } from 'node:fs'
import { isIP } from 'node:net'
import { Name, NameError } from '../../wire/name.ts'
import { ConfigError } from '../directive.ts'
import { quote } from '../number.ts'
import { splitScheme, type Transport, usualPorts } from '../zones.ts'

/** How an upstream is spoken to: UDP and TCP, DNS over TLS (RFC 7858), DNS over HTTPS (RFC 8484). */
type UpstreamTransport = 'dns' | 'tls' | 'https'

/** Where one upstream is. */
export interface UpstreamAddress {
  readonly transport: UpstreamTransport
  /** Without brackets; an IPv6 link-local one keeps its `%interface`. */
  readonly address: string
  readonly port: number
  /** The name its certificate must have; '': its address. */
  readonly serverName: string
  /** `ADDRESS:PORT`, as metrics, logs and error texts name it. */
  readonly label: string
}

/** What `forward` needs of the outside to find its upstreams. */
export interface TargetSource {
  /** The text of a file, null if there is none. */
  readFile(file: string): string | null
  /** Addresses of a host name; rejects with the reason. */
  resolve(hostname: string): Promise<readonly string[]>
}

/** Reads a file's text; a directory is an empty file, as for CoreDNS. */
export function readTextFile(file: string): string | null {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EISDIR' ? '' : null
  }
}

/** The addresses of all `words`, in order, each once; throws ConfigError. `tlsServerName` is the stanza's, for the check against names in words. */
export async function findUpstreams(
  words: readonly string[],
  source: TargetSource,
  tlsServerName: string,
): Promise<readonly UpstreamAddress[]> {
  const found = new Map<string, UpstreamAddress>()
  for (const word of words) {
    for (const upstream of await upstreamsOf(word, source)) {
      if (!found.has(upstream.label)) found.set(upstream.label, upstream)
    }
  }
  if (found.size === 0) throw new ConfigError('no valid upstream addresses found')
  return [...found.values()].map((upstream) => withServerName(upstream, tlsServerName))
}

/** Ports by name, as the resolver of a C library knows them. */
const namedPorts: Readonly<Record<string, number>> = { domain: 53, 'domain-s': 853, https: 443 }

async function upstreamsOf(word: string, source: TargetSource): Promise<readonly UpstreamAddress[]> {
  const { scheme: written, rest } = splitScheme(word)
  const scheme = written ?? 'dns'
  if (rest === '') throw new ConfigError(`invalid address: ${quote(word)}`)
  if (scheme === 'unix') throw unsupported(scheme, rest)
  const { host, port, zone } = splitTarget(rest)
  if (isIP(host) !== 0) {
    const label = port === null ? joinHostPort(host, String(usualPorts[scheme])) : rest
    const transport = supported(scheme, label)
    return [upstreamAt(transport, { address: host, zone, port: portNumber(port, scheme, word) })]
  }
  const text = source.readFile(rest)
  if (text !== null) return nameservers(text)
  if (scheme !== 'dns' && scheme !== 'tls' && scheme !== 'https') throw notATarget(word)
  if (!isDomainName(host)) throw notATarget(word)
  const addresses = await source.resolve(host).catch((error: Error) => {
    throw new ConfigError(`failed to resolve ${quote(host)}: ${error.message}`)
  })
  const number = portNumber(port, scheme, word)
  return addresses.map((address) => upstreamAt(scheme, { address, zone: scheme === 'dns' ? '' : zone, port: number }))
}

/** The nameserver lines of a text in resolv.conf's format; what is no address is passed over, as a C library does. */
export function nameservers(text: string): UpstreamAddress[] {
  const found: UpstreamAddress[] = []
  for (const line of text.split('\n')) {
    const [keyword, server = ''] = line.trim().split(/\s+/)
    if (keyword !== 'nameserver') continue
    const { host, zone } = cutZone(server)
    if (isIP(host) !== 0) found.push(upstreamAt('dns', { address: host, zone, port: 53 }))
  }
  return found
}

interface Place {
  readonly address: string
  /** What stood after `%`: a TLS server name, or the interface of a link-local address. */
  readonly zone: string
  readonly port: number
}

function upstreamAt(transport: UpstreamTransport, { address, zone, port }: Place): UpstreamAddress {
  const local = transport === 'dns' && zone !== '' && isIP(address) === 6
  return {
    transport,
    address: local ? `${address}%${zone}` : address,
    port,
    serverName: transport === 'tls' ? zone : '',
    label: joinHostPort(address, String(port)),
  }
}

function withServerName(upstream: UpstreamAddress, stanzaName: string): UpstreamAddress {
  if (stanzaName === '' || upstream.transport === 'dns') return upstream
  if (upstream.serverName === '') return { ...upstream, serverName: stanzaName }
  const levels = `both forward ('${stanzaName}') and proxy level ('${upstream.serverName}')`
  throw new ConfigError(`${levels} TLS servernames are set for upstream proxy 'tls://${upstream.label}'`)
}

function supported(scheme: Transport, label: string): UpstreamTransport {
  if (scheme === 'dns' || scheme === 'tls' || scheme === 'https') return scheme
  throw unsupported(scheme, label)
}

function unsupported(scheme: string, label: string): ConfigError {
  return new ConfigError(`'${scheme}' is not supported as a destination protocol in forward: ${scheme}://${label}`)
}

function notATarget(word: string): ConfigError {
  return new ConfigError(`not an IP address, file, or valid domain: ${quote(word)}`)
}

function isDomainName(text: string): boolean {
  try {
    return text !== '' && Name.parse(text).labelCount >= 0
  } catch (error) {
    if (error instanceof NameError) return false
    throw error
  }
}

function portNumber(text: string | null, scheme: Transport, word: string): number {
  if (text === null) return usualPorts[scheme]
  const named = Object.hasOwn(namedPorts, text) ? namedPorts[text] : undefined
  const number = named ?? (/^[0-9]{1,5}$/.test(text) ? Number(text) : 0)
  if (number < 1 || number > 0xffff) throw new ConfigError(`invalid port in upstream address ${quote(word)}`)
  return number
}

/** Host, port (null without one) and what stands after `%`: `9.9.9.9%dns.quad9.net:853`, `[fe80::1%eth0]:53`, `2001:db8::1`. */
function splitTarget(text: string): { host: string; port: string | null; zone: string } {
  const pair = splitHostPort(text)
  const whole = pair ? pair.host : text.replace(/^[[\]]+|[[\]]+$/g, '')
  return { ...cutZone(whole), port: pair ? pair.port : null }
}

function cutZone(text: string): { host: string; zone: string } {
  const percent = text.lastIndexOf('%')
  return percent < 0 ? { host: text, zone: '' } : { host: text.slice(0, percent), zone: text.slice(percent + 1) }
}

/** `HOST:PORT` or `[HOST]:PORT`; null if the text has no port, such as an IPv6 address without brackets. */
export function splitHostPort(text: string): { host: string; port: string } | null {
  const bracketed = /^\[([^[\]]*)\]:([^:[\]]*)$/.exec(text)
  if (bracketed) return { host: bracketed[1]!, port: bracketed[2]! }
  const plain = /^([^:[\]]*):([^:[\]]*)$/.exec(text)
  return plain ? { host: plain[1]!, port: plain[2]! } : null
}

/** `HOST:PORT`, with brackets around an IPv6 address. */
export function joinHostPort(host: string, port: string): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}
