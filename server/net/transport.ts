// The contract of transports: what brings queries in and takes answers out. The first step on the way of a query and the last.
//
//     client ─► socket of a Transport ─► receive(bytes, client, reply) ─► acceptor, answer table, chain ─► reply(bytes) ─► client
//
// A transport knows nothing of DNS but how messages are told apart on a stream. Every implementation passes test/support/transport-suite.ts.

import type { Clock } from '../../plugins/plugin.ts'
import type { Client } from '../../plugins/query.ts'

/** Sends the answer, or with null says that there is none. Called exactly once a query, at once or later; the bytes are the transport's from then on. A client that has gone is no error. */
export type Reply = (bytes: Uint8Array | null) => void

/** An answer of several messages (a zone transfer), made one by one as the client takes them. */
export interface Messages {
  /** The next message; `later` if other work should have its turn before it is ready; null once after the last, when that has been sent. Must not throw. */
  next(): Uint8Array | 'later' | null
  /** The client has gone: nothing more will be asked for. */
  abandon(): void
}

/** Sends an answer of several messages; called instead of Reply. */
export type ReplyStream = (messages: Messages) => void

/** Takes a query of any length, malformed or not; the bytes are the receiver's. A transport that carries streams gives `stream` too. Must not throw. */
export type Receive = (bytes: Uint8Array, client: Client, reply: Reply, stream?: ReplyStream) => void

/** How streams are treated (`timeouts`). */
export interface TransportSettings {
  /** For a message from its first octet to its last, and for the first message of a connection. */
  readonly readMs: number
  /** For a client to take some of what it is sent. */
  readonly writeMs: number
  /** Between the last answer and the next query. */
  readonly idleMs: number
  /** Queries of one connection under way at once; the rest stays unread. */
  readonly queriesMax: number
}

export interface OpenOptions {
  /** An IP address without brackets, or '' for all addresses of both families. */
  readonly host: string
  /** 0 lets the kernel choose. */
  readonly port: number
  readonly receive: Receive
  /** Asked for each connection and message, so that a reload can change them. */
  readonly settings: () => TransportSettings
  /** Lets several threads, and processes of one user, bind the port; the kernel spreads clients over them (default: true on Linux, impossible elsewhere). */
  readonly reusePort?: boolean
  /** Told of each socket error and of each answer that could not be sent: for a metric. */
  readonly failed?: (error: Error) => void
  /** Default: the system's. */
  readonly clock?: Clock
}

/** Opens sockets of one kind. */
export interface Transport {
  /** Listens until the listener is closed. Rejects with ConfigError (`listen udp :53: bind: address already in use`). */
  open(options: OpenOptions): Promise<Listener>
}

/** A bound socket. */
export interface Listener {
  /** What it is bound to; `::` or `0.0.0.0` for all addresses. */
  readonly address: string
  readonly port: number
  /** Reads on until the socket is empty; resolves when all that came has been replied to and sent, after drainMsMax at the latest. Then comes `close`. */
  drain(): Promise<void>
  /** Closes at once; what is replied later is dropped. */
  close(): Promise<void>
}

/** Whether sockets can share a port here. */
export const canReusePort = process.platform === 'linux'
