// `header`: sets or clears AA, RA and RD in queries on their way down and in responses on their way up. It stands below the cache.

import { whenAnswered } from '../answered.ts'
import { ConfigError, type Directive } from '../directive.ts'
import { definePlugin } from '../plugin.ts'
import { amendQuery, type Query } from '../query.ts'
import { amend, isUnwritten, type Response } from '../response.ts'

const flags = ['aa', 'ra', 'rd'] as const
type Flag = (typeof flags)[number]
type Bits = Partial<Record<Flag, boolean>>

export const header = definePlugin({
  name: 'header',
  setup(directive) {
    const { query: asked, response: answered } = parseRules(directive)
    const changeQuery =
      asked.rd === undefined ? (query: Query) => query : (query: Query) => amendQuery(query, { rd: asked.rd! })
    // A reply repeats RD as the query went down, so a rule for queries shows in the reply too.
    const bits = asked.rd === undefined ? answered : { rd: asked.rd, ...answered }
    const changeResponse = (response: Response): Response => (isUnwritten(response) ? response : amend(response, bits))
    return (next) => (query) => whenAnswered(next(changeQuery(query)), changeResponse)
  },
})

/** The bits of queries and of responses; of several rules for one bit the last counts. */
function parseRules(directive: Directive): { query: Bits; response: Bits } {
  while (directive.next()) {
    const rules: Record<'query' | 'response', Bits> = { query: {}, response: {} }
    let found = false
    while (directive.nextBlock()) {
      const selector = directive.value.toLowerCase()
      if (selector !== 'query' && selector !== 'response') {
        throw new ConfigError(`setting up rule: invalid selector=${selector} should be query or response`)
      }
      const action = directive.nextArgument() ? directive.value : ''
      Object.assign(rules[selector], parseBits(action, directive.remainingArguments()))
      found = true
    }
    if (found) return rules
  }
  throw directive.argumentError()
}

function parseBits(action: string, names: readonly string[]): Bits {
  if (action === '') throw new ConfigError('setting up rule: no flag action provided')
  if (names.length === 0)
    throw new ConfigError('setting up rule: invalid length for flags, at least one should be provided')
  const verb = action.toLowerCase()
  if (verb !== 'set' && verb !== 'clear') {
    throw new ConfigError(`setting up rule: unknown flag action=${verb}, should be set or clear`)
  }
  const bits: Bits = {}
  for (const name of names) {
    const flag = flags.find((known) => known === name.toLowerCase())
    if (!flag) throw new ConfigError(`setting up rule: unknown/unsupported flag=${name.toLowerCase()}`)
    bits[flag] = verb === 'set'
  }
  return bits
}
