// The functions that expressions about a query may call (`template`'s expr and var, `view`): what CoreDNS's expression environment has, with the same names.

import { parseAddress, parsePrefix, prefixContains, unmapOctets } from '../wire/address.ts'
import { className, typeName } from '../wire/registry.ts'
import { BOOL, type EnvironmentFunction, ExpressionError, functionOf, INT, STRING, type Type } from './expression.ts'
import type { Query, Transport } from './query.ts'

/** Functions whose results follow from what the answer table's key holds, so that a response that only they decided may be used again. */
export const questionFunctions: ReadonlySet<string> = new Set(['name', 'type', 'class', 'do', 'opcode', 'incidr'])

/** The functions by name; `queryOf` finds the query in what the expression is about. */
export function queryFunctions<S>(queryOf: (subject: S) => Query): Map<string, EnvironmentFunction<S>> {
  const about = (type: Type, read: (query: Query) => unknown): EnvironmentFunction<S> => ({
    type: functionOf([], type),
    call: (subject) => read(queryOf(subject)),
  })
  return new Map<string, EnvironmentFunction<S>>([
    ['name', about(STRING, (query) => query.name.folded)],
    ['type', about(STRING, (query) => typeName(query.type))],
    ['class', about(STRING, (query) => className(query.class))],
    ['proto', about(STRING, (query) => protocolOf(query.client.transport))],
    ['size', about(INT, (query) => query.size)],
    ['client_ip', about(STRING, ({ client }) => withoutZone(client.address))],
    ['port', about(STRING, ({ client }) => String(client.port))],
    ['id', about(INT, (query) => query.id)],
    ['opcode', about(INT, (query) => query.opcode)],
    ['do', about(BOOL, (query) => query.do)],
    ['bufsize', about(INT, bufferSize)],
    ['server_ip', about(STRING, ({ client }) => withoutZone(client.localAddress))],
    ['server_port', about(STRING, ({ client }) => String(client.localPort))],
    [
      'metadata',
      {
        type: functionOf([STRING], STRING),
        call: (subject, [label]) => queryOf(subject).metadata.get(String(label)) ?? '',
      },
    ],
    [
      'incidr',
      {
        type: functionOf([STRING, STRING], BOOL, true),
        call: (_, [address, prefix]) => inPrefix(String(address), String(prefix)),
      },
    ],
  ])
}

/** `udp` or `tcp`, as CoreDNS names what a query came over. */
export const protocolOf = (transport: Transport): 'udp' | 'tcp' =>
  transport === 'udp' || transport === 'quic' || transport === 'https3' ? 'udp' : 'tcp'

/** An address without the interface that a link-local one names (`fe80::1%eth0`). */
export const withoutZone = (address: string): string => address.replace(/%.*$/, '')

const streamSize = 65_535
const datagramSizeMin = 512

function bufferSize(query: Query): number {
  if (protocolOf(query.client.transport) === 'tcp') return streamSize
  return Math.max(datagramSizeMin, query.edns?.udpSize ?? 0)
}

function inPrefix(addressText: string, prefixText: string): boolean {
  const address = parseAddress(addressText)
  if (!address) throw new ExpressionError('first argument is not an IP address')
  const prefix = parsePrefix(prefixText)
  if (!prefix) throw new ExpressionError(`invalid CIDR address: ${prefixText}`)
  return prefixContains(prefix, unmapOctets(address))
}
