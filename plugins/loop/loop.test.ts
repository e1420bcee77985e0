import t from 'tap'
import { address, type FakeQuestion, FakeUpstream } from '../../test/support/fake-upstream.ts'
import { serve, serveError, type TestServer } from '../../test/support/serve.ts'

// The sockets under test keep no process alive; the tests must.
const alive = setInterval(() => {}, 1_000)
t.teardown(() => clearInterval(alive))

type Test = Parameters<typeof serve>[0]

/** An upstream that hands every question to `server`, thread `thread`, until told to answer itself. */
async function leadingBack(t: Test, thread = 0) {
  const state: { server: TestServer | null; loops: boolean } = { server: null, loops: true }
  const fake = await FakeUpstream.start(t, { answer: () => null })
  fake.answer = (question: FakeQuestion) => {
    if (question.type === 'NS') return {}
    if (!state.loops) return address(question, '192.0.2.1')
    void state.server?.inject(question.raw, { client: '127.0.0.1', port: question.port, thread }).then((reply) => {
      if (reply) fake.send(reply, question.port)
    })
    return null
  }
  return { fake, state }
}

const loopLine =
  /^\[ERROR\] plugin\/loop: Loop \(127\.0\.0\.1:\d+ -> :53\) detected for zone "\.", see https:\/\/coredns\.io\/plugins\/loop#troubleshooting\. Query: "HINFO \d+\.\d+\."\. Upstream 127\.0\.0\.1:\d+ leads back to this server and is not asked any more/

/** Moves the clock in steps that leave real sockets time to deliver. */
async function pass(server: TestServer, ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 500) {
    await new Promise((resolve) => setTimeout(resolve, 3))
    await server.clock.advance(500)
  }
  await new Promise((resolve) => setTimeout(resolve, 10))
}

t.test('an upstream that leads back here is put into quarantine, with one log line', async (t) => {
  const { fake, state } = await leadingBack(t)
  const server = await serve(t, { corefile: `. {\n  loop\n  forward . ${fake.label}\n}` })
  state.server = server
  await server.until(() => server.log.length > 0)
  t.match(server.log, [loopLine])
  t.match(await server.metrics(), /^meridian_forward_quarantined_upstreams 1$/m)
  const asked = fake.asked.length
  t.equal((await server.ask('www.example.org. A'))?.rcode, 'SERVFAIL')
  t.equal(fake.asked.length, asked, 'it is not asked')
})

t.test('the other upstreams go on answering', async (t) => {
  const { fake, state } = await leadingBack(t)
  const good = await FakeUpstream.start(t, { answer: (question) => address(question, '192.0.2.2') })
  const server = await serve(t, {
    corefile: `. {\n  loop\n  forward . ${fake.label} ${good.label} {\n    policy sequential\n  }\n}`,
  })
  state.server = server
  await server.until(() => server.log.length > 0)
  t.strictSame((await server.ask('www.example.org. A'))?.answer, ['www.example.org. 60 IN A 192.0.2.2'])
})

t.test('quarantine ends when the probe no longer comes back, and begins again when it does', async (t) => {
  const { fake, state } = await leadingBack(t)
  const server = await serve(t, { corefile: `. {\n  loop\n  forward . ${fake.label}\n}` })
  state.server = server
  await server.until(() => server.log.length > 0)
  await pass(server, 31_000)
  t.equal(server.log.length, 1, 'the same loop is logged once')
  state.loops = false
  await pass(server, 32_000)
  t.match(server.log, [
    loopLine,
    `[INFO] plugin/forward: upstream ${fake.label} no longer leads back here and is asked again`,
  ])
  t.match(await server.metrics(), /^meridian_forward_quarantined_upstreams 0$/m)
  t.equal((await server.ask('www.example.org. A'))?.rcode, 'NOERROR')
})

t.test('a probe that arrives in another thread is recognised', async (t) => {
  const { fake, state } = await leadingBack(t, 1)
  const server = await serve(t, { corefile: `. {\n  loop\n  forward . ${fake.label}\n}`, threads: 2 })
  state.server = server
  await server.until(() => server.log.length > 0)
  await pass(server, 1_000)
  t.equal(server.log.length, 1)
  for (const thread of [0, 1]) t.equal((await server.ask('www.example.org. A', { thread }))?.rcode, 'SERVFAIL')
  t.match(await server.metrics(), /^meridian_forward_quarantined_upstreams 1$/m)
})

t.test('the probe is for a name below the zone that is forwarded', async (t) => {
  const fake = await FakeUpstream.start(t, { answer: () => ({}) })
  const server = await serve(t, { corefile: `example.org {\n  loop\n  forward in.example.org ${fake.label}\n}` })
  await server.until(() => fake.asked.length > 0)
  t.match(fake.asked, [{ name: /^\d+\.\d+\.in\.example\.org$/, type: 'HINFO' }])
})

t.test('without loop no upstream is asked for anything', async (t) => {
  const fake = await FakeUpstream.start(t, { answer: () => ({}) })
  const server = await serve(t, { corefile: `. {\n  forward . ${fake.label}\n}` })
  await pass(server, 2_000)
  t.equal(fake.asked.length, 0)
})

t.test('an upstream that is silent at first is asked again', async (t) => {
  const fake = await FakeUpstream.start(t, { answer: () => null })
  const server = await serve(t, { corefile: `. {\n  loop\n  forward . ${fake.label}\n}` })
  await pass(server, 12_000)
  t.equal(fake.asked.length, 3)
  t.equal(new Set(fake.asked.map(({ name }) => name)).size, 3)
})

t.test('HINFO questions of clients pass', async (t) => {
  const fake = await FakeUpstream.start(t, { answer: () => ({}) })
  const server = await serve(t, { corefile: `. {\n  loop\n  forward . ${fake.label}\n}` })
  t.equal((await server.ask('1.2. HINFO'))?.rcode, 'NOERROR')
})

t.test('loop takes no argument and stands once in a block', async (t) => {
  const cases: Readonly<Record<string, string>> = {
    '. {\n  loop x\n}': "Corefile:2 - Error during parsing: Wrong argument count or unexpected line ending after 'x'",
    '. {\n  loop {\n    a\n  }\n}': "Corefile:2 - Error during parsing: Unexpected token '{', expecting argument",
    '. {\n  loop\n  loop\n}': 'this plugin can only be used once per Server Block',
  }
  for (const [corefile, error] of Object.entries(cases))
    t.equal(await serveError({ corefile }), `plugin/loop: ${error}`)
})
