// The rewrite directive as it is written in a Corefile: a list of rules. Errors are CoreDNS's, which name no line.

import { ConfigError, type Directive } from '../directive.ts'
import { quote } from '../number.ts'
import type { Host } from '../plugin.ts'
import { parseCnameRule } from './cname-rule.ts'
import { parseEdnsRule } from './edns-rule.ts'
import { parseNameRule } from './name-rule.ts'
import { parseClassRule, parseTypeRule } from './question-rules.ts'
import { parseRcodeRule } from './rcode-rule.ts'
import type { PlacedRule } from './rule.ts'
import { parseTtlRule } from './ttl-rule.ts'

/** Reads every occurrence of the directive; throws ConfigError. */
export function parseRules(directive: Directive, host: Host): PlacedRule[] {
  const rules: PlacedRule[] = []
  while (directive.next()) {
    const args = directive.remainingArguments()
    // A rule may stand in braces, over several lines.
    if (args.length < 2) while (directive.nextBlock()) args.push(directive.value)
    rules.push(parseRule(args, host))
  }
  return rules
}

function parseRule(args: readonly string[], host: Host): PlacedRule {
  if (args.length === 0) throw new ConfigError('no rule type specified for rewrite')
  const first = args[0]!.toLowerCase()
  const placed = first === 'continue' || first === 'stop'
  if (placed && args.length < 2) throw new ConfigError(`${first} rule must begin with a rule type`)
  const [kind = '', ...rest] = placed ? args.slice(1) : args
  const stop = first !== 'continue'
  switch (kind.toLowerCase()) {
    case 'answer':
      throw new ConfigError('response rewrites must begin with a name rule')
    case 'name':
      return { stop, rule: parseNameRule(rest), option: null }
    case 'class':
      return { stop, rule: parseClassRule(two(rest, 'class')), option: null }
    case 'type':
      return { stop, rule: parseTypeRule(two(rest, 'type')), option: null }
    case 'edns0':
      return { stop, ...parseEdnsRule(rest) }
    case 'ttl':
      return { stop, rule: parseTtlRule(rest, host.clock), option: null }
    case 'cname':
      return { stop, rule: parseCnameRule(rest, host), option: null }
    case 'rcode':
      return { stop, rule: parseRcodeRule(rest), option: null }
    default:
      throw new ConfigError(`invalid rule type ${quote(args[0]!)}`)
  }
}

function two(args: readonly string[], kind: string): readonly string[] {
  if (args.length !== 2) throw new ConfigError(`${kind} rules must have exactly two arguments`)
  return args
}
