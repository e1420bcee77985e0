// `rewrite type` and `rewrite class`: another type or class is asked.

import { classes, types } from '../../wire/registry.ts'
import { ConfigError } from '../directive.ts'
import { quote } from '../number.ts'
import { amendQuery } from '../query.ts'
import type { Rule } from './rule.ts'

/** Reads the words after `type`; throws ConfigError. */
export function parseTypeRule([from, to]: readonly string[]): Rule {
  const wanted = mnemonic(types, from, 'type')
  const type = mnemonic(types, to, 'type')
  return {
    perClient: false,
    rewrite: (query) =>
      query.type === wanted ? { query: amendQuery(query, { type }), undo: [], applied: true } : null,
  }
}

/** Reads the words after `class`; throws ConfigError. */
export function parseClassRule([from, to]: readonly string[]): Rule {
  const wanted = mnemonic(classes, from, 'class')
  const klass = mnemonic(classes, to, 'class')
  return {
    perClient: false,
    rewrite: (query) =>
      query.class === wanted ? { query: amendQuery(query, { class: klass }), undo: [], applied: true } : null,
  }
}

/** The number of a mnemonic in any case; `TYPE1` and the like are none. */
function mnemonic(table: Readonly<Record<string, number>>, text: string | undefined, kind: string): number {
  const name = (text ?? '').toUpperCase()
  if (!Object.hasOwn(table, name)) throw new ConfigError(`invalid ${kind} ${quote(name)}`)
  return table[name]!
}
