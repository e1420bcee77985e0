import { rename, rm, symlink } from 'node:fs/promises'
import t from 'tap'
import { serve, serveError, type TestServer } from '../../test/support/serve.ts'

const etcHosts = `# comment
192.0.2.10 alpha.hosts.test alpha-alias.hosts.test # more
192.0.2.11\tbeta.hosts.test
192.0.2.12 beta.hosts.test
2001:db8::10 alpha.hosts.test
2001:db8::13 six.hosts.test
192.0.2.14 UPPER.Hosts.test
192.0.2.15 out.other.test
192.0.2.16 *.star.hosts.test
2001:db8::16 own.star.hosts.test
::ffff:192.0.2.17 mapped.hosts.test
fe80::1%lo scoped.hosts.test
192.0.2.18 deep.down.hosts.test.
`

const soa = 'hosts.test. 30 IN SOA ns.dns.hosts.test. hostmaster.hosts.test. * 7200 1800 86400 30'

const withoutSerial = (records: readonly string[] | undefined): string[] =>
  (records ?? []).map((record) => record.replace(/ \d+ 7200 1800 86400 /, ' * 7200 1800 86400 '))

const corefile = `hosts.test 2.0.192.in-addr.arpa {
    hosts hosts.txt {
        192.0.2.50 inline.hosts.test beta.hosts.test
    }
}
`

t.test('listed names and addresses are answered, the file first', async (t) => {
  const server = await serve(t, { corefile, files: { 'hosts.txt': etcHosts } })
  const cases: [question: string, answer: string[]][] = [
    ['alpha.hosts.test. A', ['alpha.hosts.test. 3600 IN A 192.0.2.10']],
    ['ALPHA.hosts.test. AAAA', ['ALPHA.hosts.test. 3600 IN AAAA 2001:db8::10']],
    ['upper.hosts.test. A', ['upper.hosts.test. 3600 IN A 192.0.2.14']],
    [
      'beta.hosts.test. A',
      ['192.0.2.11', '192.0.2.12', '192.0.2.50'].map((address) => `beta.hosts.test. 3600 IN A ${address}`),
    ],
    ['x.star.hosts.test. A', ['x.star.hosts.test. 3600 IN A 192.0.2.16']],
    ['own.star.hosts.test. AAAA', ['own.star.hosts.test. 3600 IN AAAA 2001:db8::16']],
    ['mapped.hosts.test. A', ['mapped.hosts.test. 3600 IN A 192.0.2.17']],
    ['scoped.hosts.test. AAAA', ['scoped.hosts.test. 3600 IN AAAA fe80::1']],
    ['deep.down.hosts.test. A', ['deep.down.hosts.test. 3600 IN A 192.0.2.18']],
    [
      '10.2.0.192.in-addr.arpa. PTR',
      ['alpha', 'alpha-alias'].map((host) => `10.2.0.192.in-addr.arpa. 3600 IN PTR ${host}.hosts.test.`),
    ],
    ['17.2.0.192.in-addr.arpa. PTR', ['17.2.0.192.in-addr.arpa. 3600 IN PTR mapped.hosts.test.']],
  ]
  for (const [question, answer] of cases) {
    const reply = await server.ask(question)
    t.same(reply?.answer, answer, question)
    t.same(reply?.flags, ['aa', 'rd'], question)
  }
})

t.test('what is not there is denied with a SOA, and only what has nothing below it is NXDOMAIN', async (t) => {
  const server = await serve(t, { corefile, files: { 'hosts.txt': etcHosts } })
  const cases: [question: string, rcode: string][] = [
    ['alpha.hosts.test. MX', 'NOERROR'],
    ['six.hosts.test. A', 'NOERROR'],
    ['x.star.hosts.test. TXT', 'NOERROR'],
    ['alpha.hosts.test. PTR', 'NOERROR'],
    ['missing.hosts.test. A', 'NXDOMAIN'],
    ['missing.hosts.test. PTR', 'NXDOMAIN'],
    ['y.x.star.hosts.test. A', 'NXDOMAIN'],
    ['star.hosts.test. A', 'NOERROR'],
    ['down.hosts.test. A', 'NOERROR'],
    ['hosts.test. A', 'NOERROR'],
  ]
  for (const [question, rcode] of cases) {
    const reply = await server.ask(question)
    t.equal(reply?.rcode, rcode, question)
    t.same(reply?.answer, [], question)
    t.same(withoutSerial(reply?.authority), [soa], question)
  }
  t.equal((await server.ask('hosts.test. SOA'))?.rcode, 'SERVFAIL', 'the made-up SOA is no record of the zone')
  const reverse = await server.ask('99.2.0.192.in-addr.arpa. PTR')
  t.equal(reverse?.rcode, 'NXDOMAIN')
  t.equal((await server.ask('10.2.0.192.in-addr.arpa. A'))?.rcode, 'NOERROR')
  t.equal(
    (await server.ask('15.2.0.192.in-addr.arpa. PTR'))?.rcode,
    'NXDOMAIN',
    'names outside the zones are not taken',
  )
})

