// `bind`: the addresses that a server block listens on. Settles them for the server; no layer.

import { isIP } from 'node:net'
import { type NetworkInterfaceInfo, networkInterfaces } from 'node:os'
import { ConfigError, type Directive } from '../directive.ts'
import { quote } from '../number.ts'
import { definePlugin } from '../plugin.ts'

/** The machine's interfaces by name. */
export type Interfaces = Readonly<
  Record<string, readonly Pick<NetworkInterfaceInfo, 'address' | 'scopeid'>[] | undefined>
>

export const bind = definePlugin({
  name: 'bind',
  setup(directive, host) {
    host.block.settings.addresses = readAddresses(directive, networkInterfaces() as Interfaces)
    return undefined
  },
})

/** The addresses of all occurrences, in order. */
export function readAddresses(directive: Directive, interfaces: Interfaces): string[] {
  const all: string[] = []
  while (directive.next()) {
    const named = directive.remainingArguments()
    if (named.length === 0) throw new ConfigError('at least one address or interface name is expected')
    const except = new Set<string>()
    while (directive.nextBlock()) {
      if (directive.value !== 'except') throw new ConfigError(`invalid option ${quote(directive.value)}`)
      const unwanted = directive.remainingArguments()
      if (unwanted.length === 0) {
        throw new ConfigError('at least one address or interface must be given to except subdirective')
      }
      except.clear()
      for (const address of addressesOf(unwanted, interfaces)) except.add(address)
    }
    all.push(...addressesOf(named, interfaces).filter((address) => !except.has(address)))
  }
  // Nothing would mean everything to the server, the opposite of what was asked.
  if (all.length === 0) throw new ConfigError('no address is left to listen on')
  return all
}

function addressesOf(words: readonly string[], interfaces: Interfaces): string[] {
  return words.flatMap((word) => {
    const addresses = Object.hasOwn(interfaces, word) ? interfaces[word] : undefined
    if (addresses) return addresses.map(({ address }) => (isLinkLocal(address) ? `${address}%${word}` : address))
    if (isIP(word) === 0 || word.includes('%')) {
      throw new ConfigError(`not a valid IP address or interface name: ${quote(word)}`)
    }
    return [word]
  })
}

// fe80::/10: the same address may be on every interface, so it needs the interface's name (RFC 4007 11).
const isLinkLocal = (address: string): boolean => /^fe[89ab][0-9a-f]:/i.test(address)
