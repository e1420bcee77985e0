import t from 'tap'
import { CacheUnderTest, type Reply } from '../../test/support/cache-under-test.ts'
import { FakeClock } from '../../test/support/fake-clock.ts'
import { clientSubnetOption } from '../../wire/edns.ts'
import { reuseWhile } from '../response.ts'
import { Version } from '../version.ts'

const a = (ttl: number, address = '192.0.2.1'): string => `www.example. ${ttl} IN A ${address}`
const soa = (ttl: number, minimum: number): string =>
  `example. ${ttl} IN SOA ns.example. host.example. 1 2 3 4 ${minimum}`
const nxdomain = (ttl: number, minimum: number): Reply => ({ rcode: 'NXDOMAIN', authority: [soa(ttl, minimum)] })

/** A cache that has `replies` for www.example., and its clock. */
function cacheOf(directive: string, replies: readonly Reply[], settings: { compat?: boolean } = {}) {
  const clock = new FakeClock()
  const cache = new CacheUnderTest(clock, directive, settings)
  cache.below.set('www.example.', replies)
  return { cache, clock, ask: (options = {}) => cache.ask('www.example. A', options) }
}

/** What comes from below, what a client sees at once, and at the last moment that it is kept; seconds. */
interface Kept {
  readonly what: string
  readonly directive?: string
  readonly reply: Reply
  readonly first: readonly string[]
  readonly keptSeconds: number
  readonly last: readonly string[]
}

const kept: readonly Kept[] = [
  {
    what: 'an answer',
    reply: { answer: [a(60)] },
    first: ['NOERROR', a(60)],
    keptSeconds: 60,
    last: ['NOERROR', a(1)],
  },
  {
    what: 'records with different TTLs',
    reply: {
      answer: ['www.example. 90 IN CNAME x.example.', 'x.example. 60 IN A 192.0.2.1'],
      authority: ['example. 300 IN NS ns.example.'],
    },
    first: [
      'NOERROR',
      'www.example. 90 IN CNAME x.example.',
      'x.example. 60 IN A 192.0.2.1',
      'N example. 300 IN NS ns.example.',
    ],
    keptSeconds: 60,
    last: [
      'NOERROR',
      'www.example. 31 IN CNAME x.example.',
      'x.example. 1 IN A 192.0.2.1',
      'N example. 241 IN NS ns.example.',
    ],
  },
  {
    what: 'an answer with a TTL above the maximum',
    directive: 'cache 30',
    reply: { answer: [a(60)] },
    first: ['NOERROR', a(30)],
    keptSeconds: 30,
    last: ['NOERROR', a(1)],
  },
  {
    what: 'an answer with a TTL below the minimum',
    reply: { answer: [a(2)] },
    first: ['NOERROR', a(2)],
    keptSeconds: 5,
    last: ['NOERROR', a(0)],
  },
  {
    what: 'a denial whose MINIMUM is the smaller',
    reply: nxdomain(600, 20),
    first: ['NXDOMAIN', `N ${soa(20, 20)}`],
    keptSeconds: 20,
    last: ['NXDOMAIN', `N ${soa(1, 20)}`],
  },
  {
    what: 'a denial whose TTL is the smaller',
    reply: { authority: [soa(20, 600)] },
    first: ['NOERROR', `N ${soa(20, 600)}`],
    keptSeconds: 20,
    last: ['NOERROR', `N ${soa(1, 600)}`],
  },
  {
    what: 'a denial above the maximum',
    reply: nxdomain(9000, 9000),
    first: ['NXDOMAIN', `N ${soa(1800, 9000)}`],
    keptSeconds: 1800,
    last: ['NXDOMAIN', `N ${soa(1, 9000)}`],
  },
  {
    what: 'an alias to a name without the type',
    reply: { answer: ['www.example. 60 IN CNAME x.example.'], authority: [soa(30, 30)] },
    first: ['NOERROR', 'www.example. 60 IN CNAME x.example.', `N ${soa(30, 30)}`],
    keptSeconds: 30,
    last: ['NOERROR', 'www.example. 31 IN CNAME x.example.', `N ${soa(1, 30)}`],
  },
  { what: 'SERVFAIL', reply: 'SERVFAIL', first: ['SERVFAIL'], keptSeconds: 5, last: ['SERVFAIL'] },
  {
    what: 'NOTIMP',
    directive: 'cache {\nservfail 1m\n}',
    reply: 'NOTIMP',
    first: ['NOTIMP'],
    keptSeconds: 60,
    last: ['NOTIMP'],
  },
  { what: 'an empty reply', reply: 'NOERROR', first: ['NOERROR'], keptSeconds: 5, last: ['NOERROR'] },
  {
    what: 'a referral',
    reply: { authority: ['example. 60 IN NS ns.example.'], additional: ['ns.example. 60 IN A 192.0.2.53'] },
    first: ['NOERROR', 'N example. 5 IN NS ns.example.', 'E ns.example. 5 IN A 192.0.2.53'],
    keptSeconds: 5,
    last: ['NOERROR', 'N example. 1 IN NS ns.example.', 'E ns.example. 1 IN A 192.0.2.53'],
  },
  {
    what: 'with keepttl, an answer',
    directive: 'cache {\nkeepttl\n}',
    reply: { answer: [a(60)] },
    first: ['NOERROR', a(60)],
    keptSeconds: 60,
    last: ['NOERROR', a(60)],
  },
]

