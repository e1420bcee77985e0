// What a rewrite rule is: it may change the query, and say how the answer is changed on the way back.

import type { EdnsOption } from '../../wire/edns.ts'
import type { Answered } from '../plugin.ts'
import type { Query } from '../query.ts'
import type { Response } from '../response.ts'

/** A change on the way back; several are made in reverse order. */
export interface Undo {
  /** Changes the answer. */
  readonly response?: (response: Response) => Answered
  /** Changes the EDNS options that are sent back. */
  readonly options?: (options: readonly EdnsOption[]) => readonly EdnsOption[]
}

/** What a rule made of a query. */
export interface Rewritten {
  readonly query: Query
  readonly undo: readonly Undo[]
  /** False if the rule only prepared the query (gave it an OPT record) and found nothing to do. */
  readonly applied: boolean
}

/** The new name is none. */
export class InvalidName {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

/** One rule; null from `rewrite`: it does not concern this query. */
export interface Rule {
  /** True if what it does depends on more than the question: such answers are not used again. */
  readonly perClient: boolean
  rewrite(query: Query): Rewritten | InvalidName | null
}

/** A rule with its place in the list. */
export interface PlacedRule {
  readonly rule: Rule
  /** False for `continue`. */
  readonly stop: boolean
  /** The EDNS option that it sets, which is sent back; null for other rules. */
  readonly option: number | null
}
