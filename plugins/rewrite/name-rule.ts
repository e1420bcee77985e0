// `rewrite name`: another name is asked, and the names in the answer are turned back as the rule says.

import type { Name } from '../../wire/name.ts'
import { ConfigError } from '../directive.ts'
import { quote } from '../number.ts'
import { amendQuery, type Query } from '../query.ts'
import { changedOwners, changedValues, type NameChange, replacedSuffix, toOriginal } from './answer-names.ts'
import {
  absoluteText,
  endsWithPart,
  includesPart,
  nameOf,
  replaceParts,
  startsWithPart,
  withGroups,
} from './name-text.ts'
import { replacedPattern } from './patterns.ts'
import { InvalidName, type Rewritten, type Rule, type Undo } from './rule.ts'

/** The text of the new name, or null if the rule is not about this one. */
type NewName = (name: string) => string | null

/** What `answer …` says. */
interface AnswerRules {
  readonly auto: boolean
  readonly undo: readonly Undo[]
}

class NameRule implements Rule {
  readonly perClient = false
  readonly #newName: NewName
  readonly #answers: AnswerRules

  constructor(newName: NewName, answers: AnswerRules) {
    this.#newName = newName
    this.#answers = answers
  }

  rewrite(query: Query): Rewritten | InvalidName | null {
    const text = this.#newName(query.name.folded)
    if (text === null) return null
    const name = nameOf(text)
    if (name instanceof InvalidName) return name
    const { auto, undo } = this.#answers
    const back = auto ? both(toOriginal(name, query.name)) : []
    return { query: amendQuery(query, { name }), undo: [...back, ...undo], applied: true }
  }
}

/** Owners and values are changed alike. */
const both = (change: NameChange): Undo[] => [changedOwners(change), changedValues(change)]

/** Reads the words after `name`; throws ConfigError. */
export function parseNameRule(args: readonly string[]): Rule {
  if (args.length < 2) throw new ConfigError('too few arguments for a name rule')
  const [match, from, to, ...rest] = args.length === 2 ? ['exact', ...args] : [args[0]!.toLowerCase(), ...args.slice(1)]
  const answers = rest.length > 0 ? parseAnswerRules(match!, rest) : { auto: false, undo: [] }
  return new NameRule(...nameChangeOf({ match: match!, from: from!, to: to!, answers }))
}

interface ParsedRule {
  readonly match: string
  readonly from: string
  readonly to: string
  readonly answers: AnswerRules
}

function nameChangeOf({ match, from, to, answers }: ParsedRule): [NewName, AnswerRules] {
  const part = absoluteText(from)
  const by = absoluteText(to)
  switch (match) {
    case 'exact':
      // Nothing is matched by the pattern, but CoreDNS refuses what would be none.
      replacedPattern(normalized(to), normalized(from))
      return [(name) => (name === part ? by : null), { ...answers, auto: true }]
    case 'prefix':
      return [(name) => (startsWithPart(name, part) ? by + name.slice(part.length) : null), answers]
    case 'suffix': {
      const back = answers.auto ? both(replacedSuffix(by, part)) : []
      const newName: NewName = (name) =>
        endsWithPart(name, part) ? name.slice(0, name.length - part.length) + by : null
      return [newName, { auto: false, undo: [...back, ...answers.undo] }]
    }
    case 'substring':
      return [(name) => (includesPart(name, part) ? replaceParts(name, part, by) : null), answers]
    case 'regex': {
      const pattern = replacedPattern(from, to)
      return [(name) => withMatch(pattern.exec(name)?.groups, by), answers]
    }
    default:
      throw new ConfigError(
        `name rule supports only exact, prefix, suffix, substring, and regex name matching, received: ${match}`,
      )
  }
}

const withMatch = (groups: readonly string[] | undefined, by: string): string | null =>
  groups ? withGroups(by, groups) : null

/** As error texts show it. */
const normalized = (text: string): string => (text.endsWith('.') ? text : `${text}.`).toLowerCase()

/** Reads `answer auto`, `answer name FROM TO`, `answer value FROM TO`; later ones may leave the word `answer` out. */
function parseAnswerRules(match: string, args: readonly string[]): AnswerRules {
  if (args.length < 2) throw new ConfigError(`invalid arguments for ${match} rule`)
  const undo: Undo[] = []
  let auto = false
  let names = 0
  for (let at = 0; at < args.length; ) {
    if (args[at] === 'answer') at++
    else if (at === 0) {
      throw new ConfigError(`exceeded the number of arguments for a non-answer rule argument for ${match} rule`)
    }
    const kind = args[at++]
    if (kind === undefined) throw new ConfigError(`type missing for answer rule for ${match} rule`)
    if (kind === 'auto') {
      auto = true
      continue
    }
    if (kind !== 'name' && kind !== 'value') {
      throw new ConfigError(`invalid type ${quote(kind)} for answer rule for ${match} rule`)
    }
    const [from, to] = args.slice(at, at + 2)
    if (from === undefined || to === undefined) {
      throw new ConfigError(`${kind} answer rule for ${match} rule: 2 arguments required`)
    }
    at += 2
    const change = patternChange(from, to, `${kind} answer rule for ${match} rule: `)
    undo.push(kind === 'name' ? changedOwners(change) : changedValues(change))
    if (kind === 'name') names++
  }
  if (auto && names > 0) {
    throw new ConfigError('auto name answer rule cannot be combined with explicit name anwer rules')
  }
  return { auto, undo }
}

function patternChange(from: string, to: string, prefix: string): NameChange {
  const by = absoluteText(to)
  try {
    const pattern = replacedPattern(from, to)
    return (name: Name) => {
      const groups = pattern.exec(name.folded)?.groups
      const changed = groups ? nameOf(withGroups(by, groups)) : name
      return changed instanceof InvalidName ? name : changed
    }
  } catch (error) {
    if (error instanceof ConfigError) throw new ConfigError(prefix + error.message)
    throw error
  }
}
