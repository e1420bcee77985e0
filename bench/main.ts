// `npm run bench`: CPU per query of the demo's blocks beside CoreDNS, Knot, NSD and Unbound. README.md has the method.

import { cpus, release, totalmem } from 'node:os'
import { parseArgs } from 'node:util'
import { type Cores, findCores, moveProcess, taskset } from './cores.ts'
import { defaultRates, defaultRounds, defaultSeconds, defaultWarmupSeconds } from './limits.ts'
import { measure } from './measure.ts'
import { runMicro } from './micro.ts'
import { findProgram, versionOf } from './programs.ts'
import { findRivals, type Rivals } from './rivals.ts'
import { makeScenarios, type Scenario, usualSizes } from './scenarios.ts'
import { formatScenario } from './table.ts'

const { values: options } = parseArgs({
  options: {
    coredns: { type: 'string', default: process.env.COREDNS ?? '' },
    scenario: { type: 'string', default: '' },
    server: { type: 'string', default: '' },
    rates: { type: 'string', default: defaultRates.join() },
    rounds: { type: 'string', default: String(defaultRounds) },
    seconds: { type: 'string', default: String(defaultSeconds) },
    warmup: { type: 'string', default: String(defaultWarmupSeconds) },
    micro: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})

const usage = `npm run bench -- [options]
  --coredns PATH     CoreDNS's executable (or the environment's COREDNS)
  --scenario A,B     only these: ${makeScenarios(usualSizes)
    .map(({ name }) => name)
    .join(', ')}
  --server A,B       only these: meridian, coredns, knot, nsd, unbound
  --rates 2000,10000 queries a second besides saturation; 0 for none
  --rounds 3  --seconds 4  --warmup 3
  --micro            what a step of a query costs inside the process, without sockets`

/** Numbers of a list option; a person's mistake ends the run. */
function numbers(name: string, text: string): number[] {
  const values = text.split(',').map(Number)
  if (values.some((value) => !Number.isFinite(value) || value < 0)) fail(`--${name} ${text}: numbers are expected`)
  return values
}

function positive(name: string, text: string): number {
  const [value = 0] = numbers(name, text)
  if (value <= 0) fail(`--${name} ${text}: it must be more than 0`)
  return value
}

function fail(sentence: string): never {
  console.error(`${sentence}\n\n${usage}`)
  process.exit(1)
}

/** Those of `all` that a comma-separated list names; all if it is empty. */
function chosen<Value extends { readonly name: string }>(all: readonly Value[], list: string, what: string): Value[] {
  const names = list.split(',').filter((name) => name !== '')
  const unknown = names.find((name) => !all.some((one) => one.name.toLowerCase() === name.toLowerCase()))
  if (unknown !== undefined) fail(`there is no ${what} "${unknown}" here`)
  return all.filter(
    ({ name }) => names.length === 0 || names.some((wanted) => wanted.toLowerCase() === name.toLowerCase()),
  )
}

function describeRun({ present, missing }: Rivals, cores: Cores): string {
  const [cpu] = cpus()
  const load = versionOf(['dnsperf', '-h'])
  return [
    `${new Date().toISOString().slice(0, 10)}, ${cpu?.model.trim() ?? 'unknown CPU'}, ${cpus().length} cores, ${(totalmem() / 2 ** 30).toFixed(1)} GiB, Linux ${release()}, Node ${process.versions.node}.`,
    `Servers on core ${cores.server}, dnsperf ${load} on core ${cores.load}${cores.server === cores.load ? ': one core for both, so servers wait for dnsperf' : ''}.`,
    `${present.map(({ name, version }) => `${name} ${version}`).join(', ')}.`,
    ...missing,
    '',
  ].join('\n')
}

async function bench(scenarios: readonly Scenario[], rivals: Rivals): Promise<void> {
  for (const program of ['dnsperf', taskset])
    if (!findProgram(program)) fail(`${program} is needed and not installed (apt-get install dnsperf util-linux)`)
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130))
  const cores = findCores()
  moveProcess(process.pid, cores.load)
  console.log(describeRun(rivals, cores))
  const measuring = {
    cores,
    rates: [0, ...numbers('rates', options.rates).filter((rate) => rate > 0)],
    rounds: positive('rounds', options.rounds),
    seconds: positive('seconds', options.seconds),
    warmupSeconds: positive('warmup', options.warmup),
    progress: (line: string): void => void process.stderr.write(`  ${line}\n`),
  }
  for (const scenario of scenarios)
    console.log(formatScenario(scenario, await measure(scenario, rivals.present, measuring)))
}

if (options.help) console.log(usage)
else if (options.micro) console.log(await runMicro({ seconds: positive('seconds', options.seconds) / 4 }))
else {
  const rivals = findRivals(options.coredns)
  await bench(chosen(makeScenarios(usualSizes), options.scenario, 'scenario'), {
    ...rivals,
    present: chosen(rivals.present, options.server, 'server'),
  })
}
