import t from 'tap'
import { serve, serveError } from '../../test/support/serve.ts'
import { ednsOptions } from '../../wire/registry.ts'

/** A block for `zone` with the lines of one or more templates. */
const block = (zone: string, ...templates: string[]): string =>
  `${zone} {\n    errors\n${templates.map((text) => `    ${text}\n`).join('')}}\n`

t.test('names, groups and zones become records', async (t) => {
  const server = await serve(t, {
    corefile: block(
      'example',
      `template IN A {
        match "^ip-(?P<a>[0-9]+)-(?P<b>[0-9]+)-(?P<c>[0-9]+)-(?P<d>[0-9]+)[.]example[.]$"
        match "^hex-(?P<h>[0-9a-f]{2})[.]example[.]$"
        answer "{{ .Name }} 60 IN A {{ if .Group.h }}10.0.0.{{ parseInt .Group.h 16 8 }}{{ else }}{{ .Group.a }}.{{ .Group.b }}.{{ .Group.c }}.{{ .Group.d }}{{ end }}"
        authority "{{ .Zone }} 60 IN NS ns.{{ .Zone }}"
        additional "ns.{{ .Zone }} IN A 192.0.2.53"
        fallthrough
    }`,
      `template IN TXT sub.example {
        match ^(.*)[.]sub
        answer "{{ .Name }} 5 IN TXT \\"{{ index .Match 1 }} {{ .Zone }} {{ .Class }} {{ .Type }} {{ .Regex }}\\""
    }`,
      'whoami',
    ),
  })
  const cases = [
    { question: 'ip-10-1-2-3.example. A', answer: ['ip-10-1-2-3.example. 60 IN A 10.1.2.3'], aa: true },
    { question: 'Hex-FF.Example. A', answer: ['Hex-FF.Example. 60 IN A 10.0.0.255'], aa: true },
    {
      question: 'a.b.sub.example. TXT',
      answer: ['a.b.sub.example. 5 IN TXT "a.b sub.example. IN TXT ^(.*)[.]sub"'],
      aa: true,
    },
    { question: 'ip-10-1-2.example. A', answer: [], aa: true },
    { question: 'ip-10-1-2-3.example. MX', answer: [], aa: true },
  ]
  for (const { question, answer, aa } of cases) {
    const reply = await server.ask(question)
    t.same(reply?.answer, answer, question)
    t.equal(reply?.flags.includes('aa'), aa, question)
  }
  const reply = await server.ask('ip-10-1-2-3.example. A')
  t.same(reply?.authority, ['example. 60 IN NS ns.example.'])
  t.same(reply?.additional, ['ns.example. 3600 IN A 192.0.2.53'])
})

t.test('a template that takes part and does not match answers SERVFAIL unless it falls through', async (t) => {
  const answers = 'answer "{{ .Name }} 1 IN TXT \\"x\\""'
  const server = await serve(t, {
    corefile:
      block('stay.test', `template IN A {\n match ^a\n ${answers}\n }`, 'whoami') +
      block('go.test', `template IN A {\n match ^a\n ${answers}\n fallthrough through.go.test\n }`, 'whoami') +
      block('fail.test', 'template ANY ANY {\n rcode SERVFAIL\n }') +
      block('nx.test', 'template ANY ANY {\n rcode NXDOMAIN\n authority "nx.test. 60 IN SOA a b (1 2 3 4 5)"\n }'),
  })
  const cases = [
    ['a.stay.test. A', 'NOERROR', true],
    ['b.stay.test. A', 'SERVFAIL', false],
    ['b.stay.test. AAAA', 'NOERROR', true],
    ['b.stay.test. ANY', 'SERVFAIL', false],
    ['b.go.test. A', 'SERVFAIL', false],
    ['x.through.go.test. A', 'NOERROR', true],
    ['x.fail.test. A', 'SERVFAIL', false],
    ['x.nx.test. MX', 'NXDOMAIN', true],
  ] as const
  for (const [question, rcode, aa] of cases) {
    const reply = await server.ask(question)
    t.equal(reply?.rcode, rcode, question)
    t.equal(reply?.flags.includes('aa'), aa, question)
  }
})

