// An answer of several messages, encoded as the client takes them: the last step on the way of a zone transfer (RFC 5936 2.2).
//
//   Response.stream ─ record, record, … ─► Encoder ─ 16 KB ─► message ─► transport, which asks for the next when this one is gone
//
// Every message has the query's id and question and says the same in header and OPT. A TSIG would be added to each where its OPT is.

import type { RecordStream, Response } from '../plugins/response.ts'
import { Encoder } from '../wire/encoder.ts'
import type { Question, ResourceRecord } from '../wire/record.ts'
import { rcodes } from '../wire/registry.ts'
import { messageBytesMax, streamMessageBytes, streamRecordsAtOnce } from './limits.ts'
import type { Messages } from './net/transport.ts'
import type { Packet } from './packet.ts'
import { queryFlags, responseFlags, writeReplyOpt } from './prepared.ts'
import type { Turns } from './turns.ts'

/** What is streamed, and to whom. */
export interface MessageStreamOptions {
  readonly question: Question
  readonly response: Response
  readonly stream: RecordStream
  readonly turns: Turns
  /** The records threw. Must not throw. */
  readonly broke: (error: unknown) => void
  /** The stream is over; `error` is null if it was sent whole. Must not throw. */
  readonly ended: (error: string | null) => void
}

/** The messages of one response. */
export class MessageStream implements Messages {
  /** The header's second 16 bits of every message (but of one that says that the stream failed). */
  readonly flags: number
  /** Octets of the messages so far, and what they would take uncompressed. */
  size = 0
  uncompressedSize = 0
  readonly #options: MessageStreamOptions
  readonly #id: number
  readonly #opt: Uint8Array | null
  #encoder: Encoder
  /** What was taken from the records and not sent yet: it did not fit. */
  #held: IteratorResult<ResourceRecord | null> | null = null
  #sent = 0
  #unsent = 0
  #error: string | null = null
  /** No further message comes. */
  #last = false
  #over = false

  /** Reads `packet` now and does not keep it. */
  constructor(packet: Packet, options: MessageStreamOptions) {
    const { response } = options
    this.#options = options
    this.#id = packet.id
    this.flags = responseFlags(response) | queryFlags(packet, response)
    this.#opt = packet.hasOpt ? writeReplyOpt(packet, response) : null
    this.#encoder = this.#begin(this.flags)
  }

  next(): Uint8Array | 'later' | null {
    if (this.#last) {
      this.#end(this.#error)
      return null
    }
    if (this.#options.turns.over()) return 'later'
    try {
      return this.#fill() ? this.#finish() : 'later'
    } catch (error) {
      return this.#fail(error)
    }
  }

  abandon(): void {
    this.#last = true
    this.#end(this.#error ?? 'the client left before the end of the transfer')
  }

  // True if the message is complete, false if this turn is over.
  #fill(): boolean {
    const { records } = this.#options.stream
    for (let taken = 1; ; taken++) {
      const step: IteratorResult<ResourceRecord | null> = this.#held ?? records.next()
      this.#held = null
      if (step.done) {
        this.#last = true
        return true
      }
      if (step.value && !this.#encoder.add('answer', step.value)) {
        if (this.#unsent === 0) throw new RangeError(`a record of ${step.value.owner} does not fit into a message`)
        this.#held = step
        return true
      }
      if (step.value) this.#unsent++
      if (this.#encoder.length >= streamMessageBytes) return true
      if (taken % streamRecordsAtOnce === 0 && this.#options.turns.over()) return false
    }
  }

  // Null if the records ended with the message before.
  #finish(): Uint8Array | null {
    if (this.#unsent === 0 && this.#sent > 0) {
      this.#end(this.#error)
      return null
    }
    this.#sent += this.#unsent
    this.#unsent = 0
    const message = this.#close()
    if (!this.#last) this.#encoder = this.#begin(this.flags)
    return message
  }

  // RFC 5936 2.2: one message that says so ends a transfer that cannot go on.
  #fail(error: unknown): Uint8Array {
    this.#options.broke(error)
    this.#error = error instanceof Error ? error.message : String(error)
    this.#last = true
    this.#encoder = this.#begin((this.flags & ~15) | rcodes.SERVFAIL)
    return this.#close()
  }

  #begin(flags: number): Encoder {
    const encoder = new Encoder(messageBytesMax)
    encoder.reserve(this.#opt?.length ?? 0)
    encoder.header(this.#id, flags)
    encoder.question(this.#options.question)
    return encoder
  }

  #close(): Uint8Array {
    if (this.#opt) this.#encoder.raw(this.#opt)
    const message = this.#encoder.finish()
    this.size += message.length
    this.uncompressedSize += this.#encoder.uncompressedLength
    return message
  }

  #end(error: string | null): void {
    if (this.#over) return
    this.#over = true
    const { stream, broke, ended } = this.#options
    try {
      // Lets the source of the records clean up; of no effect if they have come to their end.
      stream.records.return?.()
      stream.ended(this.#sent, error === null)
    } catch (failure) {
      broke(failure)
    }
    ended(error)
  }
}

/** Takes messages as fast as they are made: all of them. */
export async function takeAll(messages: Messages): Promise<readonly Uint8Array[]> {
  const taken: Uint8Array[] = []
  for (let message = messages.next(); message !== null; message = messages.next()) {
    if (message === 'later') await new Promise((resolve) => setImmediate(resolve))
    else taken.push(message)
  }
  return taken
}
