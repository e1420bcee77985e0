// What the rules say to a query. Which lines can apply follows from name and type alone; which of them does, from the client's class. Queries with the same lines share
// one ClientFact, so that prepared answers are kept by what is said and not by who asks.
//
//   name, type ─► lines ─► Judge ─ class of the client ─► verdict

import type { Name } from '../../wire/name.ts'
import type { Client, Query } from '../query.ts'
import type { ClientFact } from '../response.ts'
import { longestZone } from '../zones.ts'
import { ClientClasses } from './client-classes.ts'
import type { Action, Rule } from './config.ts'

/** What becomes of a query. */
export interface Verdict {
  readonly action: Action
  /** The zone of the rule that said so; null if none said anything but `allow`. */
  readonly zone: Name | null
  /** What others may be told instead; null if everybody is told the same. */
  readonly fact: ClientFact | null
}

/** One line, with its place among all. */
interface Line {
  readonly number: number
  readonly rule: number
  readonly action: Action
  readonly types: ReadonlySet<number> | null
  readonly everybody: boolean
}

/** Finds verdicts. */
export class Verdicts {
  readonly #rules: readonly Rule[]
  readonly #lines: readonly Line[]
  readonly #classes: ClientClasses
  /** Types that some line names; all others are alike. */
  readonly #named = new Set<number>()
  /** By the rules that a name is in and its type: as many as the Corefile can tell apart. */
  readonly #judges = new Map<string, Judge>()

  constructor(rules: readonly Rule[]) {
    this.#rules = rules
    const policies = rules.flatMap(({ policies }, rule) => policies.map((policy) => ({ policy, rule })))
    this.#lines = policies.map(({ policy, rule }, number) => ({
      number,
      rule,
      action: policy.action,
      types: policy.types,
      everybody: policy.networks === null,
    }))
    this.#classes = new ClientClasses(policies.map(({ policy }) => policy.networks ?? []))
    for (const { types } of this.#lines) for (const type of types ?? []) this.#named.add(type)
  }

  of({ name, type, client }: Query): Verdict {
    const zones = this.#rules.map((rule) => longestZone(rule.zones, name))
    const judge = this.#judgeOf(zones, type)
    const { action, rule } = judge.judge(client)
    return { action, zone: rule === -1 ? null : zones[rule]!, fact: judge.fact }
  }

  #judgeOf(zones: readonly (Name | null)[], type: number): Judge {
    const key = `${zones.map((zone) => (zone ? 1 : 0)).join('')} ${this.#named.has(type) ? type : ''}`
    const known = this.#judges.get(key)
    if (known) return known
    const lines = this.#lines.filter(({ rule, types }) => zones[rule] && (types === null || types.has(type)))
    const judge = new Judge(lines, this.#classes)
    this.#judges.set(key, judge)
    return judge
  }
}

/** An action and the rule that takes it, -1 where no line applies. */
interface Sentence {
  readonly action: Action
  readonly rule: number
  /** Tells sentences apart. */
  readonly key: string
}

/** Says what some lines, of which the first that applies counts, mean for each client. */
class Judge {
  /** By class. */
  readonly #sentences: readonly Sentence[]
  readonly #classes: ClientClasses
  readonly fact: ClientFact | null

  constructor(lines: readonly Line[], classes: ClientClasses) {
    this.#classes = classes
    this.#sentences = classes.lists.map((lists, number) => sentenceOf(lines, number === 0 ? null : new Set(lists)))
    const distinct = new Set(this.#sentences.map(({ key }) => key))
    this.fact = distinct.size === 1 ? null : { name: 'acl', of: (client) => this.judge(client).key }
  }

  judge({ address }: Client): Sentence {
    return this.#sentences[this.#classes.of(address)]!
  }
}

/** What lines mean for clients in the given lists; null for those whose address cannot be read. */
function sentenceOf(lines: readonly Line[], lists: ReadonlySet<number> | null): Sentence {
  const first = lists ? lines.find(({ number, everybody }) => everybody || lists.has(number)) : lines[0]
  const action = first ? (lists ? first.action : 'block') : 'allow'
  const rule = first?.rule ?? -1
  return { action, rule, key: `${action} ${rule}` }
}
