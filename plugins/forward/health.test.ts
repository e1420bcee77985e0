import t from 'tap'
import { address, type FakeAnswer, type FakeQuestion, FakeUpstream } from '../../test/support/fake-upstream.ts'
import { serve, type TestServer } from '../../test/support/serve.ts'

type Test = Parameters<typeof serve>[0]

// The sockets under test keep no process alive; the tests must.
const alive = setInterval(() => {}, 1_000)
t.teardown(() => clearInterval(alive))

const good = (question: FakeQuestion): FakeAnswer => address(question, '192.0.2.1')
const silent = (): FakeAnswer => null

/** A fake that counts its probes too: questions for the root are not in `asked`. */
async function probed(t: Test, answer: (question: FakeQuestion) => FakeAnswer) {
  const probes: FakeQuestion[] = []
  const state = { answer }
  const fake = await FakeUpstream.start(t, {
    answer: (question) => {
      if (question.type === 'NS') probes.push(question)
      return state.answer(question)
    },
  })
  return { fake, probes, state }
}

const start = (t: Test, to: string, ...properties: readonly string[]): Promise<TestServer> =>
  serve(t, { corefile: `. {\n  forward . ${to} {\n    ${properties.join('\n    ')}\n  }\n}`, random: () => 0.5 })

/** Moves the clock in steps that leave real sockets time to deliver. */
async function pass(server: TestServer, ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 100) {
    await new Promise((resolve) => setTimeout(resolve, 3))
    await server.clock.advance(100)
  }
  await new Promise((resolve) => setTimeout(resolve, 10))
}

t.test('an upstream is probed from the start, every 10 s while it answers', async (t) => {
  const { fake, probes } = await probed(t, good)
  const server = await start(t, fake.label)
  await server.until(() => probes.length === 1)
  t.match(probes[0], { name: '.', type: 'NS', transport: 'udp' })
  t.equal(probes[0]?.raw.readUInt16BE(2), 0x0100)
  await pass(server, 9_000)
  t.equal(probes.length, 1)
  await pass(server, 1_500)
  t.equal(probes.length, 2)
})

t.test('health_check sets the name and the RD bit of probes; max_fails 0 means none', async (t) => {
  const { fake, probes } = await probed(t, good)
  const server = await start(t, fake.label, 'health_check 1s no_rec domain Example.org')
  await server.until(() => probes.length === 1)
  t.match(probes[0], { name: 'example.org' })
  t.equal(probes[0]?.raw.readUInt16BE(2), 0)
  const other = await probed(t, good)
  const unprobed = await start(t, other.fake.label, 'max_fails 0')
  await pass(unprobed, 1_000)
  t.equal(other.probes.length, 0)
})

t.test(
  'a silent upstream is known to be down before the first query, and the answer is SERVFAIL at once',
  async (t) => {
    const { fake, state, probes } = await probed(t, silent)
    const server = await start(t, fake.label)
    await pass(server, 5_000)
    t.match(server.log, [new RegExp(`plugin/forward: upstream ${fake.label} is down: .*i/o timeout`)])
    t.equal((await server.ask('a.test. A'))?.rcode, 'SERVFAIL')
    t.match(await server.metrics(), /^coredns_forward_healthcheck_broken_total 1$/m)
    t.match(
      await server.metrics(),
      `coredns_proxy_healthcheck_failures_total{proxy_name="forward",to="${fake.label}"} `,
    )
    t.ok(probes.length >= 3)
    state.answer = good
    await pass(server, 2_000)
    t.match(server.log, [/is down/, `[INFO] plugin/forward: upstream ${fake.label} is up again`])
    t.equal((await server.ask('b.test. A'))?.rcode, 'NOERROR')
  },
)

t.test('any reply is a sign of life', async (t) => {
  for (const answer of [() => ({ flags: 5 }), () => Buffer.from('000080000001', 'hex')] as const) {
    const { fake, state } = await probed(t, good)
    state.answer = (question) => {
      const reply = answer()
      if (!Buffer.isBuffer(reply)) return reply
      return Buffer.concat([
        question.raw.subarray(0, 2),
        Buffer.from([0x80, 0, 0, 1, 0xff, 0xff, 0, 0, 0, 0]),
        question.raw.subarray(12),
      ])
    }
    const server = await start(t, fake.label)
    await pass(server, 5_000)
    t.strictSame(server.log, [])
  }
})

t.test('an upstream that ignores probes but answers questions stays in use', async (t) => {
  const { fake } = await probed(t, (question) => (question.type === 'NS' ? null : good(question)))
  const server = await start(t, fake.label)
  t.equal((await server.ask('a.test. A'))?.rcode, 'NOERROR')
  await pass(server, 8_000)
  t.equal((await server.ask('b.test. A'))?.rcode, 'NOERROR')
  t.strictSame(server.log, [])
})

t.test('an upstream that ignored probes from the start comes into use with the first question', async (t) => {
  const { fake } = await probed(t, (question) => (question.type === 'NS' ? null : good(question)))
  const server = await start(t, fake.label)
  await pass(server, 5_000)
  t.equal((await server.ask('a.test. A'))?.rcode, 'SERVFAIL')
  await server.until(() => server.log.some((line) => line.includes('is up again')))
  t.equal((await server.ask('b.test. A'))?.rcode, 'NOERROR')
})

t.test('failfast_all_unhealthy_upstreams does not try a client question on an upstream that is down', async (t) => {
  const { fake } = await probed(t, silent)
  const server = await start(t, fake.label, 'failfast_all_unhealthy_upstreams')
  await pass(server, 5_000)
  t.equal((await server.ask('a.test. A'))?.rcode, 'SERVFAIL')
  await pass(server, 500)
  t.equal(fake.count('a.test'), 0)
})

t.test('a question that fails brings the next probe at once, and clients go to the other upstream', async (t) => {
  const first = await probed(t, good)
  const second = await probed(t, good)
  const server = await start(t, `${first.fake.label} ${second.fake.label}`, 'policy sequential')
  await server.until(() => first.probes.length === 1 && second.probes.length === 1)
  await pass(server, 1_000)
  first.state.answer = silent
  const asked = server.ask('a.test. A')
  await pass(server, 2_500)
  t.equal((await asked)?.rcode, 'NOERROR')
  t.equal(first.probes.length, 1, 'the other one answered before the first could be called silent')
  // Both of the question's sendings go to the first: the second upstream is quick, so it takes a failure to see one.
  second.state.answer = silent
  const failed = server.ask('b.test. A')
  await pass(server, 2_500)
  t.equal((await failed)?.rcode, 'SERVFAIL')
  t.ok(first.probes.length >= 2, 'probed at once')
  second.state.answer = good
  await pass(server, 5_000)
  const before = first.fake.count('c.test')
  t.equal((await server.ask('c.test. A'))?.rcode, 'NOERROR')
  t.equal(first.fake.count('c.test'), before)
})

t.test('two stanzas and two threads that agree share one set of probes', async (t) => {
  const { fake, probes } = await probed(t, good)
  const server = await serve(t, {
    corefile: `a.test {\n  forward . ${fake.label}\n}\nb.test {\n  forward . ${fake.label}\n}`,
    threads: 2,
  })
  await server.until(() => probes.length === 1)
  await pass(server, 2_000)
  t.equal(probes.length, 1)
  for (const thread of [0, 1]) t.equal((await server.ask('x.a.test. A', { thread }))?.rcode, 'NOERROR')
})
