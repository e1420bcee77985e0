// From a template's text to a record: the text is run over the query's data and read in presentation format.

import { PresentationError, parseRecord } from '../../wire/presentation.ts'
import type { ResourceRecord } from '../../wire/record.ts'
import { classes } from '../../wire/registry.ts'
import { type Template, TemplateError } from '../go-template.ts'
import type { Section } from './config.ts'
import type { TemplateData } from './data.ts'

/** A template that gave no record: it failed itself (`ran` is false), or its text is none. */
export class RecordFault extends Error {
  readonly section: Section
  readonly source: string
  readonly ran: boolean

  constructor(message: string, at: { readonly section: Section; readonly source: string; readonly ran: boolean }) {
    super(message)
    this.section = at.section
    this.source = at.source
    this.ran = at.ran
  }
}

/** The records of one section; throws RecordFault. */
export function writeRecords(templates: readonly Template[], section: Section, data: TemplateData): ResourceRecord[] {
  return templates.map((template) => writeRecord(template, section, data))
}

function writeRecord(template: Template, section: Section, data: TemplateData): ResourceRecord {
  const { source } = template
  let text: string | null = null
  try {
    text = firstEntry(template.execute(data))
    const record = parseRecord(text)
    // A QCLASS is no class (RFC 1035 3.2.5): `{{ .Class }}` is ANY if that was asked.
    if (record.class === classes.ANY) throw new PresentationError('not a record class', 'ANY')
    // The client's spelling of its own name: a reply then points to the question.
    return record.owner.equals(data.query.name) ? record.withOwner(data.query.name) : record
  } catch (error) {
    if (error instanceof TemplateError) throw new RecordFault(error.message, { section, source, ran: false })
    if (error instanceof PresentationError && text !== null) {
      const column = text.lastIndexOf(error.token) + error.token.length
      throw new RecordFault(`dns: ${error.message} at line: 1:${column}`, { section, source, ran: true })
    }
    throw error
  }
}

/** The first record of a text: one that goes on behind it (a second line) is cut off there, as CoreDNS does. */
function firstEntry(text: string): string {
  let depth = 0
  let quoted = false
  let begun = false
  for (let at = 0; at < text.length; at++) {
    const character = text[at]!
    if (character === '\\') at++
    else if (character === '"') quoted = !quoted
    else if (quoted) continue
    else if (character === '(') depth++
    else if (character === ')') depth--
    else if (character === ';') at = endOfLine(text, at) - 1
    else if (character === '\n' && depth === 0 && begun) return text.slice(0, at)
    begun ||= character.trim() !== '' && character !== ';'
  }
  return text
}

function endOfLine(text: string, start: number): number {
  const end = text.indexOf('\n', start)
  return end < 0 ? text.length : end
}