for (const { what, directive = 'cache', reply, first, keptSeconds, last } of kept) {
  t.test(`${what} is kept for ${keptSeconds} seconds`, async (t) => {
    const { cache, clock, ask } = cacheOf(directive, [reply, 'REFUSED'])
    t.strictSame(await ask(), first)
    t.strictSame(await ask(), first)
    await clock.advance(keptSeconds * 1000 - 1)
    t.strictSame(await ask(), last)
    t.equal(cache.asked.length, 1)
    await clock.advance(1)
    t.strictSame(await ask(), ['REFUSED'])
    t.equal(cache.asked.length, 2)
  })
}

const rrsig = (expiration: string, inception: string): string =>
  `www.example. 60 IN RRSIG A 8 2 60 ${expiration} ${inception} 1 example. AAAA`
const ecs = (scopeLength: number) =>
  clientSubnetOption({ family: 1, sourceLength: 24, scopeLength, address: Uint8Array.of(192, 0, 2) })

const notKept: readonly { what: string; directive?: string; reply: Reply; options?: object }[] = [
  { what: 'a truncated reply', reply: { tc: true, answer: [a(60)] } },
  { what: 'REFUSED', reply: 'REFUSED' },
  { what: 'NXDOMAIN without a SOA', reply: 'NXDOMAIN' },
  {
    what: 'NXDOMAIN behind an alias',
    reply: { rcode: 'NXDOMAIN', answer: ['www.example. 60 IN CNAME x.example.'], authority: [soa(60, 60)] },
  },
  { what: 'an alias that leads nowhere', reply: { answer: ['www.example. 60 IN CNAME x.example.'] } },
  {
    what: 'aliases in a circle',
    reply: { answer: ['www.example. 60 IN CNAME x.example.', 'x.example. 60 IN CNAME www.example.'] },
  },
  { what: 'an answer to another question', reply: { answer: ['other.example. 60 IN A 192.0.2.1'] } },
  { what: 'records beside the answer', reply: { additional: ['www.example. 60 IN A 192.0.2.1'] } },
  { what: 'an answer for one subnet', reply: { answer: [a(60)], options: [ecs(24)] } },
  { what: 'a failure nobody answered', reply: null },
  {
    what: 'a referral for a query without RD',
    reply: { authority: ['example. 60 IN NS ns.example.'] },
    options: { rd: false },
  },
  { what: 'SERVFAIL with servfail 0', directive: 'cache {\nservfail 0\n}', reply: 'SERVFAIL' },
  { what: 'TTL 0 with a minimum of 0', directive: 'cache {\nsuccess 1000 60 0\n}', reply: { answer: [a(0)] } },
  {
    what: 'an answer below a disabled zone',
    directive: 'cache {\ndisable success Example\n}',
    reply: { answer: [a(60)] },
  },
  { what: 'a denial with denials disabled', directive: 'cache {\ndisable denial\n}', reply: nxdomain(60, 60) },
  { what: 'an answer outside the zones', directive: 'cache example.org', reply: { answer: [a(60)] } },
  {
    what: 'an expired signature, for a client that set DO',
    reply: { answer: [a(60), rrsig('20251231000000', '20251201000000')] },
    options: { do: true },
  },
  {
    what: 'a signature of tomorrow, for a client that set DO',
    reply: { answer: [a(60), rrsig('20270101000000', '20260102000000')] },
    options: { do: true },
  },
]

