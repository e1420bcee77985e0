// From the name of a file to the origin of its zone: `db.example.org`, found by `db\.(.*)`, makes `example.org.` of the template `{1}`.

import { Name, NameError } from '../../wire/name.ts'
import type { Match, Pattern } from '../pattern.ts'

/** A template of a Corefile (`{1}`) in the form of Go's regexp package (`${1}`). */
export const openedTemplate = (text: string): string => text.replaceAll('{', '${')

/** The origin that a file's name makes; null if it does not fit, `bad` if what it makes is no name of a zone. */
export function originOf(fileName: string, pattern: Pattern, template: string): Name | 'bad' | null {
  const match = pattern.exec(fileName)
  const text = match ? expand(template, match) : ''
  if (text === '') return null
  try {
    const octets = Buffer.from(text, 'utf8').toString('latin1')
    return Name.parse(Name.parse(octets).folded)
  } catch (error) {
    if (error instanceof NameError) return 'bad'
    throw error
  }
}

/** Puts in what groups matched; a group that there is not is nothing. */
function expand(template: string, { groups, named }: Match): string {
  return template.replace(/\$(?:(\$)|\{(\w+)\}|(\w+))/g, (_, dollar?: string, braced?: string, bare?: string) => {
    if (dollar) return '$'
    const group = braced ?? bare ?? ''
    return (/^[0-9]+$/.test(group) ? groups[Number(group)] : named.get(group)) ?? ''
  })
}
