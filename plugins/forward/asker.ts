// What every way to an upstream offers: one question out, one outcome back, exactly once.

import type { Message } from '../../wire/message.ts'
import type { Clock } from '../plugin.ts'
import type { UpstreamQuestion } from './question.ts'
import type { Unpredictable } from './question-id.ts'
import type { Trouble } from './trouble.ts'

/** The reply, or why there is none. */
export type Outcome = Message | Trouble

/** Gives a question up; its `done` is never called after that. */
export type Cancel = () => void

/** One question under way. */
export interface Asking {
  readonly question: UpstreamQuestion
  readonly timeoutMs: number
  /** Called once, never before `ask` has returned. */
  readonly done: (outcome: Outcome) => void
}

/** A way to ask one upstream. */
export interface Asker {
  ask(asking: Asking): Cancel
  /** Lets what is under way end, then closes every socket; nothing is kept open for later questions. */
  close(): void
}

/** What the ways to an upstream share. */
export interface AskerTools {
  readonly clock: Clock
  readonly unpredictable: Unpredictable
  readonly sourceAddress: string | null
  /** A socket that was open already took the question, or one had to be opened. */
  readonly connection: (reused: boolean) => void
  /** A reply came that fits no question. */
  readonly mismatched: () => void
}
