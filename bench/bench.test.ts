// The benchmarks run tiny, so that they cannot rot. What they measure here says nothing.

import t from 'tap'
import { findCores } from './cores.ts'
import { measure } from './measure.ts'
import { runMicro } from './micro.ts'
import { findProgram } from './programs.ts'
import { findRivals, type Rival } from './rivals.ts'
import { makeScenarios } from './scenarios.ts'
import { formatScenario, microsPerQuery, wrongCodes } from './table.ts'

const missing = ['dnsperf', 'taskset'].filter((program) => !findProgram(program))
const options = missing.length > 0 ? { skip: `${missing.join(' and ')} not installed` } : {}
const scenarios = makeScenarios({ names: 20, lines: 200, unseenLines: 5_000 })
const tiny = () => ({
  cores: findCores(),
  rates: [0, 500],
  rounds: 1,
  seconds: 0.2,
  warmupSeconds: 0.1,
  progress: () => {},
})

t.test('every server that is installed answers each kind of load', options, async (t) => {
  // Nobody has CoreDNS where only the tests run.
  const { present } = findRivals('/nonexistent/coredns')
  for (const name of ['service', 'unseen', 'zone', 'forward']) {
    const scenario = scenarios.find((one) => one.name === name)!
    const results = await measure(scenario, present, tiny())
    t.equal(results[0]?.rival.name, 'Meridian')
    for (const { rival, byRate } of results) {
      t.same([...byRate.keys()], [0, 500])
      const all = [...byRate.values()].flat()
      t.equal(wrongCodes(scenario, all), '', `${rival.name} answers ${name} rightly`)
      for (const measurement of all) {
        t.ok(microsPerQuery(measurement) > 0 && measurement.memoryBytes > 0, `${rival.name} has costs`)
      }
    }
    t.match(formatScenario(scenario, results), new RegExp(`\\(\`${name}\`\\).*\\| Meridian `, 's'))
  }
})

t.test('a server that does not start ends the run with what it printed', options, async (t) => {
  const broken: Rival = {
    name: 'Broken',
    version: '0',
    blocks: ['zone'],
    setup: () => ({
      source: 'zone',
      configuration: { file: 'broken.conf', text: 'port: many\n' },
      command: ['grep', '-H', 'many', 'broken.conf'],
    }),
  }
  const scenario = scenarios.find(({ name }) => name === 'zone')!
  await t.rejects(measure(scenario, [broken], tiny()), {
    message: /does not answer host-0\.aikernel\.local:\nbroken\.conf:port: many/,
  })
})

t.test('a server that is not installed is named', async (t) => {
  t.match(findRivals('/nonexistent/coredns').missing.join('\n'), '/nonexistent/coredns is left out: no such program')
})

t.test('the steps of a query are measured inside the process', async (t) => {
  const table = await runMicro({ seconds: 0.01 })
  t.match(table, /\| whole way: answer table +\| +[\d,]+ \|/)
  t.match(table, /\| whole way: kubernetes, NXDOMAIN +\| +[\d,]+ \|/)
})
