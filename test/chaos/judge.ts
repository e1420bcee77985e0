// Judges answers by what the cluster was when they were given.
//
//   expected:   A ────────┐ B ──────────────────┐ C ───      an answer is right if it was so at some moment between query and reply
//   answers:      A   A     A   A   B   B   B      B   C     …and late for as long as it is not, from the last right one or the change, whichever was later
//                           └─late─┘               └late
//
// While the API server can tell nobody anything (it refuses all connections) time does not count; when it can again, it begins.

import type { AnswerText } from './oracle.ts'
import type { Steadiness } from './universe.ts'

/** A late answer. */
export interface Late {
  readonly ms: number
  readonly question: string
  readonly got: AnswerText
  readonly expected: AnswerText
}

interface Moment {
  readonly answer: AnswerText
  readonly from: number
  to: number
}

/** One question and its history. */
interface Case {
  readonly question: string
  readonly steadiness: Steadiness
  /** The latest last. */
  moments: Moment[]
  rightAt: number
}

/** Expectations that nobody can be answered from any more are forgotten after this, in milliseconds. */
const keptMs = 10_000
/** Complaints that are kept. */
const complaintsMax = 20

/** Keeps what is expected, and looks at every answer. Times are performance.now(). */
export class Judge {
  readonly #cases = new Map<string, Case>()
  readonly #boundMs: number
  #withheld = 0
  #releasedAt = 0
  /** Answers that were looked at, and how many were an earlier state's. */
  compared = 0
  late = 0
  worst: Late | null = null
  /** What must never be, a few of it. */
  readonly complaints: string[] = []
  complaintCount = 0

  /** A late answer is wrong after `boundMs`. */
  constructor(questions: Readonly<Record<Steadiness, readonly string[]>>, boundMs: number) {
    this.#boundMs = boundMs
    for (const steadiness of ['still', 'steady', 'changing'] as const)
      for (const question of questions[steadiness])
        this.#cases.set(question, { question, steadiness, moments: [], rightAt: 0 })
  }

  /** From now on these are the answers; the change was made at some moment between `from` and `to`. */
  expect(answer: (question: string) => AnswerText, from: number, to: number): void {
    for (const one of this.#cases.values()) {
      const expected = answer(one.question)
      const last = one.moments.at(-1)
      if (last?.answer === expected) continue
      if (last) last.to = to
      one.moments = one.moments.filter((moment) => moment.to > from - keptMs)
      one.moments.push({ answer: expected, from, to: Number.POSITIVE_INFINITY })
    }
  }

  /** Nobody can know anything new until `release` has been called as often. */
  withhold(): void {
    this.#withheld++
  }

  release(): void {
    this.#withheld--
    this.#releasedAt = performance.now()
  }

  /** True if the answer is right now. */
  isRight(question: string, answer: AnswerText): boolean {
    return this.#cases.get(question)!.moments.at(-1)!.answer === answer
  }

  expected(question: string): AnswerText {
    return this.#cases.get(question)!.moments.at(-1)!.answer
  }

  /** Looks at an answer. */
  heard(question: string, got: AnswerText, sentAt: number, receivedAt: number): void {
    this.compared++
    const one = this.#cases.get(question)!
    if (one.moments.some(({ answer, from, to }) => answer === got && from <= receivedAt && to >= sentAt)) {
      one.rightAt = sentAt
      return
    }
    this.late++
    const current = one.moments.at(-1)!
    const { steadiness } = one
    if (steadiness === 'still') this.complain(`${question} never changed, but is ${got} and not ${current.answer}`)
    else if (steadiness === 'steady' && (!got.startsWith('NOERROR') || got === 'NOERROR'))
      this.complain(`${question} existed throughout, but is ${got}`)
    else if (!/^(NOERROR|NXDOMAIN)\b/.test(got)) this.complain(`${question} is ${got}`)
    if (this.#withheld > 0) return
    const ms = sentAt - Math.max(one.rightAt, firstAfter(one), this.#releasedAt)
    if (ms > this.#boundMs) this.complain(`${question} is ${got} and not ${current.answer} for ${Math.round(ms)} ms`)
    if (ms > (this.worst?.ms ?? 0)) this.worst = { ms, question, got, expected: current.answer }
  }

  /** Notes what must never be. */
  complain(text: string): void {
    this.complaintCount++
    if (this.complaints.length < complaintsMax) this.complaints.push(text)
  }
}

/** When what was right at the last right answer stopped to be so. */
function firstAfter({ moments, rightAt }: Case): number {
  return moments.find(({ from }) => from > rightAt)?.from ?? 0
}
