import t from 'tap'
import { serve, serveError, type TestServer } from '../../test/support/serve.ts'

// What is behind `rewrite` in these tests: a template that tells what was asked, and one zone with records that point to names.
const told = 'template ANY ANY . {\n answer "{{ .Name }} 60 IN TXT \\"{{ .Type }} {{ .Class }}\\""\n }'
const zone = `$ORIGIN up.test.
@ 3600 IN SOA ns hostmaster 1 2 3 4 5
@ 3600 IN NS ns
ns 300 IN A 192.0.2.53
www 60 IN A 192.0.2.1
alias 30 IN CNAME www
mail 60 IN MX 10 www
srv 60 IN SRV 1 2 3 www
`

const block = (name: string, ...rules: string[]): string =>
  `${name} {\n errors\n${rules.map((rule) => ` rewrite ${rule}\n`).join('')} ${told}\n}\n`

const zoneBlock = (name: string, ...rules: string[]): string =>
  `${name} {\n${rules.map((rule) => ` rewrite ${rule}\n`).join('')} file db.up.test up.test\n}\n`

async function firstAnswer(server: TestServer, question: string): Promise<string> {
  const reply = await server.ask(question)
  return reply?.answer[0] ?? reply?.rcode ?? 'silence'
}

t.test('each kind of name rule changes the names that it is about', async (t) => {
  const server = await serve(t, {
    corefile: block(
      '.',
      'name a.exact.test up.test',
      'name exact B.Exact.Test up.test',
      'name prefix pre- new-',
      'name prefix pre new.',
      'name suffix .suffix.test .up.test',
      'name substring .mid. .x.',
      'name substring mid.end top.end',
      'name regex ^(.*)-(.*)[.]regex[.]test[.]$ {2}.{1}.up.test',
    ),
  })
  const cases = [
    ['a.exact.test. A', 'a.exact.test. 60 IN TXT "A IN"'],
    ['b.EXACT.test. A', 'b.EXACT.test. 60 IN TXT "A IN"'],
    ['x.b.exact.test. A', 'x.b.exact.test. 60 IN TXT "A IN"'],
    ['pre-.x.test. A', 'new-.x.test. 60 IN TXT "A IN"'],
    ['pre.x.test. A', 'new.x.test. 60 IN TXT "A IN"'],
    ['prex.x.test. A', 'prex.x.test. 60 IN TXT "A IN"'],
    ['www.suffix.test. A', 'www.up.test. 60 IN TXT "A IN"'],
    ['suffix.test. A', 'suffix.test. 60 IN TXT "A IN"'],
    ['a.mid.b.mid.c. A', 'a.x.b.x.c. 60 IN TXT "A IN"'],
    ['amid.end. A', 'atop.end. 60 IN TXT "A IN"'],
    ['a-b.regex.test. A', 'b.a.up.test. 60 IN TXT "A IN"'],
  ] as const
  for (const [question, answer] of cases) t.equal(await firstAnswer(server, question), answer, question)
})

t.test('escapes in names are characters, not ends of labels', async (t) => {
  const server = await serve(t, {
    corefile: block(
      '.',
      'name suffix .b.test .up.test',
      'name substring .x. .y.',
      'name exact "a$\\\\.c.test" ok.test',
      'name prefix "\\\\065\\\\032" z',
    ),
  })
  t.equal(await firstAnswer(server, 'a\\.b.test. A'), 'a\\.b.test. 60 IN TXT "A IN"')
  t.equal(await firstAnswer(server, 'q.a\\.b.b.test. A'), 'q.a\\.b.up.test. 60 IN TXT "A IN"')
  t.equal(await firstAnswer(server, 'a\\.x.test. A'), 'a\\.x.test. 60 IN TXT "A IN"')
  t.equal(await firstAnswer(server, 'q.a\\.x.x.test. A'), 'q.a\\.x.y.test. 60 IN TXT "A IN"')
  t.equal((await server.ask('a$\\.c.test. A'))?.answer[0], 'a$\\.c.test. 60 IN TXT "A IN"')
})