t.test('compat coredns: NODATA without a SOA, SERVFAIL for names that are not listed', async (t) => {
  const server = await serve(t, {
    corefile: corefile.replace('{\n', '{\n    compat coredns\n'),
    files: { 'hosts.txt': etcHosts },
  })
  const nodata = await server.ask('alpha.hosts.test. MX')
  t.match(nodata, { rcode: 'NOERROR', authority: [] })
  for (const question of ['missing.hosts.test. A', 'alpha.hosts.test. PTR', 'hosts.test. SOA']) {
    t.match(await server.ask(question), { rcode: 'SERVFAIL', flags: ['rd'], authority: [] }, question)
  }
})

t.test('fallthrough passes on what is not listed, fallthrough_unsupported other types too', async (t) => {
  const server = await serve(t, {
    corefile: `one.test {
    hosts none.hosts {
        192.0.2.40 in.one.test
        ttl 77
        fallthrough some.one.test
    }
    whoami
}
two.test {
    hosts none.hosts {
        192.0.2.65 u.two.test
        fallthrough
        fallthrough_unsupported
        no_reverse
    }
    whoami
}
`,
    files: { 'none.hosts': '' },
  })
  t.same((await server.ask('in.one.test. A'))?.answer, ['in.one.test. 77 IN A 192.0.2.40'])
  t.equal((await server.ask('x.one.test. A'))?.rcode, 'NXDOMAIN')
  t.equal((await server.ask('x.some.one.test. A'))?.additional.length, 2)
  t.equal((await server.ask('in.one.test. TXT'))?.authority.length, 1)
  t.same((await server.ask('u.two.test. A'))?.answer, ['u.two.test. 3600 IN A 192.0.2.65'])
  const shared = await server.ask('u.two.test. AAAA')
  t.equal(shared?.additional.length, 0)
  t.equal(shared?.authority.length, 0, 'a zone that is passed on gets no SOA from us')
  t.equal((await server.ask('u.two.test. TXT'))?.additional.length, 2)
  t.equal((await server.ask('x.two.test. A'))?.additional.length, 2)
})

t.test('PTR is answered in any zone, and passed on where the address is not listed', async (t) => {
  const server = await serve(t, {
    corefile:
      '. {\n hosts none.hosts hosts.test {\n 192.0.2.1 a.hosts.test\n }\n whoami\n}\nn.test {\n hosts none.hosts {\n 192.0.2.2 a.n.test\n no_reverse\n }\n}',
  })
  t.same((await server.ask('1.2.0.192.in-addr.arpa. PTR'))?.answer, [
    '1.2.0.192.in-addr.arpa. 3600 IN PTR a.hosts.test.',
  ])
  t.equal((await server.ask('2.2.0.192.in-addr.arpa. PTR'))?.additional.length, 2)
  t.equal((await server.ask('b.elsewhere.test. A'))?.additional.length, 2)
})

const answerOf = async (server: TestServer, question: string, thread = 0): Promise<string> => {
  const reply = await server.ask(question, { thread })
  return reply?.answer.join('\n') || (reply?.rcode ?? 'silence')
}

t.test('no thread answers from an old file once it has changed, not even what was denied or passed on', async (t) => {
  const server = await serve(t, {
    corefile: `a.test {
    hosts names.hosts
}
b.test 192.in-addr.arpa {
    hosts names.hosts b.test {
        fallthrough
    }
    whoami
}
`,
    files: { 'names.hosts': '192.0.2.1 old.a.test\n' },
    threads: 2,
  })
  const questions = ['old.a.test. A', 'new.a.test. A', 'new.b.test. A', '9.2.0.192.in-addr.arpa. PTR']
  for (let round = 0; round < 4; round++) {
    for (const thread of [0, 1]) for (const question of questions) await answerOf(server, question, thread)
  }
  t.equal(await answerOf(server, 'new.a.test. A'), 'NXDOMAIN')
  await server.write('names.hosts', '192.0.2.9 new.a.test new.b.test\n')
  await server.until(async () => (await answerOf(server, 'new.a.test. A', 1)) !== 'NXDOMAIN')
  const expected = ['NXDOMAIN', 'new.a.test. 3600 IN A 192.0.2.9', 'new.b.test. 3600 IN A 192.0.2.9']
  for (const thread of [0, 1]) {
    await server.until(async () => (await answerOf(server, 'old.a.test. A', thread)) === 'NXDOMAIN')
    for (const [index, answer] of expected.entries()) t.equal(await answerOf(server, questions[index]!, thread), answer)
    t.match(await answerOf(server, questions[3]!, thread), 'PTR new.b.test.')
  }
})

