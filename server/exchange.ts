// One query and its answer as observers see them (metrics, log, errors). Built once for each engine and filled again for every query: it allocates only when an
// observer asks for a name or metadata.

import type { Observation } from '../plugins/plugin.ts'
import { type Client, type MetadataSource, noMetadata, type Query } from '../plugins/query.ts'
import type { Response } from '../plugins/response.ts'
import { flagBits, headerBytes } from '../wire/message.ts'
import { Name } from '../wire/name.ts'
import { u16 } from '../wire/octets.ts'
import { Reader } from '../wire/reader.ts'
import { types } from '../wire/registry.ts'
import { metadataFor, type ServedBlock } from './block.ts'
import { messageBytesMax, plainUdpBytes } from './limits.ts'
import type { Packet } from './packet.ts'
import { responseFlags } from './prepared.ts'

const nobody: Client = { address: '', port: 0, family: 4, transport: 'udp', localAddress: '', localPort: 0 }

/** Makes the whole query of an exchange that only looked at its bytes, for an observer that asks for metadata. */
export type Decode = (bytes: Uint8Array, client: Client, zone: Name) => Query

/** The reusable observation of one engine. */
export class Exchange implements Observation {
  client: Client = nobody
  server = ''
  zone: Name = Name.root
  view = ''
  id = 0
  opcode = 0
  type = 0
  class = 0
  do = false
  bufferSize = plainUdpBytes
  querySize = 0
  answered = false
  rcode = 0
  flags = 0
  responseSize = 0
  uncompressedSize = 0
  hasAnswer = false
  negative = false
  from = ''
  error: string | null = null
  durationSeconds = 0
  prepared = false
  #bytes: Uint8Array = new Uint8Array(0)
  #name: Name | null = null
  #metadata: MetadataSource | null = null
  #block: ServedBlock | null = null
  #query: Query | null = null
  #copied = 0
  #own: ReadonlyMap<string, string> | null = null
  readonly #decode: Decode

  constructor(decode: Decode) {
    this.#decode = decode
  }

  get name(): Name {
    this.#name ??= new Reader(this.#bytes, headerBytes).name()
    return this.#name
  }

  get metadata(): MetadataSource {
    this.#metadata ??= this.#collect()
    return this.#metadata
  }

  /** Takes over what `packet` asked. */
  asked(packet: Packet, client: Client, server: string): void {
    this.client = client
    this.server = server
    this.id = packet.id
    this.opcode = packet.opcode
    this.type = packet.type
    this.class = packet.class
    this.do = packet.hasOpt && packet.do
    this.querySize = packet.bytes.length
    this.bufferSize = bufferSizeOf(client, packet.hasOpt ? packet.udpSize : plainUdpBytes)
    this.#copied = packet.flags & (flagBits.rd | flagBits.cd)
    this.#bytes = packet.bytes
    this.#name = null
  }

  /** Takes over what an internal look-up asked. */
  resolved(query: Query): void {
    this.client = query.client
    this.server = query.server
    this.id = query.id
    this.opcode = query.opcode
    this.type = query.type
    this.class = query.class
    this.do = query.do
    this.querySize = query.size
    this.bufferSize = bufferSizeOf(query.client, query.edns?.udpSize ?? plainUdpBytes)
    this.#copied = (query.rd ? flagBits.rd : 0) | (query.cd ? flagBits.cd : 0)
    this.#name = query.name
  }

  /** Takes over where the query was answered: by `block` (null: by none) as a name of `zone`; `query` is null if the answer table answered. */
  placed(block: ServedBlock | null, zone: Name, query: Query | null): void {
    this.zone = zone
    this.view = block?.settings.view ?? ''
    this.prepared = block !== null && query === null
    this.#block = block
    this.#query = query
    this.#metadata = null
    this.#own = null
  }

  /** Takes over the answer; `reply` is what is sent, null for a response that only goes to another plugin. */
  answeredWith(response: Response, reply: Uint8Array | null, uncompressedSize: number): void {
    this.answered = true
    this.rcode = response.rcode
    this.flags = reply ? u16(reply, 2) : responseFlags(response) | (this.opcode << 11) | this.#copied
    this.responseSize = reply?.length ?? uncompressedSize
    this.uncompressedSize = uncompressedSize
    this.hasAnswer = response.answer.length > 0
    this.negative = !this.hasAnswer && response.authority.some((record) => record.type === types.SOA)
    this.from = response.from
    this.error = response.error
    this.bufferSize = Math.min(
      this.bufferSize,
      this.client.transport === 'udp' ? Math.max(plainUdpBytes, response.udpSizeMax) : messageBytesMax,
    )
    this.#own = response.metadata
  }

  /** Takes over an answer of several messages, when they have been sent. */
  streamed(
    response: Response,
    sent: { readonly flags: number; readonly size: number; readonly uncompressedSize: number },
  ): void {
    this.answeredWith(response, null, sent.uncompressedSize)
    this.flags = sent.flags
    this.responseSize = sent.size
    this.hasAnswer = true
    this.negative = false
  }

  dropped(): void {
    this.answered = false
    this.rcode = 0
    this.flags = 0
    this.responseSize = 0
    this.uncompressedSize = 0
    this.hasAnswer = false
    this.negative = false
    this.from = ''
    this.error = null
    this.#own = null
  }

  #collect(): MetadataSource {
    const own = this.#own
    const offered = this.#offered()
    if (!own) return offered
    return {
      get: (label) => own.get(label) ?? offered.get(label),
      labels: () => new Set([...own.keys(), ...offered.labels()]),
    }
  }

  #offered(): MetadataSource {
    if (!this.#block?.settings.metadataZones) return noMetadata
    return metadataFor(this.#block, this.#query ?? this.#decode(this.#bytes, this.client, this.zone))
  }
}

function bufferSizeOf(client: Client, advertised: number): number {
  return client.transport === 'udp' ? Math.max(plainUdpBytes, advertised) : messageBytesMax
}