t.test('variables and conditions choose between templates', async (t) => {
  const server = await serve(t, {
    corefile: block(
      'expr.test',
      `template IN A {
        match "^u(?P<n>[0-9]+)[.]expr"
        var num int(group("n"))
        var next num + 1
        expr num < 10
        expr "next > 1 || any(['10.0.0.0/8'], incidr('10.1.1.1', #))"
        answer "{{ .Name }} 60 IN A 192.0.2.{{ .Var.next }}"
        fallthrough
    }`,
      `template IN A {
        expr client_ip() == '192.0.2.7'
        answer "{{ .Name }} 60 IN A 192.0.2.200"
        fallthrough
    }`,
      'template IN A {\n answer "{{ .Name }} 60 IN A 192.0.2.255"\n }',
      'template IN TXT {\n var x int(name())\n answer "{{ .Name }} 60 IN TXT {{ .Var.x }}"\n }',
    ),
  })
  const first = (await server.ask('u3.expr.test. A'))?.answer
  t.same(first, ['u3.expr.test. 60 IN A 192.0.2.4'])
  for (let round = 0; round < 4; round++) {
    t.same((await server.ask('u33.expr.test. A'))?.answer, ['u33.expr.test. 60 IN A 192.0.2.255'])
    const near = await server.ask('u33.expr.test. A', { client: '192.0.2.7' })
    t.same(near?.answer, ['u33.expr.test. 60 IN A 192.0.2.200'], 'whom it was asked by is never forgotten')
  }
  t.equal((await server.ask('u3.expr.test. TXT'))?.rcode, 'SERVFAIL')
  t.match(server.log.join('\n'), /2 u3\.expr\.test\. TXT: /, 'an expression that fails says so in the log')
})

t.test('an answer that follows from the question alone is used again, others are made each time', async (t) => {
  const server = await serve(t, {
    corefile: block(
      'x.test',
      'prometheus',
      'template IN A {\n answer "{{ .Name }} 60 IN A 192.0.2.1"\n }',
      'template IN TXT {\n answer "{{ .Name }} 60 IN TXT \\"{{ .Remote }} {{ .Question.Name }} {{ .Message.RecursionDesired }}\\""\n }',
    ),
    anyHttpPort: true,
  })
  for (let round = 0; round < 6; round++) {
    const spelled = round % 2 === 0 ? 'WWW.x.test.' : 'www.X.test.'
    t.same((await server.ask(`${spelled} A`))?.answer, [`${spelled} 60 IN A 192.0.2.1`])
    const client = `192.0.2.${round}`
    const text = (await server.ask(`${spelled} TXT`, { client }))?.answer
    t.same(text, [`${spelled} 60 IN TXT "${client} ${spelled} true"`])
  }
  const metrics = await server.metrics()
  const labels = (type: string): string => `{class="IN",server="dns://:53",type="${type}",view="",zone="x.test."}`
  t.ok(metrics.includes(`coredns_template_matches_total${labels('A')} 6`), 'prepared answers are counted too')
  t.ok(metrics.includes(`coredns_template_matches_total${labels('TXT')} 6`))
})