for (const { what, directive = 'cache', reply, options } of notKept) {
  t.test(`${what} is not kept`, async (t) => {
    const { cache, ask } = cacheOf(directive, [reply])
    const first = await ask(options)
    t.strictSame(await ask(options), first)
    t.equal(cache.asked.length, 2)
  })
}

t.test('what looks alike is kept', async (t) => {
  const table: readonly [what: string, reply: Reply, options: object][] = [
    ['a signature in its time', { answer: [a(60), rrsig('20270101000000', '20251201000000')] }, { do: true }],
    ['an expired signature if nobody wants it', { answer: [a(60), rrsig('20251231000000', '20251201000000')] }, {}],
    ['an answer for every subnet', { answer: [a(60)], options: [ecs(0)] }, {}],
    ['an answer for a query without RD', { answer: [a(60)] }, { rd: false }],
    [
      'a DNAME with the alias made from it',
      {
        answer: [
          'example. 60 IN DNAME example.net.',
          'www.example. 60 IN CNAME www.example.net.',
          'www.example.net. 60 IN A 192.0.2.1',
        ],
      },
      {},
    ],
  ]
  for (const [what, reply, options] of table) {
    const { cache, ask } = cacheOf('cache', [reply])
    t.strictSame(await ask(options), await ask(options), what)
    t.equal(cache.asked.length, 1, what)
  }
})

t.test('DO and CD have entries of their own, RD and the spelling of the name have not', async (t) => {
  const { cache, ask } = cacheOf('cache', [{ answer: [a(60)] }])
  for (const options of [{}, { do: true }, { cd: true }, { do: true, cd: true }]) {
    await ask(options)
    await ask({ ...options, rd: false })
  }
  t.equal(cache.asked.length, 4)
  t.strictSame(await cache.ask('wWw.eXample. A'), ['NOERROR', 'wWw.eXample. 60 IN A 192.0.2.1'])
  t.strictSame(await cache.ask('www.example. A'), ['NOERROR', a(60)])
  t.equal(cache.asked.length, 4)
})

t.test('upstreams are asked with AD, clients see it only if they asked for it', async (t) => {
  const { cache, ask } = cacheOf('cache', [{ ad: true, answer: [a(60)] }])
  t.strictSame(await ask(), ['NOERROR', a(60)])
  t.equal(cache.asked[0]?.ad, true)
  t.strictSame(await ask({ ad: true }), ['NOERROR ad', a(60)])
  t.strictSame(await ask(), ['NOERROR', a(60)])
  t.equal(cache.asked.length, 1)
  t.strictSame(await ask({ do: true }), ['NOERROR ad', a(60)])
})

t.test('transfers are none of its business', async (t) => {
  const { cache } = cacheOf('cache', [{ answer: [a(60)] }])
  for (const type of ['AXFR', 'IXFR', 'AXFR']) await cache.ask(`www.example. ${type}`)
  t.equal(cache.asked.length, 3)
  t.equal(cache.asked[0]?.ad, false)
  t.equal(cache.metric('requests_total'), 0)
})

t.test('an answer that was asked for because of changing data ends with that data', async (t) => {
  const missing = new Version()
  const reply: Reply = { ...(nxdomain(60, 60) as object), reuse: { ...reuseWhile(missing), until: 0 } }
  const { cache, ask } = cacheOf('cache {\nserve_stale\n}', [reply, { answer: [a(60)] }])
  const first = await cache.answer('www.example. A')
  t.strictSame(first?.reuse.depends, [missing], 'the answer table learns what it depends on')
  const hit = await cache.answer('www.example. A')
  t.strictSame(hit?.reuse.depends, [missing])
  t.equal(cache.asked.length, 1)
  missing.end()
  t.strictSame(await ask(), ['NOERROR', a(60)])
})

t.test('an answer that comes after its data has changed is not kept', async (t) => {
  const missing = new Version()
  const { cache, clock } = cacheOf('cache', [
    { answer: [a(60)], reuse: { ...reuseWhile(missing), until: 0 } },
    { answer: [a(60, '192.0.2.2')] },
  ])
  cache.delayMs = 100
  const slow = cache.answer('www.example. A')
  missing.end()
  await clock.advance(100)
  t.strictSame(cache.text(await slow), ['NOERROR', a(60)])
  cache.delayMs = 0
  t.strictSame(await cache.ask('www.example. A'), ['NOERROR', a(60, '192.0.2.2')])
})

