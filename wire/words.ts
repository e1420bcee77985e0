// Words of master-file text (RFC 1035 5.1), between the text of a record and the fields of its rdata. Text is a string of octets here, one character (up to
// U+00FF) each, so that whatever bytes a zone file holds come through: read files as latin1; Unicode text goes through `octetText` first.
//
//   www 300 IN TXT "a b" v=\"1\" ; comment      www|300|IN|TXT|"a b"|v=\"1\"       escapes are resolved by the field that takes the word

import { Name, NameError } from './name.ts'

/** Text that is no record; `reason` is in the words CoreDNS prints, `token` is the word that it stopped at. */
export class PresentationError extends Error {
  override readonly name = 'PresentationError'
  readonly reason: string
  readonly token: string

  constructor(reason: string, token: string) {
    super(`${reason}: ${JSON.stringify(token)}`)
    this.reason = reason
    this.token = token
  }
}

/** One word: quotes are taken off, escapes are not resolved. `glued` words follow the one before without a blank (`key="value"` is `key=` and a glued `value`). */
export interface Word {
  readonly text: string
  readonly quoted: boolean
  readonly glued: boolean
}

// What ends a run of plain characters.
const special = /[\s"();\\]/g
const endOfComment = /\n|$/g

/** Splits one record, which may span lines inside parentheses or quotes; throws PresentationError if quotes or parentheses do not pair up. */
export function splitWords(text: string): Word[] {
  const words: Word[] = []
  let depth = 0
  let glued = false
  let at = 0
  while (at < text.length) {
    const character = text[at]!
    if (character === '"') {
      const end = closingQuote(text, at + 1)
      words.push({ text: text.slice(at + 1, end), quoted: true, glued })
      glued = true
      at = end + 1
    } else if (character === '(' || character === ')') {
      depth += character === '(' ? 1 : -1
      if (depth < 0) throw new PresentationError('extra closing brace', ')')
      glued = false
      at++
    } else if (character === ';') {
      endOfComment.lastIndex = at
      at = endOfComment.exec(text)!.index
      glued = false
    } else if (isBlank(character)) {
      glued = false
      at++
    } else {
      const end = endOfWord(text, at)
      words.push({ text: text.slice(at, end), quoted: false, glued })
      glued = true
      at = end
    }
  }
  if (depth > 0) throw new PresentationError('unbalanced brace', '')
  return words
}

const isBlank = (character: string): boolean =>
  character === ' ' || character === '\t' || character === '\n' || character === '\r'

function closingQuote(text: string, start: number): number {
  for (let at = start; at < text.length; at++) {
    if (text[at] === '\\') at++
    else if (text[at] === '"') return at
  }
  throw new PresentationError('unterminated quote', text.slice(start))
}

function endOfWord(text: string, start: number): number {
  let at = start
  for (;;) {
    special.lastIndex = at
    const found = special.exec(text)
    if (!found) return text.length
    at = found.index
    // \s knows more blanks than master files do; those belong to the word.
    if (found[0] === '\\') at = Math.min(at + 2, text.length)
    else if (isBlank(found[0]) || '"();'.includes(found[0])) return at
    else at++
  }
}

/** Unicode text as a string of its UTF-8 octets; text that is ASCII comes back as it is. */
export const octetText = (text: string): string =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: ASCII is meant
  /^[\x00-\x7f]*$/.test(text) ? text : Buffer.from(text, 'utf8').toString('latin1')

/** The octets of a word with `\X` and `\DDD` resolved (RFC 1035 5.1); null for a bad escape or a character that is no octet. */
export function unescapeText(text: string): Uint8Array | null {
  const octets = new Uint8Array(text.length)
  let length = 0
  for (let at = 0; at < text.length; at++) {
    let code = text.charCodeAt(at)
    if (code === 0x5c) {
      const digits = /^[0-9]{3}/.exec(text.slice(at + 1, at + 4))?.[0]
      code = digits === undefined ? text.charCodeAt(at + 1) : Number(digits)
      at += digits === undefined ? 1 : 3
    }
    // NaN, from a backslash at the end, fails this too.
    if (!(code <= 0xff)) return null
    octets[length++] = code
  }
  return octets.subarray(0, length)
}

/** Octets as one quoted word: `"` and `\` escaped, what is not printable ASCII as \DDD. */
export function quoteOctets(octets: Uint8Array): string {
  let text = '"'
  for (const octet of octets) {
    if (octet < 0x20 || octet > 0x7e) text += `\\${String(octet).padStart(3, '0')}`
    else text += octet === 0x22 || octet === 0x5c ? `\\${String.fromCharCode(octet)}` : String.fromCharCode(octet)
  }
  return `${text}"`
}

/** The words of one rdata, taken from the front by the fields of its type. */
export class WordReader {
  /** Mnemonic of the record's type, for errors. */
  readonly type: string
  /** What completes relative names, and `@`. */
  readonly origin: Name
  readonly #words: readonly Word[]
  #at: number

  constructor(type: string, words: readonly Word[], origin: Name, start = 0) {
    this.type = type
    this.#words = words
    this.origin = origin
    this.#at = start
  }

  get atEnd(): boolean {
    return this.#at >= this.#words.length
  }

  /** The next word without taking it. */
  get peek(): Word | undefined {
    return this.#words[this.#at]
  }

  /** Takes the next word; `field` is what an error calls it. */
  next(field: string): Word {
    const word = this.#words[this.#at++]
    if (!word) throw this.error(field, '')
    return word
  }

  /** Takes all words that are left. */
  rest(): readonly Word[] {
    const rest = this.#words.slice(this.#at)
    this.#at = this.#words.length
    return rest
  }

  /** Takes a decimal number from 0 to `max`. */
  number(field: string, max: number): number {
    const { text } = this.next(field)
    if (!/^[0-9]+$/.test(text) || Number(text) > max) throw this.error(field, text)
    return Number(text)
  }

  /** Takes a domain name; `@` is the origin. */
  domain(field: string): Name {
    const { text, quoted } = this.next(field)
    if (text === '@' && !quoted) return this.origin
    try {
      return Name.parse(text, this.origin)
    } catch (error) {
      if (error instanceof NameError) throw this.error(field, text)
      throw error
    }
  }

  /** Takes a word as octets, at most `max` of them. */
  octets(field: string, max: number): Uint8Array {
    const { text } = this.next(field)
    const octets = unescapeText(text)
    if (!octets || octets.length > max) throw this.error(field, text)
    return octets
  }

  /** The error that `token` is no such field. */
  error(field: string, token: string): PresentationError {
    return new PresentationError(`bad ${this.type} ${field}`, token)
  }
}
