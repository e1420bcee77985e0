// Addresses that sockets are bound to: the wildcard for both families, and what CoreDNS says when binding fails.

import { ConfigError } from '../../plugins/directive.ts'

/** `host:port` with brackets around IPv6; '' as host gives `:port`. */
export const hostPort = (host: string, port: number): string => `${host.includes(':') ? `[${host}]` : host}:${port}`

/** An IPv4 address that an IPv6 socket shows as `::ffff:192.0.2.1`, as IPv4; everything else as it is. */
export function unmapped(address: string): string {
  return address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address
}

const noIpv6 = new Set(['EAFNOSUPPORT', 'EADDRNOTAVAIL', 'EINVAL', 'EPROTONOSUPPORT'])

const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException | null)?.code ?? ''

/** Opens `host`; where it is '' (all addresses) that is `::` for both families, or 0.0.0.0 if the kernel has no IPv6. */
export async function openWildcard<Socket>(host: string, open: (host: string) => Promise<Socket>): Promise<Socket> {
  if (host !== '') return open(host)
  try {
    return await open('::')
  } catch (error) {
    if (!noIpv6.has(codeOf(error))) throw error
    return open('0.0.0.0')
  }
}

const reasons: ReadonlyMap<string, string> = new Map([
  ['EADDRINUSE', 'address already in use'],
  ['EADDRNOTAVAIL', 'cannot assign requested address'],
  ['EACCES', 'permission denied'],
  ['EPERM', 'operation not permitted'],
  ['EMFILE', 'too many open files'],
  ['ENFILE', 'too many open files in system'],
  ['EINVAL', 'invalid argument'],
])

/** The error that stops a load when a socket cannot be bound: `listen udp 203.0.113.9:53: bind: cannot assign requested address`. */
export function listenError(error: unknown, network: 'tcp' | 'udp', address: string): ConfigError {
  const code = codeOf(error)
  const reason = reasons.get(code) ?? (code || String(error))
  return new ConfigError(`listen ${network} ${address}: bind: ${reason}`, { cause: error })
}

/** True if the address is bound by somebody already. */
export const isInUse = (error: unknown): boolean => codeOf(error) === 'EADDRINUSE'
