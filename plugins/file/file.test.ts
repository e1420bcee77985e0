import { rename, symlink, unlink } from 'node:fs/promises'
import t from 'tap'
import { serve, serveError } from '../../test/support/serve.ts'
import { suiteZone, zoneSuite } from '../../test/support/zone-suite.ts'
import { opcodes } from '../../wire/registry.ts'

const soa = (serial: number): string => `@ 60 IN SOA ns host ${serial} 2 3 4 5\n`
const zone = (serial: number, address: string): string => `${soa(serial)}@ 60 IN NS ns\nwww 60 IN A ${address}\n`
const corefile = 'example.org {\n file db\n}'

t.test('a zone file answers as every zone source does', async (t) => {
  const server = await serve(t, { corefile, files: { db: suiteZone } })
  await zoneSuite(t, (question, options) => server.ask(question, { edns: { do: options.do } }))
})

t.test('what the answer table answers is the same', async (t) => {
  const server = await serve(t, { corefile, files: { db: suiteZone } })
  for (let i = 0; i < 3; i++)
    await zoneSuite(t, (question, options) => server.ask(question, { edns: { do: options.do } }))
})

t.test('one file serves several zones', async (t) => {
  const server = await serve(t, { corefile: '. {\n file db one.test two.test\n}', files: { db: zone(1, '192.0.2.1') } })
  for (const origin of ['one.test.', 'two.test.']) {
    const reply = await server.ask(`www.${origin} A`)
    t.strictSame(reply?.answer, [`www.${origin} 60 IN A 192.0.2.1`])
    t.strictSame(reply?.authority, [`${origin} 60 IN NS ns.${origin}`])
  }
  const elsewhere = await server.ask('www.three.test. A')
  t.equal(elsewhere?.rcode, 'REFUSED', 'a name in none of them is refused')
})

t.test('the longest zone of several files answers', async (t) => {
  const server = await serve(t, {
    corefile: 'example.org {\n file db\n file sub sub.example.org\n}',
    files: { db: zone(1, '192.0.2.1'), sub: zone(2, '192.0.2.2') },
  })
  t.strictSame((await server.ask('www.sub.example.org. A'))?.answer, ['www.sub.example.org. 60 IN A 192.0.2.2'])
  t.strictSame((await server.ask('www.example.org. A'))?.answer, ['www.example.org. 60 IN A 192.0.2.1'])
})

t.test('an alias is resolved through the zone that owns its target', async (t) => {
  const server = await serve(t, {
    corefile: 'example.org {\n file db\n}\nexample.net {\n file net\n}',
    files: {
      db: `${zone(1, '192.0.2.1')}out 60 CNAME www.example.net.\nnx 60 CNAME nope.example.net.\nfar 60 CNAME www.example.com.\nx 60 DNAME x.x\n`,
      net: zone(7, '192.0.2.2'),
    },
  })
  const ns = ['example.org. 60 IN NS ns.example.org.']
  const out = await server.ask('out.example.org. A')
  t.match(out, {
    rcode: 'NOERROR',
    answer: ['out.example.org. 60 IN CNAME www.example.net.', 'www.example.net. 60 IN A 192.0.2.2'],
  })
  t.strictSame(out?.authority, ns)
  const nx = await server.ask('nx.example.org. A')
  t.equal(nx?.rcode, 'NXDOMAIN')
  t.strictSame(
    nx?.authority,
    ['example.net. 60 IN SOA ns.example.net. host.example.net. 7 2 3 4 5'],
    'denied by the zone of the target',
  )
  const far = await server.ask('far.example.org. A')
  t.equal(far?.rcode, 'NOERROR', 'a target that nobody serves here is left to the client')
  t.strictSame(far?.answer, ['far.example.org. 60 IN CNAME www.example.com.'])
  t.equal((await server.ask('a.x.example.org. A'))?.rcode, 'SERVFAIL', 'an endless chain ends')
})

