// Prefetch and stale answers as scripts: what is asked when, what comes back, and how often the upstream was asked by then.

import t from 'tap'
import { CacheUnderTest, type Reply } from '../../test/support/cache-under-test.ts'
import { FakeClock } from '../../test/support/fake-clock.ts'

const a = (ttl: number, address = '192.0.2.1'): string => `www.example. ${ttl} IN A ${address}`
const answer = (ttl: number, address = '192.0.2.1'): Reply => ({ answer: [a(ttl, address)] })
const soa = (ttl: number): string => `example. ${ttl} IN SOA ns.example. host.example. 1 2 3 4 3600`
const nxdomain: Reply = { rcode: 'NXDOMAIN', authority: [soa(60)] }
const stale = (address = '192.0.2.1', ttl = 0): string[] => ['NOERROR', a(ttl, address), 'EDE 3']

/** One question: when (seconds from the start), the reply, and how often the upstream was asked after it and what it starts. */
type Step = readonly [at: number, reply: readonly string[], asked: number]

interface Script {
  readonly what: string
  readonly options: readonly string[]
  readonly replies: readonly Reply[]
  /** How long the upstream takes, in milliseconds. */
  readonly delayMs?: number
  readonly steps: readonly Step[]
  readonly metrics?: Readonly<Record<string, number>>
}