t.test('an alias is followed for addresses, and its trouble is told', async (t) => {
  const server = await serve(t, {
    corefile:
      block(
        'alias.test',
        'template IN ANY {\n match ^good\n answer "{{ .Name }} 60 IN CNAME www.target.test."\n fallthrough\n }',
        'template IN ANY {\n match ^none\n answer "{{ .Name }} 60 IN CNAME www.nx.test."\n fallthrough\n }',
        'template IN ANY {\n match ^sick\n answer "{{ .Name }} 60 IN CNAME www.fail.test."\n fallthrough\n }',
        'template IN ANY {\n match ^self\n answer "{{ .Name }} 60 IN CNAME {{ .Name }}"\n fallthrough\n }',
        'template IN ANY {\n match ^ping\n answer "{{ .Name }} 60 IN CNAME pong.alias.test."\n fallthrough\n }',
        'template IN ANY {\n match ^pong\n answer "{{ .Name }} 60 IN CNAME ping.alias.test."\n }',
      ) +
      block('target.test', 'template IN A {\n answer "{{ .Name }} 7 IN A 192.0.2.1"\n }') +
      block('nx.test', 'template IN A {\n rcode NXDOMAIN\n authority "nx.test. 60 IN SOA a b (1 2 3 4 5)"\n }') +
      block('fail.test', 'template IN A {\n rcode SERVFAIL\n }'),
  })
  const good = await server.ask('Good.alias.test. A')
  t.same(good?.answer, ['Good.alias.test. 60 IN CNAME www.target.test.', 'www.target.test. 7 IN A 192.0.2.1'])
  t.same((await server.ask('good.alias.test. TXT'))?.answer, ['good.alias.test. 60 IN CNAME www.target.test.'])
  const none = await server.ask('none.alias.test. A')
  t.equal(none?.rcode, 'NXDOMAIN')
  t.same(none?.answer, ['none.alias.test. 60 IN CNAME www.nx.test.'])
  t.same(none?.authority, ['nx.test. 60 IN SOA a. b. 1 2 3 4 5'])
  t.equal((await server.ask('sick.alias.test. A'))?.rcode, 'SERVFAIL')
  t.equal(await server.ask('self.alias.test. A'), null)
  t.same((await server.ask('self.alias.test. CNAME'))?.answer, ['self.alias.test. 60 IN CNAME self.alias.test.'])
  t.equal((await server.ask('ping.alias.test. A'))?.rcode, 'SERVFAIL')
})

t.test('what gives no record answers SERVFAIL, is logged and counted', async (t) => {
  const server = await serve(t, {
    corefile: block(
      'bad.test',
      'template IN A {\n answer "{{ .Name }} 60 IN A not-an-address"\n }',
      'template IN TXT {\n answer "{{ .Name }} 60 IN TXT {{ index .Match 9 }}"\n }',
      'template IN MX {\n answer "{{ range 100000000 }}x{{ end }}"\n }',
      'template IN SRV {\n answer "{{ .Name }} 60 ANY TXT \\"a class that no record has\\""\n }',
      'template IN NS {\n answer ""\n }',
    ),
  })
  for (const type of ['A', 'TXT', 'MX', 'SRV', 'NS']) {
    t.equal((await server.ask(`x.bad.test. ${type}`))?.rcode, 'SERVFAIL', type)
  }
  const log = server.log.join('\n')
  t.match(log, '2 x.bad.test. A: dns: bad A A: "not-an-address" at line: 1:34')
  t.match(log, 'executing "answer" at <index .Match 9>: error calling index: index out of range: 9')
  const metrics = await server.metrics()
  t.match(
    metrics,
    'template_rr_failures_total{class="IN",section="answer",server="dns://:53",template="{{.Name}} 60 IN A not-an-address"',
  )
  t.match(metrics, 'template="{{.Name}} 60 IN TXT {{index .Match 9}}"')
})

t.test('of a text with several records the first is taken', async (t) => {
  const server = await serve(t, {
    corefile: block(
      'x.test',
      'template IN A {\n answer "\n{{ .Name }} 60 IN A 192.0.2.1 ; one (\n{{ .Name }} 60 IN A 192.0.2.2"\n }',
      'template IN SOA {\n answer "{{ .Name }} 60 IN SOA a b (1 2\n3 4\n5)\nmore"\n }',
    ),
  })
  t.same((await server.ask('x.test. A'))?.answer, ['x.test. 60 IN A 192.0.2.1'])
  t.same((await server.ask('x.test. SOA'))?.answer, ['x.test. 60 IN SOA a. b. 1 2 3 4 5'])
})

