import t from 'tap'
import { clusterZoneFile, makeServices, manifestsOf, serviceName } from './data.ts'
import { makeScenarios } from './scenarios.ts'

const scenarios = makeScenarios({ names: 120, lines: 2_000, unseenLines: 3_000 })
const named = (name: string) => scenarios.find((scenario) => scenario.name === name)!

t.test('a seed gives the same questions to every server', async (t) => {
  for (const scenario of scenarios) {
    const [first, again, other] = [3, 3, 4].map((seed) => scenario.questions(seed).join('\n'))
    t.ok(first === again && first !== other, scenario.name)
  }
})

t.test('names never asked before do not come twice, whatever the seed', async (t) => {
  const questions = [0, 1, 2].flatMap((seed) => named('unseen').questions(seed))
  t.equal(new Set(questions).size, 9_000)
})

t.test('the search-path mix has the shares that its title names', async (t) => {
  const questions = named('search').questions(1)
  const share = (pattern: RegExp): number => questions.filter((line) => pattern.test(line)).length / questions.length
  t.ok(Math.abs(share(/^service-.* A$/) - 0.5) < 0.05)
  t.ok(Math.abs(share(/^service-.* AAAA$/) - 0.1) < 0.05)
  t.ok(Math.abs(share(/^api-\d+\.vendor\.example\.((team-\d+\.)?svc\.)?cluster\.local A$/) - 0.4) < 0.05)
})

t.test('manifests and the master file hold the same names and addresses', async (t) => {
  const services = makeServices(120)
  const zone = clusterZoneFile(services)
  const objects = manifestsOf(services)
    .split('---\n')
    .map((text) => JSON.parse(text) as { kind: string; metadata: { name: string }; spec?: { clusterIP: string } })
  t.equal(objects.filter(({ kind }) => kind === 'Namespace').length, 3)
  for (const service of services) {
    const object = objects.find(({ kind, metadata }) => kind === 'Service' && metadata.name === service.name)
    t.ok(zone.includes(`\n${serviceName(service)}. IN A ${object?.spec?.clusterIP}\n`), service.name)
  }
})
