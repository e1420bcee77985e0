// Names as text, as rules compare and change them: presentation format, absolute, in lower case. A part of a name is found only where characters begin and end: the
// dot of `a\.b` ends no label, the digits of `\032` are none.

import { Name, NameError } from '../../wire/name.ts'
import { octetText } from '../../wire/words.ts'
import { InvalidName } from './rule.ts'

/** What is longer than this is no name: 255 octets, each spelled in four characters at most. */
const nameTextMax = 255 * 4

/** A part of a name as a Corefile has it, spelled as `Name.folded` spells names. */
export function partText(text: string): string {
  let spelled = ''
  const octets = octetText(text)
  for (let at = 0; at < octets.length; ) {
    const length = unitLength(octets, at)
    spelled += octets[at] === '.' ? '.' : spell(octetOf(octets.slice(at, at + length)))
    at += length
  }
  return spelled
}

/** `partText` with a final dot. */
export function absoluteText(text: string): string {
  const part = partText(text)
  return part !== '' && endsWithPart(part, '.') ? part : `${part}.`
}

/** Octets that a unit of text takes: an escape or one character. */
function unitLength(text: string, at: number): number {
  if (text[at] !== '\\') return 1
  return /^[0-9]{3}/.test(text.slice(at + 1, at + 4)) ? 4 : Math.min(2, text.length - at)
}

function octetOf(unit: string): number {
  if (unit.length === 4) return Number(unit.slice(1)) & 0xff
  return unit.charCodeAt(unit.length - 1)
}

const spellings: readonly string[] = Array.from({ length: 256 }, (_, octet) =>
  new Name(Uint8Array.of(1, octet, 0)).folded.slice(0, -1),
)

const spell = (octet: number): string => spellings[octet]!

/** True if a unit begins at `index`, or the text ends there. */
function isBoundary(text: string, index: number): boolean {
  if (!text.includes('\\')) return true
  let at = 0
  while (at < index) at += unitLength(text, at)
  return at === index
}

/** True if the name begins with the part. */
export const startsWithPart = (name: string, part: string): boolean => name.startsWith(part)

/** True if the name ends with the part. */
export const endsWithPart = (name: string, part: string): boolean =>
  name.endsWith(part) && isBoundary(name, name.length - part.length)

/** True if the part is in the name. */
export const includesPart = (name: string, part: string): boolean => indexOfPart(name, part, 0) >= 0

function indexOfPart(name: string, part: string, from: number): number {
  for (let at = name.indexOf(part, from); at >= 0; at = name.indexOf(part, at + 1)) {
    if (isBoundary(name, at)) return at
  }
  return -1
}

/** The name with every occurrence of the part replaced. */
export function replaceParts(name: string, part: string, by: string): string {
  let replaced = ''
  let start = 0
  for (;;) {
    const at = part === '' ? -1 : indexOfPart(name, part, start)
    if (at < 0) return replaced + name.slice(start)
    replaced += name.slice(start, at) + by
    start = at + part.length
    if (replaced.length > nameTextMax) return replaced
  }
}

/** `text` with `{0}`, `{1}`, … replaced by the groups of a match; a number without a group stays. */
export const withGroups = (text: string, groups: readonly string[]): string =>
  text.replace(/\{(0|[1-9][0-9]{0,2})\}/g, (written, number: string) => groups[Number(number)] ?? written)

/** The name that a text is. */
export function nameOf(text: string): Name | InvalidName {
  try {
    return Name.parse(text)
  } catch (error) {
    if (error instanceof NameError) return new InvalidName(text)
    throw error
  }
}