t.test('a name that would be none is SERVFAIL and says so', async (t) => {
  const server = await serve(t, {
    corefile: block('.', `name suffix .long.test .${'a'.repeat(64)}.test`, 'name regex ^(.*)dots[.]test[.]$ {1}..test'),
  })
  t.equal(await firstAnswer(server, 'x.long.test. A'), 'SERVFAIL')
  t.equal(await firstAnswer(server, 'x.dots.test. A'), 'SERVFAIL')
  t.match(server.log.join('\n'), 'invalid name after rewrite: x...test.')
})

const withZone = { files: { 'db.up.test': zone } }

t.test('names in answers are turned back as the rule says', async (t) => {
  const server = await serve(t, {
    ...withZone,
    corefile:
      zoneBlock('plain.test', 'name suffix .plain.test .up.test') +
      zoneBlock('auto.test', 'name suffix .auto.test .up.test answer auto') +
      zoneBlock('exact.test', 'name exact exact.test alias.up.test') +
      zoneBlock(
        'regex.test',
        'stop {\n name regex (.*)[.]regex[.]test {1}.up.test\n answer name (.*)[.]up[.]test[.] {1}.regex.test\n answer value (.*)[.]up[.]test[.] {1}.regex.test\n }',
      ) +
      zoneBlock('sub.test', 'name substring .sub.test .up.test answer auto') +
      zoneBlock(
        'two.test',
        'continue name suffix .two.test .mid.test answer auto',
        'name suffix .mid.test .up.test answer auto',
      ),
  })
  const cases: [question: string, answer: string[]][] = [
    ['alias.plain.test. A', ['alias.up.test. 30 IN CNAME www.up.test.', 'www.up.test. 60 IN A 192.0.2.1']],
    ['Alias.auto.test. A', ['Alias.auto.test. 30 IN CNAME www.auto.test.', 'www.auto.test. 60 IN A 192.0.2.1']],
    ['mail.auto.test. MX', ['mail.auto.test. 60 IN MX 10 www.auto.test.']],
    ['exact.test. A', ['exact.test. 30 IN CNAME www.up.test.', 'www.up.test. 60 IN A 192.0.2.1']],
    ['srv.regex.test. SRV', ['srv.regex.test. 60 IN SRV 1 2 3 www.regex.test.']],
    ['mail.sub.test. MX', ['mail.sub.test. 60 IN MX 10 www.up.test.']],
    ['alias.two.test. A', ['alias.two.test. 30 IN CNAME www.two.test.', 'www.two.test. 60 IN A 192.0.2.1']],
  ]
  for (const [question, answer] of cases) t.same((await server.ask(question))?.answer, answer, question)
  const missing = await server.ask('none.auto.test. A')
  t.equal(missing?.rcode, 'NXDOMAIN')
  t.match(missing?.authority[0], /^up\.test\. \d+ IN SOA ns\.auto\.test\. hostmaster\.up\.test\. /)
})

t.test('type and class rules ask something else; the question in the reply stays', async (t) => {
  const server = await serve(t, {
    corefile: block('x.test', 'type any hinfo', 'type AAAA A', 'class CH IN').replace('errors', 'chaos'),
  })
  t.equal(await firstAnswer(server, 'x.test. ANY'), 'x.test. 60 IN TXT "HINFO IN"')
  t.equal(await firstAnswer(server, 'x.test. AAAA'), 'x.test. 60 IN TXT "A IN"')
  const chaos = await server.ask('x.test. TXT', { class: 'CH' })
  t.same(chaos?.answer, ['x.test. 60 IN TXT "TXT IN"'])
  t.match(chaos?.message.questions[0], { type: 16, class: 3 })
})

