// The rdata of APL (RFC 3123): address prefixes, each with its family, length, a negation bit, and its address without trailing zero octets.
//
//   1:192.168.32.0/21 !1:192.168.38.0/28      00 01 15 03 c0 a8 20   00 01 1c 84 c0 a8 26

import { formatPrefix, parsePrefix, prefixOf } from './address.ts'
import { type Field, numberOctets, type RdataReader } from './presentation-field.ts'
import { joinBytes } from './reader.ts'
import type { Word, WordReader } from './words.ts'

const addressLength: Readonly<Record<number, 4 | 16>> = { 1: 4, 2: 16 }

/** The whole rdata of APL. */
export const addressPrefixes: Field = {
  parse: (words) => joinBytes(words.rest().map((word) => parseItem(words, word))),
  format(rdata) {
    const items: string[] = []
    while (!rdata.atEnd) items.push(formatItem(rdata))
    return items.join(' ')
  },
}

function parseItem(words: WordReader, { text }: Word): Uint8Array {
  const [, negation, family, cidr] = /^(!?)([0-9]+):(.+)$/.exec(text) ?? []
  const prefix = cidr === undefined ? null : parsePrefix(cidr)
  if (!prefix || addressLength[Number(family)] !== prefix.address.length) throw words.error('Prefix', text)
  const written = parsePrefix(`${cidr!.slice(0, cidr!.indexOf('/'))}/${prefix.address.length * 8}`)!
  if (written.address.some((octet, i) => octet !== prefix.address[i])) throw words.error('Prefix', text)
  const significant = withoutTrailingZeros(prefix.address)
  const head = Uint8Array.of(prefix.length, (negation === '!' ? 0x80 : 0) | significant.length)
  return joinBytes([numberOctets(Number(family), 2), head, significant])
}

function formatItem(rdata: RdataReader): string {
  const family = rdata.number(2)
  const bits = rdata.number(1)
  const flags = rdata.number(1)
  const octets = rdata.take(flags & 0x7f)
  const length = addressLength[family]
  if (!length || bits > length * 8 || octets.length > length || octets.at(-1) === 0) {
    rdata.fail()
    return ''
  }
  const address = new Uint8Array(length)
  address.set(octets)
  const prefix = prefixOf(address, bits)
  if (prefix.address.some((octet, i) => octet !== address[i])) rdata.fail()
  return `${flags & 0x80 ? '!' : ''}${family}:${formatPrefix(prefix)}`
}

function withoutTrailingZeros(octets: Uint8Array): Uint8Array {
  let end = octets.length
  while (end > 0 && octets[end - 1] === 0) end--
  return octets.subarray(0, end)
}
