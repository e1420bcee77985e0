// What kind of answer a query got, in the words of CoreDNS's log: `class success` and the like choose by it.

import { opcodes, rcodes, types } from '../../wire/registry.ts'
import type { Observation } from '../plugin.ts'

export type AnswerClass = 'success' | 'denial' | 'error'

/** A class, and the finer type that `{/log/type}` prints. */
export interface AnswerKind {
  readonly class: AnswerClass
  readonly type: string
}

const kinds = {
  answer: { class: 'success', type: 'NOERROR' },
  nameError: { class: 'denial', type: 'NXDOMAIN' },
  noData: { class: 'denial', type: 'NODATA' },
  serverError: { class: 'error', type: 'SERVERERROR' },
  // Neither success nor denial: transfers and notifications are printed where errors are.
  meta: { class: 'error', type: 'META' },
  other: { class: 'error', type: 'OTHERERROR' },
} as const satisfies Record<string, AnswerKind>

/** The kind of the answer; silence is an error. */
export function classify(observation: Observation): AnswerKind {
  const { answered, opcode, type, rcode, hasAnswer, negative } = observation
  if (!answered) return kinds.other
  if (opcode === opcodes.NOTIFY || type === types.AXFR || type === types.IXFR) return kinds.meta
  if (rcode === rcodes.NOERROR) return negative ? kinds.noData : kinds.answer
  if (rcode === rcodes.NXDOMAIN) return hasAnswer ? kinds.other : kinds.nameError
  return rcode === rcodes.SERVFAIL || rcode === rcodes.NOTIMP ? kinds.serverError : kinds.other
}

export const isAnswerClass = (word: string): word is AnswerClass =>
  word === 'success' || word === 'denial' || word === 'error'
