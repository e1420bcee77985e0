// Fields of rdata in presentation format: how each kind of field is read from words and written from octets. presentation-types.ts says which type has which fields.

import { formatAddress, parseAddress } from './address.ts'
import { latin1, Name } from './name.ts'
import { nameAt } from './rdata.ts'
import { typeName, typeNumber } from './registry.ts'
import { quoteOctets, unescapeText, type WordReader } from './words.ts'

/** One field of a type's rdata. */
export interface Field {
  /** Takes the field's words; returns its octets; throws PresentationError. */
  parse(words: WordReader): Uint8Array
  /** Takes the field's octets; returns its text, empty for nothing at all; tells `rdata` if they have no text. */
  format(rdata: RdataReader): string
}

/** The octets of one rdata, taken from the front. Reading past the end gives zeros and marks the rdata as malformed, so callers look once, at the end. */
export class RdataReader {
  readonly bytes: Uint8Array
  malformed = false
  #at = 0

  constructor(bytes: Uint8Array) {
    this.bytes = bytes
  }

  get atEnd(): boolean {
    return this.#at >= this.bytes.length
  }

  take(count: number): Uint8Array {
    const end = this.#at + count
    if (end > this.bytes.length) {
      this.fail()
      return new Uint8Array(count)
    }
    const octets = this.bytes.subarray(this.#at, end)
    this.#at = end
    return octets
  }

  rest(): Uint8Array {
    return this.take(this.bytes.length - this.#at)
  }

  /** An unsigned number of `width` octets, at most 6. */
  number(width: number): number {
    let value = 0
    for (const octet of this.take(width)) value = value * 256 + octet
    return value
  }

  /** Octets behind a length of `width` octets. */
  sized(width: number): Uint8Array {
    return this.take(this.number(width))
  }

  domain(): Name {
    const name = nameAt(this.bytes, this.#at)
    if (!name) {
      this.fail()
      return Name.root
    }
    this.#at += name.wire.length
    return name
  }

  /** Marks the rdata as malformed, or as one that its type's text cannot carry. */
  fail(): void {
    this.malformed = true
    this.#at = this.bytes.length
  }
}

/** An unsigned number as `width` octets, at most 6. */
export function numberOctets(value: number, width: number): Uint8Array {
  const octets = new Uint8Array(width)
  let rest = value
  for (let i = width - 1; i >= 0; i--) {
    octets[i] = rest % 256
    rest = Math.floor(rest / 256)
  }
  return octets
}

/** Octets behind their count. */
export function sizedOctets(octets: Uint8Array, width: number): Uint8Array {
  const sized = new Uint8Array(width + octets.length)
  sized.set(numberOctets(octets.length, width))
  sized.set(octets, width)
  return sized
}

const unsigned =
  (width: number) =>
  (field: string): Field => ({
    parse: (words) => numberOctets(words.number(field, 256 ** width - 1), width),
    format: (rdata) => String(rdata.number(width)),
  })

export const u8 = unsigned(1)
export const u16 = unsigned(2)
export const u32 = unsigned(4)
export const u48 = unsigned(6)

const secondsPerUnit: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 }

/** Seconds in the notation of master files (`3600`, `1h30m`, `2W`), 32 bits at most; null when the text is none. */
export function parseSeconds(text: string): number | null {
  if (!/^([0-9]+[smhdw])*[0-9]*$/i.test(text) || text === '') return null
  let seconds = 0
  for (const [, digits, unit] of text.toLowerCase().matchAll(/([0-9]+)([smhdw]?)/g))
    seconds += Number(digits) * (secondsPerUnit[unit!] ?? 1)
  return seconds > 0xffffffff ? null : seconds
}

/** A period in seconds, or with units (1h30m). */
export const period = (field: string): Field => ({
  parse(words) {
    const { text } = words.next(field)
    const seconds = parseSeconds(text)
    if (seconds === null) throw words.error(field, text)
    return numberOctets(seconds, 4)
  },
  format: (rdata) => String(rdata.number(4)),
})

/** A moment as YYYYMMDDHHmmSS, or as seconds since 1970 (RFC 4034 3.2); both wrap in 2106. */
export const moment = (field: string): Field => ({
  parse(words) {
    const { text } = words.next(field)
    const seconds = parseMoment(text)
    if (seconds === null) throw words.error(field, text)
    return numberOctets(seconds, 4)
  },
  format: (rdata) => formatMoment(rdata.number(4)),
})

function parseMoment(text: string): number | null {
  const parts = /^([0-9]{4})([0-9]{2})([0-9]{2})([0-9]{2})([0-9]{2})([0-9]{2})$/.exec(text)
  if (!parts) return /^[0-9]{1,10}$/.test(text) && Number(text) <= 0xffffffff ? Number(text) : null
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = parts.slice(1).map(Number)
  const seconds = Date.UTC(year, month - 1, day, hour, minute, second) / 1000
  // Date.UTC carries what is out of range; a date that was in range comes back as it was. Years before 1970 and after 2106 are serial numbers mod 2^32.
  if (year < 100 || momentDigits(seconds) !== text) return null
  return seconds - Math.floor(seconds / 2 ** 32) * 2 ** 32
}

const momentDigits = (seconds: number): string => {
  return new Date(seconds * 1000).toISOString().replace(/[-:T]/g, '').slice(0, 14)
}

const formatMoment = (seconds: number): string => momentDigits(seconds)

/** A domain name, as spelled. */
export const domain = (field: string): Field => ({
  parse: (words) => words.domain(field).wire,
  format: (rdata) => rdata.domain().toString(),
})

/** One <character-string>, written in quotes; `pattern` restricts what it may hold. */
export const string = (field: string, pattern?: RegExp): Field => ({
  parse(words) {
    const octets = words.octets(field, 255)
    if (pattern && !pattern.test(latin1(octets))) throw words.error(field, latin1(octets))
    return sizedOctets(octets, 1)
  },
  format(rdata) {
    const octets = rdata.sized(1)
    if (pattern && !pattern.test(latin1(octets))) rdata.fail()
    return quoteOctets(octets)
  },
})

/** A <character-string> that is one bare word of letters and digits: the tag of CAA (RFC 8659 4.1.1). */
export const tag = (field: string): Field => ({
  parse(words) {
    const { text } = words.next(field)
    if (!/^[A-Za-z0-9]{1,255}$/.test(text)) throw words.error(field, text)
    return sizedOctets(unescapeText(text)!, 1)
  },
  format(rdata) {
    const text = latin1(rdata.sized(1))
    if (!/^[A-Za-z0-9]+$/.test(text)) rdata.fail()
    return text
  },
})

/** All that is left, as one text without a length: the value of CAA, the target of URI. */
export const text = (field: string): Field => ({
  parse: (words) => words.octets(field, 0xffff),
  format: (rdata) => quoteOctets(rdata.rest()),
})

/** One <character-string> or more; a text of more than 255 octets goes on in the next one. */
export const strings = (field: string): Field => ({
  parse(words) {
    if (words.atEnd) throw words.error(field, '')
    const parts: number[] = []
    while (!words.atEnd) {
      const octets = words.octets(field, 0xffff)
      for (let at = 0; at === 0 || at < octets.length; at += 255) {
        const piece = octets.subarray(at, at + 255)
        parts.push(piece.length)
        for (const octet of piece) parts.push(octet)
      }
    }
    return Uint8Array.from(parts)
  },
  format(rdata) {
    const texts: string[] = []
    do texts.push(quoteOctets(rdata.sized(1)))
    while (!rdata.atEnd)
    return texts.join(' ')
  },
})

/** Exactly two <character-string>s; one unquoted text is parted at its blanks, and further words belong to the second (HINFO, ISDN). */
export const stringPair = (field: string): Field => ({
  parse(words) {
    let texts = words.rest().map((word) => word.text)
    if (texts.length === 0) throw words.error(field, '')
    if (texts.length === 1) texts = texts[0]!.split(/[ \t]+/).filter((part) => part !== '')
    const [first = '', ...others] = texts
    return concatenate(
      [first, others.join(' ')].map((text) => {
        const octets = unescapeText(text)
        if (!octets || octets.length > 255) throw words.error(field, text)
        return sizedOctets(octets, 1)
      }),
    )
  },
  format: (rdata) => `${quoteOctets(rdata.sized(1))} ${quoteOctets(rdata.sized(1))}`,
})

const concatenate = (parts: readonly Uint8Array[]): Uint8Array => Uint8Array.from(parts.flatMap((part) => [...part]))

/** How octets are spelled with letters and digits. */
export interface Spelling {
  read(text: string): Uint8Array | null
  write(octets: Uint8Array): string
}

const bufferOf = (octets: Uint8Array): Buffer => Buffer.from(octets.buffer, octets.byteOffset, octets.byteLength)

export const hex: Spelling = {
  read: (text) => (/^([0-9a-f]{2})*$/i.test(text) ? Uint8Array.from(Buffer.from(text, 'hex')) : null),
  write: (octets) => bufferOf(octets).toString('hex'),
}

export const base64: Spelling = {
  read(text) {
    if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) return null
    return Uint8Array.from(Buffer.from(text, 'base64'))
  },
  write: (octets) => bufferOf(octets).toString('base64'),
}

const base32Digits = '0123456789ABCDEFGHIJKLMNOPQRSTUV'

/** Base32 with the extended hex alphabet and no padding (RFC 4648 7, RFC 5155 1.3). */
export const base32: Spelling = {
  read(text) {
    const octets: number[] = []
    let pending = 0
    let bits = 0
    for (const digit of text.toUpperCase()) {
      const value = base32Digits.indexOf(digit)
      if (value < 0) return null
      pending = ((pending << 5) | value) & 0xfff
      bits += 5
      if (bits >= 8) {
        bits -= 8
        octets.push((pending >> bits) & 0xff)
      }
    }
    return bits < 5 ? Uint8Array.from(octets) : null
  },
  write(octets) {
    let digits = ''
    let pending = 0
    let bits = 0
    for (const octet of octets) {
      pending = ((pending << 8) | octet) & 0xfff
      bits += 8
      for (; bits >= 5; bits -= 5) digits += base32Digits[(pending >> (bits - 5)) & 31]
    }
    return bits > 0 ? digits + base32Digits[(pending << (5 - bits)) & 31] : digits
  },
}

/** All octets that are left; the text may be parted by blanks. None at all is an error unless `optional`. */
export const binary = (field: string, spelling: Spelling, optional = false): Field => ({
  parse(words) {
    const text = words
      .rest()
      .map((word) => word.text)
      .join('')
    const octets = spelling.read(text)
    if (!octets || (text === '' && !optional)) throw words.error(field, text)
    return octets
  },
  format(rdata) {
    if (rdata.atEnd && !optional) rdata.fail()
    return spelling.write(rdata.rest())
  },
})

/** Octets behind their count, in one word; `none` is the word for no octets. */
export const sizedBinary = (field: string, width: number, spelling: Spelling, none?: string): Field => ({
  parse(words) {
    const { text } = words.next(field)
    const octets = text === none ? new Uint8Array(0) : spelling.read(text)
    if (!octets || octets.length >= 256 ** width || (octets.length === 0 && text !== none))
      throw words.error(field, text)
    return sizedOctets(octets, width)
  },
  format(rdata) {
    const octets = rdata.sized(width)
    if (octets.length === 0 && none === undefined) rdata.fail()
    return octets.length === 0 ? (none ?? '') : spelling.write(octets)
  },
})

/** A number that has mnemonics; numbers are read too, and written where there is no mnemonic. */
export const mnemonic = (
  field: string,
  width: number,
  names: Readonly<Record<string, number>>,
  writeNames = true,
): Field => {
  const byNumber = new Map(Object.entries(names).map(([name, number]) => [number, name]))
  return {
    parse(words) {
      const name = words.peek?.text.toUpperCase() ?? ''
      if (!Object.hasOwn(names, name)) return numberOctets(words.number(field, 256 ** width - 1), width)
      words.next(field)
      return numberOctets(names[name]!, width)
    },
    format(rdata) {
      const number = rdata.number(width)
      return (writeNames ? byNumber.get(number) : undefined) ?? String(number)
    },
  }
}

/** A record type by its mnemonic or TYPE<n>. */
export const recordType = (field: string): Field => ({
  parse(words) {
    const { text } = words.next(field)
    const type = typeNumber(text)
    if (type === undefined) throw words.error(field, text)
    return numberOctets(type, 2)
  },
  format: (rdata) => typeName(rdata.number(2)),
})

/** An address of 4 or 16 octets. */
export const address = (field: string, length: 4 | 16): Field => ({
  parse(words) {
    const { text } = words.next(field)
    const octets = parseAddress(text)
    if (octets?.length !== length) throw words.error(field, text)
    return octets
  },
  format: (rdata) => formatAddress(rdata.take(length)),
})

/** `count` groups of `size` octets in hex with `separator` between them (EUI48, NID). */
export const hexGroups = (field: string, count: number, size: number, separator: string): Field => ({
  parse(words) {
    const { text } = words.next(field)
    const groups = text.split(separator)
    const octets = hex.read(groups.join(''))
    if (!octets || groups.length !== count || groups.some((group) => group.length !== 2 * size))
      throw words.error(field, text)
    return octets
  },
  format(rdata) {
    return Array.from({ length: count }, () => hex.write(rdata.take(size))).join(separator)
  },
})