t.test(
  'a look every reload finds a file that was swapped by a link; one that disappears leaves what was read',
  async (t) => {
    const server = await serve(t, {
      corefile: 'a.test {\n hosts data/names {\n reload 3s\n }\n}',
      files: { 'v1/names': '192.0.2.1 x.a.test\n', 'v2/names': '192.0.2.2 x.a.test\n192.0.2.3\nnonsense x.a.test\n' },
    })
    t.equal(
      await answerOf(server, 'x.a.test. A'),
      'SERVFAIL',
      'nobody can say which names a file does not list that was never read',
    )
    t.match(server.log.join('\n'), 'plugin/hosts: File does not exist: data/names')
    const point = async (version: string): Promise<void> => {
      await symlink(server.path(version), server.path('next'))
      await rename(server.path('next'), server.path('data'))
    }
    await point('v1')
    await server.clock.advance(3000)
    await server.until(async () => (await answerOf(server, 'x.a.test. A')).endsWith('192.0.2.1'))
    await point('v2')
    await server.clock.advance(3000)
    await server.until(async () => (await answerOf(server, 'x.a.test. A')).endsWith('192.0.2.2'))
    t.match(server.log.join('\n'), 'Hosts file "data/names": skipped line 2: no name behind "192.0.2.3" (and 1 more)')
    await rm(server.path('data'))
    await server.clock.advance(3000)
    await server.until(() => server.log.some((line) => line.includes('disappeared: what was read stays')))
    t.match(await answerOf(server, 'x.a.test. A'), '192.0.2.2')
    const metrics = await server.metrics()
    t.match(metrics, 'coredns_hosts_entries{hostsfile="data/names"} 2')
    t.match(metrics, /coredns_hosts_reload_timestamp_seconds \d{10}/)
    t.match(metrics, 'meridian_hosts_skipped_lines_total{hostsfile="data/names"} 2')
    t.match(metrics, 'meridian_hosts_reload_failed_total{hostsfile="data/names"} 1')
  },
)

t.test('a file that cannot be read is a warning, not the end', async (t) => {
  const server = await serve(t, {
    corefile: 'a.test {\n hosts folder {\n 192.0.2.1 x.a.test\n }\n}',
    files: { 'folder/x': '' },
  })
  t.match(await answerOf(server, 'x.a.test. A'), '192.0.2.1')
  t.match(server.log.join('\n'), 'Hosts file "folder" is a directory')
  const message = await serveError({ corefile: 'a.test {\n hosts file/x\n}', files: { file: '' } })
  t.equal(
    message,
    "plugin/hosts: Corefile:2 - Error during parsing: unable to access hosts file 'file/x': stat file/x: not a directory",
  )
})

t.test('a bad directive is refused in the words that operators know', async (t) => {
  const refused: [lines: string, reason: string][] = [
    ['hosts {\n ttl 0\n }', 'Corefile:3 - Error during parsing: ttl provided is invalid'],
    ['hosts {\n ttl 65536\n }', 'Corefile:3 - Error during parsing: ttl provided is invalid'],
    ['hosts {\n ttl x\n }', 'Corefile:3 - Error during parsing: ttl needs a number of second'],
    ['hosts {\n ttl\n }', 'Corefile:3 - Error during parsing: ttl needs a time in second'],
    ['hosts {\n reload x\n }', "Corefile:3 - Error during parsing: invalid duration for reload 'x'"],
    ['hosts {\n reload -1s\n }', "Corefile:3 - Error during parsing: invalid negative duration for reload '-1s'"],
    ['hosts {\n reload\n }', 'Corefile:3 - Error during parsing: reload needs a duration (zero seconds to disable)'],
    ['hosts {\n fallthrough\n 192.0.2.1 a\n }', "Corefile:4 - Error during parsing: unknown property '192.0.2.1'"],
    [
      'hosts {\n fallthrough_unsupported x\n }',
      "Corefile:3 - Error during parsing: Wrong argument count or unexpected line ending after 'x'",
    ],
    [
      'hosts {\n fallthrough_unsupported\n }',
      'Corefile:4 - Error during parsing: fallthrough_unsupported requires fallthrough',
    ],
    ['hosts\nhosts', 'this plugin can only be used once per Server Block'],
  ]
  for (const [lines, reason] of refused) {
    t.equal(await serveError({ corefile: `. {\n${lines}\n}\n` }), `plugin/hosts: ${reason}`)
  }
})

t.test('a line of the Corefile that is no entry is skipped with a warning', async (t) => {
  const server = await serve(t, { corefile: 'a.test {\n hosts none {\n nope\n 192.0.2.1 x.a.test\n }\n}' })
  t.match(await answerOf(server, 'x.a.test. A'), '192.0.2.1')
  t.match(server.log.join('\n'), 'Skipped line in the Corefile: no name behind "nope"')
})
