// Parameters of SVCB and HTTPS records (RFC 9460 2.1, 2.2, 7, appendix A): in text `key` or `key=value` in any order, in rdata key, length and value by ascending
// key. A list's commas are escaped once for the list and once more for the text: f\oo,bar in an alpn is "f\\\\oo\\,bar".

import { formatAddress, parseAddress } from './address.ts'
import { latin1 } from './name.ts'
import { base64, type Field, numberOctets, sizedOctets } from './presentation-field.ts'
import { joinBytes } from './reader.ts'
import { quoteOctets, unescapeText, type Word, type WordReader } from './words.ts'

/** How one parameter's value is read and written; null for text or octets that are no such value. */
interface ValueForm {
  parse(text: Uint8Array): Uint8Array | null
  format(value: Uint8Array): string | null
}

const keyNames = [
  'mandatory',
  'alpn',
  'no-default-alpn',
  'port',
  'ipv4hint',
  'ech',
  'ipv6hint',
  'dohpath',
  'ohttp',
  'tls-supported-groups',
] as const
const lastKey = 65_534

const keyName = (key: number): string => keyNames[key] ?? `key${key}`

function keyNumber(name: string): number | null {
  const known = (keyNames as readonly string[]).indexOf(name)
  if (known >= 0) return known
  return /^key(0|[1-9][0-9]{0,4})$/.test(name) && Number(name.slice(3)) <= lastKey ? Number(name.slice(3)) : null
}

const comma = 0x2c
const backslash = 0x5c

/** Parts a list at its commas; a backslash keeps the octet behind it. */
function splitList(text: Uint8Array): Uint8Array[] | null {
  const items: number[][] = [[]]
  for (let at = 0; at < text.length; at++) {
    if (text[at] === comma) items.push([])
    else if (text[at] !== backslash) items.at(-1)!.push(text[at]!)
    else if (++at < text.length) items.at(-1)!.push(text[at]!)
    else return null
  }
  return items.some((item) => item.length === 0) ? null : items.map((item) => Uint8Array.from(item))
}

/** A list of values of `width` octets each, none twice if they must ascend. */
function list(
  width: number,
  read: (item: string) => Uint8Array | null,
  write: (item: Uint8Array) => string,
  ascending = false,
): ValueForm {
  const inOrder = (items: readonly Uint8Array[]): boolean =>
    !ascending || items.every((item, i) => i === 0 || Buffer.compare(items[i - 1]!, item) < 0)
  return {
    parse(text) {
      const items: Uint8Array[] = []
      for (const item of latin1(text).split(',')) {
        const octets = read(item)
        if (octets?.length !== width) return null
        items.push(octets)
      }
      if (ascending) items.sort(Buffer.compare)
      return inOrder(items) ? joinBytes(items) : null
    },
    format(value) {
      if (value.length === 0 || value.length % width !== 0) return null
      const items = Array.from({ length: value.length / width }, (_, i) => value.subarray(i * width, (i + 1) * width))
      return inOrder(items) ? quoteOctets(Buffer.from(items.map(write).join(','))) : null
    },
  }
}

const number16 = (octets: Uint8Array): number => (octets[0]! << 8) | octets[1]!

function octets16(text: string): Uint8Array | null {
  return /^[0-9]{1,5}$/.test(text) && Number(text) <= 0xffff ? numberOctets(Number(text), 2) : null
}

const mandatory = list(
  2,
  (item) => {
    const key = keyNumber(item)
    return key === null || key === 0 ? null : numberOctets(key, 2)
  },
  (item) => keyName(number16(item)),
  true,
)

const alpn: ValueForm = {
  parse(text) {
    const items = splitList(text)
    return items?.every((item) => item.length <= 255) ? joinBytes(items.map((item) => sizedOctets(item, 1))) : null
  },
  format(value) {
    const octets: number[] = []
    for (let at = 0; at < value.length; ) {
      const length = value[at]!
      const end = at + 1 + length
      if (length === 0 || end > value.length) return null
      if (at > 0) octets.push(comma)
      for (const octet of value.subarray(at + 1, end)) {
        if (octet === comma || octet === backslash) octets.push(backslash)
        octets.push(octet)
      }
      at = end
    }
    return octets.length === 0 ? null : quoteOctets(Uint8Array.from(octets))
  },
}