t.test('TTLs are kept within bounds in every section', async (t) => {
  const server = await serve(t, {
    ...withZone,
    corefile: zoneBlock(
      'up.test',
      'continue ttl exact www.up.test 5',
      'continue ttl prefix alias 40-50',
      'continue ttl suffix l.up.test -30',
      'continue ttl substring rv 100-',
      'continue ttl regex ^n 7',
    ),
  })
  const cases: [question: string, answer: string][] = [
    ['www.up.test. A', 'www.up.test. 5 IN A 192.0.2.1'],
    ['alias.up.test. A', 'alias.up.test. 40 IN CNAME www.up.test.'],
    ['mail.up.test. MX', 'mail.up.test. 30 IN MX 10 www.up.test.'],
    ['srv.up.test. SRV', 'srv.up.test. 100 IN SRV 1 2 3 www.up.test.'],
    ['ns.up.test. A', 'ns.up.test. 7 IN A 192.0.2.53'],
  ]
  for (const [question, answer] of cases) t.equal(await firstAnswer(server, question), answer, question)
  t.match((await server.ask('no.up.test. A'))?.authority[0], /^up\.test\. 7 IN SOA /)
})

t.test('response codes are replaced, those that no plugin answered too', async (t) => {
  const server = await serve(t, {
    ...withZone,
    corefile:
      zoneBlock('up.test', 'continue rcode prefix gone NXDOMAIN NOERROR', 'rcode regex ^nine 3 9') +
      block('fail.test', 'rcode fail.test servfail nxdomain', 'rcode suffix b.fail.test SERVFAIL REFUSED').replace(
        told,
        'template IN A {\n rcode SERVFAIL\n }',
      ),
  })
  const cases = [
    ['gone.up.test. A', 'NOERROR'],
    ['nine.up.test. A', 'NOTAUTH'],
    ['ten.up.test. A', 'NXDOMAIN'],
    ['fail.test. A', 'NXDOMAIN'],
    ['b.fail.test. A', 'REFUSED'],
    ['c.fail.test. A', 'SERVFAIL'],
  ] as const
  for (const [question, rcode] of cases) t.equal((await server.ask(question))?.rcode, rcode, question)
  t.match((await server.ask('gone.up.test. A'))?.authority[0], 'SOA')
})

t.test('an alias gets another target and its answer', async (t) => {
  const server = await serve(t, {
    ...withZone,
    corefile:
      zoneBlock(
        'up.test',
        'continue cname exact www.up.test. ns.up.test.',
        'continue cname suffix .old.test. .up.test.',
        'continue cname regex ^broken[.](.*) ns.{1}',
      ).replace(
        'file db.up.test',
        'template ANY ANY p.up.test {\n answer "{{ .Name }} 9 IN CNAME broken.up.test."\n }\n file db.up.test',
      ) + block('nowhere.test'),
  })
  t.same((await server.ask('alias.up.test. A'))?.answer, [
    'alias.up.test. 30 IN CNAME ns.up.test.',
    'ns.up.test. 300 IN A 192.0.2.53',
  ])
  const repaired = await server.ask('p.up.test. A')
  t.same(repaired?.answer, ['p.up.test. 9 IN CNAME ns.up.test.', 'ns.up.test. 300 IN A 192.0.2.53'])
  t.equal(repaired?.rcode, 'NOERROR', 'the old target is NXDOMAIN, the new one is not')
})

// The options of a reply, sorted.
const optionsOf = async (server: TestServer, question: string, options: { code: number; data: string }[] = []) => {
  const sent = options.map(({ code, data }) => ({ code, data: Uint8Array.from(Buffer.from(data, 'hex')) }))
  const reply = await server.ask(question, { edns: { options: sent }, client: '192.0.2.7', port: 4711 })
  return (reply?.edns?.options ?? [])
    .map(({ code, data }) => `${code}:${Buffer.from(data).toString('hex')}`)
    .sort()
    .join(' ')
}

