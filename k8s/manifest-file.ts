// One manifest file as text: YAML documents (or JSON), each with one object or a List of them. A fault is kept beside what could be read, with its place.

import { Composer, LineCounter, Parser, YAMLParseError } from 'yaml'
import { decodeObject, itemsOf } from './decode.ts'
import type { Decoded } from './decoder.ts'
import { Field, ShapeError } from './field.ts'
import type { Trim } from './objects.ts'

/** What a file says. */
export interface ManifestFile {
  readonly objects: readonly Decoded[]
  /** `FILE:LINE: document N: …` for each document or object that could not be read. */
  readonly faults: readonly string[]
}

/** Nothing is left out but the endpoints that are not ready. */
const fullTrim: Trim = Object.freeze({ endpoints: 'ready', targets: true, zones: true, podLabels: true })

/** Reads the text of `file`; it never throws, what is wrong is in `faults`. */
export function parseManifestFile(file: string, text: string, trim = fullTrim): ManifestFile {
  const steps = manifestSteps(file, text, trim)
  for (;;) {
    const step = steps.next()
    if (step.done) return step.value
  }
}

/** The same, a document a step, for files of thousands: YAML takes a second for a megabyte. */
export function* manifestSteps(file: string, text: string, trim = fullTrim): Generator<void, ManifestFile, void> {
  const objects: Decoded[] = []
  const faults: string[] = []
  for (const { place, items } of file.endsWith('.json') ? jsonDocument(file, text) : yamlDocuments(file, text)) {
    for (const item of items) {
      try {
        if (item instanceof Error) throw item
        objects.push(...decodeObject(item, trim))
      } catch (fault) {
        if (!isFault(fault)) throw fault
        faults.push(oneLine(place + fault.message))
      }
    }
    yield
  }
  return { objects, faults }
}

/** The objects of a document, or why it has none, and how its complaints begin. */
interface DocumentItems {
  readonly place: string
  readonly items: readonly (Field | Error)[]
}

function* jsonDocument(file: string, text: string): Generator<DocumentItems> {
  yield { place: `${file}: `, items: readItems(() => JSON.parse(text)) }
}

function* yamlDocuments(file: string, text: string): Generator<DocumentItems> {
  const lines = new LineCounter()
  const composer = new Composer({ stringKeys: true, merge: true })
  const documents = composer.compose(new Parser(lines.addNewLine).parse(text))
  let number = 0
  for (const document of documents) {
    number++
    const [error] = document.errors
    const offset = error?.pos[0] ?? document.contents?.range?.[0] ?? 0
    const place = `${file}:${lines.linePos(offset).line}: document ${number}: `
    yield { place, items: error ? [error] : readItems(() => document.toJS()) }
  }
}

/** What is wrong with the text; all else that is thrown is a bug. The YAML parser throws a ReferenceError for a bomb of aliases, which it counts. */
const isFault = (error: unknown): error is Error =>
  error instanceof ShapeError ||
  error instanceof ReferenceError ||
  error instanceof SyntaxError ||
  error instanceof YAMLParseError

function readItems(data: () => unknown): readonly (Field | Error)[] {
  try {
    return itemsOf(new Field(data()))
  } catch (error) {
    if (isFault(error)) return [error]
    throw error
  }
}

/** Complaints repeat names and keys of the file, which must not end a log line. */
const oneLine = (text: string): string =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  text.replace(/[\x00-\x1f\x7f]/g, (character) => JSON.stringify(character).slice(1, -1))
