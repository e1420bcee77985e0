// Zones in a plugin's arguments: `[ZONES...]` with the server block's zones as the default, and `fallthrough [ZONES...]`.
// A zone is a domain name in any case, or a prefix (10.0.0.0/8) that stands for its reverse zones; a scheme or port on it is ignored.

import { Name, NameError } from '../wire/name.ts'
import { reverseZones } from '../wire/reverse.ts'
import { ConfigError } from './directive.ts'
import { parseInteger, quote } from './number.ts'

/** Longest text of a zone in a Corefile, in octets. */
const zoneTextMax = 255

/** Transports that a server block may name, with the port of each where none is written. */
export const usualPorts = { tls: 853, dns: 53, quic: 853, grpc: 443, https3: 443, https: 443 } as const
export type Transport = keyof typeof usualPorts

const schemes = [...(Object.keys(usualPorts) as Transport[]), 'unix'] as const

/** What a text with zone and port names: one zone, or the reverse zones of a prefix. `port` is null when none was written. */
export interface ZoneAndPort {
  readonly zones: readonly Name[]
  /** The zones as messages show them: as they were written, in lower case and absolute. */
  readonly texts: readonly string[]
  readonly port: number | null
}

/** Splits `tls://example.org` into scheme and rest; the scheme is null when there is none of ours (they are case-sensitive). */
export function splitScheme(text: string): { scheme: Transport | 'unix' | null; rest: string } {
  for (const scheme of schemes) {
    if (text.startsWith(`${scheme}://`)) return { scheme, rest: text.slice(scheme.length + 3) }
  }
  return { scheme: null, rest: text }
}

/** Reads a zone with an optional `:PORT` (what follows the last colon, if it is an integer); throws a ConfigError in CoreDNS's words. */
export function parseZoneAndPort(text: string): ZoneAndPort {
  const colon = text.lastIndexOf(':')
  if (colon === text.length - 1) throw new ConfigError(`expecting data after last colon: ${quote(text)}`)
  const port = colon < 0 ? null : integerOrNull(text.slice(colon + 1))
  const zone = port === null ? text : text.slice(0, colon)
  const name = parseZoneName(zone)
  const reverse = reverseZones(zone)
  if (reverse === null) return { zones: [name], texts: [absolute(zone).toLowerCase()], port }
  // With a colon in front it is unclear where the address begins, so such prefixes are not taken.
  if (zone.startsWith(':') || (zone.startsWith('0') && zone.includes(':')))
    throw new ConfigError(`invalid CIDR ${zone}`)
  return { zones: reverse.map((each) => Name.parse(each)), texts: reverse, port }
}

function integerOrNull(text: string): number | null {
  try {
    return parseInteger(text)
  } catch {
    return null
  }
}

/** The folded name of a zone's text; characters past ASCII are their UTF-8 octets, as a client would send them. */
function parseZoneName(zone: string): Name {
  // The absolute form is what is served, so a text of 255 octets without its final dot is one too long.
  const written = Buffer.byteLength(zone)
  const length = written === zoneTextMax ? Buffer.byteLength(absolute(zone)) : written
  if (length > zoneTextMax) throw new ConfigError(`specified zone is too long: ${length} > ${zoneTextMax}`)
  try {
    const octets = Buffer.from(zone, 'utf8').toString('latin1')
    return Name.parse(Name.parse(octets).folded)
  } catch (error) {
    if (error instanceof NameError) throw new ConfigError(`zone is not a valid domain name: ${zone}`)
    throw error
  }
}

/** The text with a final dot; one that a backslash escapes is part of the last label. */
function absolute(zone: string): string {
  const backslashes = /(\\*)\.$/.exec(zone)?.[1]
  return backslashes !== undefined && backslashes.length % 2 === 0 ? zone : `${zone}.`
}

/** The zones that one word names, folded; several for a prefix, none for a text that is no zone (CoreDNS drops those silently). */
export function parseZone(text: string): readonly Name[] {
  try {
    return parseZoneAndPort(splitScheme(text).rest).zones
  } catch (error) {
    if (error instanceof ConfigError) return []
    throw error
  }
}

/** `parseZone` as texts: lower case, absolute (`10.0.0.0/9` gives 128 of them). */
export function normalizeZone(text: string): string[] {
  return parseZone(text).map(String)
}

/** The zones of a plugin: those of its arguments, or the server block's when it has none. */
export function zonesOrBlock(args: readonly string[], blockZones: readonly Name[]): readonly Name[] {
  return args.length === 0 ? blockZones : args.flatMap((text) => parseZone(text))
}

/** The longest of `zones` that `name` is in, or null. */
export function longestZone(zones: readonly Name[], name: Name): Name | null {
  let longest: Name | null = null
  for (const zone of zones) {
    if (name.isSubdomainOf(zone) && (longest === null || zone.labelCount > longest.labelCount)) longest = zone
  }
  return longest
}

/** Which names a plugin passes on instead of denying: those in its zones, whatever the plugin's own zones are. */
export class Fallthrough {
  /** No `fallthrough` line: nothing is passed on. */
  static readonly none = new Fallthrough([])
  readonly zones: readonly Name[]

  constructor(zones: readonly Name[]) {
    this.zones = zones
  }

  /** True when the plugin, having no answer for `name`, leaves it to the next one. */
  through(name: Name): boolean {
    return this.zones.some((zone) => name.isSubdomainOf(zone))
  }
}

/** Reads the words after `fallthrough`; none of them means every name. */
export function parseFallthrough(args: readonly string[]): Fallthrough {
  return new Fallthrough(args.length === 0 ? [Name.root] : args.flatMap((text) => parseZone(text)))
}
