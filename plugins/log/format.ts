// Formats of log lines: text with fields in braces, compiled once to functions, because a line is made for every query.

import { flagBits } from '../../wire/message.ts'
import { className, rcodeName, typeName } from '../../wire/registry.ts'
import type { Observation } from '../plugin.ts'
import type { Transport } from '../query.ts'
import { classify } from './answer-class.ts'

export const commonFormat =
  '{remote}:{port} - {>id} "{type} {class} {name} {proto} {size} {>do} {>bufsize}" {rcode} {>rflags} {rsize} {duration}'
export const combinedFormat = `${commonFormat} "{>opcode}"`

/** What stands for a value that there is not. */
const empty = '-'

type Field = (observation: Observation) => string

const fields: ReadonlyMap<string, Field> = new Map<string, Field>([
  ['{type}', ({ type }) => typeName(type)],
  ['{name}', ({ name }) => name.folded],
  ['{class}', (observation) => className(observation.class)],
  ['{proto}', ({ client }) => protocolOf(client.transport)],
  ['{remote}', ({ client }) => bracketed(client.address)],
  ['{port}', ({ client }) => String(client.port)],
  ['{local}', ({ client }) => bracketed(client.localAddress)],
  ['{size}', ({ querySize }) => String(querySize)],
  ['{rcode}', ({ answered, rcode }) => (answered ? rcodeName(rcode) : empty)],
  ['{rsize}', ({ answered, uncompressedSize }) => (answered ? String(uncompressedSize) : '0')],
  ['{duration}', ({ durationSeconds }) => `${plainDecimal(durationSeconds)}s`],
  ['{>id}', ({ id }) => String(id)],
  ['{>opcode}', ({ opcode }) => String(opcode)],
  ['{>do}', (observation) => String(observation.do)],
  ['{>bufsize}', ({ bufferSize }) => String(bufferSize)],
  ['{>rflags}', ({ answered, flags }) => (answered ? flagNames(flags) : empty)],
  // Our own labels need no `metadata` in the block.
  ['{/log/type}', (observation) => classify(observation).type],
  ['{/log/class}', (observation) => classify(observation).class],
])

/** Compiles a format; `{/label}` is metadata, braces around anything unknown stay as they are. */
export function compileFormat(format: string): Field {
  const parts: Field[] = []
  let literal = ''
  for (const piece of format.split(/(\{[^{}]*\})/)) {
    const field = fields.get(piece) ?? metadataField(piece)
    if (!field) {
      literal += piece
      continue
    }
    if (literal !== '') parts.push(constant(literal))
    literal = ''
    parts.push(field)
  }
  if (literal !== '') parts.push(constant(literal))
  return (observation) => {
    let line = ''
    for (const part of parts) line += part(observation)
    return line
  }
}

const constant =
  (text: string): Field =>
  () =>
    text

function metadataField(piece: string): Field | undefined {
  if (!piece.startsWith('{/')) return undefined
  const label = piece.slice(2, -1)
  return ({ metadata }) => metadata.get(label) ?? empty
}

// The names of transports are those of the layer below: what runs over TLS is `tcp`.
const protocolOf = (transport: Transport): string =>
  transport === 'udp' || transport === 'quic' || transport === 'https3' ? 'udp' : 'tcp'

/** An IPv6 address in brackets (RFC 3986 3.2.2). */
const bracketed = (address: string): string => (address.includes(':') ? `[${address}]` : address)

const flagOrder = ['qr', 'aa', 'tc', 'rd', 'ra', 'z', 'ad', 'cd'] as const

const flagNames = (flags: number): string => flagOrder.filter((flag) => (flags & flagBits[flag]) !== 0).join(',')

/** Seconds to the nanosecond without an exponent: `0.000271546`. */
const plainDecimal = (seconds: number): string => seconds.toFixed(9).replace(/\.?0+$/, '')
