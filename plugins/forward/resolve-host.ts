// Addresses of an upstream that the Corefile names instead of numbering: asked once, at load, of the system or of the servers of `resolver`.

import { getServers } from 'node:dns'
import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import { formatAddress } from '../../wire/address.ts'
import type { Message } from '../../wire/message.ts'
import { Name } from '../../wire/name.ts'
import { types } from '../../wire/registry.ts'
import { quote } from '../number.ts'
import type { AskerTools, Outcome } from './asker.ts'
import { resolverMs } from './limits.ts'
import { plainQuestion } from './question.ts'
import { joinHostPort, splitHostPort } from './targets.ts'
import { Trouble } from './trouble.ts'
import { UdpPool } from './udp-pool.ts'

/** Asks the system's resolver; rejects with CoreDNS's words, such as `lookup nowhere: no such host`. */
export async function resolveBySystem(hostname: string): Promise<readonly string[]> {
  if (!isHostname(hostname)) throw new Error(`lookup ${hostname}: no such host`)
  try {
    return (await lookup(hostname, { all: true, order: 'verbatim' })).map(({ address }) => address)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    const server = getServers()[0] ?? ''
    const asked =
      server === '' ? hostname : `${hostname} on ${isIP(server) === 0 ? server : joinHostPort(server, '53')}`
    throw new Error(`lookup ${asked}: ${code === 'ENOTFOUND' ? 'no such host' : 'server misbehaving'}`)
  }
}

/** What a resolver would be asked for at all: letters, digits, hyphens and underscores, and not digits alone. */
function isHostname(text: string): boolean {
  const name = text.endsWith('.') ? text.slice(0, -1) : text
  return (
    /[a-z_-]/i.test(name) && name.split('.').every((label) => /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/i.test(label))
  )
}

/** Asks the servers of `resolver` one after the other, until one has an address; rejects if none has. */
export async function resolveByServers(
  hostname: string,
  servers: readonly string[],
  tools: AskerTools,
): Promise<readonly string[]> {
  let trouble = ''
  for (const server of servers) {
    const { host, port } = splitHostPort(server) ?? { host: server.replace(/^\[|\]$/g, ''), port: '53' }
    const pool = new UdpPool({ address: host, port: Number(port), label: joinHostPort(host, port) }, tools, 1)
    try {
      const [ipv4, ipv6] = await Promise.all([askFor(hostname, types.A, pool), askFor(hostname, types.AAAA, pool)])
      const found = [...addressesIn(ipv4, types.A), ...addressesIn(ipv6, types.AAAA)]
      if (found.length > 0) return found
      for (const outcome of [ipv6, ipv4]) if (outcome instanceof Trouble) trouble = `: ${outcome.text}`
    } finally {
      pool.close()
    }
  }
  throw new Error(`no addresses found for ${quote(hostname)}${trouble}`)
}

function askFor(hostname: string, type: number, pool: UdpPool): Promise<Outcome> {
  const question = plainQuestion(Name.parse(hostname), type, true)
  return new Promise((resolve) => pool.ask({ question, timeoutMs: resolverMs, done: resolve }))
}

function addressesIn(outcome: Message | Trouble, type: number): string[] {
  if (outcome instanceof Trouble) return []
  const octets = type === types.A ? 4 : 16
  return outcome.answer
    .filter((record) => record.type === type && record.rdata.length === octets)
    .map((record) => formatAddress(record.rdata))
}