t.test('an answer through an alias changes with the zone of its target', async (t) => {
  const server = await serve(t, {
    corefile: 'example.org {\n file db\n}\nexample.net {\n file net\n}',
    files: { db: `${soa(1)}out 60 CNAME www.example.net.\n`, net: zone(1, '192.0.2.1') },
  })
  const address = async (): Promise<string | undefined> => (await server.ask('out.example.org. A'))?.answer[1]
  for (let i = 0; i < 3; i++) t.equal(await address(), 'www.example.net. 60 IN A 192.0.2.1')
  await server.write('net', zone(2, '192.0.2.2'))
  await t.resolves(server.until(async () => (await address()) === 'www.example.net. 60 IN A 192.0.2.2'))
})

t.test('fallthrough leaves missing names to the next plugin', async (t) => {
  const server = await serve(t, {
    corefile: 'example.org {\n file db {\n  fallthrough through.example.org\n }\n whoami\n}',
    files: { db: `${zone(1, '192.0.2.1')}a.ent.through 60 A 192.0.2.3\nhere.through 60 A 192.0.2.4\n` },
  })
  t.match(await server.ask('nope.example.org. A'), { rcode: 'NXDOMAIN' })
  const passed = await server.ask('nope.through.example.org. A')
  t.equal(passed?.additional.length, 2, 'whoami answered')
  t.equal(
    (await server.ask('ent.through.example.org. A'))?.additional.length,
    2,
    'an empty non-terminal is passed on too',
  )
  t.match(await server.ask('here.through.example.org. TXT'), { rcode: 'NOERROR', additional: [] }, 'NODATA is not')
})

t.test('transfers are refused and notifications dropped', async (t) => {
  const server = await serve(t, { corefile, files: { db: zone(1, '192.0.2.1') } })
  t.match(await server.ask('example.org. AXFR', { transport: 'tcp' }), { rcode: 'REFUSED', answer: [] })
  t.match(await server.ask('example.org. IXFR'), { rcode: 'REFUSED', answer: [] })
  t.equal(await server.ask('example.org. SOA', { opcode: opcodes.NOTIFY }), null)
})

t.test('an edit with another serial is served at once, in every thread', async (t) => {
  const server = await serve(t, { corefile, files: { db: zone(1, '192.0.2.1') }, threads: 2 })
  const answers = async (question: string): Promise<unknown[]> =>
    Promise.all([0, 1].map(async (thread) => (await server.ask(question, { thread }))?.answer.join()))
  for (let i = 0; i < 3; i++) t.strictSame(await answers('new.example.org. A'), ['', ''])
  await server.write('db', `${zone(2, '192.0.2.2')}new 60 A 192.0.2.9\n`)
  const wanted = 'new.example.org. 60 IN A 192.0.2.9'
  await t.resolves(server.until(async () => (await answers('new.example.org. A')).every((answer) => answer === wanted)))
  t.strictSame(await answers('www.example.org. A'), Array(2).fill('www.example.org. 60 IN A 192.0.2.2'))
  t.match(server.log, ['[INFO] plugin/file: Successfully reloaded zone "example.org." in "db" with 2 SOA serial'])
})

t.test('an edit with the same serial is ignored, and the log says so', async (t) => {
  const server = await serve(t, { corefile, files: { db: zone(5, '192.0.2.1') } })
  await server.write('db', zone(5, '192.0.2.2'))
  const warning =
    '[WARNING] plugin/file: File "db" changed but its SOA serial is still 5: not reloaded, raise the serial'
  await t.resolves(server.until(() => server.log.includes(warning)))
  t.strictSame((await server.ask('www.example.org. A'))?.answer, ['www.example.org. 60 IN A 192.0.2.1'])
  t.equal(await server.reload(), true)
  const answer = async (): Promise<string | undefined> => (await server.ask('www.example.org. A'))?.answer[0]
  t.equal(await answer(), 'www.example.org. 60 IN A 192.0.2.2', 'until the Corefile is loaded again')
})

