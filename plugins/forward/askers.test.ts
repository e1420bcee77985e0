import { createSocket } from 'node:dgram'
import { createSecureServer, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2'
import fc from 'fast-check'
import t from 'tap'
import { FakeClock } from '../../test/support/fake-clock.ts'
import { address, type FakeQuestion, FakeUpstream, replyTo } from '../../test/support/fake-upstream.ts'
import { testCertificate } from '../../test/support/tls-fixture.ts'
import { Name } from '../../wire/name.ts'
import { types } from '../../wire/registry.ts'
import type { Asker, AskerTools, Outcome } from './asker.ts'
import { HttpsClient } from './https-client.ts'
import { plainQuestion, readReply, replyId } from './question.ts'
import { freeId, systemUnpredictable } from './question-id.ts'
import { StreamPool, type StreamTarget } from './stream-pool.ts'
import { Trouble } from './trouble.ts'
import { UdpPool } from './udp-pool.ts'

type Test = Parameters<typeof FakeUpstream.start>[0]

// The sockets under test keep no process alive; the tests must.
const alive = setInterval(() => {}, 1_000)
t.teardown(() => clearInterval(alive))

const answering = (question: FakeQuestion) => address(question, '192.0.2.1')

function tools() {
  const clock = new FakeClock()
  const seen = { mismatched: 0, connections: [] as boolean[] }
  const given: AskerTools = {
    clock,
    unpredictable: systemUnpredictable(),
    sourceAddress: null,
    connection: (reused) => seen.connections.push(reused),
    mismatched: () => {
      seen.mismatched++
    },
  }
  return { clock, seen, given }
}

const questionFor = (name: string) => plainQuestion(Name.parse(name), types.A, true)

const ask = (asker: Asker, name: string, timeoutMs = 2_000): Promise<Outcome> =>
  new Promise((resolve) => asker.ask({ question: questionFor(name), timeoutMs, done: resolve }))

const text = (outcome: Outcome): string =>
  outcome instanceof Trouble ? `${outcome.kind}: ${outcome.text}` : `reply ${outcome.rcode} ${outcome.answer.length}`

function udp(t: Test, fake: FakeUpstream, socketsMax?: number) {
  const { clock, seen, given } = tools()
  const pool = new UdpPool({ address: '127.0.0.1', port: fake.port, label: fake.label }, given, socketsMax)
  t.teardown(() => pool.close())
  return { pool, clock, seen }
}

function stream(t: Test, fake: FakeUpstream, changes: Partial<StreamTarget> = {}) {
  const { clock, seen, given } = tools()
  const target = {
    address: '127.0.0.1',
    port: fake.port,
    label: fake.label,
    tls: null,
    expireMs: 10_000,
    maxAgeMs: 0,
    idleConnectionsMax: 0,
  }
  const pool = new StreamPool({ ...target, ...changes }, given)
  t.teardown(() => pool.close())
  return { pool, clock, seen }
}

const until = async (condition: () => boolean): Promise<void> => {
  for (let i = 0; i < 500 && !condition(); i++) await new Promise((resolve) => setTimeout(resolve, 5))
  if (!condition()) throw new Error('waited in vain')
}

t.test('questions spread over many UDP ports, and many share a socket', async (t) => {
  const fake = await FakeUpstream.start(t, { answer: answering })
  const { pool, seen } = udp(t, fake, 8)
  const outcomes = await Promise.all(Array.from({ length: 200 }, (_, i) => ask(pool, `n${i}.test.`)))
  t.ok(outcomes.every((outcome) => text(outcome) === 'reply 0 1'))
  const ports = new Set(fake.asked.map(({ port }) => port))
  t.equal(ports.size, 8)
  t.equal(seen.connections.filter((reused) => !reused).length, 8)
})

t.test('a socket is replaced after 10 s, and after 4,096 questions', async (t) => {
  const fake = await FakeUpstream.start(t, { answer: answering })
  const { pool, clock } = udp(t, fake, 1)
  await ask(pool, 'a.test.')
  await clock.advance(9_000)
  await ask(pool, 'b.test.')
  await clock.advance(1_500)
  await ask(pool, 'c.test.')
  const [a, b, c] = fake.asked.map(({ port }) => port)
  t.equal(a, b)
  t.not(b, c)
  for (let i = 0; i < 4_096; i += 64) await Promise.all(Array.from({ length: 64 }, () => ask(pool, 'd.test.')))
  t.equal(new Set(fake.asked.map(({ port }) => port)).size, 3)
})

t.test('silence ends with the words of CoreDNS, and a late reply is no mismatch', async (t) => {
  const fake = await FakeUpstream.start(t, { answer: () => null })
  const { pool, clock, seen } = udp(t, fake, 1)
  const asked = ask(pool, 'a.test.', 300)
  await until(() => fake.asked.length === 1)
  await clock.advance(300)
  const [question] = fake.asked
  t.equal(text(await asked), `silent: read udp 127.0.0.1:${question?.port}->${fake.label}: i/o timeout`)
  if (question) fake.send(replyTo(question.raw, answering(question)), question.port)
  fake.answer = answering
  t.equal(text(await ask(pool, 'b.test.')), 'reply 0 1')
  t.equal(seen.mismatched, 0)
})

t.test('replies with ids that nobody asked with are counted; the eighth is taken for an attack', async (t) => {
  const fake = await FakeUpstream.start(t, { answer: () => null })
  const { pool, seen } = udp(t, fake, 1)
  const asked = ask(pool, 'a.test.')
  await until(() => fake.asked.length === 1)
  const question = fake.asked[0]!
  const forge = (count: number): void => {
    for (let i = 1; i <= count; i++) {
      const reply = replyTo(question.raw, answering(question))
      reply.writeUInt16BE((question.raw.readUInt16BE(0) + i) & 0xffff, 0)
      fake.send(reply, question.port)
    }
  }
  forge(7)
  await until(() => seen.mismatched === 7)
  forge(1)
  t.equal(text(await asked), 'mismatch: 8 replies to other questions')
  fake.answer = answering
  t.equal(text(await ask(pool, 'b.test.')), 'reply 0 1')
  t.not(fake.asked[1]?.port, question.port, 'from another port')
})

t.test('a reply with the right id to another question is not taken', async (t) => {
  const other = (question: FakeQuestion) =>
    replyTo(question.raw, { questions: [{ type: 'A', name: 'other.test' }], ...address(question, '192.0.2.6') })
  const fake = await FakeUpstream.start(t, { answer: other })
  const { pool, seen } = udp(t, fake)
  t.equal(text(await ask(pool, 'a.test.')), 'mismatch: reply to another question')
  t.equal(seen.mismatched, 1)
})

t.test('an error without a question, as old servers send it, is a reply', async (t) => {
  const fake = await FakeUpstream.start(t, { answer: (question) => replyTo(question.raw, { questions: [], flags: 1 }) })
  t.equal(text(await ask(udp(t, fake).pool, 'a.test.')), 'reply 1 0')
})

t.test('where nothing listens UDP and TCP say so in the words of CoreDNS', async (t) => {
  const socket = createSocket('udp4')
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve))
  const { port } = socket.address()
  await new Promise<void>((resolve) => socket.close(resolve))
  const label = `127.0.0.1:${port}`
  const gone = { port, label } as FakeUpstream
  t.match(
    text(await ask(udp(t, gone).pool, 'a.test.')),
    new RegExp(`^refused: read udp 127.0.0.1:\\d+->${label}: read: connection refused$`),
  )
  t.equal(text(await ask(stream(t, gone).pool, 'a.test.')), `refused: dial tcp ${label}: connect: connection refused`)
})

