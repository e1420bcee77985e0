// Master files (RFC 1035 5, RFC 2308 4): text to records, with $ORIGIN, $TTL, $INCLUDE and $GENERATE. A generator, so that whoever reads a long file does it in
// slices. Off the way of a query. Whatever is wrong is a MasterFileError that names file, line and column.

import { dirname, isAbsolute, join } from 'node:path'
import { Name, NameError } from '../wire/name.ts'
import { parseRdata } from '../wire/presentation.ts'
import { parseSeconds } from '../wire/presentation-field.ts'
import { ResourceRecord } from '../wire/record.ts'
import { classes, classNumber, typeNumber } from '../wire/registry.ts'
import { PresentationError } from '../wire/words.ts'
import { type Entry, EntryError, EntryReader, type PlacedWord } from './entries.ts'
import { compileTemplate, GenerateError, parseRange } from './generate.ts'
import { idleDirectivesMax, includeDepthMax, includesMax } from './limits.ts'

/** Octets of a word that an error repeats. */
const shownOctetsMax = 100

/** A master file that cannot be read; `message` is `FILE: dns: REASON: "WORD" at line: LINE:COLUMN`. */
export class MasterFileError extends Error {
  override readonly name = 'MasterFileError'
}

/** A master file. Text holds one octet a character (read files as latin1). */
export interface MasterFile {
  readonly text: string
  /** The name that errors give it; `$INCLUDE` paths are relative to its folder. */
  readonly file: string
  readonly origin: Name
  /** Gives the text of an included file by its path; its error's message ends up in ours. */
  include(path: string): string
}

/** Where one file is being read: what an entry may leave out. */
interface Place {
  readonly file: string
  readonly depth: number
  readonly include: (path: string) => string
  /** What all files of the zone have in common. */
  readonly whole: { includes: number; directives: number }
  origin: Name
  owner: Name | null
  ttl: number | null
  /** A `$TTL` was given: TTLs of records no longer set the default. */
  ttlFixed: boolean
}

/** The records of a master file, in order; null now and then where there are none for long, so that whoever reads in slices gets a turn. Throws MasterFileError. */
export function* parseMasterFile(source: MasterFile): Generator<ResourceRecord | null> {
  const { file, origin, text } = source
  const include = (path: string): string => source.include(path)
  const whole = { includes: 0, directives: 0 }
  yield* readFile(text, { file, depth: 0, include, whole, origin, owner: null, ttl: null, ttlFixed: false })
}

function* readFile(text: string, place: Place): Generator<ResourceRecord | null> {
  const reader = new EntryReader(text)
  for (;;) {
    const entry = nextEntry(reader, place)
    if (!entry) return
    const first = entry.words[0]
    if (!first) {
      yield null
      continue
    }
    const directive = entry.indented || first.quoted ? '' : first.text.toUpperCase()
    if (directive.startsWith('$') && ++place.whole.directives % idleDirectivesMax === 0) yield null
    if (directive === '$INCLUDE') yield* includeFile(entry, place)
    else if (directive === '$GENERATE') yield* generate(entry, place)
    else if (directive === '$ORIGIN') place.origin = oneName(entry, place)
    else if (directive === '$TTL') setTtl(entry, place)
    else yield readRecord(entry, place)
  }
}

function nextEntry(reader: EntryReader, place: Place): Entry | null {
  try {
    return reader.next()
  } catch (error) {
    if (error instanceof EntryError) throw failure(place, error.reason, { ...error, text: error.token })
    throw error
  }
}

function failure(place: Place, reason: string, word: { text: string; line: number; column: number }): MasterFileError {
  const token = Buffer.from(word.text.slice(0, shownOctetsMax), 'latin1').toString('utf8')
  return new MasterFileError(
    `${place.file}: dns: ${reason}: ${JSON.stringify(token)} at line: ${word.line}:${word.column}`,
  )
}

// ---- directives ------------------------------------------------------------------------------------------------------------------

/** The word after a directive, which must be the only one. */
function oneWord(entry: Entry, place: Place): PlacedWord {
  const [directive, word, extra] = entry.words
  if (!word) throw failure(place, `expecting ${directive!.text} value, not this...`, directive!)
  if (extra) throw failure(place, 'garbage after rdata', extra)
  return word
}

function oneName(entry: Entry, place: Place): Name {
  return readName(oneWord(entry, place), place, 'bad origin name')
}

function setTtl(entry: Entry, place: Place): void {
  const word = oneWord(entry, place)
  const ttl = parseSeconds(word.text)
  if (ttl === null) throw failure(place, 'expecting $TTL value, not this...', word)
  place.ttl = ttl
  place.ttlFixed = true
}

