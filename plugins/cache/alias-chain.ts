// Whether records answer a question: its name, or what its chain of aliases leads to, must have the type that was asked for (RFC 1034 3.6.2).

import type { Name } from '../../wire/name.ts'
import { Reader } from '../../wire/reader.ts'
import type { ResourceRecord } from '../../wire/record.ts'
import { classes, types } from '../../wire/registry.ts'
import type { Query } from '../query.ts'

/** True if `answer` holds what `query` asks for. */
export function answersQuestion(query: Query, answer: readonly ResourceRecord[]): boolean {
  const inClass = query.class === classes.ANY ? answer : answer.filter((record) => record.class === query.class)
  if (query.type === types.ANY) return concernsQuestion(query, inClass)
  const start = query.name.key
  const owner = query.type === types.CNAME ? start : endOfChain(start, inClass)
  return owner !== null && inClass.some(({ type, owner: { key } }) => type === query.type && key === owner)
}

/** True if any record belongs to the name asked for; a DNAME may stand above it. */
export function concernsQuestion({ name }: Query, answer: readonly ResourceRecord[]): boolean {
  return answer.some(({ owner, type }) => owner.key === name.key || (type === types.DNAME && name.isSubdomainOf(owner)))
}

/** The key of the name that the aliases from `start` lead to; null if they lead in a circle or to two names at once. */
function endOfChain(start: string, answer: readonly ResourceRecord[]): string | null {
  const targets = new Map<string, string>()
  for (const { type, owner, rdata } of answer) {
    if (type !== types.CNAME) continue
    const target = targetOf(rdata).key
    if ((targets.get(owner.key) ?? target) !== target) return null
    targets.set(owner.key, target)
  }
  let key = start
  // A chain without a circle has no more steps than aliases.
  for (let steps = 0; steps <= targets.size; steps++) {
    const target = targets.get(key)
    if (target === undefined) return key
    key = target
  }
  return null
}

const targetOf = (rdata: Uint8Array): Name => new Reader(rdata).name()
