// The hosts directive as it is written in a Corefile.

import type { Name } from '../../wire/name.ts'
import { octetText } from '../../wire/words.ts'
import { ConfigError, type Directive } from '../directive.ts'
import { parseDuration } from '../duration.ts'
import { parseInteger } from '../number.ts'
import { Fallthrough, parseFallthrough, zonesOrBlock } from '../zones.ts'

const ttlSecondsMax = 65_535

/** What a `hosts` block says. */
export interface HostsConfig {
  /** The file as it is written; null: the system's. */
  readonly file: string | null
  /** Where the directive stands, as errors name it. */
  readonly place: string
  readonly zones: readonly Name[]
  /** Lines like those of the file, as octets. */
  readonly inline: string
  readonly ttlSeconds: number
  readonly reverse: boolean
  /** Milliseconds; 0: the file is read once. */
  readonly reloadMs: number
  readonly fallthrough: Fallthrough
  readonly fallthroughUnsupported: boolean
}

/** Reads the directive; throws ConfigError. */
export function parseHosts(directive: Directive, blockZones: readonly Name[]): HostsConfig {
  directive.next()
  const [file = null, ...zones] = directive.remainingArguments()
  const place = directive.error('').message
  const inline: string[] = []
  let ttlSeconds = 3600
  let reverse = true
  let reloadMs = 5000
  let fallthrough = Fallthrough.none
  let fallthroughUnsupported = false
  while (directive.nextBlock()) {
    switch (directive.value) {
      case 'fallthrough':
        fallthrough = parseFallthrough(directive.remainingArguments())
        break
      case 'fallthrough_unsupported':
        if (directive.remainingArguments().length > 0) throw directive.argumentError()
        fallthroughUnsupported = true
        break
      case 'no_reverse':
        reverse = false
        break
      case 'ttl':
        ttlSeconds = parseTtl(directive)
        break
      case 'reload':
        reloadMs = parseReload(directive)
        break
      default:
        if (fallthrough.zones.length > 0) throw directive.error(`unknown property '${directive.value}'`)
        inline.push([directive.value, ...directive.remainingArguments()].join(' '))
    }
  }
  if (directive.next()) throw new ConfigError('this plugin can only be used once per Server Block')
  if (fallthroughUnsupported && fallthrough.zones.length === 0) {
    throw directive.error('fallthrough_unsupported requires fallthrough')
  }
  return {
    file,
    place,
    zones: zonesOrBlock(zones, blockZones),
    inline: octetText(inline.join('\n')),
    ttlSeconds,
    reverse,
    reloadMs,
    fallthrough,
    fallthroughUnsupported,
  }
}

function parseTtl(directive: Directive): number {
  const [text] = directive.remainingArguments()
  if (text === undefined) throw directive.error('ttl needs a time in second')
  const seconds = valueOrNull(() => parseInteger(text))
  if (seconds === null) throw directive.error('ttl needs a number of second')
  if (seconds <= 0 || seconds > ttlSecondsMax) throw directive.error('ttl provided is invalid')
  return seconds
}

function parseReload(directive: Directive): number {
  const args = directive.remainingArguments()
  if (args.length !== 1) throw directive.error('reload needs a duration (zero seconds to disable)')
  const ms = valueOrNull(() => parseDuration(args[0]!))
  if (ms === null) throw directive.error(`invalid duration for reload '${args[0]}'`)
  if (ms < 0) throw directive.error(`invalid negative duration for reload '${args[0]}'`)
  return ms
}

function valueOrNull(read: () => number): number | null {
  try {
    return read()
  } catch (error) {
    if (error instanceof ConfigError) return null
    throw error
  }
}