t.test('with reload_by_mtime any edit counts', async (t) => {
  const byMtime = 'example.org {\n file db {\n  reload_by_mtime\n }\n}'
  const server = await serve(t, { corefile: byMtime, files: { db: zone(5, '192.0.2.1') } })
  await server.write('db', zone(5, '192.0.2.2'))
  await t.resolves(
    server.until(
      async () => (await server.ask('www.example.org. A'))?.answer[0] === 'www.example.org. 60 IN A 192.0.2.2',
    ),
  )
})

t.test('a bad edit is logged with its place and counted, and the old zone stays', async (t) => {
  const server = await serve(t, { corefile, files: { db: zone(1, '192.0.2.1') } })
  await server.write('db', `${soa(2)}www 60 IN A 192.0.2.300\n`)
  const error =
    '[ERROR] plugin/file: Parsing zone "example.org.": failed to parse file "db" for origin example.org. with error db: dns: bad A A: "192.0.2.300" at line: 2:23'
  await t.resolves(server.until(() => server.log.includes(error)))
  t.match(await server.metrics(), /meridian_file_reload_failed_total\{file="db"\} 1\n/)
  t.strictSame((await server.ask('www.example.org. A'))?.answer, ['www.example.org. 60 IN A 192.0.2.1'])
  await server.write('db', zone(3, '192.0.2.3'))
  await t.resolves(
    server.until(
      async () => (await server.ask('www.example.org. A'))?.answer[0] === 'www.example.org. 60 IN A 192.0.2.3',
    ),
  )
})

t.test('an included file that was missing is read when it comes', async (t) => {
  const server = await serve(t, { corefile, files: { db: zone(1, '192.0.2.1') } })
  await server.write('db', `${zone(2, '192.0.2.2')}$INCLUDE more\n`)
  await t.resolves(server.until(() => server.log.some((line) => line.includes("failed to open `more'"))))
  await server.write('more', 'more 60 IN A 192.0.2.3\n')
  const wanted = 'more.example.org. 60 IN A 192.0.2.3'
  await t.resolves(server.until(async () => (await server.ask('more.example.org. A'))?.answer[0] === wanted))
})

t.test('a file that goes is an error, and its zone stays', async (t) => {
  const server = await serve(t, { corefile, files: { db: zone(1, '192.0.2.1') } })
  await unlink(server.path('db'))
  await server.clock.advance(60_000)
  const error = '[ERROR] plugin/file: Failed to open zone "example.org." in "db": open db: no such file or directory'
  await t.resolves(server.until(() => server.log.includes(error)))
  await server.clock.advance(600_000)
  t.equal(server.log.filter((line) => line === error).length, 1, 'said once')
  t.match(await server.ask('www.example.org. A'), { rcode: 'NOERROR' })
})

t.test('records outside of the zone are a warning', async (t) => {
  const files = { db: `${zone(1, '192.0.2.1')}www.example.net. 60 A 192.0.2.1\n` }
  const server = await serve(t, { corefile, files })
  t.match(server.log, ['[WARNING] plugin/file: 1 records in "db" are outside of zone "example.org.": not served'])
})

t.test('an edit of an included file is seen', async (t) => {
  const server = await serve(t, {
    corefile,
    files: { db: '$INCLUDE sub/soa\nwww 60 A 192.0.2.1\n', 'sub/soa': soa(1) },
  })
  await server.write('sub/soa', soa(2))
  await t.resolves(
    server.until(async () => (await server.ask('example.org. SOA'))?.answer[0]?.includes(' 2 2 3 4 5') === true),
  )
})

t.test('a missing file is a warning, SERVFAIL, and served when it comes', async (t) => {
  const server = await serve(t, { corefile, files: {} })
  t.strictSame(server.log.slice(0, 1), [
    '[WARNING] plugin/file: Failed to open "open db: no such file or directory": trying again in 1m0s',
  ])
  const reply = await server.ask('www.example.org. A', { edns: {} })
  t.match(reply, { rcode: 'SERVFAIL', flags: ['rd'] })
  t.equal(reply?.edns?.options.length, 1, 'with an extended error')
  await server.write('db', zone(1, '192.0.2.1'))
  await t.resolves(
    server.until(
      async () => (await server.ask('www.example.org. A'))?.answer[0] === 'www.example.org. 60 IN A 192.0.2.1',
    ),
  )
})

