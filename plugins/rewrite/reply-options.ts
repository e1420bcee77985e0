// The EDNS options of a reply to a rewritten query. The server sends NSID, EXPIRE, COOKIE, KEEPALIVE and PADDING back as the client sent them; what rules have put
// in their place, and options that the block's rules set, is settled here.

import { type Edns, type EdnsOption, echoedOptions } from '../../wire/edns.ts'
import type { Query } from '../query.ts'
import { amend, type Response, useOnce } from '../response.ts'
import { bareEdns, unaskedOpt } from '../unasked-opt.ts'
import type { Undo } from './rule.ts'

/** What the options of a reply follow from. */
export interface OptionsPlan {
  /** Options that rules set: they are sent back. */
  readonly own: ReadonlySet<number>
  /** As the client sent it, and as the next plugin saw it. */
  readonly query: Query
  readonly rewritten: Query
  readonly undo: readonly Undo[]
  readonly compat: boolean
}

/** The response with the options that belong to it. */
export function withReplyOptions(response: Response, plan: OptionsPlan): Response {
  const { query, rewritten, own } = plan
  if (!rewritten.edns) return response
  const sent = query.edns?.options ?? []
  const options = undone(response.echo ? echoed(rewritten.edns, own) : response.options, plan.undo)
  if (!query.edns) return plan.compat ? withUnaskedOpt(response, [...options]) : response
  // An upstream that answered with an OPT of its own has dealt with them all.
  if (!response.echo) return amend(response, { options })
  const isEchoed = (option: EdnsOption): boolean => echoedOptions.has(option.code)
  const ours = options.filter((option) => !isEchoed(option))
  if (sameOptions(options.filter(isEchoed), sent.filter(isEchoed))) {
    return ours.length === 0 ? response : amend(response, { options: [...ours, ...response.options] })
  }
  // The server would send the client's: all are settled here, for this one query.
  return useOnce(amend(response, { echo: false, options: [...options, ...response.options] }))
}

const echoed = ({ options }: Edns, own: ReadonlySet<number>): readonly EdnsOption[] =>
  options.filter((option) => echoedOptions.has(option.code) || own.has(option.code))

const undone = (options: readonly EdnsOption[], undo: readonly Undo[]): readonly EdnsOption[] =>
  undo.reduceRight((left, change) => change.options?.(left) ?? left, options)

function sameOptions(one: readonly EdnsOption[], other: readonly EdnsOption[]): boolean {
  if (one.length !== other.length) return false
  return one.every(
    ({ code, data }, index) => code === other[index]!.code && Buffer.compare(data, other[index]!.data) === 0,
  )
}

function withUnaskedOpt(response: Response, options: EdnsOption[]): Response {
  return amend(response, { additional: [...response.additional, unaskedOpt({ ...bareEdns, options })] })
}