const empty: ValueForm = {
  parse: (text) => (text.length === 0 ? text : null),
  format: (value) => (value.length === 0 ? '' : null),
}

const port: ValueForm = {
  parse: (text) => octets16(latin1(text)),
  format: (value) => (value.length === 2 ? `"${number16(value)}"` : null),
}

const ech: ValueForm = {
  parse: (text) => (text.length === 0 ? null : base64.read(latin1(text))),
  format: (value) => (value.length === 0 ? null : `"${base64.write(value)}"`),
}

const octets: ValueForm = {
  parse: (text) => text,
  format: (value) => (value.length === 0 ? '' : quoteOctets(value)),
}

const forms: readonly ValueForm[] = [
  mandatory,
  alpn,
  empty,
  port,
  list(4, parseAddress, formatAddress),
  ech,
  list(16, parseAddress, formatAddress),
  octets,
  empty,
  list(2, octets16, (item) => String(number16(item))),
]

const formOf = (key: number): ValueForm => forms[key] ?? octets

/** All parameters of a record. */
export const serviceParameters: Field = {
  parse(words) {
    const values = new Map<number, Uint8Array>()
    for (const word of joinValues(words.rest())) {
      const [key, value] = parseParameter(words, word)
      if (values.has(key)) throw words.error('SvcParam given twice', word)
      values.set(key, value)
    }
    for (const key of mandatoryKeys(values))
      if (!values.has(key)) throw words.error('mandatory key is missing', keyName(key))
    const keys = [...values.keys()].sort((a, b) => a - b)
    return joinBytes(keys.flatMap((key) => [numberOctets(key, 2), sizedOctets(values.get(key)!, 2)]))
  },
  format(rdata) {
    const parts: string[] = []
    const values = new Map<number, Uint8Array>()
    let last = -1
    while (!rdata.atEnd) {
      const key = rdata.number(2)
      const value = rdata.sized(2)
      const text = formOf(key).format(value)
      if (text === null || key <= last || key > lastKey) rdata.fail()
      parts.push(text ? `${keyName(key)}=${text}` : keyName(key))
      values.set(key, value)
      last = key
    }
    for (const key of mandatoryKeys(values)) if (!values.has(key)) rdata.fail()
    return parts.join(' ')
  },
}

function mandatoryKeys(values: ReadonlyMap<number, Uint8Array>): number[] {
  const list = values.get(0) ?? new Uint8Array(0)
  return Array.from({ length: list.length >> 1 }, (_, i) => number16(list.subarray(2 * i)))
}

/** Puts `key=` and the quoted value glued to it together again. */
function joinValues(words: readonly Word[]): string[] {
  const joined: string[] = []
  let open = false
  for (const word of words) {
    if (open && word.glued && word.quoted) {
      joined.push(joined.pop()! + word.text)
      open = false
    } else {
      joined.push(word.text)
      open = !word.quoted && word.text.endsWith('=')
    }
  }
  return joined
}

function parseParameter(words: WordReader, text: string): [key: number, value: Uint8Array] {
  const equals = text.indexOf('=')
  const name = equals < 0 ? text : text.slice(0, equals)
  const key = keyNumber(name)
  if (key === null) throw words.error('key', name)
  const raw = unescapeText(equals < 0 ? '' : text.slice(equals + 1))
  // keyNNNNN=value carries the octets themselves, whatever the key means (RFC 9460 2.1).
  const generic = name !== keyNames[key]
  const value = raw && (generic ? raw : formOf(key).parse(raw))
  if (!value || formOf(key).format(value) === null) throw words.error('value', text)
  return [key, value]
}
