import t from 'tap'
import { type AskOptions, serve, serveError } from '../../test/support/serve.ts'

const zone = (serial: number, more = ''): string =>
  `$TTL 60\n@ SOA ns host ${serial} 2 3 4 5\nwww A 192.0.2.1\n@ NS ns\n@ MX 1 www\nns A 192.0.2.53\n*.w TXT w\nsub NS ns.sub\nns.sub A 192.0.2.9\n${more}`
const tcp: AskOptions = { transport: 'tcp' }
const soa = (serial: number): string => `example.org. 60 IN SOA ns.example.org. host.example.org. ${serial} 2 3 4 5`
const whole = (serial: number): string[] => [
  soa(serial),
  'example.org. 60 IN NS ns.example.org.',
  'example.org. 60 IN MX 1 www.example.org.',
  'ns.example.org. 60 IN A 192.0.2.53',
  'sub.example.org. 60 IN NS ns.sub.example.org.',
  'ns.sub.example.org. 60 IN A 192.0.2.9',
  '*.w.example.org. 60 IN TXT "w"',
  'www.example.org. 60 IN A 192.0.2.1',
  soa(serial),
]
const corefile = '. {\n transfer example.org {\n  to *\n }\n file db example.org example.net\n}'
const files = { db: zone(7) }

const counted = (result: string, count: number): RegExp =>
  new RegExp(`meridian_transfer_total\\{result="${result}",type="AXFR",zone="example\\.org\\."\\} ${count}\n`)

t.test('a zone is sent whole, glue included, between its SOA records', async (t) => {
  const server = await serve(t, { corefile, files })
  const reply = await server.ask('example.org. AXFR', tcp)
  t.match(reply, { rcode: 'NOERROR', flags: ['aa', 'rd'], authority: [], additional: [], edns: null })
  t.strictSame(reply?.answer, whole(7))
  t.match(await server.ask('eXample.org. AXFR', { ...tcp, rd: false, edns: { size: 1232 } }), {
    flags: ['aa'],
    answer: whole(7),
    edns: { udpSize: 1232 },
  })
  t.strictSame(
    server.log.filter((line) => line.includes('plugin/transfer')),
    [
      '[INFO] plugin/transfer: Outgoing transfer of 9 records of zone "example.org." to 192.0.2.100 for 7 SOA serial',
      '[INFO] plugin/transfer: Outgoing transfer of 9 records of zone "eXample.org." to 192.0.2.100 for 7 SOA serial',
    ],
  )
  t.match(await server.metrics(), counted('whole', 2))
})

const behind = [0, 6, 7 + 0x8000_0001, 0xffff_ffff]
const notBehind = [7, 8, 2_026_010_101, 7 + 0x7fff_ffff]

t.test('an IXFR gets the whole zone, or the SOA alone if it lacks nothing', async (t) => {
  const server = await serve(t, { corefile, files })
  for (const serial of behind) {
    const reply = await server.ask('example.org. IXFR', { ...tcp, serial })
    t.strictSame(reply?.answer, whole(7), `from ${serial}`)
  }
  for (const serial of notBehind) {
    const reply = await server.ask('example.org. IXFR', { ...tcp, serial })
    t.match(reply, { rcode: 'NOERROR', flags: ['rd'], answer: [soa(7)] }, `from ${serial}`)
  }
  t.equal(
    server.log.at(-1),
    '[INFO] plugin/transfer: Outgoing noop, incremental transfer for up to date zone "example.org." to 192.0.2.100 for 7 SOA serial',
  )
  t.match(await server.ask('example.org. IXFR', tcp), { rcode: 'SERVFAIL' }, 'an IXFR has to say its serial')
})

t.test('what is asked otherwise is refused, or left to the next plugin', async (t) => {
  const server = await serve(t, {
    corefile: `${corefile}\nopen.test {\n transfer {\n  to *\n }\n template ANY ANY {\n  rcode NXDOMAIN\n }\n}\nnone.test {\n transfer {\n  to *\n }\n hosts none\n}`,
    files: { ...files, none: '192.0.2.1 none.test\n' },
  })
  const rcodes: readonly [string, AskOptions, string][] = [
    ['example.org. AXFR', {}, 'REFUSED'],
    ['example.org. IXFR', { serial: 1 }, 'REFUSED'],
    ['example.org. AXFR', { transport: 'https' }, 'REFUSED'],
    ['example.org. AXFR', { ...tcp, class: 'CH' }, 'REFUSED'],
    ['www.example.org. AXFR', tcp, 'REFUSED'],
    ['sub.example.org. AXFR', tcp, 'REFUSED'],
    ['example.net. AXFR', tcp, 'REFUSED'],
    ['. AXFR', tcp, 'REFUSED'],
    ['open.test. AXFR', tcp, 'NXDOMAIN'],
    ['none.test. AXFR', tcp, 'SERVFAIL'],
    ['none.test. AXFR', {}, 'REFUSED'],
    ['example.org. SOA', tcp, 'NOERROR'],
  ]
  for (const [question, options, rcode] of rcodes)
    t.equal((await server.ask(question, options))?.rcode, rcode, `${question} ${JSON.stringify(options)}`)
})