t.test('data of this server passes through, its TTL standing still, and hits of the answer table count', async (t) => {
  const { cache, clock } = cacheOf('cache 30', [{ aa: true, answer: [a(60)], reuse: reuseWhile(new Version()) }])
  for (let i = 0; i < 2; i++) {
    t.strictSame(await cache.ask('www.example. A'), ['NOERROR aa', a(30)])
    await clock.advance(10_000)
  }
  t.equal(cache.asked.length, 2)
  const response = await cache.answer('www.example. A')
  t.equal(response?.reuse.until, Number.POSITIVE_INFINITY)
  response?.reuse.used?.('dns://:53')
  t.equal(cache.metric('requests_total'), 4)
  t.equal(cache.metric('misses_total'), 3)
  t.equal(cache.metric('hits_total success'), 1)
  t.equal(cache.metric('entries success'), 0)
})

t.test('the answer table may repeat an answer until it expires, and those hits count', async (t) => {
  const { cache, clock, ask } = cacheOf('cache', [{ answer: [a(60)] }])
  await ask()
  await clock.advance(20_000)
  const hit = await cache.answer('www.example. A')
  t.equal(hit?.reuse.until, clock.now() + 40_000)
  t.equal(hit?.from, 'cache')
  hit?.reuse.used?.('dns://:53')
  t.equal(cache.metric('requests_total'), 3)
  t.equal(cache.metric('hits_total success'), 2)
})

t.test('compat coredns: one TTL for all, at least 5, AA on hits, MINIMUM not looked at', async (t) => {
  const answer = ['www.example. 90 IN CNAME x.example.', 'x.example. 2 IN A 192.0.2.1']
  const flat = ['www.example. 5 IN CNAME x.example.', 'x.example. 5 IN A 192.0.2.1']
  const positive = cacheOf('cache', [{ answer }], { compat: true })
  t.strictSame(await positive.ask(), ['NOERROR', ...flat])
  t.strictSame(await positive.ask(), ['NOERROR aa', ...flat])
  const negative = cacheOf('cache', [nxdomain(9000, 5)], { compat: true })
  t.strictSame(await negative.ask(), ['NXDOMAIN', `N ${soa(1800, 5)}`])
  const version = new Version()
  const own = cacheOf('cache', [{ aa: true, answer: [a(30)], reuse: reuseWhile(version) }], { compat: true })
  await own.ask()
  await own.clock.advance(10_000)
  t.strictSame(await own.ask(), ['NOERROR aa', a(20)])
  t.equal(own.cache.asked.length, 1)
  version.end()
  t.strictSame(await own.ask(), ['NOERROR aa', a(30)])
})

t.test('requests, hits, misses, drops and entries are counted', async (t) => {
  const { cache, ask } = cacheOf('cache', [{ answer: [a(60)] }])
  cache.below.set('nx.example.', [nxdomain(60, 60)])
  cache.below.set('odd.example.', [{ answer: [a(60)] }])
  for (let i = 0; i < 3; i++) {
    await ask()
    await cache.ask('nx.example. A')
  }
  await cache.ask('odd.example. A')
  const names = ['requests_total', 'misses_total', 'hits_total success', 'hits_total denial', 'drops_total']
  t.strictSame(
    names.map((name) => cache.metric(name)),
    [7, 3, 2, 2, 1],
  )
  t.strictSame([cache.metric('entries success'), cache.metric('entries denial')], [1, 1])
})

t.test(
  'compat coredns: data of this server that is not to be kept is repeated with its TTL standing still',
  async (t) => {
    const replies: readonly Reply[] = [{ aa: true, answer: [a(30)], reuse: reuseWhile(new Version()) }]
    const { cache, clock } = cacheOf('cache {\ndisable success\n}', replies, { compat: true })
    const response = await cache.answer('www.example. A')
    await clock.advance(10_000)
    t.strictSame(cache.text(response), ['NOERROR aa', a(30)])
    response?.reuse.used?.('dns://:53')
    t.equal(cache.metric('misses_total'), 2)
  },
)
