// $GENERATE of master files, as BIND made it: one template, written once for each number of a range.
//
//   $GENERATE 1-254/2 host-${0,3,d} A 192.0.2.$        host-001 A 192.0.2.1 · host-003 A 192.0.2.3 · …

import { generateStepsMax } from './limits.ts'

/** The numbers of a `$GENERATE`. */
export interface Range {
  readonly start: number
  readonly stop: number
  readonly step: number
}

/** Reads `START-STOP[/STEP]`; a text instead of a range is the reason why it is none. */
export function parseRange(text: string): Range | string {
  const [ends = '', stepText, ...more] = text.split('/')
  const step = stepText === undefined ? 1 : wholeNumber(stepText)
  if (step === null || step <= 0 || more.length > 0) return 'bad step in $GENERATE range'
  const dash = ends.indexOf('-')
  if (dash < 0) return 'bad start-stop in $GENERATE range'
  const start = wholeNumber(ends.slice(0, dash))
  if (start === null) return 'bad start in $GENERATE range'
  const stop = wholeNumber(ends.slice(dash + 1))
  if (stop === null) return 'bad stop in $GENERATE range'
  if (stop < start || Math.floor((stop - start) / step) >= generateStepsMax) return 'bad range in $GENERATE range'
  return { start, stop, step }
}

function wholeNumber(text: string): number | null {
  return /^[0-9]{1,10}$/.test(text) ? Number(text) : null
}

type Part = string | ((value: number) => string)

/** A template that could not be read; `reason` in CoreDNS's words. */
export class GenerateError extends Error {
  override readonly name = 'GenerateError'
}

/** Compiles a template: `$` stands for the number, `${offset,width,base}` for it moved and formatted, `$$` and `\$` for a dollar sign. Throws GenerateError. */
export function compileTemplate(template: string, range: Range): (value: number) => string {
  const parts: Part[] = []
  let literal = ''
  const push = (part: Part): void => {
    parts.push(literal, part)
    literal = ''
  }
  for (let at = 0; at < template.length; at++) {
    const character = template[at]!
    if (character === '\\') {
      const next = template[++at] ?? ''
      literal += next === '$' ? '$' : `\\${next}`
    } else if (character !== '$') {
      literal += character
    } else if (template[at + 1] === '$') {
      literal += '$'
      at++
    } else if (template[at + 1] === '{') {
      const end = template.indexOf('}', at)
      if (end < 0) throw new GenerateError('bad modifier in $GENERATE')
      push(compileModifier(template.slice(at + 2, end), range))
      at = end
    } else {
      push(String)
    }
  }
  parts.push(literal)
  return (value) => parts.map((part) => (typeof part === 'string' ? part : part(value))).join('')
}

function compileModifier(text: string, range: Range): (value: number) => string {
  const [offsetText = '', widthText = '0', base = 'd', ...more] = text.split(',')
  if (more.length > 0) throw new GenerateError('bad modifier in $GENERATE')
  const format = bases.get(base)
  if (!format) throw new GenerateError('bad base in $GENERATE')
  if (!/^[+-]?[0-9]{1,10}$/.test(offsetText)) throw new GenerateError('bad offset in $GENERATE')
  if (!/^[0-9]{1,3}$/.test(widthText) || Number(widthText) > 255) throw new GenerateError('bad width in $GENERATE')
  const offset = Number(offsetText)
  const width = Number(widthText)
  if (range.start + offset < 0 || range.stop + offset > 0x7fffffff) throw new GenerateError('bad offset in $GENERATE')
  return (value) => format(value + offset, width)
}

const padded =
  (radix: number) =>
  (value: number, width: number): string =>
    value.toString(radix).padStart(width, '0')

/** Nibbles from the last to the first with dots between, for ip6.arpa; the width counts the dots. */
const nibbles = (value: number, width: number): string => {
  const digits = value.toString(16).padStart(Math.ceil(width / 2), '0')
  return [...digits].reverse().join('.')
}

const bases: ReadonlyMap<string, (value: number, width: number) => string> = new Map([
  ['d', padded(10)],
  ['o', padded(8)],
  ['x', padded(16)],
  ['X', (value: number, width: number) => padded(16)(value, width).toUpperCase()],
  ['n', nibbles],
  ['N', (value: number, width: number) => nibbles(value, width).toUpperCase()],
])
