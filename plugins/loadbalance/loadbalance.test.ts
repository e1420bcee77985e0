import t from 'tap'
import { seededRandom } from '../../test/support/questions.ts'
import { serve, serveError } from '../../test/support/serve.ts'

const files = {
  zone: `$ORIGIN lb.test.
@ 60 IN SOA ns host 1 2 3 4 5
@ 60 IN NS ns
many 60 IN A 192.0.2.1
many 60 IN A 192.0.2.2
many 60 IN A 192.0.2.3
many 60 IN A 192.0.2.4
mx 60 IN MX 10 a
mx 60 IN MX 10 bb
alias 60 IN CNAME many
`,
  weights: '# comment\nmany.lb.test\n192.0.2.1 250\n192.0.2.2 2\n',
}
const corefile = (line: string) => `lb.test {\n ${line}\n file zone\n}`

/** How often each record stood first in `rounds` answers. */
async function firsts(ask: () => Promise<string | undefined>, rounds: number): Promise<Map<string, number>> {
  const counts = new Map<string, number>()
  for (let i = 0; i < rounds; i++) {
    const first = (await ask()) ?? ''
    counts.set(first, (counts.get(first) ?? 0) + 1)
  }
  return counts
}

t.test('every address comes first equally often, from the chain and from the answer table', async (t) => {
  const server = await serve(t, { corefile: corefile('loadbalance'), files, random: seededRandom(1) })
  for (const name of ['many', 'alias']) {
    const counts = await firsts(async () => {
      const answer = (await server.ask(`${name}.lb.test. A`))?.answer
      return answer?.find((record) => record.includes(' IN A '))
    }, 2000)
    t.equal(counts.size, 4)
    // Chi-square with 3 degrees of freedom: 16.27 is passed by chance once in a thousand seeds.
    const chiSquare = [...counts.values()].reduce((sum, count) => sum + (count - 500) ** 2 / 500, 0)
    t.ok(chiSquare < 16.27, `${name}: chi-square ${chiSquare.toFixed(2)}`)
  }
})

t.test('the alias stays in front of what it leads to, and no record is lost', async (t) => {
  const server = await serve(t, { corefile: corefile('loadbalance'), files })
  for (let i = 0; i < 20; i++) {
    const answer = (await server.ask('alias.lb.test. A'))?.answer ?? []
    t.equal(answer[0], 'alias.lb.test. 60 IN CNAME many.lb.test.')
    t.equal(new Set(answer).size, 5)
  }
})

t.test('MX records are rotated too, with names that point into each other intact', async (t) => {
  const server = await serve(t, { corefile: corefile('loadbalance'), files })
  const counts = await firsts(async () => (await server.ask('mx.lb.test. MX'))?.answer[0], 60)
  t.same([...counts.keys()].sort(), ['mx.lb.test. 60 IN MX 10 a.lb.test.', 'mx.lb.test. 60 IN MX 10 bb.lb.test.'])
})

t.test('weights decide how often an address comes first', async (t) => {
  const server = await serve(t, { corefile: corefile('loadbalance weighted weights'), files, random: seededRandom(2) })
  const counts = await firsts(async () => (await server.ask('many.lb.test. A'))?.answer[0], 1000)
  const heavy = counts.get('many.lb.test. 60 IN A 192.0.2.1') ?? 0
  t.ok(heavy > 950, `192.0.2.1 with 250 of 254 came first ${heavy} times`)
})

t.test('a weight file is read again, a bad one is reported and the last good one stays', async (t) => {
  const server = await serve(t, { corefile: corefile('loadbalance weighted weights {\n reload 10s\n}'), files })
  const heavy = async () =>
    (await firsts(async () => (await server.ask('many.lb.test. A'))?.answer[0], 200)).get(
      'many.lb.test. 60 IN A 192.0.2.2',
    ) ?? 0
  t.ok((await heavy()) < 30)
  await server.write('weights', 'many.lb.test\n192.0.2.2 255\n')
  await server.until(async () => (await heavy()) > 150)
  await server.write('weights', 'many.lb.test\n192.0.2.1 999\n')
  await server.clock.advance(10_000)
  await server.until(() => server.log.some((line) => line.includes('wrong weight value:"999" in weight file')))
  t.ok((await heavy()) > 150)
})

t.test('preferred subnets come first in their order', async (t) => {
  const server = await serve(t, { corefile: corefile('loadbalance {\n prefer 192.0.2.4/32 192.0.2.2/31\n}'), files })
  for (let i = 0; i < 10; i++) {
    const last = ((await server.ask('many.lb.test. A'))?.answer ?? []).map((record) => record.at(-1))
    t.equal(last[0], '4')
    t.same(last.slice(1, 3).sort(), ['2', '3'])
    t.equal(last[3], '1')
  }
})

t.test('what is not understood is refused', async (t) => {
  const table = [
    ['loadbalance best', 'plugin/loadbalance: unknown policy: best'],
    [
      'loadbalance round_robin x',
      'plugin/loadbalance: Corefile:2 - Error during parsing: unknown property for round_robin',
    ],
    ['loadbalance weighted', 'plugin/loadbalance: Corefile:2 - Error during parsing: missing weight file argument'],
    ['loadbalance weighted a b', 'plugin/loadbalance: Corefile:2 - Error during parsing: unexpected argument(s)'],
    ['loadbalance weighted none {\n reload 0s\n}', 'plugin/loadbalance: weight file open error'],
    [
      'loadbalance {\n prefer x\n}',
      'plugin/loadbalance: Corefile:3 - Error during parsing: invalid CIDR "x": invalid CIDR address: x',
    ],
    ['loadbalance {\n nope\n}', "plugin/loadbalance: Corefile:3 - Error during parsing: unknown property 'nope'"],
  ] as const
  for (const [line, error] of table) t.equal(await serveError({ corefile: corefile(line), files }), error)
})
