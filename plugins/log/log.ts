// `log`: a line for each query. An observer, so it sees what the answer table answers, too.

import { Name, NameError } from '../../wire/name.ts'
import { ConfigError, type Directive } from '../directive.ts'
import { definePlugin, type Observation } from '../plugin.ts'
import { type AnswerClass, classify, isAnswerClass } from './answer-class.ts'
import { combinedFormat, commonFormat, compileFormat } from './format.ts'

/** Which queries are printed, and how. */
interface Rule {
  /** Names in this domain; null if the text in the Corefile is no name, which nothing is in. */
  readonly scope: Name | null
  readonly format: (observation: Observation) => string
  /** Empty: all. */
  readonly classes: ReadonlySet<AnswerClass>
}

export const log = definePlugin({
  name: 'log',
  setup(directive, host) {
    const rules = parseRules(directive)
    host.observe((observation) => {
      const rule = rules.find(({ scope }) => scope !== null && (scope.isRoot || observation.name.isSubdomainOf(scope)))
      if (!rule) return
      if (rule.classes.size > 0 && !rule.classes.has(classify(observation).class)) return
      host.log.line(`[INFO] ${rule.format(observation)}`)
    })
    return undefined
  },
})

function parseRules(directive: Directive): Rule[] {
  const rules: Rule[] = []
  while (directive.next()) {
    const { scopes, format } = parseScopes(directive.remainingArguments())
    const classes = parseClasses(directive)
    for (const scope of scopes) rules.push({ scope: parseScope(scope), format, classes })
  }
  return rules
}

// One word is a name even if it looks like a format: a format needs a name before it.
function parseScopes(args: readonly string[]): { scopes: readonly string[]; format: Rule['format'] } {
  const last = args.at(-1)
  if (args.length < 2 || !last?.includes('{')) {
    return { scopes: args.length === 0 ? ['.'] : args, format: compileFormat(commonFormat) }
  }
  const format = last.replaceAll('{common}', commonFormat).replaceAll('{combined}', combinedFormat)
  return { scopes: args.slice(0, -1), format: compileFormat(format) }
}

function parseScope(text: string): Name | null {
  try {
    return Name.parse(text)
  } catch (error) {
    if (error instanceof NameError) return null
    throw error
  }
}

function parseClasses(directive: Directive): ReadonlySet<AnswerClass> {
  const classes = new Set<AnswerClass>()
  let all = false
  while (directive.nextBlock()) {
    if (directive.value !== 'class') throw directive.error(`unknown property '${directive.value}'`)
    const args = directive.remainingArguments()
    if (args.length === 0) throw directive.argumentError()
    for (const word of args) {
      if (word === 'all') all = true
      else if (isAnswerClass(word)) classes.add(word)
      else throw new ConfigError(`invalid Class: ${word}`)
    }
  }
  return all ? new Set() : classes
}
