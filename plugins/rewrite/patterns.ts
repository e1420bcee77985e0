// Patterns of rules, with the error texts that CoreDNS has for each kind of rule.

import { ConfigError } from '../directive.ts'
import { compilePattern, type Pattern, PatternError } from '../pattern.ts'

/** Longest pattern, in octets (CoreDNS's limit). */
const patternBytesMax = 10_000

/** What compiles, or the reason why it does not: 'too long', or Go's message. */
function tryCompile(source: string): Pattern | PatternError {
  try {
    return compilePattern(source)
  } catch (error) {
    if (error instanceof PatternError) return error
    throw error
  }
}

/** A pattern of a `kind` rule (`''` for name rules); throws ConfigError, in `complain`'s words if it does not compile. */
export function rulePattern(source: string, kind: string, complain: (error: PatternError) => string): Pattern {
  const bytes = Buffer.byteLength(source)
  if (bytes > patternBytesMax) {
    throw new ConfigError(`regex pattern too long${kind}: ${bytes} > ${patternBytesMax}`)
  }
  const pattern = tryCompile(source)
  if (pattern instanceof PatternError) throw new ConfigError(complain(pattern))
  return pattern
}

/** The pattern `from` of a rule that makes `to` of its groups; throws ConfigError. */
export function replacedPattern(from: string, to: string): Pattern {
  const pattern = rulePattern(from, '', () => `invalid regex matching pattern: ${from}`)
  if (groupsUsed(to) > pattern.groupCount) {
    throw new ConfigError(
      `the rewrite regex pattern (${to}) uses more subexpressions than its corresponding matching regex pattern (${from})`,
    )
  }
  return pattern
}

/** How many different groups a replacement names, `{0}` to `{100}`. */
function groupsUsed(text: string): number {
  const named = [...text.matchAll(/\{(0|[1-9][0-9]?|100)\}/g)].map((found) => found[1])
  return new Set(named).size
}