t.test('EDNS options that rules set are sent back, with revert as they came', async (t) => {
  const server = await serve(t, {
    corefile:
      block(
        'set.test',
        'continue edns0 local set 0xffee 0xabcd',
        'continue edns0 local append 65517 hi',
        'edns0 local set 65001 {qtype}',
      ) +
      block(
        'vars.test',
        'continue edns0 local set 65001 {client_ip}',
        'continue edns0 local set 65002 {client_port}',
        'continue edns0 local set 65003 {qname}',
        'edns0 local set 65004 {protocol}',
      ) +
      block('revert.test', 'edns0 local set 65001 0x01 revert') +
      block('replace.test', 'edns0 local replace 65001 0x01') +
      block('unset.test', 'continue edns0 local unset 65001', 'edns0 nsid unset') +
      block('nsid.test', 'edns0 nsid set') +
      block('meta.test', 'edns0 local set 65001 {some/label}'),
  })
  const cookie = { code: 10, data: '0102030405060708' }
  t.equal(await optionsOf(server, 'set.test. A'), '65001:0001 65517:6869 65518:abcd')
  t.equal(await optionsOf(server, 'set.test. A', [cookie]), '10:0102030405060708 65001:0001 65517:6869 65518:abcd')
  t.equal(await optionsOf(server, 'vars.test. A'), '65001:c0000207 65002:1267 65003:766172732e746573742e 65004:756470')
  t.equal(await optionsOf(server, 'revert.test. A'), '')
  t.equal(await optionsOf(server, 'revert.test. A', [{ code: 65_001, data: '99' }]), '65001:99')
  t.equal(await optionsOf(server, 'replace.test. A'), '')
  t.equal(await optionsOf(server, 'replace.test. A', [{ code: 65_001, data: '99' }]), '65001:01')
  t.equal(
    await optionsOf(server, 'unset.test. A', [
      { code: 65_001, data: '99' },
      { code: 3, data: '' },
    ]),
    '',
  )
  t.equal(await optionsOf(server, 'nsid.test. A'), '3:')
  t.equal(await optionsOf(server, 'nsid.test. A', [cookie]), '10:0102030405060708 3:')
  t.equal(await optionsOf(server, 'meta.test. A'), '', 'no metadata, no option')
  t.equal((await server.ask('set.test. A'))?.edns, null, 'who sends no OPT gets none')
})

t.test('compat coredns: the OPT record that a rule made goes to clients that sent none', async (t) => {
  const server = await serve(t, {
    corefile: block('x.test', 'edns0 local set 65001 0x01').replace('{', '{\n compat coredns'),
  })
  const reply = await server.ask('x.test. A')
  t.match(reply?.edns, { udpSize: 4096, do: false, options: [{ code: 65_001 }] })
})

t.test('no client gets what was answered to another one', async (t) => {
  const server = await serve(t, {
    corefile:
      block('address.test', 'edns0 local set 65001 {client_ip}') +
      block('nsid.test', 'edns0 nsid set') +
      block('case.test', 'name suffix .case.test .up.test answer auto'),
  })
  for (let round = 0; round < 5; round++) {
    for (const client of ['192.0.2.1', '192.0.2.2']) {
      const reply = await server.ask('address.test. A', { edns: {}, client })
      t.same(Array.from(reply?.edns?.options[0]?.data ?? []), client.split('.').map(Number))
    }
    t.equal(await optionsOf(server, 'nsid.test. A'), '3:')
    t.equal(await optionsOf(server, 'nsid.test. A', [{ code: 3, data: '' }]), '3:')
    const name = round % 2 === 0 ? 'A.case.test.' : 'a.CASE.test.'
    t.equal(await firstAnswer(server, `${name} A`), `${name} 60 IN TXT "A IN"`)
  }
})

