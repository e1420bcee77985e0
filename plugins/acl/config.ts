// The words of `acl` directives; errors are CoreDNS's to the byte.

import { isMapped, type Prefix, parsePrefix } from '../../wire/address.ts'
import type { Name } from '../../wire/name.ts'
import { types } from '../../wire/registry.ts'
import { ConfigError, type Directive } from '../directive.ts'
import { quote } from '../number.ts'
import { zonesOrBlock } from '../zones.ts'

const actions = ['allow', 'block', 'filter', 'drop'] as const
export type Action = (typeof actions)[number]

/** One line. */
interface Policy {
  readonly action: Action
  /** Null: all types. */
  readonly types: ReadonlySet<number> | null
  /** Null: everybody. */
  readonly networks: readonly Prefix[] | null
}

/** One `acl`. */
export interface Rule {
  readonly zones: readonly Name[]
  readonly policies: readonly Policy[]
}

/** Reads every `acl` of a block; throws ConfigError. */
export function readRules(directive: Directive, blockZones: readonly Name[]): readonly Rule[] {
  const rules: Rule[] = []
  while (directive.next()) {
    const zones = zonesOrBlock(directive.remainingArguments(), blockZones)
    const policies: Policy[] = []
    while (directive.nextBlock()) policies.push(readPolicy(directive))
    rules.push({ zones, policies })
  }
  return rules
}

function readPolicy(directive: Directive): Policy {
  const word = directive.value
  const action = actions.find((each) => each === word.toLowerCase())
  if (!action) {
    throw directive.error(`unexpected token ${quote(word)}; expect 'allow', 'block', 'filter' or 'drop'`)
  }
  const draft = new PolicyDraft()
  for (const { kind, words } of sectionsOf(directive)) {
    if (words.length === 0) throw directive.error(`no token specified in ${quote(kind)} section`)
    try {
      if (kind === 'type') draft.addTypes(words)
      else draft.addNetworks(words)
    } catch (error) {
      if (error instanceof ConfigError) throw directive.error(error.message)
      throw error
    }
  }
  return { action, types: draft.types, networks: draft.networks }
}

interface Section {
  readonly kind: 'type' | 'net'
  readonly words: string[]
}

/** The rest of the line. */
function sectionsOf(directive: Directive): Section[] {
  const sections: Section[] = []
  for (const word of directive.remainingArguments()) {
    const kind = word.toLowerCase()
    if (kind === 'type' || kind === 'net') sections.push({ kind, words: [] })
    else if (sections.length > 0) sections.at(-1)!.words.push(word)
    else throw directive.error(`unexpected token ${quote(word)}; expect 'type | net'`)
  }
  return sections
}

/** What a line's sections add up to; none of a kind means all. */
class PolicyDraft {
  #types: Set<number> | null = null
  #networks: Prefix[] | null = null
  #allTypes = false
  #everybody = false

  addTypes(words: readonly string[]): void {
    this.#types ??= new Set()
    for (const word of words) {
      if (word === '*') {
        this.#allTypes = true
        return
      }
      if (!Object.hasOwn(types, word)) throw new ConfigError(`unexpected token ${quote(word)}; expect legal QTYPE`)
      this.#types.add(types[word as keyof typeof types])
    }
  }

  addNetworks(words: readonly string[]): void {
    this.#networks ??= []
    for (const word of words) {
      if (word === '*') {
        this.#everybody = true
        return
      }
      this.#networks.push(readNetwork(word))
    }
  }

  get types(): ReadonlySet<number> | null {
    return this.#allTypes ? null : this.#types
  }

  get networks(): readonly Prefix[] | null {
    return this.#everybody ? null : this.#networks
  }
}

function readNetwork(word: string): Prefix {
  const text = word.includes('/') ? word : `${word}/${word.includes(':') ? 128 : 32}`
  const prefix = parsePrefix(text)
  if (!prefix) throw new ConfigError(`illegal CIDR notation ${quote(text)}`)
  // Clients of version 4 are told by their own addresses, on whatever socket they came.
  const { address, length } = prefix
  return isMapped(address) && length >= 96 ? { address: address.subarray(12), length: length - 96 } : prefix
}