const scripts: readonly Script[] = [
  {
    what: 'a popular entry is fetched again in the last tenth of its time',
    options: ['prefetch 2'],
    replies: [answer(60), answer(60, '192.0.2.2')],
    steps: [
      [0, ['NOERROR', a(60)], 1],
      [10, ['NOERROR', a(50)], 1],
      [53.9, ['NOERROR', a(7)], 1],
      [54, ['NOERROR', a(6)], 2],
      [55, ['NOERROR', a(59, '192.0.2.2')], 2],
      [107.9, ['NOERROR', a(7, '192.0.2.2')], 2],
      [108, ['NOERROR', a(6, '192.0.2.2')], 3],
    ],
    metrics: { prefetch_total: 2, misses_total: 1, 'hits_total success': 6 },
  },
  {
    what: 'an entry that is not popular is not',
    options: ['prefetch 2'],
    replies: [answer(60)],
    steps: [
      [0, ['NOERROR', a(60)], 1],
      [59, ['NOERROR', a(1)], 1],
      [60, ['NOERROR', a(60)], 2],
    ],
    metrics: { prefetch_total: 0 },
  },
  {
    what: 'hits with a gap between them do not add up',
    options: ['prefetch 3 5s'],
    replies: [answer(60)],
    steps: [
      [0, ['NOERROR', a(60)], 1],
      [20, ['NOERROR', a(40)], 1],
      [25, ['NOERROR', a(35)], 1],
      [54, ['NOERROR', a(6)], 1],
      [55, ['NOERROR', a(5)], 1],
      [56, ['NOERROR', a(4)], 2],
    ],
  },
  {
    what: 'one refresh is under way at a time, whatever comes',
    options: ['prefetch 1 1m 50%'],
    replies: [answer(60), answer(60, '192.0.2.2')],
    delayMs: 500,
    steps: [
      [0, ['NOERROR', a(60)], 1],
      [30.5, ['NOERROR', a(30)], 2],
      [30.6, ['NOERROR', a(30)], 2],
      [31.1, ['NOERROR', a(60, '192.0.2.2')], 2],
    ],
    metrics: { prefetch_total: 1 },
  },
  {
    what: 'a refresh that fails leaves the entry alone',
    options: ['prefetch 1'],
    replies: [answer(60), 'SERVFAIL', null, 'REFUSED', answer(60, '192.0.2.2')],
    steps: [
      [0, ['NOERROR', a(60)], 1],
      [54, ['NOERROR', a(6)], 2],
      [55, ['NOERROR', a(5)], 3],
      [56, ['NOERROR', a(4)], 4],
      [57, ['NOERROR', a(3)], 5],
      [58, ['NOERROR', a(59, '192.0.2.2')], 5],
    ],
  },
  {
    what: 'a refresh that says that the name is gone ends the answer',
    options: ['prefetch 1'],
    replies: [answer(60), nxdomain],
    steps: [
      [0, ['NOERROR', a(60)], 1],
      [54, ['NOERROR', a(6)], 2],
      [55, ['NXDOMAIN', `N ${soa(59)}`], 2],
    ],
  },
  {
    what: 'a refresh whose answer may not be kept ends the old one',
    options: ['prefetch 1'],
    replies: [answer(60), { rcode: 'NXDOMAIN' }],
    steps: [
      [0, ['NOERROR', a(60)], 1],
      [54, ['NOERROR', a(6)], 2],
      [55, ['NXDOMAIN'], 3],
    ],
  },
  {
    what: 'immediate: the stale answer at once, the new one behind it',
    options: ['serve_stale'],
    replies: [answer(60), null, 'SERVFAIL', answer(60, '192.0.2.2')],
    steps: [
      [0, ['NOERROR', a(60)], 1],
      [60, stale(), 2],
      [61, stale(), 3],
      [62, stale(), 4],
      [63, ['NOERROR', a(59, '192.0.2.2')], 4],
    ],
    metrics: { prefetch_total: 3, served_stale_total: 3, 'hits_total success': 4 },
  },
  {
    what: 'stale answers end with the duration',
    options: ['serve_stale 10s'],
    replies: [answer(60), null],
    steps: [
      [0, ['NOERROR', a(60)], 1],
      [69.9, stale(), 2],
      [70, ['SERVFAIL'], 3],
    ],
  },
  {
    what: 'stale answers have the configured TTL, and a failed refresh is followed by a pause',
    options: ['serve_stale 1h immediate 30s 10s'],
    replies: [answer(60), null],
    steps: [
      [0, ['NOERROR', a(60)], 1],
      [60, stale('192.0.2.1', 30), 2],
      [69.9, stale('192.0.2.1', 30), 2],
      [70.1, stale('192.0.2.1', 30), 3],
    ],
  },
  {
    what: 'a stale denial says that it is one',
    options: ['serve_stale'],
    replies: [nxdomain, null],
    steps: [
      [0, ['NXDOMAIN', `N ${soa(60)}`], 1],
      [60, ['NXDOMAIN', `N ${soa(0)}`, 'EDE 19'], 2],
    ],
    metrics: { 'hits_total denial': 1 },
  },
  {
    what: 'SERVFAIL is never served stale',
    options: ['serve_stale'],
    replies: ['SERVFAIL', answer(60)],
    steps: [
      [0, ['SERVFAIL'], 1],
      [4, ['SERVFAIL'], 1],
      [5, ['NOERROR', a(60)], 2],
    ],
  },
  {
    what: 'verify: the new answer if there is one',
    options: ['serve_stale 1h verify'],
    replies: [answer(60), null, 'SERVFAIL', { tc: true, answer: [a(60)] }, answer(60, '192.0.2.2')],
    steps: [
      [0, ['NOERROR', a(60)], 1],
      [60, stale(), 2],
      [61, stale(), 3],
      [62, stale(), 4],
      [63, ['NOERROR', a(60, '192.0.2.2')], 5],
      [64, ['NOERROR', a(59, '192.0.2.2')], 5],
    ],
    metrics: { prefetch_total: 0, served_stale_total: 3 },
  },
  {
    what: 'verify: a pause after a failure',
    options: ['serve_stale 1h verify 0 0 10s'],
    replies: [answer(60), null, answer(60, '192.0.2.2')],
    steps: [
      [0, ['NOERROR', a(60)], 1],
      [60, stale(), 2],
      [69, stale(), 2],
      [70, ['NOERROR', a(60, '192.0.2.2')], 3],
    ],
  },
  {
    what: 'prefer_positive: a stale answer beats every denial',
    options: ['serve_stale 5m', 'serve_stale_policy prefer_positive'],
    replies: [answer(60), nxdomain, 'NOERROR', answer(60, '192.0.2.2')],
    steps: [
      [0, ['NOERROR', a(60)], 1],
      [60, stale(), 2],
      [61, stale(), 3],
      [62, stale(), 4],
      [63, ['NOERROR', a(59, '192.0.2.2')], 4],
    ],
  },
  {
    what: 'prefer_positive: until it has gone too stale',
    options: ['serve_stale 30s', 'serve_stale_policy prefer_positive'],
    replies: [answer(60), nxdomain],
    steps: [
      [0, ['NOERROR', a(60)], 1],
      [89, stale(), 2],
      [90, ['NXDOMAIN', `N ${soa(59)}`], 2],
    ],
  },
]