t.test('only listed addresses get a zone, however they are spelled', async (t) => {
  const server = await serve(t, {
    corefile:
      'example.org {\n transfer {\n  to 192.0.2.1:5300 2001:DB8:0::1\n  to [::ffff:192.0.2.4]:53 fe80::1%lo\n }\n file db\n}',
    files,
  })
  const rcode = async (client: string): Promise<string | undefined> =>
    (await server.ask('example.org. AXFR', { ...tcp, client }))?.rcode
  for (const client of ['192.0.2.1', '2001:db8::1', '192.0.2.4', 'fe80::1'])
    t.equal(await rcode(client), 'NOERROR', client)
  for (const client of ['192.0.2.10', '192.0.2.2', '2001:db8::10', '::1'])
    t.equal(await rcode(client), 'REFUSED', client)
  t.match(await server.metrics(), counted('refused', 4))
})

t.test('of several rules the longest zone decides, by labels and not by text', async (t) => {
  const rule = (zone: string, to: string): string => ` transfer ${zone} {\n  to ${to}\n }\n`
  const server = await serve(t, {
    corefile: `. {\n${rule('.', '192.0.2.1')}${rule('a.example', '192.0.2.2')}${rule('zzzzzz.b.example', '192.0.2.3')}${rule('b.example', '192.0.2.4')} file db . a.example zz.a.example b.example xzzzzzz.b.example c.b.example\n}`,
    files: { db: '$TTL 60\n@ SOA ns host 1 2 3 4 5\n' },
  })
  const allowed: readonly [zone: string, client: string][] = [
    ['.', '192.0.2.1'],
    ['a.example.', '192.0.2.2'],
    ['zz.a.example.', '192.0.2.2'],
    ['b.example.', '192.0.2.4'],
    ['c.b.example.', '192.0.2.4'],
    ['xzzzzzz.b.example.', '192.0.2.4'],
  ]
  for (const [zone, client] of allowed) {
    for (const other of ['192.0.2.1', '192.0.2.2', '192.0.2.3', '192.0.2.4']) {
      const reply = await server.ask(`${zone} AXFR`, { ...tcp, client: other })
      t.equal(reply?.rcode, other === client ? 'NOERROR' : 'REFUSED', `${zone} to ${other}`)
    }
  }
})

t.test('a zone whose file is not there cannot be transferred yet', async (t) => {
  const server = await serve(t, { corefile: corefile.replace('db', 'later') })
  const reply = await server.ask('example.org. AXFR', { ...tcp, edns: {} })
  t.match(reply, { rcode: 'SERVFAIL', answer: [] })
  t.match(reply?.edns?.options, [{ code: 15 }])
})

t.test('a zone of many messages is sent in the version that it was asked in', async (t) => {
  const many = Array.from({ length: 3000 }, (_, i) => `h${i} A 10.0.${i >> 8}.${i & 255}\n`).join('')
  const server = await serve(t, { corefile, files: { db: zone(7, many) } })
  const answer = (await server.ask('example.org. AXFR', tcp))?.answer ?? []
  t.equal(answer.length, 9 + 3000)
  t.strictSame([answer[0], answer.at(-1)], [soa(7), soa(7)])
  t.equal(new Set(answer).size, 3008)
})

t.test('log and metrics see one query with the size of all messages', async (t) => {
  const many = Array.from({ length: 3000 }, (_, i) => `h${i} A 10.0.${i >> 8}.${i & 255}\n`).join('')
  const server = await serve(t, {
    corefile: `example.org {\n log\n prometheus\n transfer {\n  to *\n }\n file db\n}`,
    files: { db: zone(7, many) },
  })
  await server.ask('example.org. AXFR', tcp)
  const [line] = server.log.filter((each) => each.includes('AXFR'))
  const size = Number(/"AXFR IN example\.org\. tcp \d+ false 65535" NOERROR qr,aa,rd (\d+) /.exec(line ?? '')?.[1])
  t.ok(size > 3000 * 27, String(line))
  t.match(await server.metrics(), /coredns_dns_requests_total\{[^}]*type="AXFR"[^}]*\} 1\n/)
})

const refused: readonly [body: string, message: string][] = [
  ['transfer', "plugin/transfer: plugin/transfer: Corefile:2 - Error during parsing: 'to' is required"],
  ['transfer {\n }', "plugin/transfer: plugin/transfer: Corefile:3 - Error during parsing: 'to' is required"],
  [
    'transfer {\n to\n }',
    "plugin/transfer: Corefile:3 - Error during parsing: Wrong argument count or unexpected line ending after 'to'",
  ],
  ['transfer {\n to x\n }', "plugin/transfer: must specify an IP address: `x'"],
  ['transfer {\n to x:53\n }', "plugin/transfer: must specify an IP address: `x'"],
  ['transfer {\n to [::1]\n }', "plugin/transfer: must specify an IP address: `[::1]'"],
  ['transfer {\n to 192.0.2.1:99999\n }', "plugin/transfer: must specify a port: `192.0.2.1:99999'"],
  [
    'transfer {\n from 192.0.2.1\n }',
    'plugin/transfer: plugin/transfer: Corefile:3 - Error during parsing: unknown property "from"',
  ],
  [
    'transfer {\n to *\n source a\n }',
    'plugin/transfer: plugin/transfer: Corefile:4 - Error during parsing: invalid source address "a"',
  ],
  [
    'transfer {\n to *\n source ::1\n source ::1\n }',
    'plugin/transfer: plugin/transfer: Corefile:5 - Error during parsing: source already specified',
  ],
  [
    'transfer {\n to *\n source ::1 ::2\n }',
    "plugin/transfer: Corefile:4 - Error during parsing: Wrong argument count or unexpected line ending after '::2'",
  ],
]

t.test('Corefiles that are refused', async (t) => {
  for (const [body, message] of refused) t.equal(await serveError({ corefile: `. {\n ${body}\n}` }), message, body)
})
