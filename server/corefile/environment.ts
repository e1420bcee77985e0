// Environment variables in the words of a Corefile: `{%NAME%}` first, then `{$NAME}`, wherever they stand, quoted words included.
// A value that holds further references is expanded too, and a word never becomes several. There are no default values: `{$A:x}`
// is the variable `A:x`.

import { ConfigError, type Token } from '../../plugins/directive.ts'
import { substitutedLengthMax, substitutionsMax } from './limits.ts'

export type Environment = Readonly<Record<string, string | undefined>>

/** The text of `token` with its references replaced, '' for a variable that is not set; a ConfigError if that has no end. */
export function substitute(token: Token, environment: Environment): string {
  if (!token.text.includes('{')) return token.text
  const windows = replaceReferences(token, token.text, { open: '{%', close: '%}', environment })
  return replaceReferences(token, windows, { open: '{$', close: '}', environment })
}

interface Notation {
  readonly open: string
  readonly close: string
  readonly environment: Environment
}

function replaceReferences(token: Token, text: string, { open, close, environment }: Notation): string {
  let result = text
  for (let round = 0; ; round++) {
    const start = result.indexOf(open)
    if (start < 0) return result
    const end = result.indexOf(close, start)
    // `{$}` names nothing: the word stays as it is from here on, other references included.
    if (end <= start + open.length) return result
    const name = result.slice(start + open.length, end)
    result = result.replaceAll(result.slice(start, end + close.length), () => environment[name] ?? '')
    // A variable may name itself, directly or not; CoreDNS never comes back from that.
    if (round >= substitutionsMax || result.length > substitutedLengthMax) {
      throw new ConfigError(
        `${token.file}:${token.line} - Error during parsing: Environment variable '${name}' expands without end`,
      )
    }
  }
}
