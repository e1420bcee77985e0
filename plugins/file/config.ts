// What a Corefile says to the file plugin.

import { isAbsolute, join, normalize } from 'node:path'
import type { Name } from '../../wire/name.ts'
import { ConfigError, type Directive } from '../directive.ts'
import { parseDuration } from '../duration.ts'
import type { Host } from '../plugin.ts'
import { Fallthrough, parseFallthrough, zonesOrBlock } from '../zones.ts'

/** One master file and the zones it is read for. */
interface FileEntry {
  /** The path as messages name it. */
  readonly shown: string
  /** The path to open. */
  readonly path: string
  readonly origins: readonly Name[]
  /** Milliseconds between looks at the file; 0: it is read once. */
  readonly reloadMs: number
  /** Any change counts, not only one of the serial. */
  readonly byMtime: boolean
}

/** Every `file` of a server block. */
export interface FileConfig {
  readonly files: readonly FileEntry[]
  readonly fallthrough: Fallthrough
}

const defaultReloadMs = 60_000

/** Reads the directive; throws ConfigError. As in CoreDNS a `reload` also holds for the files after it, and the last `fallthrough` for all. */
export function readConfig(directive: Directive, host: Host): FileConfig {
  const files: FileEntry[] = []
  let fallthrough = Fallthrough.none
  let reloadMs = defaultReloadMs
  let byMtime = false
  while (directive.next()) {
    if (!directive.nextArgument()) throw directive.argumentError()
    const named = directive.value
    const origins = zonesOrBlock(directive.remainingArguments(), host.block.zones)
    while (directive.nextBlock()) {
      const property = directive.value
      const args = directive.remainingArguments()
      if (property === 'fallthrough') fallthrough = parseFallthrough(args)
      else if (property === 'reload') reloadMs = readReload(args)
      else if (property === 'reload_by_mtime') {
        if (args.length > 0) throw directive.error(`unknown property '${args[0]}'`)
        byMtime = true
      } else if (property !== 'upstream') throw directive.error(`unknown property '${property}'`)
    }
    const { root } = host.block.settings
    const shown = normalize(isAbsolute(named) || root === '' ? named : join(root, named))
    files.push({ shown, path: host.path(named), origins, reloadMs, byMtime })
  }
  return { files, fallthrough }
}

function readReload(args: readonly string[]): number {
  const [text] = args
  if (text === undefined) throw new ConfigError('reload duration value is expected')
  try {
    return parseDuration(text)
  } catch (error) {
    // CoreDNS names the plugin here once more than elsewhere.
    if (error instanceof ConfigError) throw new ConfigError(`plugin/file: ${error.message}`)
    throw error
  }
}
