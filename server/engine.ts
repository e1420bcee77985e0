// The way of a query on one listener: acceptor -> answer table -> route -> chain -> encode -> reply. It does no I/O: bytes come from a transport with a function
// that sends the reply, and `inject` runs the same way without one.

import type { Answered, Clock, Observer } from '../plugins/plugin.ts'
import { amendQuery, type Client, noMetadata, Query } from '../plugins/query.ts'
import { fail, type RecordStream, type Response } from '../plugins/response.ts'
import { faults, isFault } from '../wire/fault.ts'
import { decodeMessage, flagBits, headerBytes, type Message } from '../wire/message.ts'
import { Name } from '../wire/name.ts'
import { classes, rcodes } from '../wire/registry.ts'
import { type Answer, AnswerTable } from './answer-table.ts'
import { metadataFor, type ServedBlock } from './block.ts'
import { Exchange } from './exchange.ts'
import { messageBytesMax } from './limits.ts'
import { MessageStream, takeAll } from './message-stream.ts'
import type { Reply, ReplyStream } from './net/transport.ts'
import { Packet } from './packet.ts'
import { Prepared, replyLimit } from './prepared.ts'
import { bareHeader, formatError } from './refusals.ts'
import type { Route, Routes } from './routes.ts'
import { Turns } from './turns.ts'

/** What an engine needs from its thread. */
export interface EngineOptions {
  readonly clock: Clock
  readonly random: () => number
  /** The listener as metrics name it: `dns://:53`. */
  readonly server: string
  readonly routes: Routes
  /** Sees what no block answered (zone `dropped`). */
  readonly dropped: Observer
  /** A plugin threw at a query for `name`: to be counted and logged. `debug` is true if its block wants no recovery. Must not throw. */
  readonly bug: (error: unknown, name: Name, debug: boolean) => void
  readonly table?: AnswerTable
}

/** What came, and where the answer goes. */
interface Arrived {
  readonly bytes: Uint8Array
  readonly client: Client
  readonly reply: Reply
  /** Null where an answer is one message. */
  readonly replyStream: ReplyStream | null
}

/** One query that went down the chain. */
interface Asked extends Arrived {
  readonly query: Query
  /** The answer table's key; '' if the table cannot know the answer. */
  readonly key: string
  readonly block: ServedBlock | null
}

/** Answers the queries of one listener. */
export class Engine {
  readonly #options: EngineOptions
  readonly #table: AnswerTable
  // Both are filled anew for every query. A transport may hand over the next query from within `reply`, so replying comes last everywhere.
  readonly #packet = new Packet()
  readonly #exchange: Exchange
  readonly #turns: Turns
  #pending = 0
  readonly #idle: (() => void)[] = []