t.test('an extended error goes to clients that speak EDNS; CoreDNS sends it to all', async (t) => {
  const lines = ['template IN A {\n rcode NXDOMAIN\n ederror 21 "Blocked"\n }']
  const server = await serve(t, {
    corefile: block('x.test', ...lines) + block('compat.test', 'compat coredns', ...lines),
  })
  const expected = [{ code: ednsOptions.EDE, data: Uint8Array.of(0, 21, ...Buffer.from('Blocked')) }]
  const bytes = (options: readonly { code: number; data: Uint8Array }[] | undefined) =>
    options?.map(({ code, data }) => ({ code, data: Uint8Array.from(data) }))
  t.same(bytes((await server.ask('a.x.test. A', { edns: {} }))?.edns?.options), expected)
  t.equal((await server.ask('a.x.test. A'))?.edns, null)
  const compat = await server.ask('a.compat.test. A')
  t.same(bytes(compat?.edns?.options), expected)
  t.match(compat?.edns, { udpSize: 4096, do: true })
  t.same(bytes((await server.ask('a.compat.test. A', { edns: {} }))?.edns?.options), expected)
})

t.test('metadata and any class or type are in reach of a template', async (t) => {
  const server = await serve(t, {
    corefile: block(
      'x.test',
      'template ANY ANY {\n answer "{{ .Name }} 1 {{ .Class }} TXT \\"{{ .Class }} {{ .Type }} [{{ .Meta \\"a/b\\" }}]\\""\n }',
      'chaos',
    ),
  })
  t.same((await server.ask('a.x.test. A', { class: 'CH' }))?.answer, ['a.x.test. 1 CH TXT "CH A []"'])
  t.same((await server.ask('a.x.test. TYPE65280'))?.answer, ['a.x.test. 1 IN TXT "IN  []"'])
  t.equal((await server.ask('a.x.test. A', { class: 'ANY' }))?.rcode, 'SERVFAIL')
})

const refused = [
  ['template', "Wrong argument count or unexpected line ending after 'template'"],
  ['template IN', "Wrong argument count or unexpected line ending after 'IN'"],
  ['template in A', 'invalid query class in'],
  ['template IN TYPE1', 'invalid RR class TYPE1'],
  ['template IN A {\n match\n }', "Wrong argument count or unexpected line ending after 'match'"],
  ['template IN A {\n match (\n }', 'could not parse regex: (, error parsing regexp: missing closing ): `(`'],
  [`template IN A {\n match ${'a'.repeat(10_001)}\n }`, 'regex pattern too long: 10001 > 10000'],
  [
    'template IN A {\n answer "{{ .Name"\n }',
    'could not compile template: {{ .Name, template: answer:1: unclosed action',
  ],
  ['template IN A {\n rcode NOPE\n }', 'unknown rcode NOPE'],
  ['template IN A {\n rcode nxdomain\n }', 'unknown rcode nxdomain'],
  ['template IN A {\n rcode\n }', "Wrong argument count or unexpected line ending after 'rcode'"],
  [
    'template IN A {\n ederror x\n }',
    'error parsing extended DNS error code x, strconv.ParseUint: parsing "x": invalid syntax',
  ],
  ['template IN A {\n ederror 1 a b\n }', "Wrong argument count or unexpected line ending after 'b'"],
  ['template IN A {\n var 1x 1\n }', 'invalid variable name "1x"'],
  ['template IN A {\n var name 1\n }', 'variable name "name" is reserved'],
  ['template IN A {\n var len 1\n }', 'variable name "len" is reserved'],
  ['template IN A {\n var x\n }', "Wrong argument count or unexpected line ending after 'x'"],
  ['template IN A {\n var x nope()\n }', 'could not compile expression: x, unknown name nope (1:1)\n | nope()\n | ^'],
  ['template IN A {\n nope\n }', "Wrong argument count or unexpected line ending after 'nope'"],
] as const

t.test('a bad directive is refused in the words that operators know', async (t) => {
  for (const [lines, reason] of refused) {
    const message = await serveError({ corefile: `. {\n${lines}\n}\n` })
    const line = lines.includes('\n') ? 3 : 2
    t.equal(message, `plugin/template: Corefile:${line} - Error during parsing: ${reason}`)
  }
})

t.test('the options of old and odd Corefiles load', async (t) => {
  const server = await serve(t, {
    corefile: block('x.test', 'template IN A {\n upstream 1.2.3.4\n match a b\n ederror 4\n rcode REFUSED\n }'),
  })
  t.equal((await server.ask('b.x.test. A'))?.rcode, 'REFUSED')
  t.equal((await server.ask('b.x.test. A'))?.flags.includes('aa'), true)
})
