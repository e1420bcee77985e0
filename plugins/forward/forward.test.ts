import fc from 'fast-check'
import t from 'tap'
import { address, type FakeQuestion, FakeUpstream, replyTo } from '../../test/support/fake-upstream.ts'
import { type ServeOptions, serve, serveError } from '../../test/support/serve.ts'
import { testCertificate } from '../../test/support/tls-fixture.ts'

// The sockets under test keep no process alive; the tests must.
const alive = setInterval(() => {}, 1_000)
t.teardown(() => clearInterval(alive))

/** A Corefile with one block for `.` and one forward stanza. */
const corefile = (to: string, ...properties: readonly string[]): string =>
  `. {\n  forward . ${to} {\n    ${['max_fails 0', ...properties].join('\n    ')}\n  }\n}\n`

const answering = (text: string) => (question: FakeQuestion) => address(question, text)

async function pair(
  t: Parameters<typeof serve>[0],
  properties: readonly string[] = [],
  options: Partial<ServeOptions> = {},
) {
  const first = await FakeUpstream.start(t, { answer: answering('192.0.2.1') })
  const second = await FakeUpstream.start(t, { answer: answering('192.0.2.2') })
  const server = await serve(t, {
    corefile: corefile(`${first.label} ${second.label}`, 'policy sequential', ...properties),
    ...options,
  })
  return { first, second, server }
}

t.test('records, rcode and header bits come back as the upstream sent them', async (t) => {
  const upstream = await FakeUpstream.start(t, {
    answer: () => ({
      flags: 0x0400 | 0x0080 | 0x0020 | 3,
      answers: [{ type: 'CNAME', name: 'www.example.org', ttl: 5, data: 'x.example.org' }],
      authorities: [{ type: 'NS', name: 'example.org', ttl: 6, data: 'ns.example.org' }],
      additionals: [{ type: 'A', name: 'ns.example.org', ttl: 7, data: '192.0.2.53' }],
    }),
  })
  const server = await serve(t, { corefile: corefile(upstream.label) })
  const reply = await server.ask('www.example.org. A')
  t.equal(reply?.rcode, 'NXDOMAIN')
  t.strictSame(reply?.flags, ['aa', 'rd', 'ra', 'ad'])
  t.strictSame(reply?.answer, ['www.example.org. 5 IN CNAME x.example.org.'])
  t.strictSame(reply?.authority, ['example.org. 6 IN NS ns.example.org.'])
  t.strictSame(reply?.additional, ['ns.example.org. 7 IN A 192.0.2.53'])
})

t.test('the question goes up with the spelling, flags and EDNS of the client, under another id', async (t) => {
  const upstream = await FakeUpstream.start(t, { answer: answering('192.0.2.1') })
  const server = await serve(t, { corefile: corefile(upstream.label) })
  await server.ask('wWw.eXample.org. A', { rd: false, cd: true, ad: true })
  await server.ask('x.example.org. A', {
    edns: { size: 1400, do: true, options: [{ code: 65_001, data: Uint8Array.of(7) }] },
  })
  const [plain, extended] = upstream.asked
  t.equal(plain?.name, 'wWw.eXample.org')
  t.equal(plain?.raw.readUInt16BE(2), 0x0030)
  t.equal(plain?.packet.additionals?.length, 0)
  t.match(extended?.packet.additionals?.[0], {
    type: 'OPT',
    udpPayloadSize: 1400,
    flags: 0x8000,
    options: [{ code: 65_001 }],
  })
  const ids = new Set<number>()
  for (let i = 0; i < 20; i++) await server.ask(`n${i}.example.org. A`)
  for (const { raw } of upstream.asked) ids.add(raw.readUInt16BE(0))
  t.ok(ids.size > 18, `${ids.size} different ids of 22`)
})

