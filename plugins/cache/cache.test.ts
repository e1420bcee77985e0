// The cache in a whole server: with the answer table before it and real plugins below it.

import t from 'tap'
import { address, FakeUpstream } from '../../test/support/fake-upstream.ts'
import { serve } from '../../test/support/serve.ts'

// The sockets under test keep no process alive; the tests must.
const alive = setInterval(() => {}, 1_000)
t.teardown(() => clearInterval(alive))

const forwardTo = (upstream: FakeUpstream, ...lines: readonly string[]): string =>
  `. {\n${lines.join('\n')}\nforward . ${upstream.label} {\nmax_fails 0\n}\n}\n`

t.test('the upstream is asked once, TTLs count down, and every answer is counted', async (t) => {
  const upstream = await FakeUpstream.start(t, { answer: (question) => address(question, '192.0.2.1') })
  const server = await serve(t, { corefile: forwardTo(upstream, 'cache', 'prometheus localhost:0') })
  for (const ttl of [60, 50, 40, 30, 20]) {
    t.strictSame((await server.ask('www.example.org. A'))?.answer, [`www.example.org. ${ttl} IN A 192.0.2.1`])
    await server.clock.advance(10_000)
  }
  t.equal(upstream.asked.length, 1)
  const lines = (await server.metrics()).split('\n').filter((line) => line.startsWith('coredns_cache_'))
  t.strictSame(lines.sort(), [
    'coredns_cache_entries{server="dns://:53",type="denial",view="",zones="."} 0',
    'coredns_cache_entries{server="dns://:53",type="success",view="",zones="."} 1',
    'coredns_cache_hits_total{server="dns://:53",type="success",view="",zones="."} 4',
    'coredns_cache_misses_total{server="dns://:53",view="",zones="."} 1',
    'coredns_cache_requests_total{server="dns://:53",view="",zones="."} 5',
  ])
})

t.test('the OPT of the upstream stops at the cache, the client’s own options are echoed', async (t) => {
  const upstream = await FakeUpstream.start(t, {
    answer: (question) => ({
      ...address(question, '192.0.2.1'),
      additionals: [
        {
          type: 'OPT',
          name: '.',
          udpPayloadSize: 4096,
          extendedRcode: 0,
          ednsVersion: 0,
          flags: 0,
          flag_do: false,
          options: [{ code: 8, ip: '192.0.2.0', sourcePrefixLength: 24, scopePrefixLength: 0 }],
        },
      ],
    }),
  })
  const server = await serve(t, { corefile: forwardTo(upstream, 'cache') })
  for (let i = 0; i < 3; i++) {
    t.equal((await server.ask('plain.example.org. A'))?.edns, null)
    const cookie = { code: 10, data: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, i) }
    const reply = await server.ask('www.example.org. A', { edns: { size: 1400, options: [cookie] } })
    t.strictSame(
      reply?.edns?.options.map(({ code, data }) => [code, [...data]]),
      [[10, [...cookie.data]]],
    )
  }
})

t.test('stale answers when all upstreams are down', async (t) => {
  const upstream = await FakeUpstream.start(t, { answer: (question) => address(question, '192.0.2.1', 5) })
  const server = await serve(t, { corefile: forwardTo(upstream, 'cache {\nserve_stale 1h verify 0 30s\n}') })
  await server.ask('www.example.org. A', { edns: {} })
  await upstream.close()
  upstream.close = async () => {}
  await server.clock.advance(5_000)
  const reply = await server.ask('www.example.org. A', { edns: {} })
  t.strictSame(reply?.answer, ['www.example.org. 30 IN A 192.0.2.1'])
  t.strictSame(
    reply?.edns?.options.map(({ code, data }) => [code, ...data]),
    [[15, 0, 3]],
  )
  t.equal((await server.ask('other.example.org. A'))?.rcode, 'SERVFAIL')
})

t.test('a name that a zone file did not have is right as soon as it has it', async (t) => {
  const zone = (serial: number, ...records: readonly string[]): string =>
    [`@ 60 IN SOA ns host ${serial} 2 3 4 5`, '@ 60 IN NS ns', ...records, ''].join('\n')
  const upstream = await FakeUpstream.start(t, {
    answer: (question) => ({
      flags: 3,
      authorities: [
        {
          type: 'SOA',
          name: 'example.org',
          ttl: 300,
          data: { mname: 'ns', rname: 'host', serial: 1, refresh: 2, retry: 3, expire: 4, minimum: 300 },
        },
      ],
      questions: question.packet.questions ?? [],
    }),
  })
  for (const options of ['', 'compat coredns']) {
    const server = await serve(t, {
      corefile: forwardTo(upstream, options, 'cache 30', 'file db example.org {\nfallthrough\n}'),
      files: { db: zone(1) },
    })
    const before = upstream.asked.length
    for (let i = 0; i < 3; i++) t.equal((await server.ask('new.example.org. A'))?.rcode, 'NXDOMAIN')
    t.equal(upstream.asked.length, before + 1)
    await server.write('db', zone(2, 'new 60 IN A 192.0.2.1'))
    await server.until(async () => (await server.ask('new.example.org. A'))?.rcode === 'NOERROR')
    for (let i = 0; i < 3; i++) {
      t.strictSame(
        (await server.ask('new.example.org. A'))?.answer.map((text) => text.split(' ').at(-1)),
        ['192.0.2.1'],
      )
    }
    await server.write('db', zone(3, 'new 60 IN A 192.0.2.2'))
    await server.until(async () => (await server.ask('new.example.org. A'))?.answer[0]?.endsWith('192.0.2.2') ?? false)
  }
})