for (const { what, options, replies, delayMs = 0, steps, metrics = {} } of scripts) {
  t.test(what, async (t) => {
    const clock = new FakeClock()
    const start = clock.now()
    const cache = new CacheUnderTest(clock, `cache {\n${options.join('\n')}\n}`)
    cache.below.set('www.example.', replies)
    cache.delayMs = delayMs
    for (const [at, reply, asked] of steps) {
      await clock.advance(start + at * 1000 - clock.now())
      const pending = Promise.resolve(cache.answer('www.example. A'))
      if (at === 0) await clock.advance(delayMs)
      t.strictSame(cache.text(await pending), reply, `at ${at} s`)
      await clock.advance(0)
      t.equal(cache.asked.length, asked, `asked by ${at} s`)
    }
    for (const [name, value] of Object.entries(metrics)) t.equal(cache.metric(name), value, name)
  })
}

t.test('verify waits no longer than its timeout, and what comes later is kept', async (t) => {
  const clock = new FakeClock()
  const cache = new CacheUnderTest(clock, 'cache {\nserve_stale 1h verify 300ms\n}')
  cache.below.set('www.example.', [answer(60), answer(60, '192.0.2.2')])
  await cache.ask('www.example. A')
  await clock.advance(60_000)
  cache.delayMs = 1_000
  let text: string[] | null = null
  void cache.ask('www.example. A').then((reply) => {
    text = reply
  })
  await clock.advance(299)
  t.equal(text, null)
  await clock.advance(1)
  t.strictSame(text, stale())
  await clock.advance(700)
  t.strictSame(await cache.ask('www.example. A'), ['NOERROR', a(60, '192.0.2.2')])
  t.equal(cache.asked.length, 2)
})

t.test('a background refresh is nobody’s: not cut off over UDP, not ended with the client', async (t) => {
  const clock = new FakeClock()
  const cache = new CacheUnderTest(clock, 'cache {\nprefetch 1\n}')
  cache.below.set('www.example.', [answer(60)])
  await cache.ask('www.example. A', { do: true })
  await clock.advance(55_000)
  await cache.ask('www.example. A', { do: true })
  await clock.advance(0)
  const [, refresh] = cache.asked
  t.match(refresh, { ad: true, do: true, datagram: false, signal: null })
})

t.test('the answer table gives a popular entry back to the cache when its last tenth begins', async (t) => {
  const clock = new FakeClock()
  const cache = new CacheUnderTest(clock, 'cache {\nprefetch 3\n}')
  cache.below.set('www.example.', [answer(60)])
  const first = await cache.answer('www.example. A')
  t.equal(first?.reuse.until, clock.now() + 54_000)
  for (let i = 0; i < 2; i++) first?.reuse.used?.('dns://:53')
  await clock.advance(54_000)
  const last = await cache.answer('www.example. A')
  await clock.advance(0)
  t.equal(cache.asked.length, 2, 'hits of the table count')
  t.ok(last && last.reuse.until <= clock.now(), 'in the last tenth every query goes to the cache')
})

t.test('a stale answer may be repeated until the next refresh is due', async (t) => {
  const clock = new FakeClock()
  const cache = new CacheUnderTest(clock, 'cache {\nserve_stale 1h immediate 30s 10s\n}')
  cache.below.set('www.example.', [answer(60), null])
  await cache.ask('www.example. A')
  await clock.advance(60_000)
  const first = await cache.answer('www.example. A')
  t.equal(first?.reuse.until, 0)
  await clock.advance(1_000)
  const second = await cache.answer('www.example. A')
  t.equal(second?.reuse.until, clock.now() + 9_000)
  second?.reuse.used?.('dns://:53')
  t.equal(cache.metric('served_stale_total'), 3)
  t.equal(cache.metric('hits_total success'), 3)
})

t.test('an error below during a refresh is logged, and the old answer stays', async (t) => {
  const clock = new FakeClock()
  const cache = new CacheUnderTest(clock, 'cache {\nserve_stale\n}')
  cache.below.set('www.example.', [answer(60), { answer: ['not a record'] }])
  await cache.ask('www.example. A')
  await clock.advance(60_000)
  for (let i = 0; i < 2; i++) {
    t.strictSame(await cache.ask('www.example. A'), stale())
    await clock.advance(0)
  }
  t.equal(cache.asked.length, 3)
  t.match(cache.errors, [/^refresh of www\.example\.: /, /^refresh of www\.example\.: /])
})
