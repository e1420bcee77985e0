// `rewrite edns0`: options of the query are set, added, replaced or taken out before other plugins see them.

import type { Edns, EdnsOption } from '../../wire/edns.ts'
import { ednsOptions } from '../../wire/registry.ts'
import { ConfigError } from '../directive.ts'
import { parseUnsigned, quote } from '../number.ts'
import { amendQuery, type Query } from '../query.ts'
import { bareEdns } from '../unasked-opt.ts'
import { type DataOf, parseData, subnetOf } from './edns-data.ts'
import type { Rewritten, Rule, Undo } from './rule.ts'

type Action = 'set' | 'append' | 'replace' | 'unset'

const actions: readonly string[] = ['set', 'append', 'replace', 'unset'] satisfies readonly Action[]

/** Options that queries may have without being different questions: the answer table does not tell them apart. */
const neutralOptions: ReadonlySet<number> = new Set(Object.values(ednsOptions))

/** An EDNS rule, and the option that is sent back because of it. */
export interface EdnsRule {
  readonly rule: Rule
  readonly option: number | null
}

/** Reads the words after `edns0`; throws ConfigError. */
export function parseEdnsRule(args: readonly string[]): EdnsRule {
  if (args.length < 2) throw new ConfigError('too few arguments for an EDNS0 rule')
  const kind = args[0]!.toLowerCase()
  const action = args[1]!.toLowerCase()
  if (!actions.includes(action)) throw new ConfigError(`invalid action: ${quote(action)}`)
  if (action === 'unset') return parseUnset(kind, args)
  const revert = args.at(-1) === 'revert'
  const [, , ...rest] = revert ? args.slice(0, -1) : args
  const options = { action: action as Action, revert }
  switch (kind) {
    case 'local': {
      const [code, data, ...more] = rest
      if (code === undefined || data === undefined || more.length > 0) {
        throw new ConfigError('EDNS0 local rules require three or four args')
      }
      return localRule(code, data, options)
    }
    case 'nsid':
      if (rest.length > 0) throw new ConfigError('EDNS0 NSID rules can accept no more than one arg')
      return { rule: new OptionRule({ ...options, code: ednsOptions.NSID, dataOf: () => empty }), option: null }
    case 'subnet': {
      const [v4Length, v6Length, ...more] = rest
      if (v4Length === undefined || v6Length === undefined || more.length > 0) {
        throw new ConfigError('EDNS0 subnet rules require three or four args')
      }
      return {
        rule: new OptionRule({ ...options, code: ednsOptions.ECS, ...subnetOf(v4Length, v6Length) }),
        option: null,
      }
    }
    default:
      throw new ConfigError(`invalid rule type ${quote(kind)}`)
  }
}

function parseUnset(kind: string, args: readonly string[]): EdnsRule {
  const unset = (code: number): Rule => new OptionRule({ action: 'unset', code, dataOf: () => empty, revert: false })
  switch (kind) {
    case 'local': {
      if (args.length !== 3) throw new ConfigError('local unset action requires exactly two arguments')
      const code = parseUnsigned(args[2]!, 16, { prefixed: true })
      return { rule: unset(code), option: code }
    }
    case 'nsid':
      if (args.length !== 2) throw new ConfigError('nsid unset action requires exactly one argument')
      return { rule: unset(ednsOptions.NSID), option: null }
    case 'subnet':
      if (args.length !== 2) throw new ConfigError('subnet unset action requires exactly one argument')
      return { rule: unset(ednsOptions.ECS), option: null }
    default:
      throw new ConfigError(`invalid rule type ${quote(kind)}`)
  }
}

function localRule(codeText: string, text: string, options: { action: Action; revert: boolean }): EdnsRule {
  const code = parseUnsigned(codeText, 16, { prefixed: true })
  return { rule: new OptionRule({ ...options, code, ...parseData(text) }), option: code }
}

const empty = new Uint8Array(0)

/** What is done to one option. */
interface OptionChange {
  readonly action: Action
  readonly code: number
  /** Null: there is nothing to say about this query. */
  readonly dataOf: DataOf
  /** True if the data differ between clients that ask the same question. */
  readonly perClient?: boolean
  /** True if a query that already has the option is left alone by `append`. */
  readonly once?: boolean
  readonly revert: boolean
}

class OptionRule implements Rule {
  readonly perClient: boolean
  readonly #change: OptionChange

  constructor(change: OptionChange) {
    this.#change = change
    this.perClient = change.perClient === true || neutralOptions.has(change.code)
  }

  rewrite(query: Query): Rewritten | null {
    const { action, code, dataOf, once, revert } = this.#change
    const data = dataOf(query)
    if (!data) return null
    const edns = query.edns ?? bareEdns
    if (action === 'unset') {
      return withOptions(query, edns, { options: edns.options.filter((option) => option.code !== code) })
    }
    const at = edns.options.findIndex((option) => option.code === code)
    const option: EdnsOption = { code, data }
    const old = edns.options[at]
    if (!old || (action === 'append' && !once)) {
      if (action === 'replace') return withOptions(query, edns, { options: edns.options, applied: false })
      const undo = revert ? [taken(code)] : []
      return withOptions(query, edns, { options: [...edns.options, option], undo })
    }
    if (action === 'append') return withOptions(query, edns, { options: edns.options, applied: false })
    const undo = revert ? [replaced(old)] : []
    return withOptions(query, edns, { options: edns.options.with(at, option), undo })
  }
}

function withOptions(
  query: Query,
  edns: Edns,
  { options, undo = [], applied = true }: { options: readonly EdnsOption[]; undo?: readonly Undo[]; applied?: boolean },
): Rewritten {
  return { query: amendQuery(query, { edns: { ...edns, options } }), undo, applied }
}

/** Takes an option out that the client did not send. */
const taken = (code: number): Undo => ({
  options: (options) => {
    const at = options.findIndex((option) => option.code === code)
    return at < 0 ? options : options.toSpliced(at, 1)
  },
})

/** Puts back what the client sent. */
const replaced = (old: EdnsOption): Undo => ({
  options: (options) => {
    const at = options.findIndex((option) => option.code === old.code)
    return at < 0 ? options : options.with(at, old)
  },
})