  constructor(options: EngineOptions) {
    this.#options = options
    this.#table = options.table ?? new AnswerTable()
    this.#turns = new Turns(options.clock)
    this.#exchange = new Exchange((bytes, client, zone) => {
      const query = this.#queryOf(decodeMessage(bytes) as Message, bytes, client)
      return amendQuery(query, { zone })
    })
  }

  /** Queries that wait for an answer. */
  get pending(): number {
    return this.#pending
  }

  /** Resolves when no query waits for an answer. */
  idle(): Promise<void> {
    if (this.#pending === 0) return Promise.resolve()
    return new Promise((resolve) => this.#idle.push(resolve))
  }

  /** Takes one message of any transport and calls `reply`, or `stream` for an answer of several messages, exactly once; never throws. */
  receive(bytes: Uint8Array, client: Client, reply: Reply, stream: ReplyStream | null = null): void {
    const packet = this.#packet
    switch (packet.accept(bytes)) {
      case 'drop':
        reply(null)
        return
      case 'refuse':
        reply(bareHeader(packet))
        return
      case 'decode':
        this.#decode({ bytes, client, reply, replyStream: stream }, '')
        return
      case 'ask': {
        const now = this.#options.clock.now()
        const hit = this.#options.routes.hasViews ? null : this.#table.get(packet.key, client, now)
        const prepared = hit && this.#preparedReply(hit, client, now)
        if (prepared) reply(prepared)
        else this.#decode({ bytes, client, reply, replyStream: stream }, packet.key)
      }
    }
  }

  /** Runs the whole way without a socket: the reply to `bytes`, or null for silence. */
  inject(bytes: Uint8Array, client: Client): Promise<Uint8Array | null> {
    return new Promise((resolve) => this.receive(bytes, client, resolve))
  }

  /** The same as over a stream: all messages of the reply, none for silence. */
  injectStream(bytes: Uint8Array, client: Client): Promise<readonly Uint8Array[]> {
    return new Promise((resolve) => {
      const reply: Reply = (only) => resolve(only ? [only] : [])
      this.receive(bytes, client, reply, (messages) => resolve(takeAll(messages)))
    })
  }

  // Null if the answer does not fit what this client may get.
  #preparedReply(hit: Answer, client: Client, now: number): Uint8Array | null {
    const packet = this.#packet
    const { prepared, block, reuse } = hit
    const limit = replyLimit(packet, client.transport === 'udp', prepared.response.udpSizeMax)
    const bytes = prepared.reply(packet, now, limit, this.#options.random)
    if (!bytes) return null
    const { observers } = block
    if (observers.length > 0) {
      const exchange = this.#exchange
      exchange.asked(packet, client, this.#options.server)
      exchange.placed(block, hit.zone, null)
      exchange.answeredWith(prepared.response, bytes, prepared.uncompressedLength)
      exchange.durationSeconds = (this.#options.clock.now() - now) / 1000
      this.#tell(observers, block.settings.debug)
    }
    if (reuse.used) this.#countUse(reuse.used, block)
    return bytes
  }

  #countUse(used: (server: string) => void, block: ServedBlock): void {
    try {
      used(this.#options.server)
    } catch (error) {
      this.#options.bug(error, Name.root, block.settings.debug)
    }
  }

  #tell(observers: readonly Observer[], debug: boolean): void {
    for (const observer of observers) {
      try {
        observer(this.#exchange)
      } catch (error) {
        this.#options.bug(error, this.#exchange.name, debug)
      }
    }
  }

  #decode(arrived: Arrived, key: string): void {
    const { bytes, client, reply } = arrived
    const strict = decodeMessage(bytes)
    const message =
      strict === faults.optTwice || strict === faults.optOwner ? (this.#withAnyOpt(bytes, client) ?? strict) : strict
    // A question whose name is a pointer cannot be repeated in a reply as it stands: nobody sends one in earnest.
    if (isFault(message) || this.#packet.questionEnd === headerBytes) {
      reply(formatError(this.#packet))
      return
    }
    const query = this.#queryOf(message, bytes, client)
    const asked: Asked = { ...arrived, query, key, block: null }
    if (query.class !== classes.IN && !this.#options.routes.anyClass) this.#finish(asked, fail(rcodes.REFUSED))
    else if (message.edns && message.edns.version !== 0) this.#badVersion(asked)
    else this.#ask(asked)
  }

  // `compat coredns`: CoreDNS does not look at an OPT record's owner, nor whether it is the only one. Null for the names of other blocks.
  #withAnyOpt(bytes: Uint8Array, client: Client): Message | null {
    const message = decodeMessage(bytes, true)
    if (isFault(message)) return null
    const route = this.#options.routes.find(this.#queryOf(message, bytes, client))
    return route?.block.settings.compat ? message : null
  }

  #queryOf(message: Message, bytes: Uint8Array, client: Client): Query {
    const { name, type, class: klass } = message.questions[0]!
    return new Query({
      id: message.id,
      opcode: message.opcode,
      name,
      type,
      class: klass,
      rd: (message.flags & flagBits.rd) !== 0,
      ad: (message.flags & flagBits.ad) !== 0,
      cd: (message.flags & flagBits.cd) !== 0,
      flags: message.flags,
      edns: message.edns,
      size: bytes.length,
      client,
      server: this.#options.server,
      zone: Name.root,
      view: '',
      metadata: noMetadata,
      start: this.#options.clock.now(),
      signal: null,
      depth: 0,
      bytes: message.answer.length + message.authority.length > 0 ? bytes.slice() : null,
    })
  }

  #ask(asked: Asked): void {
    const route = this.#options.routes.find(asked.query)
    if (!route?.block.chain) {
      this.#finish(asked, fail(rcodes.REFUSED))
      return
    }
    const { block } = route
    const query = routed(asked.query, route)
    const answered = this.#run(block, query)
    if (!(answered instanceof Promise)) {
      this.#finish({ ...asked, query, block }, answered)
      return
    }
    // The transport's buffer may be used again once this returns.
    const kept: Asked = { ...asked, query, block, bytes: asked.bytes.slice() }
    this.#pending++
    void answered.then((response) => {
      this.#finish(kept, response)
      this.#answered()
    })
  }

  #answered(): void {
    if (--this.#pending === 0) for (const resolve of this.#idle.splice(0)) resolve()
  }

  // A bug in a plugin is caught once, here: SERVFAIL, counted, logged with its stack.
  #run(block: ServedBlock, query: Query): Answered {
    try {
      const answered = block.chain!(query)
      return answered instanceof Promise
        ? answered.catch((error: unknown) => this.#failed(error, block, query))
        : answered
    } catch (error) {
      return this.#failed(error, block, query)
    }
  }

  #failed(error: unknown, block: ServedBlock | null, query: Query): Response {
    this.#options.bug(error, query.name, block?.settings.debug ?? false)
    return fail(rcodes.SERVFAIL, error instanceof Error ? error.message : String(error))
  }

  #finish(asked: Asked, response: Response | null): void {
    this.#readAgain(asked)
    if (response?.stream) {
      this.#stream(asked, response, response.stream)
      return
    }
    const bytes = response ? this.#replyTo(asked, response) : null
    if (!response) this.#exchange.dropped()
    this.#tellOf(asked)
    asked.reply(bytes)
  }

  // Other queries may have come since it was asked.
  #readAgain({ query, bytes, block }: Asked): void {
    const packet = this.#packet
    packet.accept(bytes)
    packet.takeEdns(query.edns)
    this.#exchange.asked(packet, query.client, query.server)
    this.#exchange.placed(block, query.zone, query)
  }

  #tellOf({ query, block }: Asked): void {
    this.#exchange.durationSeconds = (this.#options.clock.now() - query.start) / 1000
    if (block) this.#tell(block.observers, block.settings.debug)
    else this.#tell([this.#options.dropped], false)
  }

  // Observers see one query, when its last message has been sent: with the size of all of them, as CoreDNS counts.
  #stream(asked: Asked, response: Response, stream: RecordStream): void {
    if (!asked.replyStream) {
      stream.records.return?.()
      stream.ended(0, false)
      this.#finish(
        asked,
        fail(rcodes.SERVFAIL, `an answer of several messages cannot be sent over ${asked.client.transport}`),
      )
      return
    }
    const { query, block } = asked
    const kept: Asked = { ...asked, bytes: asked.bytes.slice() }
    const question = { name: query.name, type: this.#packet.type, class: this.#packet.class }
    const messages = new MessageStream(this.#packet, {
      question,
      response,
      stream,
      turns: this.#turns,
      broke: (error) => this.#options.bug(error, query.name, block?.settings.debug ?? false),
      ended: (error) => {
        this.#readAgain(kept)
        this.#exchange.streamed(error === null ? response : { ...response, error }, messages)
        this.#tellOf(kept)
        this.#answered()
      },
    })
    this.#pending++
    asked.replyStream(messages)
  }

  // Records that cannot be encoded are a bug of who made them.
  #replyTo(asked: Asked, response: Response): Uint8Array {
    try {
      return this.#encode(asked, response)
    } catch (error) {
      return this.#encode(asked, this.#failed(error, asked.block, asked.query))
    }
  }

  #encode(asked: Asked, response: Response): Uint8Array {
    const { query, block, key } = asked
    const { clock, random, routes } = this.#options
    const packet = this.#packet
    const now = clock.now()
    const question = { name: query.name, type: packet.type, class: packet.class }
    const prepared = new Prepared(question, response, now, random)
    const limit = replyLimit(packet, query.datagram, response.udpSizeMax)
    // The question's own spelling is always served.
    const bytes = prepared.reply(packet, now, limit, random)!
    this.#exchange.answeredWith(response, bytes, prepared.uncompressedLength)
    if (key !== '' && block && !routes.hasViews) {
      this.#table.offer(key, { prepared, reuse: response.reuse, block, zone: query.zone }, query.client, now)
    }
    return bytes
  }

  // RFC 6891 6.1.3: an unknown version is answered with BADVERS and an OPT of the version that we know; no plugin runs.
  #badVersion(asked: Asked): void {
    const packet = this.#packet
    packet.takeEdns(asked.query.edns)
    const { random } = this.#options
    const limit = replyLimit(packet, asked.query.datagram, messageBytesMax)
    packet.udpSize = 0
    packet.do = false
    packet.z = 0
    packet.options = []
    asked.reply(new Prepared(asked.query, fail(rcodes.BADVERS), 0, random).reply(packet, 0, limit, random))
  }

  /** An internal look-up that starts in the block that owns the name: counted and logged as a query of the same client. */
  resolve(query: Query): Answered {
    const route = this.#options.routes.find(query)
    if (!route?.block.chain) return fail(rcodes.REFUSED)
    const { block } = route
    const asked = routed(query, route)
    const answered = this.#run(block, asked)
    if (!(answered instanceof Promise)) return this.#resolved(block, asked, answered)
    return answered.then((response) => this.#resolved(block, asked, response))
  }

  #resolved(block: ServedBlock, query: Query, response: Response | null): Response | null {
    if (block.observers.length === 0) return response
    const exchange = this.#exchange
    exchange.resolved(query)
    exchange.placed(block, query.zone, query)
    if (response) exchange.answeredWith(response, null, uncompressedSize(query, response))
    else exchange.dropped()
    exchange.durationSeconds = (this.#options.clock.now() - query.start) / 1000
    this.#tell(block.observers, block.settings.debug)
    return response
  }
}

function routed(query: Query, route: Route): Query {
  const { block, zone } = route
  const placed = amendQuery(query, { zone, view: block.settings.view })
  return block.settings.metadataZones ? amendQuery(placed, { metadata: metadataFor(block, placed) }) : placed
}

function uncompressedSize(query: Query, response: Response): number {
  let size = headerBytes + query.name.wire.length + 4
  for (const section of [response.answer, response.authority, response.additional]) {
    for (const record of section) size += record.owner.wire.length + 10 + record.rdata.length
  }
  return size
}
