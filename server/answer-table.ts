// The answer table: prepared answers by question, one table a listener. A hit costs one look-up and the check that time and data still stand.
//
//   key ─► Entry ─ one answer, or answers by client facts (vary) ─► Prepared
//
// Bounded by entries and bytes. A question enters on its second ask within a window, and negative answers live in a quarter of their own, so a flood of new names
// evicts nothing that is asked twice.

import { getHeapStatistics } from 'node:v8'
import { LRUCache } from 'lru-cache'
import type { Client } from '../plugins/query.ts'
import type { ClientFact, Reuse } from '../plugins/response.ts'
import type { Name } from '../wire/name.ts'
import type { ServedBlock } from './block.ts'
import { FrequencySketch } from './frequency-sketch.ts'
import { tableBytes, tableEntriesMax, tableVariantsMax } from './limits.ts'
import type { Prepared } from './prepared.ts'

/** One kept answer and the block that gave it. */
export interface Answer {
  readonly prepared: Prepared
  readonly reuse: Reuse
  readonly block: ServedBlock
  /** The zone under which the block was found. */
  readonly zone: Name
}

/** Answers to one question: one, or one for each combination of client facts. Replaced whole, so that the bounds count what is in it. */
interface Entry {
  readonly vary: readonly ClientFact[]
  readonly answers: ReadonlyMap<string, Answer>
}

/** What an entry and each record that its answers hold cost besides bytes (objects, map slots), in octets; estimates that err high. */
const entryOverhead = 600
const recordOverhead = 200

/** What this thread can afford. */
const ownBounds = () => ({ entries: tableEntriesMax, bytes: tableBytes(getHeapStatistics().heap_size_limit) })

/** Prepared answers of one listener. */
export class AnswerTable {
  readonly #positive: LRUCache<string, Entry>
  readonly #negative: LRUCache<string, Entry>
  readonly #sketch: FrequencySketch

  constructor(bounds: { entries: number; bytes: number } = ownBounds()) {
    const share = (part: number) => ({
      max: Math.max(1, Math.floor(bounds.entries * part)),
      maxSize: Math.max(1, Math.floor(bounds.bytes * part)),
      sizeCalculation: entrySize,
    })
    this.#positive = new LRUCache<string, Entry>(share(0.75))
    this.#negative = new LRUCache<string, Entry>(share(0.25))
    this.#sketch = new FrequencySketch()
  }

  get size(): number {
    return this.#positive.size + this.#negative.size
  }

  /** The answer for `client` that still stands at `now` (clock milliseconds), or null. */
  get(key: string, client: Client, now: number): Answer | null {
    const entry = this.#positive.get(key) ?? this.#negative.get(key)
    if (!entry) return null
    const answer = entry.answers.get(entry.vary.length === 0 ? '' : variantOf(entry.vary, client))
    if (!answer || stands(answer.reuse, now)) return answer ?? null
    if (entry.answers.size === 1) {
      this.#positive.delete(key)
      this.#negative.delete(key)
    }
    return null
  }

  /** Keeps an answer that still stands at `now`, if its question was asked before. */
  offer(key: string, answer: Answer, client: Client, now: number): void {
    const { response } = answer.prepared
    // What was made before a change and came after it is old already; TC speaks of one client's transport.
    if (!stands(answer.reuse, now) || response.tc || !answer.prepared.reusable) return
    if (!this.#sketch.seenBefore(key)) return
    answer.prepared.keep()
    const negative = response.rcode !== 0 || response.answer.length === 0
    const [part, other] = negative ? [this.#negative, this.#positive] : [this.#positive, this.#negative]
    const kept = part.peek(key)
    other.delete(key)
    // An entry that is changed in place would keep the size that it had.
    part.delete(key)
    part.set(key, withAnswer(kept, answer, client))
  }
}

// The oldest variant makes room, so that many different clients do not throw out each other's answers at once.
function withAnswer(kept: Entry | undefined, answer: Answer, client: Client): Entry {
  const { vary } = answer.reuse
  const answers = new Map(kept && sameFacts(kept.vary, vary) ? kept.answers : [])
  const variant = variantOf(vary, client)
  answers.delete(variant)
  const [oldest] = answers.keys()
  if (answers.size >= tableVariantsMax && oldest !== undefined) answers.delete(oldest)
  answers.set(variant, answer)
  return { vary, answers }
}

/** True while the answer may be used again. */
function stands(reuse: Reuse, now: number): boolean {
  if (now >= reuse.until) return false
  for (const version of reuse.depends) if (!version.stands) return false
  return true
}

const sameFacts = (one: readonly ClientFact[], other: readonly ClientFact[]): boolean =>
  one.length === other.length && one.every((fact, index) => fact === other[index])

const variantOf = (vary: readonly ClientFact[], client: Client): string =>
  vary.map((fact) => fact.of(client)).join('\n')

function entrySize(entry: Entry, key: string): number {
  let size = entryOverhead + key.length
  for (const { prepared } of entry.answers.values()) {
    const { answer, authority, additional } = prepared.response
    size += prepared.bytes.length + recordOverhead * (answer.length + authority.length + additional.length)
  }
  return size
}
