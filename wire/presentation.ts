// Records as text and back (RFC 1035 5.1, RFC 3597 5): `owner ttl class type rdata`, owner and names as spelled. Zone files, templates, tests, logs and the command
// line stand on this side of it, messages on the other. Text that is written here is ASCII and reads back to the same octets, whatever they are.

import { layoutFits } from './layout.ts'
import { Name, NameError } from './name.ts'
import { parseSeconds, RdataReader } from './presentation-field.ts'
import { fieldsOf } from './presentation-types.ts'
import { joinBytes } from './reader.ts'
import { ResourceRecord } from './record.ts'
import { classes, className, classNumber, typeName, typeNumber } from './registry.ts'
import { octetText, PresentationError, splitWords, type Word, WordReader } from './words.ts'

export { PresentationError } from './words.ts'

/** Seconds that a record lives if its text says none. */
const defaultTtl = 3600
const rdataBytesMax = 0xffff

/** What completes a record's text. */
export interface RecordDefaults {
  /** Completes relative names; without one they are taken as absolute. */
  readonly origin?: Name
  /** Seconds; 3600 without one. */
  readonly ttl?: number
  /** IN without one. */
  readonly class?: number
}

/** `owner ttl class type rdata`. */
export function formatRecord(record: ResourceRecord): string {
  const { owner, ttl, type } = record
  return `${owner} ${ttl} ${className(record.class)} ${typeName(type)} ${formatRdata(type, currentRdata(record))}`
}

/** The rdata as it would be sent now: a live serial is in it. */
function currentRdata(record: ResourceRecord): Uint8Array {
  const { rdata, serial } = record
  if (!serial || rdata.length < 20) return rdata
  const current = rdata.slice()
  new DataView(current.buffer).setUint32(current.length - 20, serial.value)
  return current
}

/** The rdata in the form of its type; `\# length hex` for types without one and for rdata that its type's form cannot say. */
export function formatRdata(type: number, rdata: Uint8Array): string {
  const fields = fieldsOf(type)
  if (!fields) return formatGeneric(rdata)
  const reader = new RdataReader(rdata)
  const texts = fields.map((field) => field.format(reader))
  if (reader.malformed || !reader.atEnd) return formatGeneric(rdata)
  return texts.filter((text) => text !== '').join(' ')
}

function formatGeneric(rdata: Uint8Array): string {
  return rdata.length === 0 ? '\\# 0' : `\\# ${rdata.length} ${Buffer.from(rdata).toString('hex')}`
}

/** Reads one record; its owner comes first, TTL and class may change places or be left out. Throws PresentationError. */
export function parseRecord(text: string, defaults: RecordDefaults = {}): ResourceRecord {
  const words = splitWords(octetText(text))
  const origin = defaults.origin ?? Name.root
  const owner = parseOwner(words[0], origin)
  let ttl = defaults.ttl ?? defaultTtl
  let klass = defaults.class ?? classes.IN
  for (let at = 1; at < words.length; at++) {
    const word = words[at]!.text
    const named = classNumber(word)
    // ANY is a class and a type: it is the class where a type follows.
    const type =
      named !== undefined && typeNumber(words[at + 1]?.text ?? '') !== undefined ? undefined : typeNumber(word)
    if (type !== undefined) {
      const rdata = parseRdata(type, words.slice(at + 1), origin)
      return new ResourceRecord(owner, type, klass, ttl, rdata)
    }
    const seconds = named === undefined ? parseSeconds(word) : null
    if (named !== undefined) klass = named
    else if (seconds !== null) ttl = seconds
    else throw new PresentationError('unknown RR type', word)
  }
  throw new PresentationError('unknown RR type', '')
}

function parseOwner(word: Word | undefined, origin: Name): Name {
  if (!word) throw new PresentationError('bad owner name', '')
  if (word.text === '@') return origin
  try {
    return Name.parse(word.text, origin)
  } catch (error) {
    if (error instanceof NameError) throw new PresentationError('bad owner name', word.text)
    throw error
  }
}

/** The octets of an rdata's words; every type takes `\# length hex` as well. Throws PresentationError. */
export function parseRdata(type: number, words: readonly Word[], origin: Name): Uint8Array {
  const name = typeName(type)
  if (words[0]?.text === '\\#' && !words[0].quoted) return parseGeneric(type, words)
  const fields = fieldsOf(type)
  if (!fields) throw noForm(type, words)
  const reader = new WordReader(name, words, origin)
  const parts = fields.map((field) => field.parse(reader))
  if (!reader.atEnd) throw new PresentationError('garbage after rdata', reader.peek!.text)
  const rdata = parts.length === 1 ? parts[0]! : joinBytes(parts)
  if (rdata.length > rdataBytesMax)
    throw new PresentationError(`bad ${name}: rdata longer than ${rdataBytesMax} octets`, '')
  return rdata
}

function noForm(type: number, words: readonly Word[]): PresentationError {
  const name = typeName(type)
  const reason = name.startsWith('TYPE') ? 'bad RFC3597 Rdata' : `${name} records do not have a presentation format`
  return new PresentationError(reason, words[0]?.text ?? '')
}

function parseGeneric(type: number, words: readonly Word[]): Uint8Array {
  const length = words[1]?.text ?? ''
  const hex = words
    .slice(2)
    .map((word) => word.text)
    .join('')
  const wellFormed = /^[0-9]{1,5}$/.test(length) && /^([0-9a-f]{2})*$/i.test(hex) && Number(length) * 2 === hex.length
  const rdata = wellFormed && Number(length) <= rdataBytesMax ? Uint8Array.from(Buffer.from(hex, 'hex')) : null
  if (!rdata || !layoutFits(type, rdata)) throw new PresentationError('bad RFC3597 Rdata', length)
  return rdata
}
