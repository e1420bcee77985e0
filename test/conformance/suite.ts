// Replays one suite: starts a server with its Corefile, asks every case, and says which failed.
import { type Case, readCases, type Suite } from './case.ts'
import { ServerUnderTest, type Subject } from './server.ts'
import { runCase, type Stage } from './steps.ts'
import type { Upstream } from './upstream.ts'

export interface Failure {
  readonly id: string
  readonly differences: readonly string[]
  /** Why the case is a quirk, if it is one. */
  readonly quirk?: string
}

export interface SuiteResult {
  readonly name: string
  readonly passed: number
  readonly failures: readonly Failure[]
  /** Quirk cases that were not asked. */
  readonly skipped: number
  /** Quirk cases, when they count: how many of `passed` and of `failures` they are. */
  readonly quirks: { readonly passed: number; readonly failed: number }
  /** What the server lacks or said when it gave up; empty if it served to the end. */
  readonly missing: string
}

/** `skip` leaves out the parts of a case that are quirks, or the case if it has no such list; `run` compares everything. */
export type QuirkMode = 'skip' | 'run'

export interface Replay {
  readonly subject: Subject
  readonly upstream: Upstream
  readonly quirks: QuirkMode
}

/** Cases with one query that are under way at once, unless the suite says otherwise. */
const parallelDefault = 8

export async function replaySuite(suite: Suite, replay: Replay): Promise<SuiteResult> {
  const cases = readCases<Case>(suite)
  replay.upstream.reset()
  const server = await ServerUnderTest.start(suite, replay.subject)
  const score = new Score(suite.name)
  try {
    if (server.exited) {
      const differences = ['the server did not start']
      for (const one of cases) score.add(one, differences, replay.quirks)
      return score.result(lackOf(server.log() + (await server.check())))
    }
    const stage: Stage = { target: server.target, directory: server.directory, upstream: replay.upstream }
    await askAll(cases, suite.parallel ?? parallelDefault, async (one) => {
      if (replay.quirks === 'skip' && one.quirk && !one.quirkOnly) return score.skip()
      score.add(one, await runCase(one, stage, countedDifferences(one, replay.quirks)), replay.quirks)
    })
    return score.result(server.exited ? `the server exited: ${lackOf(server.log())}` : '')
  } finally {
    await server.stop()
  }
}

/** Single queries a few at a time, then the sequences that may run beside each other, then the others one by one. */
async function askAll(cases: readonly Case[], width: number, ask: (one: Case) => Promise<void>): Promise<void> {
  const isSequence = (one: Case): boolean => one.steps !== undefined || one.serial === true
  const singles = cases.filter((one) => !isSequence(one)).values()
  const lane = async (): Promise<void> => {
    for (const one of singles) await ask(one)
  }
  await Promise.all(Array.from({ length: width }, lane))
  const sequences = cases.filter(isSequence)
  await Promise.all(sequences.filter((one) => one.parallel).map(ask))
  for (const one of sequences.filter((other) => !other.parallel)) await ask(one)
}

function countedDifferences(one: Case, quirks: QuirkMode): (difference: string) => boolean {
  const parts = quirks === 'skip' ? (one.quirkOnly ?? []) : []
  return (difference) => !parts.some((part) => difference.startsWith(part))
}

/** Directives named in the table. */
const lacksShown = 10

/** The directives that a server says are not built yet, or else the last thing that it said. */
export function lackOf(log: string): string {
  const directives = new Set([...log.matchAll(/directive '([^']+)' is not built yet/g)].map(([, name]) => name))
  if (directives.size === 0) return log.trimEnd().split('\n').at(-1) ?? ''
  const hidden = directives.size > lacksShown ? ` and ${directives.size - lacksShown} more` : ''
  return `not built yet: ${[...directives].slice(0, lacksShown).join(', ')}${hidden}`
}

/** Counts the cases of a suite as they come in. */
export class Score {
  readonly #name: string
  readonly #failures: Failure[] = []
  #passed = 0
  #skipped = 0
  #quirksPassed = 0
  #quirksFailed = 0

  constructor(name: string) {
    this.#name = name
  }

  skip(): void {
    this.#skipped++
  }

  add(one: Pick<Case, 'id' | 'quirk' | 'reason'>, differences: readonly string[], quirks: QuirkMode = 'skip'): void {
    const isQuirk = quirks === 'run' && one.quirk === true
    if (differences.length === 0) {
      this.#passed++
      if (isQuirk) this.#quirksPassed++
      return
    }
    if (isQuirk) this.#quirksFailed++
    this.#failures.push({ id: one.id, differences, ...(isQuirk ? { quirk: one.reason ?? '' } : {}) })
  }

  result(missing: string): SuiteResult {
    return {
      name: this.#name,
      passed: this.#passed,
      failures: this.#failures,
      skipped: this.#skipped,
      quirks: { passed: this.#quirksPassed, failed: this.#quirksFailed },
      missing,
    }
  }
}