t.test('classes other than IN pass, and a TCP query goes up over TCP', async (t) => {
  const upstream = await FakeUpstream.start(t, { answer: () => ({}) })
  const server = await serve(t, { corefile: corefile(upstream.label) })
  t.equal((await server.ask('version.bind. TXT', { class: 'CH', transport: 'tcp' }))?.rcode, 'NOERROR')
  t.match(upstream.asked, [{ transport: 'tcp', packet: { questions: [{ class: 'CH' }] } }])
})

t.test('an option of the upstream reaches a client with EDNS; what concerns the hop does not', async (t) => {
  const option = (code: number, ...data: number[]) => ({ code, data: Buffer.from(data) })
  const upstream = await FakeUpstream.start(t, {
    answer: () => ({
      additionals: [
        {
          type: 'OPT',
          name: '.',
          udpPayloadSize: 4096,
          extendedRcode: 0,
          ednsVersion: 0,
          flags: 0,
          flag_do: false,
          options: [option(3, 0x61), option(11, 0, 9), option(12, 0, 0), option(15, 0, 6, 0x62)],
        } as never,
      ],
    }),
  })
  const server = await serve(t, { corefile: corefile(upstream.label) })
  const reply = await server.ask('a.example.org. A', { edns: { size: 1232 } })
  t.strictSame(
    reply?.edns?.options.map(({ code, data }) => `${code} ${Buffer.from(data).toString('hex')}`),
    ['3 61', '15 000662'],
  )
  const plain = await server.ask('b.example.org. A')
  t.equal(plain?.edns, null)
})

t.test('only names of FROM and not of except are taken, FROM itself always', async (t) => {
  const upstream = await FakeUpstream.start(t, { answer: answering('192.0.2.1') })
  const lines = [
    '. {',
    `  forward example.org ${upstream.label} {`,
    '    except no.example.org EXAMPLE.org',
    '    max_fails 0',
    '  }',
    '}',
  ]
  const server = await serve(t, { corefile: lines.join('\n') })
  const rcodes: string[] = []
  for (const name of ['example.org.', 'a.example.org.', 'no.example.org.', 'x.no.example.org.', 'example.com.']) {
    rcodes.push(`${name} ${(await server.ask(`${name} A`))?.rcode}`)
  }
  t.strictSame(rcodes, [
    'example.org. NOERROR',
    'a.example.org. SERVFAIL',
    'no.example.org. SERVFAIL',
    'x.no.example.org. SERVFAIL',
    'example.com. SERVFAIL',
  ])
  t.equal(upstream.asked.length, 1)
})

t.test('the first stanza whose zone matches takes the query', async (t) => {
  const first = await FakeUpstream.start(t, { answer: answering('192.0.2.1') })
  const second = await FakeUpstream.start(t, { answer: answering('192.0.2.2') })
  const server = await serve(t, { corefile: `. {\n  forward in.test ${first.label}\n  forward . ${second.label}\n}` })
  t.match((await server.ask('a.in.test. A'))?.answer, ['a.in.test. 60 IN A 192.0.2.1'])
  t.match((await server.ask('a.test. A'))?.answer, ['a.test. 60 IN A 192.0.2.2'])
})

t.test('identical questions at the same time are asked upstream once', async (t) => {
  const upstream = await FakeUpstream.start(t, { answer: () => null })
  const server = await serve(t, { corefile: corefile(upstream.label, 'max_connect_attempts 1') })
  const same = Array.from({ length: 5 }, () => server.ask('a.example.org. A'))
  const other = server.ask('a.example.org. A', { cd: true })
  await server.until(() => upstream.asked.length === 2)
  for (const question of upstream.asked) upstream.send(late(question), question.port)
  for (const reply of await Promise.all([...same, other]))
    t.strictSame(reply?.answer, ['a.example.org. 60 IN A 192.0.2.7'])
  t.equal(upstream.asked.length, 2)
})

