// The words of an `auto` directive; errors are CoreDNS's to the byte.

import { isAbsolute, join, normalize } from 'node:path'
import type { Name } from '../../wire/name.ts'
import { ConfigError, type Directive } from '../directive.ts'
import { parseDuration } from '../duration.ts'
import { compilePattern, PatternError } from '../pattern.ts'
import type { Host } from '../plugin.ts'
import { zonesOrBlock } from '../zones.ts'
import { patternBytesMax } from './limits.ts'
import { openedTemplate } from './origin.ts'
import type { DirectoryOptions } from './zone-directory.ts'

/** What a directive says. */
export interface AutoConfig {
  readonly zones: readonly Name[]
  /** Null if no folder is named. */
  readonly directory: DirectoryOptions | null
}

const defaultReloadMs = 60_000
const defaultPattern = 'db\\.(.*)'
const defaultTemplate = openedTemplate('{1}')

/** Reads the directive; of several `auto` in a block each adds to or replaces what the ones before said, as in CoreDNS. Throws ConfigError. */
export function readConfig(directive: Directive, host: Host): AutoConfig {
  let zones: readonly Name[] = []
  let directory: Omit<DirectoryOptions, 'reloadMs'> | null = null
  let names = { pattern: defaultPattern, template: defaultTemplate }
  let reloadMs = defaultReloadMs
  while (directive.next()) {
    zones = zonesOrBlock(directive.remainingArguments(), host.block.zones)
    while (directive.nextBlock()) {
      const property = directive.value
      if (property === 'directory') {
        const { folder, place, ...named } = readDirectory(directive)
        names = named.pattern === undefined ? names : { pattern: named.pattern, template: named.template }
        directory = { ...names, ...pathsOf(folder, host), place }
      } else if (property === 'reload') reloadMs = readReload(directive.remainingArguments())
      else if (property === 'upstream') directive.remainingArguments()
      else throw directive.error(`unknown property '${property}'`)
    }
  }
  return { zones, directory: directory && { ...directory, reloadMs } }
}

interface DirectoryWords {
  readonly folder: string
  /** The beginning of an error about the folder. */
  readonly place: string
}

type NamesWords = { pattern: string; template: string } | { pattern?: undefined }

function readDirectory(directive: Directive): DirectoryWords & NamesWords {
  if (!directive.nextArgument()) throw directive.argumentError()
  const folder = directive.value
  const place = directive.error('').message
  if (!directive.nextArgument()) return { folder, place }
  const pattern = directive.value
  if (Buffer.byteLength(pattern) > patternBytesMax) throw directive.error('regexp too large')
  if (groupsOf(pattern) === 0) throw directive.error('Need at least one sub expression')
  if (!directive.nextArgument()) throw directive.argumentError()
  const template = openedTemplate(directive.value)
  if (directive.nextArgument()) throw directive.argumentError()
  return { folder, place, pattern, template }
}

function groupsOf(pattern: string): number {
  try {
    return compilePattern(pattern).groupCount
  } catch (error) {
    if (error instanceof PatternError) throw new ConfigError(error.message)
    throw error
  }
}

function pathsOf(folder: string, host: Host): { shown: string; path: string } {
  const { root } = host.block.settings
  const shown = normalize(isAbsolute(folder) || root === '' ? folder : join(root, folder))
  return { shown, path: host.path(folder) }
}

function readReload(args: readonly string[]): number {
  const [text] = args
  if (text === undefined) throw new ConfigError('reload duration value is expected')
  // CoreDNS names the other plugin here.
  try {
    const reloadMs = parseDuration(text)
    if (reloadMs < 0) throw new ConfigError('invalid duration')
    return reloadMs
  } catch (error) {
    if (error instanceof ConfigError) throw new ConfigError(`plugin/file: ${error.message}`)
    throw error
  }
}