t.test('a source address is what the upstream sees', async (t) => {
  const fake = await FakeUpstream.start(t, { answer: answering })
  const { given } = tools()
  const from = { ...given, sourceAddress: '127.0.0.1' }
  const pool = new UdpPool({ address: '127.0.0.1', port: fake.port, label: fake.label }, from)
  t.teardown(() => pool.close())
  t.equal(text(await ask(pool, 'a.test.')), 'reply 0 1')
  const wrong = new UdpPool(
    { address: '127.0.0.1', port: fake.port, label: fake.label },
    { ...given, sourceAddress: '192.0.2.1' },
  )
  t.match(text(await ask(wrong, 'b.test.')), /^network: .*cannot assign requested address$/)
})

t.test('questions on one TCP connection are answered in any order', async (t) => {
  const fake = await FakeUpstream.start(t, { answer: () => null })
  const { pool } = stream(t, fake)
  fake.answer = answering
  await ask(pool, 'first.test.')
  fake.answer = () => null
  const names = Array.from({ length: 40 }, (_, i) => `n${i}.test.`)
  const asked = Promise.all(names.map((name) => ask(pool, name)))
  await until(() => fake.asked.length === 41)
  t.ok(fake.connectionCount > 1 && fake.connectionCount <= 16, `${fake.connectionCount} connections`)
  const byPort = new Map([...fake.connections].map((socket) => [socket.remotePort, socket]))
  for (const question of fake.asked.slice(1).reverse()) {
    const reply = replyTo(question.raw, answering(question))
    const length = Buffer.from([reply.length >> 8, reply.length & 0xff])
    // In three writes, so that a message is put together from pieces.
    for (const piece of [
      length.subarray(0, 1),
      Buffer.concat([length.subarray(1), reply.subarray(0, 5)]),
      reply.subarray(5),
    ]) {
      byPort.get(question.port)?.write(piece)
    }
  }
  const outcomes = await asked
  t.strictSame(
    outcomes.map((outcome) => (outcome instanceof Trouble ? outcome.text : String(outcome.questions[0]?.name))),
    names,
  )
})

