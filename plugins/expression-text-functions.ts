// Expressions: the functions of the language over texts. Places and lengths that they return count bytes, as Go's do.

import {
  ARRAY,
  BOOL,
  type Builtin,
  functionOf,
  INT,
  type Spend,
  STRING,
  STRINGS,
  type Type,
} from './expression-types.ts'
import { RuntimeFault, textCost, toArray, toInteger, toText } from './expression-values.ts'
import { Float } from './go-value.ts'

/** By name; expression-builtins.ts has the rest. */
export const TEXT_FUNCTIONS: readonly [string, Builtin][] = [
  texts('trim', [[STRING], [STRING, STRING]], STRING, ([text = '', cut]) => trim(text, cut)),
  texts('trimPrefix', [[STRING, STRING], [STRING]], STRING, ([text = '', cut = ' ']) =>
    text.startsWith(cut) ? text.slice(cut.length) : text,
  ),
  texts('trimSuffix', [[STRING, STRING], [STRING]], STRING, ([text = '', cut = ' ']) =>
    text.endsWith(cut) ? text.slice(0, text.length - cut.length) : text,
  ),
  texts('upper', [[STRING]], STRING, ([text = '']) => text.toUpperCase()),
  texts('lower', [[STRING]], STRING, ([text = '']) => text.toLowerCase()),
  ...[false, true].map((keep) =>
    texts(
      keep ? 'splitAfter' : 'split',
      [
        [STRING, STRING],
        [STRING, STRING, INT],
      ],
      STRINGS,
      ([text = '', by = ''], values, spend) => {
        const parts = split(text, by, values.length === 3 ? toInteger(values[2]) : -1, keep)
        spend(parts.length)
        return parts
      },
    ),
  ),
  texts(
    'replace',
    [
      [STRING, STRING, STRING, INT],
      [STRING, STRING, STRING],
    ],
    STRING,
    ([text = '', old = '', fresh = ''], values, spend) => {
      spend(textCost((text.length + 1) * Math.max(1, fresh.length)))
      return replace(text, old, fresh, values.length === 4 ? toInteger(values[3]) : -1)
    },
  ),
  texts('repeat', [[STRING, INT]], STRING, ([text = ''], values, spend) => {
    const times = toInteger(values[1])
    if (times < 0) throw new RuntimeFault(`invalid argument for repeat (expected positive integer, got ${times})`)
    spend(text.length * times + times)
    return text.repeat(times)
  }),
  [
    'join',
    {
      signatures: [[ARRAY, STRING], [ARRAY], [STRINGS, STRING], [STRINGS]].map((types) => functionOf(types, STRING)),
      run([items, glue = ''], spend) {
        const parts = toArray(items).map(toText)
        const between = toText(glue)
        for (const part of parts) spend(textCost(part.length + between.length))
        return parts.join(between)
      },
    },
  ],
  texts('indexOf', [[STRING, STRING]], INT, ([text = '', part = '']) => byteIndex(text, text.indexOf(part))),
  texts('lastIndexOf', [[STRING, STRING]], INT, ([text = '', part = '']) => byteIndex(text, text.lastIndexOf(part))),
  texts('hasPrefix', [[STRING, STRING]], BOOL, ([text = '', part = '']) => text.startsWith(part)),
  texts('hasSuffix', [[STRING, STRING]], BOOL, ([text = '', part = '']) => text.endsWith(part)),
  texts('toBase64', [[STRING]], STRING, ([text = '']) => Buffer.from(text).toString('base64')),
  texts('fromBase64', [[STRING]], STRING, ([text = '']) => {
    const bytes = Buffer.from(text, 'base64')
    const bad = [...text].findIndex((character) => !/[A-Za-z0-9+/=]/.test(character))
    if (bad >= 0 || bytes.toString('base64') !== text) {
      throw new RuntimeFault(`illegal base64 data at input byte ${bad < 0 ? text.length : bad}`)
    }
    return bytes.toString()
  }),
]

/** A function over texts, in one or more shapes. */
function texts(
  name: string,
  signatures: readonly (readonly Type[])[],
  result: Type,
  run: (texts: readonly string[], values: readonly unknown[], spend: Spend) => unknown,
): [string, Builtin] {
  return [
    name,
    {
      signatures: signatures.map((parameters) => functionOf(parameters, result)),
      run(values, spend) {
        const given = values.map((value) => (typeof value === 'number' || value instanceof Float ? '' : toText(value)))
        for (const text of given) spend(textCost(text.length))
        return run(given, values, spend)
      },
    },
  ]
}

function split(text: string, separator: string, limit: number, keep: boolean): string[] {
  if (limit === 0) return []
  const parts = separator === '' ? [...text] : text.split(separator)
  if (keep && separator !== '') for (let index = 0; index < parts.length - 1; index++) parts[index] += separator
  if (limit < 0 || parts.length <= limit) return parts
  const rest = parts.slice(limit - 1).join(keep ? '' : separator)
  return [...parts.slice(0, limit - 1), rest]
}

function replace(text: string, old: string, fresh: string, limit: number): string {
  let left = limit < 0 ? Number.POSITIVE_INFINITY : limit
  if (old === '') {
    const characters = [...text].map((character) => (left-- > 0 ? fresh : '') + character)
    return characters.join('') + (left > 0 ? fresh : '')
  }
  return text.replaceAll(old, (found) => (left-- > 0 ? fresh : found))
}

function trim(text: string, characters: string | undefined): string {
  if (characters === undefined) return text.trim()
  const cut = new Set(characters)
  const list = [...text]
  const keep = (character: string): boolean => !cut.has(character)
  const start = list.findIndex(keep)
  return start < 0 ? '' : list.slice(start, list.findLastIndex(keep) + 1).join('')
}

/** The place of a text in another in bytes, -1 if it is not there. */
const byteIndex = (text: string, at: number): number => (at < 0 ? -1 : Buffer.byteLength(text.slice(0, at)))
