// `rewrite rcode`: one response code becomes another.

import { rcodeNumber } from '../../wire/registry.ts'
import { ConfigError } from '../directive.ts'
import { amend, type Response } from '../response.ts'
import { parseNameMatch } from './name-match.ts'
import type { Rule } from './rule.ts'

const rcodeMax = 23

/** Reads the words after `rcode`; throws ConfigError. */
export function parseRcodeRule(args: readonly string[]): Rule {
  if (args.length < 3) throw new ConfigError(`too few (${args.length}) arguments for a rcode rule`)
  const [fromText, toText] = args.length > 4 ? ['', ''] : args.slice(-2)
  const from = parseRcode(fromText!)
  if (from === undefined) throw new ConfigError(`invalid matching RCODE '${fromText}' for a rcode rule`)
  const to = parseRcode(toText!)
  if (to === undefined) throw new ConfigError(`invalid replacement RCODE '${toText}' for a rcode rule`)
  const [match, name] = args.length === 4 ? [args[0]!, args[1]!] : ['exact', args[0]!]
  const matches = parseNameMatch(match, name, 'rcode')
  const replaced = (response: Response): Response =>
    response.rcode === from ? amend(response, { rcode: to }) : response
  const undo = [{ response: replaced }]
  return {
    perClient: false,
    rewrite: (query) => (matches(query.name.folded) ? { query, undo, applied: true } : null),
  }
}

function parseRcode(text: string): number | undefined {
  if (/^[0-9]+$/.test(text) && Number(text) <= rcodeMax) return Number(text)
  return rcodeNumber(text)
}