t.test('a connection that was closed between questions is replaced without a failure', async (t) => {
  const fake = await FakeUpstream.start(t, { answer: answering })
  const { pool, seen } = stream(t, fake)
  await ask(pool, 'a.test.')
  fake.answer = (question) => (fake.connectionCount === 1 ? 'close' : answering(question))
  t.equal(text(await ask(pool, 'b.test.')), 'reply 0 1')
  t.strictSame(seen.connections, [false, true, false])
  fake.answer = () => 'close'
  const outcome = text(await ask(pool, 'c.test.'))
  t.match(outcome, /^network: (EOF|read tcp .*: read: connection reset by peer)$/)
})

t.test('idle connections end after expire, old ones after max_age, superfluous ones at once', async (t) => {
  const fake = await FakeUpstream.start(t, { answer: answering })
  const expiring = stream(t, fake, { expireMs: 500 })
  await ask(expiring.pool, 'a.test.')
  await expiring.clock.advance(600)
  await until(() => fake.connections.size === 0)
  const ageing = stream(t, fake, { maxAgeMs: 1_000 })
  await ask(ageing.pool, 'b.test.')
  await ageing.clock.advance(900)
  await ask(ageing.pool, 'c.test.')
  await ageing.clock.advance(200)
  await ask(ageing.pool, 'd.test.')
  t.strictSame(ageing.seen.connections, [false, true, false])
  ageing.pool.close()
  await until(() => fake.connections.size === 0)
  const few = stream(t, fake, { idleConnectionsMax: 1 })
  await Promise.all(['e', 'f', 'g'].map((name) => ask(few.pool, `${name}.test.`)))
  await until(() => fake.connections.size === 1)
  t.equal(fake.connections.size, 1)
})

t.test('closing a pool lets what is under way end, and then leaves nothing open', async (t) => {
  const fake = await FakeUpstream.start(t, { answer: () => null })
  for (const { pool } of [udp(t, fake), stream(t, fake)]) {
    const asked = ask(pool, 'a.test.')
    await until(() => fake.asked.length === 1)
    pool.close()
    const question = fake.asked.pop()!
    const reply = replyTo(question.raw, answering(question))
    if (question.transport === 'udp') fake.send(reply, question.port)
    else for (const socket of fake.connections) socket.write(Buffer.concat([Uint8Array.of(0, reply.length), reply]))
    t.equal(text(await asked), 'reply 0 1')
  }
  await until(() => fake.connections.size === 0)
})

t.test('DoT checks the certificate against the server name, or the address', async (t) => {
  const fake = await FakeUpstream.start(t, { answer: answering, tls: testCertificate })
  const ca = testCertificate.cert
  const over = (serverName: string, roots: string | null = ca) =>
    stream(t, fake, { tls: { serverName, ca: roots, cert: null, key: null } }).pool
  t.equal(text(await ask(over('dns.test'), 'a.test.')), 'reply 0 1')
  t.equal(text(await ask(over(''), 'b.test.')), 'reply 0 1')
  t.match(text(await ask(over('other.test'), 'c.test.')), /^network: tls: .*other\.test/)
  t.match(text(await ask(over('dns.test', null), 'd.test.')), /^network: tls: self-signed certificate/)
})