t.test('failover asks the next upstream, and the last reply is what the client gets', async (t) => {
  const { first, second, server } = await pair(t, ['failover SERVFAIL REFUSED'])
  first.answer = () => ({ flags: 2 })
  t.match((await server.ask('a.test. A'))?.answer, ['a.test. 60 IN A 192.0.2.2'])
  second.answer = () => ({ flags: 5 })
  t.equal((await server.ask('b.test. A'))?.rcode, 'REFUSED')
  t.equal(first.count('b.test'), 1)
  first.answer = () => ({ flags: 3 })
  t.equal((await server.ask('c.test. A'))?.rcode, 'NXDOMAIN')
})

t.test('next and next_on_nodata go on to a following forward, and only to one', async (t) => {
  const first = await FakeUpstream.start(t, { answer: () => ({ flags: 3 }) })
  const second = await FakeUpstream.start(t, { answer: answering('192.0.2.2') })
  const server = await serve(t, {
    corefile: [
      'nx.test {',
      `  forward . ${first.label} {\n    next NXDOMAIN\n  }`,
      `  forward . ${second.label}`,
      '}',
      'nodata.test {',
      `  forward . ${first.label} {\n    next_on_nodata\n  }`,
      `  forward . ${second.label}`,
      '}',
      'last.test {',
      `  forward . ${first.label} {\n    next NXDOMAIN\n  }`,
      '  whoami',
      '}',
    ].join('\n'),
  })
  const rcode = async (name: string) => (await server.ask(`${name} A`))?.rcode
  t.equal(await rcode('a.nx.test.'), 'NOERROR')
  t.equal(await rcode('a.nodata.test.'), 'NXDOMAIN')
  t.equal(await rcode('a.last.test.'), 'NXDOMAIN')
  first.answer = () => ({})
  t.equal((await server.ask('b.nodata.test. A'))?.answer.length, 1)
  t.equal((await server.ask('b.nx.test. A'))?.answer.length, 0)
})

t.test('a truncated reply passes to the client, and prefer_udp asks again over TCP', async (t) => {
  const answer = (question: FakeQuestion) =>
    question.transport === 'udp' ? { flags: 0x0200 } : address(question, '192.0.2.1')
  const upstream = await FakeUpstream.start(t, { answer })
  const plain = await serve(t, { corefile: corefile(upstream.label) })
  t.ok((await plain.ask('a.test. A'))?.flags.includes('tc'))
  const preferring = await serve(t, { corefile: corefile(upstream.label, 'prefer_udp') })
  const reply = await preferring.ask('b.test. A', { transport: 'tcp' })
  t.strictSame(reply?.answer, ['b.test. 60 IN A 192.0.2.1'])
  t.strictSame(
    upstream.asked.filter(({ name }) => name === 'b.test').map(({ transport }) => transport),
    ['udp', 'tcp'],
  )
})

t.test('force_tcp goes over TCP and keeps the connection', async (t) => {
  const upstream = await FakeUpstream.start(t, { answer: answering('192.0.2.1') })
  const server = await serve(t, { corefile: corefile(upstream.label, 'force_tcp') })
  for (const name of ['a', 'b', 'c']) t.equal((await server.ask(`${name}.test. A`))?.rcode, 'NOERROR')
  t.equal(upstream.connectionCount, 1)
  const metrics = await server.metrics()
  t.match(metrics, `coredns_proxy_conn_cache_hits_total{proto="tcp",proxy_name="forward",to="${upstream.label}"} 2`)
  t.match(metrics, `coredns_proxy_conn_cache_misses_total{proto="tcp",proxy_name="forward",to="${upstream.label}"} 1`)
  t.match(
    metrics,
    `coredns_proxy_request_duration_seconds_count{proxy_name="forward",rcode="NOERROR",to="${upstream.label}"} 3`,
  )
})

