// `errors`: prints what went wrong while a query was answered, and counts instead of printing where many alike are expected. An observer, so it sees errors of
// answers that were prepared, too.

import { typeName } from '../../wire/registry.ts'
import type { Directive } from '../directive.ts'
import { ConfigError } from '../directive.ts'
import { parseDuration } from '../duration.ts'
import { compilePattern, PatternError } from '../pattern.ts'
import { definePlugin } from '../plugin.ts'
import { Consolidation, type ConsolidationRule, type Level, levels } from './consolidation.ts'

/** Longest regular expression, in characters (CoreDNS's limit). */
const patternLengthMax = 10_000

export const errors = definePlugin({
  name: 'errors',
  setup(directive, host) {
    const { clock, log } = host
    const consolidations = parseRules(directive).map(
      (rule) => new Consolidation(rule, clock, (text) => log[rule.level](text)),
    )
    host.onStop(() => {
      for (const consolidation of consolidations) consolidation.flush()
    })
    host.observe((observation) => {
      const { error } = observation
      if (error === null) return
      const { rcode, name, type } = observation
      const rule = consolidations.find((consolidation) => consolidation.matches(error))
      if (rule && !rule.count()) return
      log[rule?.level ?? 'error'](`${rcode} ${name.folded} ${typeName(type)}: ${error}`)
    })
    return undefined
  },
})

function parseRules(directive: Directive): ConsolidationRule[] {
  const rules: ConsolidationRule[] = []
  for (let occurrence = 0; directive.next(); occurrence++) {
    if (occurrence > 0) throw new ConfigError('this plugin can only be used once per Server Block')
    const args = directive.remainingArguments()
    if (args.length > 1) throw directive.argumentError()
    if (args.length === 1 && args[0] !== 'stdout') throw directive.error(`invalid log file: ${args[0]}`)
    while (directive.nextBlock()) {
      if (directive.value === 'consolidate') rules.push(parseConsolidate(directive))
      else if (directive.value !== 'stacktrace') throw directive.syntaxError(`Unknown field ${directive.value}`)
    }
  }
  return rules
}

function parseConsolidate(directive: Directive): ConsolidationRule {
  const args = directive.remainingArguments()
  if (args.length < 2 || args.length > 4) throw directive.argumentError()
  const [period, source, ...options] = args as [string, string, ...string[]]
  const periodMs = readable(directive, () => parseDuration(period))
  if (source.length > patternLengthMax) {
    throw directive.error(`regex pattern too long: ${source.length} > ${patternLengthMax}`)
  }
  const pattern = readable(directive, () => compilePattern(source))
  return { periodMs, pattern, ...parseOptions(directive, options) }
}

/** What `read` returns; its complaint with the place where the text stands. */
function readable<T>(directive: Directive, read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (error instanceof ConfigError || error instanceof PatternError) throw directive.error(error.message)
    throw error
  }
}

function parseOptions(directive: Directive, options: readonly string[]): { level: Level; showFirst: boolean } {
  let level: Level | null = null
  let showFirst = false
  for (const option of options) {
    if (isLevel(option)) {
      if (level !== null) throw directive.error('multiple log levels specified in consolidate')
      if (showFirst) throw directive.error('log level must come before show_first in consolidate')
      level = option
    } else if (option === 'show_first') {
      showFirst = true
    } else {
      throw directive.error(`unknown option in consolidate: ${option}`)
    }
  }
  return { level: level ?? 'error', showFirst }
}

const isLevel = (word: string): word is Level => (levels as readonly string[]).includes(word)
