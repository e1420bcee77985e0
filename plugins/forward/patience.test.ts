import { createSocket } from 'node:dgram'
import t from 'tap'
import { address, type FakeQuestion, FakeUpstream } from '../../test/support/fake-upstream.ts'
import { type AskedReply, serve, type TestServer } from '../../test/support/serve.ts'
import { readExtendedError } from '../../wire/edns.ts'
import { edeCodes } from '../../wire/registry.ts'

type Test = Parameters<typeof serve>[0]

// The sockets under test keep no process alive; the tests must.
const alive = setInterval(() => {}, 1_000)
t.teardown(() => clearInterval(alive))

const answering = (text: string) => (question: FakeQuestion) => address(question, text)

/** A port of 127.0.0.1 where nothing listens. */
async function closedPort(): Promise<number> {
  const socket = createSocket('udp4')
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve))
  const { port } = socket.address()
  await new Promise<void>((resolve) => socket.close(resolve))
  return port
}

const start = (t: Test, to: string, ...properties: readonly string[]): Promise<TestServer> =>
  serve(t, { corefile: `. {\n  forward . ${to} {\n    ${properties.join('\n    ')}\n  }\n}` })

const extendedError = (reply: AskedReply | null) => {
  const option = reply?.edns?.options.find(({ code }) => code === 15)
  return option ? readExtendedError(option) : null
}

/** The milliseconds until `server` answers, in steps of 100 ms of its clock. */
async function answered(server: TestServer, question: string): Promise<{ ms: number; reply: AskedReply | null }> {
  let reply: AskedReply | null | undefined
  void server.ask(question, { edns: {} }).then((result) => {
    reply = result
  })
  let ms = 0
  for (; reply === undefined; ms += 100) {
    await new Promise((resolve) => setTimeout(resolve, 5))
    if (reply === undefined) await server.clock.advance(100)
    if (ms > 10_000) throw new Error('no answer in 10 s')
  }
  return { ms, reply }
}

t.test('one silent upstream costs a client at most 2.2 s, and is asked twice', async (t) => {
  const upstream = await FakeUpstream.start(t, { answer: () => null })
  const server = await start(t, upstream.label, 'max_fails 0')
  const { ms, reply } = await answered(server, 'a.test. A')
  t.equal(reply?.rcode, 'SERVFAIL')
  t.strictSame(extendedError(reply), { code: edeCodes.NO_REACHABLE_AUTHORITY, text: `${upstream.label} is silent` })
  t.ok(ms >= 2_100 && ms <= 2_300, `${ms} ms`)
  t.equal(upstream.count('a.test'), 2)
})

t.test('several silent upstreams cost no more than one', async (t) => {
  const fakes = await Promise.all([1, 2, 3].map(() => FakeUpstream.start(t, { answer: () => null })))
  const server = await start(t, fakes.map(({ label }) => label).join(' '), 'max_fails 0')
  const { ms } = await answered(server, 'a.test. A')
  t.ok(ms >= 2_100 && ms <= 2_300, `${ms} ms`)
})

t.test('where nothing listens the answer is SERVFAIL at once', async (t) => {
  const port = await closedPort()
  const server = await start(t, `127.0.0.1:${port}`, 'max_fails 0')
  const reply = await server.ask('a.test. A', { edns: {} })
  t.equal(reply?.rcode, 'SERVFAIL')
  t.strictSame(extendedError(reply), { code: edeCodes.NETWORK_ERROR, text: `127.0.0.1:${port} refuses connections` })
})

t.test('the same over TCP', async (t) => {
  const port = await closedPort()
  const server = await start(t, `127.0.0.1:${port}`, 'max_fails 0', 'force_tcp')
  t.equal((await server.ask('a.test. A'))?.rcode, 'SERVFAIL')
})

t.test('max_connect_attempts bounds how often a question is sent', async (t) => {
  const upstream = await FakeUpstream.start(t, { answer: () => null })
  const server = await start(t, upstream.label, 'max_fails 0', 'max_connect_attempts 1', 'read_timeout 500ms')
  const { ms } = await answered(server, 'a.test. A')
  t.ok(ms >= 500 && ms <= 700, `${ms} ms`)
  t.equal(upstream.count('a.test'), 1)
})

t.test('max_connect_attempts 0 keeps trying for 5 s without a busy loop', async (t) => {
  const server = await start(t, `127.0.0.1:${await closedPort()}`, 'max_fails 0', 'max_connect_attempts 0')
  const { ms, reply } = await answered(server, 'a.test. A')
  t.equal(reply?.rcode, 'SERVFAIL')
  t.ok(ms >= 4_900 && ms <= 5_200, `${ms} ms`)
})

t.test('a longer read_timeout is kept', async (t) => {
  const upstream = await FakeUpstream.start(t, { answer: () => null })
  const server = await start(t, upstream.label, 'max_fails 0', 'read_timeout 4s')
  const { ms } = await answered(server, 'a.test. A')
  t.ok(ms >= 3_900 && ms <= 4_200, `${ms} ms`)
})

t.test('when the first upstream is silent for a second the next one is asked, and the first reply wins', async (t) => {
  const silent = await FakeUpstream.start(t, { answer: () => null })
  const good = await FakeUpstream.start(t, { answer: answering('192.0.2.2') })
  const server = await start(t, `${silent.label} ${good.label}`, 'max_fails 0', 'policy sequential')
  const { ms, reply } = await answered(server, 'a.test. A')
  t.strictSame(reply?.answer, ['a.test. 60 IN A 192.0.2.2'])
  t.ok(ms >= 1_000 && ms <= 1_200, `${ms} ms`)
})

t.test('an upstream where nothing listens costs nothing when another one answers', async (t) => {
  const good = await FakeUpstream.start(t, { answer: answering('192.0.2.2') })
  const server = await start(t, `127.0.0.1:${await closedPort()} ${good.label}`, 'max_fails 0', 'policy sequential')
  t.strictSame((await server.ask('a.test. A'))?.answer, ['a.test. 60 IN A 192.0.2.2'])
})

t.test('a query that was cancelled is not waited for', async (t) => {
  const upstream = await FakeUpstream.start(t, { answer: () => null })
  const server = await serve(t, {
    corefile: `. {\n  cancel 300ms\n  forward . ${upstream.label} {\n    max_fails 0\n  }\n}`,
  })
  const { ms, reply } = await answered(server, 'a.test. A')
  t.equal(reply?.rcode, 'SERVFAIL')
  t.ok(ms <= 500, `${ms} ms`)
})
