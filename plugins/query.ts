// A query on its way down the chain: immutable, one shape. A layer that wants another question passes `amendQuery(query, changes)` on.

import type { ClientSubnet, Edns } from '../wire/edns.ts'
import { readClientSubnet } from '../wire/edns.ts'
import type { Name } from '../wire/name.ts'
import { ednsOptions } from '../wire/registry.ts'

export type Transport = 'udp' | 'tcp' | 'tls' | 'https' | 'https3' | 'quic' | 'grpc'

/** Who asked, over what. Addresses are text without brackets; an IPv4 client is IPv4 also on an IPv6 socket. */
export interface Client {
  readonly address: string
  readonly port: number
  readonly family: 4 | 6
  readonly transport: Transport
  /** The address and port that was asked; the wildcard address where the transport does not tell. */
  readonly localAddress: string
  readonly localPort: number
}

/** Values that plugins offer about a query (`kubernetes/namespace`); empty unless the block has `metadata`. */
export interface MetadataSource {
  get(label: string): string | undefined
  labels(): Iterable<string>
}

export const noMetadata: MetadataSource = { get: () => undefined, labels: () => [] }

/** One query. */
export class Query {
  readonly id: number
  readonly opcode: number
  /** As sent; compare by `name.key`. */
  readonly name: Name
  readonly type: number
  readonly class: number
  readonly rd: boolean
  readonly ad: boolean
  readonly cd: boolean
  /** AA, TC, RA, Z as sent: passed on, never interpreted. */
  readonly flags: number
  readonly edns: Edns | null
  /** Octets of the query as it came. */
  readonly size: number
  readonly client: Client
  /** The listener that took it, as metrics name it: `dns://:53`. */
  readonly server: string
  /** The server block's zone that matched, and its view's name or ''. */
  readonly zone: Name
  readonly view: string
  readonly metadata: MetadataSource
  /** The clock's milliseconds when it came. */
  readonly start: number
  /** Aborted when nobody waits for the answer any more (`cancel`, a closed connection); null if that cannot happen. */
  readonly signal: AbortSignal | null
  /** How many internal look-ups led here; 0 for what a client sent. */
  readonly depth: number
  /** What followed the question in an IXFR or NOTIFY: the records of its authority and answer sections, as bytes of the whole message. */
  readonly bytes: Uint8Array | null

  // Field by field, so that all queries have one shape.
  constructor(fields: QueryFields) {
    this.id = fields.id
    this.opcode = fields.opcode
    this.name = fields.name
    this.type = fields.type
    this.class = fields.class
    this.rd = fields.rd
    this.ad = fields.ad
    this.cd = fields.cd
    this.flags = fields.flags
    this.edns = fields.edns
    this.size = fields.size
    this.client = fields.client
    this.server = fields.server
    this.zone = fields.zone
    this.view = fields.view
    this.metadata = fields.metadata
    this.start = fields.start
    this.signal = fields.signal
    this.depth = fields.depth
    this.bytes = fields.bytes
  }

  /** DNSSEC OK. */
  get do(): boolean {
    return this.edns?.do ?? false
  }

  /** True for what arrived in a datagram: answers must fit. */
  get datagram(): boolean {
    return this.client.transport === 'udp'
  }

  /** The client's subnet if it sent a well-formed ECS option. */
  get subnet(): ClientSubnet | null {
    const option = this.edns?.options.find((candidate) => candidate.code === ednsOptions.ECS)
    return option ? readClientSubnet(option) : null
  }
}

/** What a Query is made of. */
export type QueryFields = Omit<Query, 'do' | 'datagram' | 'subnet'>

/** A copy of `query` with some fields replaced. */
export function amendQuery(query: Query, changes: Partial<QueryFields>): Query {
  return new Query({ ...query, ...changes })
}
