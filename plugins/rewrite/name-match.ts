// Which names a `ttl` or `rcode` rule is about.

import { ConfigError } from '../directive.ts'
import { absoluteText, endsWithPart, includesPart, startsWithPart } from './name-text.ts'
import { rulePattern } from './patterns.ts'

/** True for a name (absolute, folded) that the rule is about. */
export type NameMatch = (name: string) => boolean

/** The match of a rule; `kind` names the rule in errors. Throws ConfigError. */
export function parseNameMatch(match: string, text: string, kind: 'ttl' | 'rcode'): NameMatch {
  const part = absoluteText(text)
  switch (match.toLowerCase()) {
    case 'exact':
      return (name) => name === part
    case 'prefix':
      return (name) => startsWithPart(name, part)
    case 'suffix':
      return (name) => endsWithPart(name, part)
    case 'substring':
      return (name) => includesPart(name, part)
    case 'regex': {
      const pattern = rulePattern(text, ` in a ${kind} rule`, () => `invalid regex pattern in a ${kind} rule: ${text}`)
      return (name) => pattern.test(name)
    }
    default:
      throw new ConfigError(`${kind} rule supports only exact, prefix, suffix, substring, and regex name matching`)
  }
}
