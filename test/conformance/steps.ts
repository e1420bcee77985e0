// Sequences: a case with `steps` does one thing after another on one server; the upstream's counters and the files of the suite
// belong to it. And the run of a case with one query, which is a sequence of one.
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import { askQuery, askRaw, type Observation, type Target } from './ask.ts'
import type { Ask, Case, Expectation, Step } from './case.ts'
import { compareRaw, compareReply, recordLine } from './compare.ts'
import { getHttp, type HttpReply } from './transport.ts'
import type { Upstream } from './upstream.ts'

/** What a case works on. */
export interface Stage {
  readonly target: Target
  /** The copy of the suite's folder that the server runs in. */
  readonly directory: string
  readonly upstream: Upstream
}

/** Runs a case; the differences found, those of the first step that has any. `counted` says which differences count. */
export async function runCase(
  one: Case,
  stage: Stage,
  counted: (difference: string) => boolean = () => true,
): Promise<string[]> {
  if (!one.steps) return (await runStep(one, stage)).filter(counted)
  for (const [index, step] of one.steps.entries()) {
    const differences = (await runStep(step, stage)).filter(counted)
    if (differences.length > 0) return differences.map((difference) => `step ${index + 1}: ${difference}`)
  }
  return []
}

async function runStep(step: Step, stage: Stage): Promise<string[]> {
  if (isAction(step)) {
    await act(step, stage)
    return []
  }
  if (step.counts) return compareCounts(step, stage)
  if (step.http !== undefined) return compareHttp(step, stage)
  const ask = askOf(step)
  if (step.repeat !== undefined) return compareMany(step, ask, stage)
  if (step.raw !== undefined) {
    return compareRaw(step.expect as Readonly<Record<string, unknown>>, await askRaw(ask, stage.target))
  }
  return compareReply(step, step.expect as Expectation, await askQuery(ask, stage.target))
}

const isAction = ({ sleep, upstream, writeFile, removeFile }: Step): boolean =>
  [sleep, upstream, writeFile, removeFile].some((part) => part !== undefined)

/** Waits, or changes the upstream or a file of the suite. */
async function act(step: Step, { directory, upstream }: Stage): Promise<void> {
  if (step.sleep !== undefined) await sleep(1000 * step.sleep)
  if (step.upstream !== undefined) upstream[step.upstream]()
  if (step.writeFile !== undefined) writeFileSync(join(directory, step.writeFile), step.text ?? '')
  if (step.removeFile !== undefined) rmSync(join(directory, step.removeFile), { force: true })
}

function askOf(step: Step): Ask {
  if (step.transport === undefined) throw new Error('a step that asks nothing')
  return { ...step, transport: step.transport }
}

const differ = (expected: unknown, got: unknown): string[] => [
  `expected ${JSON.stringify(expected)} got ${JSON.stringify(got)}`,
]

/** How many queries the upstream has seen, by name and type. */
function compareCounts(step: Step, stage: Stage): string[] {
  const got = Object.fromEntries((step.counts ?? []).map((key) => [key, stage.upstream.count(key)]))
  return isDeepStrictEqual(step.expect, got) ? [] : differ(step.expect, got)
}

async function compareHttp(step: Step, stage: Stage): Promise<string[]> {
  const port = stage.target.ports[step.http ?? '']
  if (port === undefined) throw new Error(`no port is called ${step.http}`)
  const expected = step.expect as HttpReply
  const got = await getHttp(port, step.path ?? '/')
  if (expected.refused || got.refused)
    return Boolean(expected.refused) === Boolean(got.refused) ? [] : differ(expected, got)
  return expected.status === got.status && expected.body === got.body ? [] : differ(expected, got)
}

/** What many replies to one query have in common: the distinct sets of records, and the distinct first addresses. */
function summarize(replies: readonly Observation[]): { replies: string[]; firsts: string[] } {
  const sets = replies.map((reply) => {
    if ('silence' in reply) return 'silence'
    if ('undecodable' in reply) return `undecodable: ${reply.undecodable}`
    return `${reply.rcode}${reply.flags.tc ? ' tc' : ''} ${reply.answer.map(recordLine).sort().join(' | ')}`
  })
  const firsts = replies.map((reply) => {
    const records = 'answer' in reply ? reply.answer : []
    return records.find((record) => ['A', 'AAAA', 'MX'].includes(record.type))?.rdata ?? '-'
  })
  return { replies: [...new Set(sets)].sort(), firsts: [...new Set(firsts)].sort() }
}

async function compareMany(step: Step, ask: Ask, stage: Stage): Promise<string[]> {
  const replies: Observation[] = []
  for (let count = 0; count < (step.repeat ?? 1); count++) replies.push(await askQuery(ask, stage.target))
  const got = summarize(replies)
  return isDeepStrictEqual(folded(step.expect), folded(got)) ? [] : differ(step.expect, got)
}

const folded = (value: unknown): unknown => JSON.parse(JSON.stringify(value).toLowerCase())
