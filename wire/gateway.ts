// Rdata with a gateway whose form an earlier octet says: IPSECKEY (RFC 4025) and AMTRELAY (RFC 8777), and HIP (RFC 8005), whose lengths stand before its fields.
// The forms of a gateway: 0 none, 1 IPv4, 2 IPv6, 3 a domain name.

import { formatAddress, parseAddress } from './address.ts'
import { base64, type Field, hex, numberOctets, type RdataReader } from './presentation-field.ts'
import { joinBytes } from './reader.ts'
import type { WordReader } from './words.ts'

/** IPSECKEY: precedence, gateway type, algorithm, gateway, public key. */
export const ipsecKey: Field = {
  parse(words) {
    const head = ['value', 'value', 'value'].map((field) => words.number(field, 255))
    const gateway = takeGateway(words, head[1]!)
    const text = words
      .rest()
      .map((word) => word.text)
      .join('')
    const key = base64.read(text)
    if (!key) throw words.error('PublicKey', text)
    return joinBytes([Uint8Array.from(head), gateway, key])
  },
  format(rdata) {
    const head = [rdata.number(1), rdata.number(1), rdata.number(1)]
    return [...head, formatGateway(rdata, head[1]!), base64.write(rdata.rest())].filter((part) => part !== '').join(' ')
  },
}

/** AMTRELAY: precedence, discovery bit, relay type, relay. */
export const amtRelay: Field = {
  parse(words) {
    const precedence = words.number('value', 255)
    const discovery = words.number('discovery', 1)
    const form = words.number('value', 127)
    return joinBytes([Uint8Array.of(precedence, (discovery << 7) | form), takeGateway(words, form)])
  },
  format(rdata) {
    const precedence = rdata.number(1)
    const form = rdata.number(1)
    return `${precedence} ${form >> 7} ${form & 127} ${formatGateway(rdata, form & 127)}`
  },
}

/** HIP: algorithm, host identity tag, public key, rendezvous servers. */
export const hostIdentity: Field = {
  parse(words) {
    const algorithm = words.number('PublicKeyAlgorithm', 255)
    const tagText = words.next('Hit').text
    const tag = hex.read(tagText)
    if (!tag || tag.length === 0 || tag.length > 255) throw words.error('Hit', tagText)
    const keyText = words.next('PublicKey').text
    const key = base64.read(keyText)
    if (!key || key.length === 0) throw words.error('PublicKey', keyText)
    const servers: Uint8Array[] = []
    while (!words.atEnd) servers.push(words.domain('RendezvousServers').wire)
    return joinBytes([Uint8Array.of(tag.length, algorithm), numberOctets(key.length, 2), tag, key, ...servers])
  },
  format(rdata) {
    const tagLength = rdata.number(1)
    const algorithm = rdata.number(1)
    const keyLength = rdata.number(2)
    if (tagLength === 0 || keyLength === 0) rdata.fail()
    const parts = [String(algorithm), hex.write(rdata.take(tagLength)), base64.write(rdata.take(keyLength))]
    while (!rdata.atEnd) parts.push(rdata.domain().toString())
    return parts.join(' ')
  },
}

function takeGateway(words: WordReader, form: number): Uint8Array {
  if (form === 3) return words.domain('gateway').wire
  const { text } = words.next('gateway')
  if (form === 0 && text === '.') return new Uint8Array(0)
  const octets = parseAddress(text)
  if (!octets || octets.length !== { 1: 4, 2: 16 }[form]) throw words.error('gateway', text)
  return octets
}

function formatGateway(rdata: RdataReader, form: number): string {
  if (form === 0) return '.'
  if (form === 3) return rdata.domain().toString()
  if (form > 3) rdata.fail()
  return formatAddress(rdata.take(form === 1 ? 4 : 16))
}