t.test('a symlink that is swapped is followed, as the files of a ConfigMap are', async (t) => {
  const server = await serve(t, {
    corefile: 'example.org {\n file mount/db {\n  reload 30s\n }\n}',
    files: { 'one/db': zone(1, '192.0.2.1'), 'two/db': zone(2, '192.0.2.2') },
  })
  const answers = async (address: string): Promise<boolean> =>
    (await server.ask('www.example.org. A'))?.answer[0] === `www.example.org. 60 IN A ${address}`
  await symlink('one', server.path('mount'))
  await server.clock.advance(30_000)
  await t.resolves(server.until(() => answers('192.0.2.1')))
  await symlink('two', server.path('mount.new'))
  await rename(server.path('mount.new'), server.path('mount'))
  await server.clock.advance(30_000)
  await t.resolves(server.until(() => answers('192.0.2.2')))
})

t.test('with reload 0 a file is read once', async (t) => {
  const once = 'example.org {\n file db {\n  reload 0\n }\n}'
  const server = await serve(t, { corefile: once, files: { db: zone(1, '192.0.2.1') } })
  await server.write('db', zone(2, '192.0.2.2'))
  await server.clock.advance(3_600_000)
  t.strictSame((await server.ask('www.example.org. A'))?.answer, ['www.example.org. 60 IN A 192.0.2.1'])
})

t.test('paths start at root', async (t) => {
  const server = await serve(t, {
    corefile: 'example.org {\n root zones\n file db\n}',
    files: { 'zones/db': zone(1, '192.0.2.1') },
  })
  t.match(await server.ask('www.example.org. A'), { rcode: 'NOERROR' })
})

t.test('Corefiles and files that are refused', async (t) => {
  const files = {
    db: zone(1, '192.0.2.1'),
    nosoa: 'www 60 IN A 192.0.2.1\n',
    bad: `${soa(1)}www 60 IN A x\n`,
    nsec3: `${soa(1)}@ 60 IN NSEC3PARAM 1 0 5 A3DEBC9CC4F695C7\n`,
    'folder/x': '',
  }
  const cases: readonly (readonly [directive: string, error: string])[] = [
    [
      'file',
      "plugin/file: Corefile:2 - Error during parsing: Wrong argument count or unexpected line ending after 'file'",
    ],
    ['file db {\n nope\n }', "plugin/file: Corefile:3 - Error during parsing: unknown property 'nope'"],
    ['file db {\n reload\n }', 'plugin/file: reload duration value is expected'],
    ['file db {\n reload 1\n }', 'plugin/file: plugin/file: time: missing unit in duration "1"'],
    ['file nosoa nosoa.test', 'plugin/file: file "nosoa" has no SOA record for origin nosoa.test.'],
    [
      'file bad',
      'plugin/file: failed to parse file "bad" for origin example.org. with error bad: dns: bad A A: "x" at line: 2:13',
    ],
    ['file nsec3', 'plugin/file: NSEC3 zone is not supported, dropping RR: example.org. for zone: example.org.'],
    ['file no {\n reload 0\n }', 'plugin/file: plugin/file: open no: no such file or directory'],
    [
      'file folder',
      'plugin/file: failed to parse file "folder" for origin example.org. with error read folder: is a directory',
    ],
    ['file db {\n reload_by_mtime x\n }', "plugin/file: Corefile:3 - Error during parsing: unknown property 'x'"],
  ]
  for (const [directive, error] of cases) {
    t.equal(await serveError({ corefile: `example.org {\n ${directive}\n}`, files }), error, directive)
  }
})
