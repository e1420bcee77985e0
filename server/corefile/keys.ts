// The keys of server blocks -> what is served where: transport, zone and port. After the parser, before the plugins' setup.
//
//   tls://Example.ORG:8853   tls, example.org., 8853
//   10.0.0.0/15              dns, 0.10.in-addr.arpa. and 1.10.in-addr.arpa., the default port

import { ConfigError, type Token } from '../../plugins/directive.ts'
import { quote } from '../../plugins/number.ts'
import { parseZoneAndPort, splitScheme, type Transport, usualPorts } from '../../plugins/zones.ts'
import type { Name } from '../../wire/name.ts'
import { isReverse } from '../../wire/reverse.ts'
import type { ServerBlock } from './parser.ts'

/** One zone that a block serves, with one transport on one port; the addresses are known after the setup of `bind`. */
export interface Endpoint {
  readonly transport: Transport
  readonly zone: Name
  /** The zone as messages show it: as written, in lower case and absolute. */
  readonly zoneText: string
  /** As written or by default; may be no port at all until `claimProblems` has looked. */
  readonly port: number
  /** The key that this came from. */
  readonly key: Token
}

/**
 * The endpoints of one key, several for a prefix inside a label; `dnsPort` is the port of plain DNS where the key has none.
 * Throws a ConfigError in CoreDNS's words.
 */
export function endpointsOf(key: Token, dnsPort: number): Endpoint[] {
  try {
    const { scheme, rest } = splitScheme(key.text)
    const { zones, texts, port } = parseZoneAndPort(rest)
    // CoreDNS takes this scheme from its parser of upstream addresses and then serves nothing at all.
    if (scheme === 'unix') throw new ConfigError(`a server block cannot listen on a unix socket: ${key.text}`)
    const transport = scheme ?? 'dns'
    const usual = transport === 'dns' ? dnsPort : usualPorts[transport]
    return zones.map((zone, i) => ({ transport, zone, zoneText: texts[i]!, port: port ?? usual, key }))
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    throw new ConfigError(`error inspecting server blocks: ${error.message}`)
  }
}

/** The endpoints of every block, in order, and the problems with keys in the order CoreDNS finds them (it stops at the first). */
export function inspectKeys(
  blocks: readonly ServerBlock[],
  dnsPort: number,
): { endpoints: readonly (readonly Endpoint[])[]; problems: readonly ConfigError[] } {
  const problems: ConfigError[] = []
  const endpoints = blocks.map((block) =>
    block.keys.flatMap((key) => {
      try {
        return endpointsOf(key, dnsPort)
      } catch (error) {
        if (!(error instanceof ConfigError)) throw error
        problems.push(error)
        return []
      }
    }),
  )
  return { endpoints, problems }
}

/** `dns://example.org.:53`, with ` on ADDRESS` if there is one: the form of CoreDNS's errors. */
export function formatEndpoint({ transport, zoneText, port }: Endpoint, address = ''): string {
  return `${transport}://${zoneText}:${port}${address === '' ? '' : ` on ${address}`}`
}

/** The line that warns of a zone that is no host name in the sense of RFC 1035 2.3.1; null if it is one, the root or a reverse zone. */
export function preferredSyntaxWarning({ zoneText }: Endpoint): string | null {
  if (zoneText === '.' || isReverse(zoneText)) return null
  const followed = zoneText
    .slice(0, -1)
    .split('.')
    .every((label) => /^[a-z](?:[a-z0-9-]*[a-z0-9])?$/i.test(label))
  return followed ? null : `Warning: Domain ${quote(zoneText)} does not follow RFC1035 preferred syntax`
}