/** A DoH server; its certificate is the test's. */
async function doh(t: Test, status = 200): Promise<{ port: number; asked: string[] }> {
  const asked: string[] = []
  const server = createSecureServer(testCertificate)
  server.on('stream', (request: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
    const parts: Buffer[] = []
    request.on('data', (part: Buffer) => parts.push(part))
    request.on('end', () => {
      const path = headers[':path'] ?? ''
      asked.push(`${headers[':method']} ${path.split('?')[0]} ${headers['content-type'] ?? ''}`)
      const sent = Buffer.concat(parts)
      const raw = sent.length > 0 ? sent : Buffer.from(path.split('dns=')[1] ?? '', 'base64url')
      request.respond({ ':status': status, 'content-type': 'application/dns-message' })
      request.end(replyTo(raw, address({ name: 'a.test' } as FakeQuestion, '192.0.2.1')))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const bound = server.address()
  t.teardown(() => server.close())
  return { port: bound !== null && typeof bound === 'object' ? bound.port : 0, asked }
}

t.test('DoH asks /dns-query by POST or GET over one session', async (t) => {
  const { port, asked } = await doh(t)
  for (const method of ['POST', 'GET'] as const) {
    const { given, seen } = tools()
    const tls = { serverName: 'dns.test', ca: testCertificate.cert, cert: null, key: null }
    const client = new HttpsClient(
      { address: '127.0.0.1', port, label: `127.0.0.1:${port}`, method, tls, expireMs: 1_000 },
      given,
    )
    t.equal(text(await ask(client, 'a.test.')), 'reply 0 1')
    t.equal(text(await ask(client, 'a.test.')), 'reply 0 1')
    t.strictSame(seen.connections, [false, true])
    client.close()
  }
  t.strictSame([...new Set(asked)], ['POST /dns-query application/dns-message', 'GET /dns-query '])
})

t.test('DoH trouble is a typed result', async (t) => {
  const { port } = await doh(t, 500)
  const make = (at: number, ca: string | null) => {
    const { given } = tools()
    const tls = { serverName: 'dns.test', ca, cert: null, key: null }
    const label = `127.0.0.1:${at}`
    const client = new HttpsClient(
      { address: '127.0.0.1', port: at, label, method: 'POST', tls, expireMs: 1_000 },
      given,
    )
    t.teardown(() => client.close())
    return client
  }
  t.equal(text(await ask(make(port, testCertificate.cert), 'a.test.')), `network: https 127.0.0.1:${port}: status 500`)
  t.match(text(await ask(make(port, null), 'a.test.')), /^network: https .*self-signed certificate/)
  t.match(text(await ask(make(1, null), 'a.test.')), /^refused: https 127.0.0.1:1: connection refused/)
})

t.test('mutated replies give a reply or a trouble, never a throw', (t) => {
  const question = questionFor('www.example.org.')
  const good = replyTo(Buffer.from(question.bytes), {
    answers: [
      { type: 'CNAME', name: 'www.example.org', ttl: 5, data: 'x.example.org' },
      { type: 'A', name: 'x.example.org', ttl: 5, data: '192.0.2.1' },
    ],
    authorities: [
      {
        type: 'SOA',
        name: 'example.org',
        ttl: 5,
        data: { mname: 'a.b', rname: 'c.d', serial: 1, refresh: 2, retry: 3, expire: 4, minimum: 5 },
      },
    ],
  })
  const mutations = fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { maxLength: 12 })
  let replies = 0
  fc.assert(
    fc.property(mutations, fc.nat(good.length), (changes, length) => {
      const bytes = Buffer.from(good)
      for (const [at, value] of changes) bytes[at] = value
      const cut = bytes.subarray(0, Math.max(12, length))
      if (replyId(cut) < 0) return true
      const outcome = readReply(cut, question)
      if (!(outcome instanceof Trouble)) replies++
      return outcome instanceof Trouble ? outcome.text.length > 0 : Array.isArray(outcome.answer)
    }),
    { numRuns: 20_000 },
  )
  t.ok(replies > 0)
  t.end()
})

t.test('random bytes from an upstream never end a question that has a good reply', async (t) => {
  const fake = await FakeUpstream.start(t, {
    answer: (question) => [
      Buffer.from('00', 'hex'),
      question.raw.subarray(0, 5),
      question.raw,
      replyTo(question.raw, address(question, '192.0.2.1')),
    ],
  })
  t.equal(text(await ask(udp(t, fake).pool, 'a.test.')), 'reply 0 1')
})

t.test('ids never collide with those under way', (t) => {
  const taken = new Set<number>(Array.from({ length: 65_000 }, (_, id) => id))
  const unpredictable = systemUnpredictable()
  for (let i = 0; i < 200; i++) {
    const id = freeId(unpredictable, taken)
    t.ok(id >= 65_000)
    taken.add(id)
  }
  t.end()
})

t.test('a DoH upstream that hangs is asked over a new session next time', async (t) => {
  const silent = await FakeUpstream.start(t, { answer: () => null })
  const { given, clock, seen } = tools()
  const tls = { serverName: 'dns.test', ca: testCertificate.cert, cert: null, key: null }
  const target = { address: '127.0.0.1', port: silent.port, label: silent.label, method: 'POST' as const, tls }
  const client = new HttpsClient({ ...target, expireMs: 1_000 }, given)
  t.teardown(() => client.close())
  const asked = ask(client, 'a.test.', 500)
  await until(() => silent.connectionCount === 1)
  await clock.advance(500)
  t.equal(text(await asked), `silent: https ${silent.label}: i/o timeout`)
  const again = ask(client, 'b.test.', 500)
  await until(() => silent.connectionCount === 2)
  await clock.advance(500)
  t.match(text(await again), /^silent/)
  t.strictSame(seen.connections, [false, false])
})