function* includeFile(entry: Entry, place: Place): Generator<ResourceRecord | null> {
  const [directive, file, origin, extra] = entry.words
  if (!file) throw failure(place, 'expecting $INCLUDE value, not this...', directive!)
  if (extra) throw failure(place, 'garbage after $INCLUDE', extra)
  if (place.depth >= includeDepthMax) throw failure(place, 'too deeply nested $INCLUDE', file)
  if (++place.whole.includes > includesMax) throw failure(place, `more than ${includesMax} $INCLUDE`, file)
  const path = isAbsolute(file.text) ? file.text : join(dirname(place.file), file.text)
  const inner = { ...place, file: path, depth: place.depth + 1, owner: null }
  if (origin) inner.origin = readName(origin, place, 'bad origin name')
  let text: string
  try {
    text = place.include(path)
  } catch (error) {
    const as = path === file.text ? '' : ` as \`${path}'`
    throw failure(place, `failed to open \`${file.text}'${as}: ${(error as Error).message}`, file)
  }
  yield* readFile(text, inner)
}

function* generate(entry: Entry, place: Place): Generator<ResourceRecord> {
  const [directive, rangeWord, ...template] = entry.words
  if (!rangeWord) throw failure(place, 'expecting $GENERATE value, not this...', directive!)
  const range = parseRange(rangeWord.text)
  if (typeof range === 'string') throw failure(place, range, rangeWord)
  const first = template[0]
  if (!first) throw failure(place, 'garbage after $GENERATE range', rangeWord)
  if (first.text.startsWith('$GENERATE')) throw failure(place, 'nested $GENERATE directive not allowed', first)
  let write: (value: number) => string
  try {
    write = compileTemplate(lineOf(template), range)
  } catch (error) {
    if (error instanceof GenerateError) throw failure(place, error.message, first)
    throw error
  }
  // The lines share what the file has settled, but what they leave behind is not the file's.
  const inner = { ...place }
  for (let value = range.start; value <= range.stop; value += range.step) {
    const line = nextEntry(new EntryReader(write(value), first.line), inner)
    if (line) yield readRecord(line, inner)
  }
}

/** The words as one line again. */
function lineOf(words: readonly PlacedWord[]): string {
  return words
    .map((word, index) => {
      const text = word.quoted ? `"${word.text}"` : word.text
      return index === 0 || word.glued ? text : ` ${text}`
    })
    .join('')
}

// ---- records ---------------------------------------------------------------------------------------------------------------------

/** `[owner] [TTL] [class] type rdata`, TTL and class in any order. */
function readRecord(entry: Entry, place: Place): ResourceRecord {
  const { words } = entry
  let at = 0
  if (!entry.indented) place.owner = readOwner(words[at++]!, place)
  let ttl: number | null = null
  let klass: number | null = null
  let type: number | undefined
  for (; at < words.length && type === undefined; at++) {
    const word = words[at]!
    const foundClass: number | undefined = klass === null ? classNumber(word.text) : undefined
    if (foundClass !== undefined) {
      klass = foundClass
      continue
    }
    type = typeNumber(word.text)
    if (type !== undefined) break
    if (ttl !== null) throw failure(place, missingType(ttl, klass), word)
    ttl = parseSeconds(word.text)
    if (ttl === null) throw failure(place, 'not a TTL', word)
  }
  const typeWord = words[at] ?? words.at(-1)!
  if (type === undefined) throw failure(place, missingType(ttl, klass), typeWord)
  if (!place.owner) throw failure(place, 'no owner name', typeWord)
  const standing = settleTtl(ttl, klass, place)
  if (standing === null) throw failure(place, 'missing TTL with no previous value', typeWord)
  const rdata = readRdata(type, words.slice(at + 1), typeWord, place)
  return new ResourceRecord(place.owner, type, klass ?? classes.IN, standing, rdata)
}

function missingType(ttl: number | null, klass: number | null): string {
  if (ttl !== null) return klass === null ? 'expecting RR type or class, not this...' : 'unknown RR type'
  return klass === null ? 'expecting RR type, TTL or class, not this...' : 'expecting RR type or TTL, not this...'
}

/** The TTL of a record: its own, or the default; null if there is none. */
function settleTtl(ttl: number | null, klass: number | null, place: Place): number | null {
  if (ttl !== null) {
    if (!place.ttlFixed) place.ttl = ttl
    return ttl
  }
  // As CoreDNS: a file that never says a TTL is only accepted where the class is written out.
  return place.ttl ?? (klass === null ? null : 0)
}

function readRdata(type: number, words: readonly PlacedWord[], typeWord: PlacedWord, place: Place): Uint8Array {
  if (words.length === 0) throw failure(place, 'unexpected newline', typeWord)
  try {
    return parseRdata(type, words, place.origin)
  } catch (error) {
    if (!(error instanceof PresentationError)) throw error
    const word = words.find(({ text }) => text === error.token) ?? words.at(-1)!
    throw failure(place, error.reason, { ...word, text: error.token })
  }
}

function readOwner(word: PlacedWord, place: Place): Name {
  return readName(word, place, 'bad owner name')
}

function readName(word: PlacedWord, place: Place, reason: string): Name {
  if (word.text === '@') return place.origin
  try {
    return Name.parse(word.text, place.origin)
  } catch (error) {
    if (error instanceof NameError) throw failure(place, reason, word)
    throw error
  }
}
