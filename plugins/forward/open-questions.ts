// The questions under way on one socket, by id: what UDP and stream sockets have in common. Each ends once, by its reply, its time, its socket or who asked it.

import type { Timer } from '../plugin.ts'
import type { AskerTools, Asking, Outcome } from './asker.ts'
import { readReply, replyId } from './question.ts'
import { freeId } from './question-id.ts'
import { Trouble } from './trouble.ts'

/** What the socket does about them. */
export interface SocketEvents {
  /** A question's time is over: says what that is called. */
  timedOut(): Trouble
  /** A question has gone; called after its `done`. */
  rest(): void
}

interface Waiting<Note> {
  readonly asking: Asking
  readonly timer: Timer
  readonly note: Note
}

/** Questions by id; a `Note` is what the socket wants to remember of each. */
export class OpenQuestions<Note> {
  readonly #tools: AskerTools
  readonly #events: SocketEvents
  readonly #waiting = new Map<number, Waiting<Note>>()
  /** Ids whose reply may still come but is not wanted: such a reply is no guess, and no other question may have the id. */
  readonly #late = new Set<number>()

  constructor(tools: AskerTools, events: SocketEvents) {
    this.#tools = tools
    this.#events = events
  }

  get size(): number {
    return this.#waiting.size
  }

  /** How many ids are not free. */
  get idsTaken(): number {
    return this.#waiting.size + this.#late.size
  }

  has(id: number): boolean {
    return this.#waiting.has(id) || this.#late.has(id)
  }

  /** Starts a question's time; returns the id to send it with. */
  add(asking: Asking, note: Note): number {
    const id = freeId(this.#tools.unpredictable, this)
    const timer = this.#tools.clock.after(asking.timeoutMs, () => {
      this.#late.add(id)
      this.finish(id, this.#events.timedOut())
    })
    this.#waiting.set(id, { asking, timer, note })
    return id
  }

  /** Ends the question that a reply belongs to; false if it belongs to none and may be a guess. */
  receive(bytes: Uint8Array): boolean {
    const id = replyId(bytes)
    const waiting = this.#waiting.get(id)
    if (!waiting) {
      if (this.#late.delete(id)) return true
      this.#tools.mismatched()
      return false
    }
    const outcome = readReply(bytes, waiting.asking.question)
    // Whoever has the right id is nearly always the upstream itself; over UDP the next attempt's TCP, which nobody can forge from afar, will tell.
    if (outcome instanceof Trouble && outcome.kind === 'mismatch') this.#tools.mismatched()
    this.finish(id, outcome)
    return true
  }

  finish(id: number, outcome: Outcome): void {
    const waiting = this.#remove(id)
    if (!waiting) return
    waiting.asking.done(outcome)
    this.#events.rest()
  }

  /** Gives a question up; its `done` is not called. */
  forget(id: number): void {
    if (!this.#remove(id)) return
    this.#late.add(id)
    this.#events.rest()
  }

  /** The ids with their notes, oldest first; questions may end meanwhile. */
  *entries(): Iterable<readonly [id: number, note: Note]> {
    for (const [id, { note }] of this.#waiting) yield [id, note]
  }

  /** Takes all of them out, in the hands of the caller. */
  takeAll(): readonly (readonly [asking: Asking, note: Note])[] {
    const all = [...this.#waiting.values()]
    this.#waiting.clear()
    return all.map(({ asking, timer, note }) => {
      timer.cancel()
      return [asking, note]
    })
  }

  #remove(id: number): Waiting<Note> | undefined {
    const waiting = this.#waiting.get(id)
    waiting?.timer.cancel()
    this.#waiting.delete(id)
    return waiting
  }
}
