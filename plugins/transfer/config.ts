// The words of a `transfer` directive, in CoreDNS's error texts: which zones, to whom, and where NOTIFY is sent.

import { parseAddress, unmapOctets } from '../../wire/address.ts'
import { latin1, type Name } from '../../wire/name.ts'
import { ConfigError, type Directive } from '../directive.ts'
import { quote } from '../number.ts'
import { zonesOrBlock } from '../zones.ts'

/** Where a secondary is told that a zone has changed. */
export interface Secondary {
  /** Without brackets; an IPv6 link-local one keeps its `%interface`. */
  readonly address: string
  readonly port: number
}

/** One `transfer`. */
export interface TransferRule {
  readonly zones: readonly Name[]
  /** `to *` */
  readonly everybody: boolean
  readonly secondaries: readonly Secondary[]
  /** The address that NOTIFY is sent from; null: whichever the system chooses. */
  readonly source: string | null
}

const dnsPort = 53

/** Reads every `transfer` of a server block; throws ConfigError. */
export function readRules(directive: Directive, blockZones: readonly Name[]): readonly TransferRule[] {
  const rules: TransferRule[] = []
  while (directive.next()) rules.push(readRule(directive, blockZones))
  return rules
}

function readRule(directive: Directive, blockZones: readonly Name[]): TransferRule {
  const zones = zonesOrBlock(directive.remainingArguments(), blockZones)
  const secondaries: Secondary[] = []
  let everybody = false
  let source: string | null = null
  while (directive.nextBlock()) {
    const property = directive.value
    if (property !== 'to' && property !== 'source') throw twice(directive.error(`unknown property ${quote(property)}`))
    const words = directive.remainingArguments()
    const [first] = words
    if (first === undefined) throw directive.argumentError()
    if (property === 'source') {
      if (words.length !== 1) throw directive.argumentError()
      if (source !== null) throw twice(directive.error('source already specified'))
      if (!parseAddress(first)) throw twice(directive.error(`invalid source address ${quote(first)}`))
      source = first
      continue
    }
    for (const word of words) {
      if (word === '*') everybody = true
      else secondaries.push(parseSecondary(word))
    }
  }
  if (!everybody && secondaries.length === 0) throw twice(directive.error("'to' is required"))
  return { zones, everybody, secondaries, source }
}

/** CoreDNS names the plugin once more in some of its errors. */
const twice = (error: ConfigError): ConfigError => new ConfigError(`plugin/transfer: ${error.message}`)

/** `IP`, `IP:PORT` or `[IPv6]:PORT`. */
function parseSecondary(word: string): Secondary {
  if (octetsOf(word)) return { address: word, port: dnsPort }
  const [, inBrackets, bare, port] = /^(?:\[([^\]]*)\]|([^:]*)):([^:]*)$/.exec(word) ?? []
  const address = inBrackets ?? bare ?? word
  if (port === undefined || !octetsOf(address)) throw new ConfigError(`must specify an IP address: \`${address}'`)
  if (port === '') return { address, port: dnsPort }
  if (!/^\d{1,5}$/.test(port) || Number(port) === 0 || Number(port) > 0xffff)
    throw new ConfigError(`must specify a port: \`${word}'`)
  return { address, port: Number(port) }
}

function octetsOf(text: string): Uint8Array | null {
  const percent = text.lastIndexOf('%')
  const octets = parseAddress(percent < 0 ? text : text.slice(0, percent))
  return octets && unmapOctets(octets)
}

/** What addresses are compared by: neither spelling nor interface matters. '' for a text that is none. */
export function addressKey(text: string): string {
  const octets = octetsOf(text)
  return octets ? latin1(octets) : ''
}
