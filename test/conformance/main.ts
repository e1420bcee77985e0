// `npm run conformance`: replays the recorded cases of CoreDNS against a server and prints a table. README.md has the options.
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { replayBadSuite } from './bad-suite.ts'
import { findSuites, type Suite } from './case.ts'
import { freePorts, portsFrom } from './ports.ts'
import { brokenRequirements, isRequired, readRequirements } from './requirements.ts'
import type { Subject } from './server.ts'
import { type QuirkMode, replaySuite, type SuiteResult } from './suite.ts'
import { formatFailures, formatTable, formatTotal } from './table.ts'
import { Upstream } from './upstream.ts'

const here = import.meta.dirname
const meridian = resolve(here, '../../bin/meridian')

const { values: options } = parseArgs({
  options: {
    suite: { type: 'string', default: '' },
    verbose: { type: 'string', default: '40' },
    quirks: { type: 'string', default: 'skip' },
    compat: { type: 'boolean', default: false },
    required: { type: 'boolean', default: false },
    strict: { type: 'boolean', default: false },
    'base-port': { type: 'string' },
    manifests: { type: 'string', default: join(here, 'cluster.yaml') },
    cmd: { type: 'string' },
    kubeconfig: { type: 'boolean', default: false },
  },
})

async function subjectOf(abort: AbortSignal): Promise<Subject> {
  const base = options['base-port']
  return {
    command: options.cmd?.trim().split(/\s+/) ?? [meridian, 'serve', '-conf', 'Corefile'],
    check: options.cmd === undefined ? [meridian, 'check'] : null,
    manifests: options.kubeconfig ? null : resolve(options.manifests),
    isCompat: options.compat,
    ports: base === undefined ? await freePorts() : portsFrom(Number(base)),
    abort,
  }
}

function selectSuites(pattern: RegExp): Suite[] {
  const suites = findSuites(join(here, 'suites'), pattern)
  return options.required ? suites.filter((suite) => isRequired(suite.name, requirements)) : suites
}

async function replayAll(suites: readonly Suite[], subject: Subject, quirks: QuirkMode): Promise<SuiteResult[]> {
  const upstream = await Upstream.listen(subject.ports.UPSTREAM_PORT)
  const results: SuiteResult[] = []
  try {
    for (const suite of suites) {
      results.push(
        suite.kind === 'bad'
          ? await replayBadSuite(suite, subject, requirements.builtDirectives)
          : await replaySuite(suite, { subject, upstream, quirks }),
      )
    }
  } finally {
    await upstream.close()
  }
  return results
}

const requirements = readRequirements(join(here, 'required.json'))
const quirks: QuirkMode = options.quirks === 'run' || options.compat ? 'run' : 'skip'
const abort = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    abort.abort()
    process.exit(130)
  })
}

const suites = selectSuites(new RegExp(options.suite))
const results = await replayAll(suites, await subjectOf(abort.signal), quirks)
const failures = formatFailures(results, Number(options.verbose))
if (failures !== '') console.log(failures)
const quirkColumns = options.compat ? 'compat' : quirks === 'run' ? 'asked' : 'skipped'
console.log(formatTable(results, requirements, quirkColumns))
const broken = brokenRequirements(results, requirements)
if (options.required) console.log(broken === 0 ? 'every required suite passed' : `${broken} required cases failed`)
console.log(formatTotal(results))
process.exitCode =
  (options.required && broken > 0) || (options.strict && results.some((one) => one.failures.length > 0)) ? 1 : 0
