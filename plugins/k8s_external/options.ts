// The words of a `k8s_external` directive. Errors are CoreDNS's to the byte.

import { Name, NameError } from '../../wire/name.ts'
import { isReverse } from '../../wire/reverse.ts'
import type { Directive } from '../directive.ts'
import { labelsBelow } from '../external-names.ts'
import { parseInteger, quote } from '../number.ts'
import type { Block } from '../plugin.ts'
import { Fallthrough, parseFallthrough, zonesOrBlock } from '../zones.ts'

/** What a directive says, defaults filled in. */
export interface ExternalOptions {
  readonly zones: readonly Name[]
  /** The zone of names in PTR records: the first that is not a reverse zone. */
  readonly primaryZone: Name | null
  /** Folded labels below a zone where its name server's name lies. */
  readonly apex: readonly string[]
  readonly ttlSeconds: number
  readonly headless: boolean
  readonly fallthrough: Fallthrough
}

const ttlMax = 3600

/** Reads the directive; throws ConfigError. Of several the last one's words count, as in CoreDNS. */
export function readOptions(directive: Directive, block: Block): ExternalOptions {
  const draft = { apex: ['dns'] as readonly string[], ttlSeconds: 5, headless: false, fallthrough: Fallthrough.none }
  let zones: readonly Name[] = []
  while (directive.next()) {
    zones = zonesOrBlock(directive.remainingArguments(), block.zones)
    while (directive.nextBlock()) {
      switch (directive.value) {
        case 'ttl':
          draft.ttlSeconds = ttlOf(firstArgument(directive), directive)
          break
        case 'apex':
          draft.apex = apexOf(firstArgument(directive), directive)
          break
        case 'headless':
          draft.headless = true
          break
        case 'fallthrough':
          draft.fallthrough = parseFallthrough(directive.remainingArguments())
          break
        default:
          throw directive.error(`unknown property '${directive.value}'`)
      }
    }
  }
  return { ...draft, zones, primaryZone: zones.find((zone) => !isReverse(zone.folded)) ?? zones[0] ?? null }
}

function firstArgument(directive: Directive): string {
  const [first] = directive.remainingArguments()
  if (first === undefined) throw directive.argumentError()
  return first
}

function ttlOf(text: string, directive: Directive): number {
  const seconds = parseInteger(text)
  if (seconds < 0 || seconds > ttlMax) throw directive.error(`ttl must be in range [0, ${ttlMax}]: ${seconds}`)
  return seconds
}

function apexOf(text: string, directive: Directive): string[] {
  try {
    const name = Name.parse(text)
    if (name.labelCount > 0) return labelsBelow(name, Name.root)
  } catch (error) {
    if (!(error instanceof NameError)) throw error
  }
  throw directive.error(`apex must be a domain name: ${quote(text)}`)
}
