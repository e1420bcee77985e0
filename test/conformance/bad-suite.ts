// The suite of Corefiles that are refused (and look-alikes that are not): `meridian check FILE` must refuse with the recorded
// message to the byte, accept the look-alikes, and for a directive that is not built name it, the file and the line.
import { spawn } from 'node:child_process'
import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type CorefileCase, readCases, type Suite } from './case.ts'
import { copySuite, environment, type Subject } from './server.ts'
import { lackOf, Score, type SuiteResult } from './suite.ts'
import { accepts } from './transport.ts'

/** What a server did with a Corefile. */
export interface Verdict {
  readonly state: 'refused' | 'accepted' | 'undecided'
  readonly output: string
}

const checkTimeoutMs = 15_000
const startTimeoutMs = 5_000
/** Checks that run at once. */
const width = 2

export async function replayBadSuite(
  suite: Suite,
  subject: Subject,
  builtDirectives: ReadonlySet<string>,
): Promise<SuiteResult> {
  // their errors name lines, which a line more would move
  const directory = copySuite(suite, { ...subject, isCompat: false })
  const score = new Score(suite.name)
  const lacks: string[] = []
  try {
    const cases = readCases<CorefileCase>(suite)
    const open = cases.values()
    const lane = async (): Promise<void> => {
      for (const one of open) {
        const verdict = await judge(one, { directory, subject, environment: environment(suite, subject) })
        const corefile = readFileSync(join(directory, one.file), 'utf8')
        score.add(one, compareVerdict(one, verdict, { corefile, builtDirectives, dnsPort: subject.ports.DNS_PORT }))
        lacks.push(...verdict.output.split('\n').filter((line) => line.includes('is not built yet')))
      }
    }
    // a server that has to be started takes the ports: one at a time
    await Promise.all(Array.from({ length: subject.check ? width : 1 }, lane))
    return score.result(lacks.length > 0 ? lackOf(lacks.join('\n')) : '')
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

export interface VerdictRule {
  readonly corefile: string
  /** Directives that must not be said to be missing. */
  readonly builtDirectives: ReadonlySet<string>
  readonly dnsPort: number
}

/** The differences between a verdict (paths removed from its output) and what was recorded. */
export function compareVerdict(one: CorefileCase, verdict: Verdict, rule: VerdictRule): string[] {
  const lines = verdict.output.split('\n').map((line) => line.trimEnd())
  const said = lines.filter((line) => line !== '').at(-1) ?? 'nothing'
  if (verdict.state === 'undecided') return ['it neither refused nor accepted in time']
  if (verdict.state === 'refused') {
    const missing = lines.map(missingDirective).find((found) => found !== undefined)
    if (missing) return compareMissing(one, missing, rule)
  }
  if (!one.refused) return verdict.state === 'accepted' ? [] : [`refused, expected it to be accepted: ${said}`]
  if (verdict.state === 'accepted') return [`accepted, expected a refusal: ${one.error}`]
  const error = (one.error ?? '').trimEnd().replaceAll('{$DNS_PORT}', String(rule.dnsPort))
  return lines.some((line) => line.endsWith(error)) ? [] : [`expected ${error}`, `got ${said}`]
}

interface MissingDirective {
  readonly file: string
  readonly line: number
  readonly directive: string
}

function missingDirective(line: string): MissingDirective | undefined {
  const pattern = /(\S+):(\d+) - Error during parsing: directive '([^']+)' is not built yet in Meridian$/
  const [, file = '', number, directive = ''] = pattern.exec(line) ?? []
  return number === undefined ? undefined : { file, line: Number(number), directive }
}

/** It must name this file, and a line that starts with the directive, which must be one that need not be there. */
function compareMissing(one: CorefileCase, missing: MissingDirective, rule: VerdictRule): string[] {
  const { directive, file, line } = missing
  if (rule.builtDirectives.has(directive)) return [`says that ${directive} is not built, which it has to be`]
  if (file !== one.file) return [`names the file ${file} instead of ${one.file}`]
  const [word] = rule.corefile.split('\n')[line - 1]?.trim().split(/\s+/) ?? []
  return word === directive ? [] : [`line ${line} starts with ${word}, not with ${directive}`]
}

interface Workplace {
  readonly directory: string
  readonly subject: Subject
  readonly environment: NodeJS.ProcessEnv
}

/** Asks the checking command, or starts the server and sees whether it serves. */
async function judge(one: CorefileCase, place: Workplace): Promise<Verdict> {
  const { check, command, abort, ports } = place.subject
  const [program = '', ...words] = check
    ? [...check, one.file]
    : command.map((word) => word.replace(/Corefile$/, one.file))
  const child = spawn(program, words, {
    cwd: place.directory,
    env: place.environment,
    stdio: ['ignore', 'pipe', 'pipe'],
    signal: abort,
    killSignal: 'SIGKILL',
  })
  let output = ''
  let code: number | null | undefined
  child.stdout.on('data', (chunk) => {
    output += chunk
  })
  child.stderr.on('data', (chunk) => {
    output += chunk
  })
  const ended = new Promise<void>((resolve) => {
    child.once('close', (status) => {
      code = status
      resolve()
    })
    child.once('error', (error) => {
      output += error.message
      resolve()
    })
  })
  let isServing = false
  const end = performance.now() + (check ? checkTimeoutMs : startTimeoutMs)
  while (code === undefined && !isServing && performance.now() < end) {
    await Promise.race([ended, sleep(40, undefined, { ref: false })])
    if (!check && code === undefined) isServing = await accepts('127.0.0.1', ports.DNS_PORT)
  }
  if (code === undefined) child.kill('SIGKILL')
  await ended
  const state = isServing ? 'accepted' : stateOf(code, check !== null)
  return { state, output: output.replaceAll(`${place.directory}/`, '') }
}

function stateOf(code: number | null | undefined, isCheck: boolean): Verdict['state'] {
  if (code === undefined || code === null) return 'undecided'
  if (code === 0) return isCheck ? 'accepted' : 'undecided'
  return code === 1 ? 'refused' : 'undecided'
}
