// `rewrite`: queries are changed before other plugins see them, answers on the way back.
//
//   query ─► rule ─► rule ─► … ─► next plugin
//   answer ◄─ undo ◄─ undo ◄─ …      in reverse order; the server repeats the client's own question

import type { Name } from '../../wire/name.ts'
import { rcodes } from '../../wire/registry.ts'
import { whenAnswered } from '../answered.ts'
import { type Answered, definePlugin, type Handler, type Host } from '../plugin.ts'
import type { Query } from '../query.ts'
import { amend, fail, isUnwritten, type Response, useOnce } from '../response.ts'
import { changedRecords } from './answer-names.ts'
import { parseRules } from './config.ts'
import { withReplyOptions } from './reply-options.ts'
import { InvalidName, type PlacedRule, type Undo } from './rule.ts'

export const rewrite = definePlugin({
  name: 'rewrite',
  setup(directive, host) {
    const rewriter = new Rewriter(parseRules(directive, host), host)
    return (next) => (query) => rewriter.answer(query, next)
  },
})

/** A query after the rules, and what is to be done with its answer. */
interface Outcome {
  readonly query: Query
  readonly undo: readonly Undo[]
  /** Some rule that looked at the query judges by more than the question. */
  readonly perClient: boolean
  /** Errors that no plugin answered become answers of this one. */
  readonly answers: boolean
}

class Rewriter {
  readonly #rules: readonly PlacedRule[]
  readonly #host: Host
  /** Options that rules set. */
  readonly #options: ReadonlySet<number>

  constructor(rules: readonly PlacedRule[], host: Host) {
    this.#rules = rules
    this.#host = host
    this.#options = new Set(rules.flatMap(({ option }) => option ?? []))
  }

  answer(query: Query, next: Handler): Answered {
    const outcome = this.#rewrite(query)
    if (outcome instanceof InvalidName) {
      return fail(rcodes.SERVFAIL, `invalid name after rewrite: ${outcome.text}`)
    }
    const untouched = outcome.query === query && outcome.undo.length === 0 && this.#options.size === 0
    if (untouched && !outcome.perClient && !outcome.answers) return next(query)
    return whenAnswered(next(outcome.query), (response) => this.#back(response, query, outcome))
  }

  #rewrite(original: Query): Outcome | InvalidName {
    let query = original
    let perClient = false
    let answers = false
    const undo: Undo[] = []
    for (const { rule, stop } of this.#rules) {
      perClient ||= rule.perClient
      const rewritten = rule.rewrite(query)
      if (!rewritten) continue
      if (rewritten instanceof InvalidName) return rewritten
      query = rewritten.query
      undo.push(...rewritten.undo)
      if (!rewritten.applied || !stop) continue
      answers = true
      break
    }
    return { query, undo, perClient, answers: answers || undo.length > 0 }
  }

  #back(response: Response, query: Query, outcome: Outcome): Answered {
    const own = outcome.answers && isUnwritten(response) ? amend(response, { from: 'rewrite' }) : response
    return whenAnswered(undone(own, outcome.undo), (changed) => {
      const restored = outcome.query.name === query.name ? changed : withSpelling(changed, query.name)
      const settled = withReplyOptions(restored, {
        own: this.#options,
        query,
        rewritten: outcome.query,
        undo: outcome.undo,
        compat: this.#host.block.settings.compat,
      })
      return outcome.perClient ? useOnce(settled) : settled
    })
  }
}

/** The changes of the rules, the last rule's first. */
function undone(response: Response, undo: readonly Undo[]): Answered {
  const last = undo.at(-1)
  if (!last) return response
  return whenAnswered(last.response?.(response) ?? response, (changed) => undone(changed, undo.slice(0, -1)))
}

/** Owners that were turned back into the client's name are spelled as the client does. */
const withSpelling = (response: Response, name: Name): Response =>
  changedRecords(response, (record) =>
    record.owner !== name && record.owner.equals(name) ? record.withOwner(name) : record,
  )
