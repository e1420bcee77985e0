import { mkdir, readlink, rename, rm, symlink, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { serve, serveError, type TestServer } from '../../test/support/serve.ts'
import { suiteZone, zoneSuite } from '../../test/support/zone-suite.ts'
import { opcodes } from '../../wire/registry.ts'

const zone = (serial: number, address = '192.0.2.1', more = ''): string =>
  `@ 60 IN SOA ns host ${serial} 2 3 4 5\n@ 60 IN NS ns\nwww 60 IN A ${address}\n${more}`
const corefile = '. {\n auto {\n  directory zones\n }\n}'

/** The address of `www` in a zone, or the rcode. */
async function address(server: TestServer, name: string): Promise<string | undefined> {
  const reply = await server.ask(`${name} A`)
  return reply?.rcode === 'NOERROR' ? reply.answer[0]?.split(' ').at(-1) : reply?.rcode
}

/** As `address`, often enough for the answer table. */
async function steadyAddress(server: TestServer, name: string): Promise<string | undefined> {
  for (let i = 0; i < 3; i++) await address(server, name)
  return address(server, name)
}

t.test('a zone of a folder answers as every zone source does', async (t) => {
  const server = await serve(t, { corefile, files: { 'zones/db.example.org': suiteZone } })
  for (let i = 0; i < 3; i++)
    await zoneSuite(t, (question, options) => server.ask(question, { edns: { do: options.do } }))
})

t.test('each file that fits is a zone, in the folders below too', async (t) => {
  const server = await serve(t, {
    corefile: 'test org {\n auto {\n  directory zones ^(.*)[.]zone$ {1}\n }\n}\n. {\n whoami\n}',
    files: {
      'zones/a.test.zone': zone(1, '192.0.2.1'),
      'zones/sub.a.test.zone': zone(1, '192.0.2.2'),
      'zones/more/b.test.zone': zone(1, '192.0.2.3'),
      'zones/C.Test.zone': zone(1, '192.0.2.4'),
      'zones/a.net.zone': zone(1, '192.0.2.5'),
      'zones/d.test.zone.bak': zone(1, '192.0.2.6'),
      'zones/..hidden/e.test.zone': zone(1, '192.0.2.7'),
    },
  })
  const cases: [name: string, answer: string | undefined][] = [
    ['www.a.test.', '192.0.2.1'],
    ['www.sub.a.test.', '192.0.2.2'],
    ['www.b.test.', '192.0.2.3'],
    ['WWW.c.test.', '192.0.2.4'],
    ['nope.a.test.', 'NXDOMAIN'],
    ['www.d.test.', 'REFUSED'],
    ['www.e.test.', 'REFUSED'],
    ['www.a.org.', 'REFUSED'],
    ['www.a.net.', undefined],
  ]
  for (const [name, answer] of cases) t.equal(await address(server, name), answer, name)
  t.match(server.log.join('\n'), "[INFO] plugin/auto: Inserting zone `a.test.' from: zones/a.test.zone")
})

t.test('zones come, change and go with their files, in every thread', async (t) => {
  const server = await serve(t, { corefile, files: { 'zones/db.a.test': zone(1) }, threads: 2 })
  const everywhere = async (name: string, wanted: string): Promise<boolean> => {
    const replies = await Promise.all([0, 1].map((thread) => server.ask(`${name} A`, { thread })))
    return replies.every((reply) => [reply?.rcode, reply?.answer[0]?.split(' ').at(-1)].includes(wanted))
  }
  for (let i = 0; i < 3; i++) t.ok(await everywhere('www.b.test.', 'REFUSED'))
  await server.write('zones/db.b.test', zone(1, '192.0.2.2'))
  await t.resolves(
    server.until(() => everywhere('www.b.test.', '192.0.2.2')),
    'a new zone',
  )
  for (let i = 0; i < 3; i++) t.ok(await everywhere('www.b.test.', '192.0.2.2'))
  await server.write('zones/db.b.test', zone(2, '192.0.2.3'))
  await t.resolves(
    server.until(() => everywhere('www.b.test.', '192.0.2.3')),
    'a changed zone',
  )
  await unlink(server.path('zones/db.b.test'))
  await t.resolves(
    server.until(() => everywhere('www.b.test.', 'REFUSED')),
    'a zone that is gone',
  )
  t.ok(await everywhere('www.a.test.', '192.0.2.1'))
  const told = server.log.filter((line) => line.includes('b.test'))
  t.strictSame(told, [
    "[INFO] plugin/auto: Inserting zone `b.test.' from: zones/db.b.test",
    '[INFO] plugin/auto: Successfully reloaded zone "b.test." in "zones/db.b.test" with 2 SOA serial',
    "[INFO] plugin/auto: Deleting zone `b.test.'",
  ])
})

t.test('a zone that comes or goes takes its names from the one above it, or gives them back', async (t) => {
  const server = await serve(t, {
    corefile,
    files: { 'zones/db.a.test': zone(1, '192.0.2.1', 'www.sub 60 A 192.0.2.9\n') },
  })
  t.equal(await steadyAddress(server, 'www.sub.a.test.'), '192.0.2.9')
  await server.write('zones/db.sub.a.test', zone(1, '192.0.2.2'))
  await t.resolves(server.until(async () => (await address(server, 'www.sub.a.test.')) === '192.0.2.2'))
  t.equal(await steadyAddress(server, 'www.sub.a.test.'), '192.0.2.2')
  await unlink(server.path('zones/db.sub.a.test'))
  await t.resolves(server.until(async () => (await address(server, 'www.sub.a.test.')) === '192.0.2.9'))
})

t.test('what was passed on for want of a zone is answered here when it comes', async (t) => {
  const server = await serve(t, {
    corefile: '. {\n auto {\n  directory zones\n }\n whoami\n}',
    files: { 'zones/db.a.test': zone(1) },
  })
  t.equal(await steadyAddress(server, 'www.b.test.'), undefined, 'whoami answers')
  await server.write('zones/db.b.test', zone(1, '192.0.2.2'))
  await t.resolves(server.until(async () => (await address(server, 'www.b.test.')) === '192.0.2.2'))
})

t.test('a bad file is told of once and serves nothing until it is right', async (t) => {
  const server = await serve(t, {
    corefile,
    files: { 'zones/db.a.test': 'www 60 IN A 192.0.2.300\n', 'zones/db.b.test': zone(1) },
  })
  t.equal(await address(server, 'www.a.test.'), 'REFUSED')
  t.equal(await address(server, 'www.b.test.'), '192.0.2.1', 'the others are served')
  await server.clock.advance(180_000)
  const warnings = (): string[] => server.log.filter((line) => line.includes('WARNING'))
  t.strictSame(warnings(), [
    `[WARNING] plugin/auto: Parse zone \`a.test.': failed to parse file "zones/db.a.test" for origin a.test. with error zones/db.a.test: dns: bad A A: "192.0.2.300" at line: 1:23`,
  ])
  await server.write('zones/db.a.test', zone(1, '192.0.2.2'))
  await t.resolves(server.until(async () => (await address(server, 'www.a.test.')) === '192.0.2.2'))
  await server.write('zones/db.a.test', 'nonsense\n')
  await t.resolves(
    server.until(() => server.log.some((line) => line.includes('[ERROR] plugin/auto: Parsing zone "a.test."'))),
  )
  t.equal(await address(server, 'www.a.test.'), '192.0.2.2', 'a zone stays as it was')
  t.match(await server.metrics(), /meridian_auto_reload_failed_total\{file="zones\/db\.a\.test"\} 1\n/)
})

t.test('of two files for one origin the first is served, and the other when it goes', async (t) => {
  const server = await serve(t, {
    corefile,
    files: { 'zones/db.a.test': zone(1), 'zones/more/db.a.test': zone(1, '192.0.2.2') },
  })
  t.equal(await steadyAddress(server, 'www.a.test.'), '192.0.2.1')
  const warning =
    '[WARNING] plugin/auto: Multiple zone files match origin "a.test.": using "zones/db.a.test" instead of "zones/more/db.a.test"'
  t.strictSame(
    server.log.filter((line) => line.includes('WARNING')),
    [warning],
  )
  await unlink(server.path('zones/db.a.test'))
  await t.resolves(server.until(async () => (await address(server, 'www.a.test.')) === '192.0.2.2'))
})

t.test('the files of a ConfigMap are followed when it is swapped', async (t) => {
  const server = await serve(t, { corefile, files: { 'zones/..1/db.a.test': zone(1) } })
  const folder = server.path('zones')
  const swap = async (version: string): Promise<void> => {
    await symlink(version, join(folder, '..tmp'))
    await rename(join(folder, '..tmp'), join(folder, '..data'))
  }
  await swap('..1')
  await symlink('..data/db.a.test', join(folder, 'db.a.test'))
  await t.resolves(server.until(async () => (await address(server, 'www.a.test.')) === '192.0.2.1'))
  await server.write('zones/..2/db.a.test', zone(2, '192.0.2.2'))
  await swap('..2')
  t.equal(await readlink(join(folder, '..data')), '..2')
  await server.clock.advance(60_000)
  await t.resolves(server.until(async () => (await address(server, 'www.a.test.')) === '192.0.2.2'))
  t.strictSame(
    server.log.filter((line) => line.includes('WARNING')),
    [],
    'each zone is there once',
  )
})

t.test('a folder that is missing is a warning, and read when it comes', async (t) => {
  const server = await serve(t, { corefile })
  t.equal(await address(server, 'www.a.test.'), 'REFUSED')
  t.equal(server.log[0], '[WARNING] plugin/auto: Directory does not exist: zones')
  await mkdir(server.path('zones'))
  await server.write('zones/db.a.test', zone(1))
  await server.clock.advance(60_000)
  await t.resolves(server.until(async () => (await address(server, 'www.a.test.')) === '192.0.2.1'))
  await rm(server.path('zones'), { recursive: true })
  await server.clock.advance(60_000)
  await t.resolves(server.until(async () => (await address(server, 'www.a.test.')) === 'REFUSED'))
})

t.test('with reload 0 the folder is read once', async (t) => {
  const server = await serve(t, {
    corefile: corefile.replace('zones\n', 'zones\n  reload 0\n'),
    files: { 'zones/db.a.test': zone(1) },
  })
  await server.write('zones/db.b.test', zone(1))
  await server.clock.advance(3_600_000)
  t.equal(await address(server, 'www.b.test.'), 'REFUSED')
  t.equal(await server.reload(), true)
  t.equal(await address(server, 'www.b.test.'), '192.0.2.1', 'and at each reload of the Corefile')
})

t.test('paths start at root', async (t) => {
  const server = await serve(t, {
    corefile: `. {\n root base\n auto {\n  directory zones\n }\n}`,
    files: { 'base/zones/db.a.test': zone(1) },
  })
  t.equal(await address(server, 'www.a.test.'), '192.0.2.1')
})

t.test('its zones can be transferred, as they are when a transfer begins', async (t) => {
  const server = await serve(t, {
    corefile: `. {\n transfer a.test {\n  to *\n }\n auto {\n  directory zones\n }\n}`,
    files: { 'zones/db.a.test': zone(7), 'zones/db.b.test': zone(8) },
  })
  t.match(await server.ask('a.test. AXFR', { transport: 'tcp' }), {
    rcode: 'NOERROR',
    answer: [/ SOA .* 7 2 3 4 5$/, / NS /, 'www.a.test. 60 IN A 192.0.2.1', / SOA /],
  })
  t.match(await server.ask('b.test. AXFR', { transport: 'tcp' }), { rcode: 'REFUSED', answer: [] })
  t.equal(await server.ask('a.test. SOA', { opcode: opcodes.NOTIFY }), null, "it is nobody's secondary")
})

t.test('Corefiles that are refused', async (t) => {
  const line = (text: string): string => `. {\n auto {\n ${text}\n }\n}`
  const at = 'plugin/auto: Corefile:3 - Error during parsing: '
  const cases: [text: string, error: string][] = [
    ['directory', `${at}Wrong argument count or unexpected line ending after 'directory'`],
    ['directory zones (.*)', `${at}Wrong argument count or unexpected line ending after '(.*)'`],
    ['directory zones (.*) {1} more', `${at}Wrong argument count or unexpected line ending after 'more'`],
    ['directory zones .* {1}', `${at}Need at least one sub expression`],
    ['directory zones (.* {1}', 'plugin/auto: error parsing regexp: missing closing ): `(.*`'],
    [`directory zones (${'a'.repeat(10_000)}) {1}`, `${at}regexp too large`],
    [
      'directory Corefile/zones',
      `${at}Unable to access root path 'Corefile/zones': stat Corefile/zones: not a directory`,
    ],
    ['reload', 'plugin/auto: reload duration value is expected'],
    ['reload 1', 'plugin/auto: plugin/file: time: missing unit in duration "1"'],
    ['reload -1s', 'plugin/auto: plugin/file: invalid duration'],
    ['fallthrough', `${at}unknown property 'fallthrough'`],
  ]
  for (const [text, error] of cases) t.equal(await serveError({ corefile: line(text) }), error)
})
