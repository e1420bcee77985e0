// Which proxy leads to an API server. Node's own reading of NO_PROXY knows no networks (`10.0.0.0/8`), which is how clusters are left out of it; so this decides as
// CoreDNS's HTTP client does, and Node only does the tunnelling.

import { BlockList, isIP, isIPv6 } from 'node:net'
import type { Environment } from './file-access.ts'

/** The proxy that the environment names for `server` (its base URL); '' for none. */
export function environmentProxy(server: string, environment: Environment): string {
  const url = new URL(server)
  const variable = url.protocol === 'https:' ? 'HTTPS_PROXY' : 'HTTP_PROXY'
  const proxy = settingOf(environment, variable)
  if (proxy === '' || isExempt(url, settingOf(environment, 'NO_PROXY'))) return ''
  return proxy.includes('://') ? proxy : `http://${proxy}`
}

const settingOf = (environment: Environment, name: string): string =>
  environment[name] || environment[name.toLowerCase()] || ''

function isExempt(url: URL, exceptions: string): boolean {
  const host = url.hostname.replace(/^\[|\]$/g, '').toLowerCase()
  if (host === 'localhost' || isLoopback(host)) return true
  const port = url.port || (url.protocol === 'https:' ? '443' : '80')
  return exceptions
    .split(',')
    .map((exception) => exception.trim().toLowerCase())
    .some((exception) => exception !== '' && matches(exception, host, port))
}

/** `*`, a network, an address, a name with all below it, or `.name` for all below it; the last three may have a port. */
function matches(exception: string, host: string, port: string): boolean {
  if (exception === '*') return true
  const [network = '', bits] = exception.split('/')
  if (bits !== undefined) return isWithin(host, network, Number(bits))
  const [, name = exception, itsPort = ''] = /^(.*[^:]|\[.*\]):(\d+)$/.exec(isIPv6(exception) ? '' : exception) ?? []
  if (itsPort !== '' && itsPort !== port) return false
  const plain = name.replace(/^\[|\]$/g, '').replace(/^\*(?=\.)/, '')
  if (isIP(plain)) return isIP(host) !== 0 && isWithin(host, plain, isIPv6(plain) ? 128 : 32)
  return plain.startsWith('.') ? host.endsWith(plain) : host === plain || host.endsWith(`.${plain}`)
}

function isWithin(host: string, network: string, bits: number): boolean {
  const family = isIPv6(network) ? 'ipv6' : 'ipv4'
  if (!isIP(host) || !isIP(network) || !Number.isInteger(bits) || bits < 0 || bits > (family === 'ipv6' ? 128 : 32))
    return false
  const list = new BlockList()
  list.addSubnet(network, bits, family)
  return list.check(host, isIPv6(host) ? 'ipv6' : 'ipv4')
}

const isLoopback = (host: string): boolean => isWithin(host, '127.0.0.0', 8) || isWithin(host, '::1', 128)