t.test('more than max_concurrent queries are refused, and counted', async (t) => {
  const upstream = await FakeUpstream.start(t, { answer: () => null })
  const server = await serve(t, { corefile: corefile(upstream.label, 'max_concurrent 2', 'max_connect_attempts 1') })
  const waiting = ['a', 'b'].map((name) => server.ask(`${name}.test. A`))
  await server.until(() => upstream.asked.length === 2)
  t.equal((await server.ask('c.test. A'))?.rcode, 'REFUSED')
  t.match(await server.metrics(), /^coredns_forward_max_concurrent_rejects_total 1$/m)
  for (const question of upstream.asked) upstream.send(late(question), question.port)
  t.strictSame(
    (await Promise.all(waiting)).map((reply) => reply?.rcode),
    ['NOERROR', 'NOERROR'],
  )
  upstream.answer = answering('192.0.2.1')
  t.equal((await server.ask('d.test. A'))?.rcode, 'NOERROR')
})

t.test('a reload reads resolv.conf again though the forward line is the same', async (t) => {
  const first = await FakeUpstream.start(t, { answer: answering('192.0.2.1'), address: '127.0.0.1' })
  const server = await serve(t, {
    corefile: '. {\n  forward . resolv.conf {\n    max_fails 0\n    max_connect_attempts 1\n  }\n}',
    files: { 'resolv.conf': 'nameserver 127.0.0.2\n' },
  })
  t.match(await server.ask('a.test. A', { edns: {} }), { rcode: 'SERVFAIL' })
  t.match(await server.metrics(), 'to="127.0.0.2:53"')
  await server.write('resolv.conf', 'nameserver 127.0.0.3\n')
  await server.clock.advance(2_000)
  await server.reload('. {\n  forward . resolv.conf {\n    max_fails 0\n    max_connect_attempts 1\n  }\n  whoami\n}')
  await server.until(async () => {
    await server.ask('b.test. A')
    return (await server.metrics()).includes('to="127.0.0.3:53"')
  })
  t.equal(first.asked.length, 0)
})

t.test(
  'an upstream that answers another question is asked over TCP, and then is an error with its reason',
  async (t) => {
    const other = (question: FakeQuestion) =>
      replyTo(question.raw, { questions: [{ type: 'A', name: 'other.test' }], ...address(question, '192.0.2.6') })
    const upstream = await FakeUpstream.start(t, { answer: other })
    const server = await serve(t, { corefile: corefile(upstream.label) })
    const reply = await server.ask('a.test. A', { edns: {} })
    t.equal(reply?.rcode, 'SERVFAIL')
    t.match(
      Buffer.from(reply?.edns?.options[0]?.data ?? []).toString('latin1'),
      `${upstream.label} sent an invalid reply`,
    )
    t.match(await server.metrics(), `meridian_forward_mismatched_replies_total{to="${upstream.label}"} `)
    upstream.answer = (question) => (question.transport === 'udp' ? other(question) : address(question, '192.0.2.1'))
    t.strictSame((await server.ask('b.test. A'))?.answer, ['b.test. 60 IN A 192.0.2.1'])
  },
)

t.test('after eight forged replies the question goes over TCP', async (t) => {
  const upstream = await FakeUpstream.start(t, {
    answer: (question) => {
      if (question.transport === 'tcp') return address(question, '192.0.2.1')
      return Array.from({ length: 8 }, (_, i) => {
        const forged = replyTo(question.raw, address(question, '198.51.100.66'))
        forged.writeUInt16BE((question.raw.readUInt16BE(0) + 1 + i) & 0xffff, 0)
        return forged
      })
    },
  })
  const server = await serve(t, { corefile: corefile(upstream.label) })
  t.strictSame((await server.ask('a.test. A'))?.answer, ['a.test. 60 IN A 192.0.2.1'])
  t.match(await server.metrics(), `meridian_forward_mismatched_replies_total{to="${upstream.label}"} 8`)
})

