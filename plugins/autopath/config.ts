// The words of an `autopath` directive; errors are CoreDNS's to the byte.

import type { Name } from '../../wire/name.ts'
import { ConfigError, type Directive } from '../directive.ts'
import type { Host } from '../plugin.ts'
import { searchPathPlugins } from '../search-path.ts'
import { zonesOrBlock } from '../zones.ts'

/** Where search paths are known from: a file, the client, or the name asked for. */
export type SearchOrigin =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'client'; readonly plugin: string }
  | { readonly kind: 'query' }

/** What a directive says. */
export interface AutopathConfig {
  readonly zones: readonly Name[]
  readonly origin: SearchOrigin
}

/** Reads the directive; of several the last counts. Throws ConfigError. */
export function readConfig(directive: Directive, host: Host): AutopathConfig {
  let config: AutopathConfig | null = null
  while (directive.next()) {
    const words = directive.remainingArguments()
    const word = words.pop()
    if (word === undefined) throw new ConfigError('no resolv-conf specified')
    config = { zones: zonesOrBlock(words, host.block.zones), origin: readOrigin(word, host) }
  }
  if (!config) throw new ConfigError('no resolv-conf specified')
  return config
}

function readOrigin(word: string, { block }: Host): SearchOrigin {
  if (!word.startsWith('@')) return { kind: 'file', path: word }
  if (word === '@query') {
    if (!searchPathPlugins.some((plugin) => block.has(plugin)))
      throw new ConfigError(`@query needs one of these plugins in the server block: ${searchPathPlugins.join(', ')}`)
    return { kind: 'query' }
  }
  const plugin = word.slice(1)
  if (block.has(plugin) && !searchPathPlugins.includes(plugin))
    throw new ConfigError(`${plugin} does not implement the AutoPather interface`)
  return { kind: 'client', plugin }
}