t.test('a bad rule is refused in the words that operators know', async (t) => {
  const long = 'a'.repeat(10_001)
  const refused: [rule: string, reason: string][] = [
    ['', 'no rule type specified for rewrite'],
    ['stop', 'stop rule must begin with a rule type'],
    ['continue', 'continue rule must begin with a rule type'],
    ['nope a b', 'invalid rule type "nope"'],
    ['continue nope a b', 'invalid rule type "continue"'],
    ['answer name a b', 'response rewrites must begin with a name rule'],
    ['name a', 'too few arguments for a name rule'],
    [
      'name fuzzy a b',
      'name rule supports only exact, prefix, suffix, substring, and regex name matching, received: fuzzy',
    ],
    ['name regex ( b', 'invalid regex matching pattern: ('],
    [`name regex ${long} b`, 'regex pattern too long: 10001 > 10000'],
    [
      'name regex a {1}',
      'the rewrite regex pattern ({1}) uses more subexpressions than its corresponding matching regex pattern (a)',
    ],
    ['name a (', 'invalid regex matching pattern: (.'],
    ['name suffix a b answer', 'invalid arguments for suffix rule'],
    ['name suffix a b c d', 'exceeded the number of arguments for a non-answer rule argument for suffix rule'],
    ['name suffix a b answer auto answer', 'type missing for answer rule for suffix rule'],
    ['name suffix a b answer name x', 'name answer rule for suffix rule: 2 arguments required'],
    ['name suffix a b answer value ( x', 'value answer rule for suffix rule: invalid regex matching pattern: ('],
    ['name suffix a b answer x y z', 'invalid type "x" for answer rule for suffix rule'],
    [
      'name suffix a b answer auto answer name c d',
      'auto name answer rule cannot be combined with explicit name anwer rules',
    ],
    ['type A', 'type rules must have exactly two arguments'],
    ['type A NOPE', 'invalid type "NOPE"'],
    ['type type65280 A', 'invalid type "TYPE65280"'],
    ['class IN NOPE', 'invalid class "NOPE"'],
    ['ttl a', 'too few (1) arguments for a ttl rule'],
    ['ttl a.test x', "invalid TTL 'x' for a ttl rule"],
    ['ttl a.test -', "invalid TTL '-' for a ttl rule"],
    ['ttl a.test 20-10', "invalid TTL '20-10' for a ttl rule"],
    ['ttl a.test 1-2-3', "invalid TTL '1-2-3' for a ttl rule"],
    ['ttl a b c d', "invalid TTL '' for a ttl rule"],
    ['ttl fuzzy a 5', 'ttl rule supports only exact, prefix, suffix, substring, and regex name matching'],
    ['ttl regex ( 5', 'invalid regex pattern in a ttl rule: ('],
    [`ttl regex ${long} 5`, 'regex pattern too long in a ttl rule: 10001 > 10000'],
    ['rcode a b', 'too few (2) arguments for a rcode rule'],
    ['rcode a 24 NOERROR', "invalid matching RCODE '24' for a rcode rule"],
    ['rcode a 3 NOPE', "invalid replacement RCODE 'NOPE' for a rcode rule"],
    ['rcode fuzzy a 3 0', 'rcode rule supports only exact, prefix, suffix, substring, and regex name matching'],
    ['cname a', 'too few (1) arguments for a cname rule'],
    ['cname fuzzy a b', 'unknown cname rewrite type: fuzzy'],
    ['cname regex ( b', 'invalid cname rewrite regex pattern: error parsing regexp: missing closing ): `(`'],
    ['edns0 local', 'too few arguments for an EDNS0 rule'],
    ['edns0 local change 0xffee 1', 'invalid action: "change"'],
    ['edns0 local set 0xffee', 'EDNS0 local rules require three or four args'],
    ['edns0 local set x y', 'strconv.ParseUint: parsing "x": invalid syntax'],
    ['edns0 local set 0xffee 0xabc', 'encoding/hex: odd length hex string'],
    ['edns0 local set 0xffee 0xzz', "encoding/hex: invalid byte: U+007A 'z'"],
    ['edns0 local set 0xffee {nope}', 'unsupported variable name "{nope}"'],
    ['edns0 local unset', 'local unset action requires exactly two arguments'],
    ['edns0 nsid set x', 'EDNS0 NSID rules can accept no more than one arg'],
    ['edns0 nsid unset x', 'nsid unset action requires exactly one argument'],
    ['edns0 subnet set 24', 'EDNS0 subnet rules require three or four args'],
    ['edns0 subnet set 33 56', 'invalid IPv4 bit mask length 33'],
    ['edns0 subnet set 24 129', 'invalid IPv6 bit mask length 129'],
    ['edns0 subnet unset x', 'subnet unset action requires exactly one argument'],
    ['edns0 nope set', 'invalid rule type "nope"'],
    ['edns0 nope unset', 'invalid rule type "nope"'],
  ]
  for (const [rule, reason] of refused) {
    t.equal(await serveError({ corefile: `. {\nrewrite ${rule}\n}\n` }), `plugin/rewrite: ${reason}`, rule)
  }
})