t.test('tls:// goes over TLS, with a CA file below root and a server name', async (t) => {
  const upstream = await FakeUpstream.start(t, { answer: answering('192.0.2.1'), tls: testCertificate })
  const lines = (name: string) =>
    `. {\n  root certs\n  forward . tls://${upstream.label} {\n    tls ca.pem\n    tls_servername ${name}\n    max_fails 0\n  }\n}`
  const files = { 'certs/ca.pem': testCertificate.cert }
  const server = await serve(t, { corefile: lines('dns.test'), files })
  t.strictSame((await server.ask('a.test. A'))?.answer, ['a.test. 60 IN A 192.0.2.1'])
  t.match(await server.metrics(), `{proto="tcp-tls",proxy_name="forward",to="${upstream.label}"} 1`)
  const other = await serve(t, { corefile: lines('other.test'), files })
  t.equal((await other.ask('a.test. A'))?.rcode, 'SERVFAIL')
})

t.test('an upstream that is named is looked up at the servers of resolver', async (t) => {
  const upstream = await FakeUpstream.start(t, { answer: answering('192.0.2.1') })
  const resolver = await FakeUpstream.start(t, {
    answer: (question) => (question.type === 'A' ? address(question, '127.0.0.1') : {}),
  })
  const server = await serve(t, {
    corefile: corefile(`dns.example:${upstream.port}`, `resolver ${resolver.label}`),
  })
  t.equal((await server.ask('a.test. A'))?.rcode, 'NOERROR')
  t.equal(resolver.count('dns.example'), 2)
  resolver.answer = () => ({ flags: 3 })
  t.equal(
    await serveError({ corefile: corefile('other.example', `resolver ${resolver.label}`) }),
    'plugin/forward: failed to resolve "other.example": no addresses found for "other.example"',
  )
})

t.test('with metadata the response says which upstream answered', async (t) => {
  const upstream = await FakeUpstream.start(t, { answer: answering('192.0.2.1') })
  const server = await serve(t, {
    corefile: corefile(upstream.label).replace('{', '{\n  metadata\n  log . "{/forward/upstream}"'),
  })
  await server.ask('a.test. A')
  t.match(server.log, [`[INFO] ${upstream.label}`])
})

t.test('every query answered while its configuration is replaced gets its reply', async (t) => {
  const upstream = await FakeUpstream.start(t, { answer: () => null })
  const server = await serve(t, { corefile: corefile(upstream.label) })
  const waiting = server.ask('a.test. A')
  await server.until(() => upstream.asked.length === 1)
  t.ok(await server.reload(corefile(upstream.label, 'expire 20s')))
  for (const question of upstream.asked) upstream.send(late(question), question.port)
  t.equal((await waiting)?.rcode, 'NOERROR')
})

t.test('whatever an upstream sends, the client gets an answer', async (t) => {
  const upstream = await FakeUpstream.start(t, { answer: answering('192.0.2.1') })
  const server = await serve(t, { corefile: corefile(upstream.label) })
  const mutations = fc.array(fc.tuple(fc.integer({ min: 4, max: 60 }), fc.nat(255)), { minLength: 1, maxLength: 8 })
  let asked = 0
  await fc.assert(
    fc.asyncProperty(mutations, fc.integer({ min: 12, max: 80 }), async (changes, length) => {
      upstream.answer = (question) => {
        const reply = replyTo(question.raw, address(question, '192.0.2.1'))
        // The id and QR bit stay: without them it is no reply, and the client waits for the next one.
        if (question.transport === 'udp') for (const [at, value] of changes) if (at < reply.length) reply[at] = value
        return question.transport === 'udp' ? reply.subarray(0, length) : reply
      }
      return (await server.ask(`n${asked++}.test. A`)) !== null
    }),
    { numRuns: 300 },
  )
})

/** The reply to `question` with one address, for a test that decides when it is sent. */
function late(question: FakeQuestion): Buffer {
  return replyTo(question.raw, address(question, '192.0.2.7'))
}
