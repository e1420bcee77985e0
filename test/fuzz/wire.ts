// Fuzzes everything that reads octets or text from strangers in wire/: whole messages, single records, EDNS options, rdata as text, records from text.
// `node test/fuzz/wire.ts --seconds 60 --seed 1` prints its seed first; the same seed makes the same inputs in the same order.
//
// What must hold for any octets: decoding returns a message or a fault, never throws, and takes time in proportion to the input; a decoded message encodes, and
// decodes again to the same; every rdata has a text that reads back to it.

import { parseArgs } from 'node:util'
import { readClientSubnet, readExtendedError } from '../../wire/edns.ts'
import { isFault } from '../../wire/fault.ts'
import { layoutFits } from '../../wire/layout.ts'
import { decodeMessage, encodeMessage, type Message } from '../../wire/message.ts'
import { Name } from '../../wire/name.ts'
import { formatRdata, formatRecord, PresentationError, parseRdata, parseRecord } from '../../wire/presentation.ts'
import { readSoa, readSrv, readTxt, targetOf } from '../../wire/rdata.ts'
import type { ResourceRecord } from '../../wire/record.ts'
import { types } from '../../wire/registry.ts'
import { splitWords } from '../../wire/words.ts'
import { mutated, type Random, randomFrom, seedMessages, seedTexts } from './wire-inputs.ts'

/** Longest time that one input may take, in milliseconds: a hundred times what the largest takes, so that a busy machine is no failure. */
const inputMsMax = 2000

/** What a run did. */
export interface FuzzResult {
  readonly inputs: number
  /** How many of the messages decoded; the rest were faults. */
  readonly decoded: number
  /** Faults by reason: shows that the inputs reach every check. */
  readonly faults: ReadonlyMap<string, number>
}

/** Fuzzes until `stop` says so; throws an Error that shows the input on the first broken promise. */
export function fuzzWire(seed: number, stop: (inputs: number) => boolean): FuzzResult {
  const random = randomFrom(seed)
  const corpus = seedMessages(random)
  const faults = new Map<string, number>()
  let decoded = 0
  let inputs = 0
  for (; !stop(inputs); inputs++) {
    if (inputs % 8 === 7) {
      fuzzText(random)
      continue
    }
    const bytes = mutated(random, corpus)
    const fault = guarded(bytes, () => checkMessage(bytes, random))
    if (fault === null) {
      decoded++
      // What decodes is a better start for the next mutation than what does not.
      corpus[random.below(corpus.length)] = bytes
    } else faults.set(fault, (faults.get(fault) ?? 0) + 1)
    if (inputs % 1000 === 0) corpus.splice(0, corpus.length, ...seedMessages(random))
  }
  return { inputs, decoded, faults }
}

function guarded<T>(input: Uint8Array | string, check: () => T): T {
  const started = performance.now()
  const shown = typeof input === 'string' ? JSON.stringify(input) : Buffer.from(input).toString('hex')
  try {
    const result = check()
    const took = performance.now() - started
    if (took > inputMsMax) throw new Error(`took ${Math.round(took)} ms`)
    return result
  } catch (error) {
    throw new Error(`${error instanceof Error ? error.message : error}\ninput: ${shown}`, { cause: error })
  }
}

function promise(kept: boolean, what: string): void {
  if (!kept) throw new Error(`broken promise: ${what}`)
}

/** Checks one message; returns its fault, or null if it is none. */
function checkMessage(bytes: Uint8Array, random: Random): string | null {
  const message = decodeMessage(bytes)
  if (isFault(message)) {
    promise(Object.isFrozen(message), 'a fault is a frozen value')
    return message.fault
  }
  const whole = encodeMessage(message)
  const again = decodeMessage(whole)
  if (isFault(again)) throw new Error(`what we encoded is no message: ${again.fault}`)
  // Uncompressed, a message may be longer than 65,535 octets: then records are missing, but none is changed.
  const records = recordsOf(message)
  for (const [i, record] of recordsOf(again).entries())
    promise(sameRecord(record, records[i]!), 'records stay as they are')
  promise(again.rcode === (message.edns ? message.rcode : message.rcode & 15), 'the response code stays as it is')
  const limit = 512 + random.below(2000)
  const fitted = encodeMessage(message, limit)
  promise(
    fitted.length <= limit || recordsOf(message).length === 0 || !cutDecodes(fitted, limit),
    'a message fits its limit',
  )
  for (const record of records) checkRecord(record)
  for (const option of message.edns?.options ?? []) {
    readExtendedError(option)
    readClientSubnet(option)
  }
  return null
}

/** True if what was cut to a limit has more than its question and OPT, which are never cut. */
function cutDecodes(bytes: Uint8Array, limit: number): boolean {
  const message = decodeMessage(bytes)
  return isFault(message) || (recordsOf(message).length > 0 && bytes.length > limit)
}

const recordsOf = (message: Message): ResourceRecord[] => [
  ...message.answer,
  ...message.authority,
  ...message.additional,
]

function sameRecord(a: ResourceRecord, b: ResourceRecord): boolean {
  const sameRdata = Buffer.compare(a.rdata, b.rdata) === 0
  return (
    sameRdata &&
    Buffer.compare(a.owner.wire, b.owner.wire) === 0 &&
    a.type === b.type &&
    a.class === b.class &&
    a.ttl === b.ttl
  )
}

function checkRecord(record: ResourceRecord): void {
  promise(record.rdata.length === 0 || layoutFits(record.type, record.rdata), 'rdata of a message fits its type')
  targetOf(record)
  readSoa(record.rdata)
  readSrv(record.rdata)
  readTxt(record.rdata)
  if (record.type === types.OPT || record.rdata.length === 0) return
  const back = parseRecord(formatRecord(record))
  promise(sameRecord(back, record), `the text of a record reads back: ${formatRecord(record)}`)
}

/** Text that is nearly a record: read or refused, and what was read has a text. */
function fuzzText(random: Random): void {
  const text = mutated(
    random,
    seedTexts.map((line) => Buffer.from(line, 'latin1')),
  ).toString('latin1')
  guarded(text, () => {
    try {
      const record = parseRecord(text)
      promise(sameRecord(parseRecord(formatRecord(record)), record), 'the text of a record reads back')
      const words = splitWords(formatRdata(record.type, record.rdata))
      promise(Buffer.compare(parseRdata(record.type, words, Name.root), record.rdata) === 0, 'rdata reads back')
    } catch (error) {
      if (!(error instanceof PresentationError)) throw error
    }
  })
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { seconds: { type: 'string' }, seed: { type: 'string' } } })
  const seed = Number(values.seed ?? Date.now() % 1_000_000_000)
  const seconds = Number(values.seconds ?? 10)
  console.log(`fuzz wire: seed ${seed}, ${seconds} s`)
  const end = performance.now() + seconds * 1000
  const result = fuzzWire(seed, (inputs) => inputs % 64 === 0 && performance.now() > end)
  console.log(`${result.inputs} inputs, ${result.decoded} messages decoded, none broke a promise`)
  for (const [fault, count] of [...result.faults].sort((a, b) => b[1] - a[1])) console.log(`  ${count}  ${fault}`)
}
