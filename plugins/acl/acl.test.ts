import t from 'tap'
import { serve, serveError } from '../../test/support/serve.ts'
import { ednsOptions } from '../../wire/registry.ts'

const corefile = (...acls: string[]): string => `example.org {\n${acls.join('\n')}\n whoami\n}`
const here = '192.0.2.1'
const there = '198.51.100.1'
const six = '2001:db8::1'

type Outcome = 'answered' | 'REFUSED' | 'empty' | 'silence'

/** What became of a query. */
function outcomeOf(reply: { rcode: string; additional: readonly string[] } | null): Outcome | string {
  if (!reply) return 'silence'
  if (reply.rcode !== 'NOERROR') return reply.rcode
  return reply.additional.length > 0 ? 'answered' : 'empty'
}

t.test('the first line that applies to address and type decides', async (t) => {
  const rules: [acl: string, cases: [client: string, question: string, outcome: Outcome][]][] = [
    [
      'acl {\n block net 192.0.2.0/24\n}',
      [
        [here, 'a.example.org. A', 'REFUSED'],
        [there, 'a.example.org. A', 'answered'],
      ],
    ],
    [
      'acl {\n BLOCK NET 192.0.2.1\n}',
      [
        [here, 'a.example.org. A', 'REFUSED'],
        ['192.0.2.2', 'a.example.org. A', 'answered'],
      ],
    ],
    [
      'acl {\n allow net 192.0.2.1\n filter net 192.0.2.0/24\n drop\n}',
      [
        [here, 'a.example.org. A', 'answered'],
        ['192.0.2.7', 'a.example.org. A', 'empty'],
        [there, 'a.example.org. A', 'silence'],
        [six, 'a.example.org. A', 'silence'],
      ],
    ],
    [
      'acl {\n filter type A MX\n block type AAAA net 2001:db8::/32\n}',
      [
        [here, 'a.example.org. A', 'empty'],
        [here, 'a.example.org. MX', 'empty'],
        [here, 'a.example.org. AAAA', 'answered'],
        [six, 'a.example.org. AAAA', 'REFUSED'],
        [six, 'a.example.org. TXT', 'answered'],
      ],
    ],
    [
      'acl {\n block type A net 192.0.2.1 type TXT net 198.51.100.1\n}',
      [
        [here, 'a.example.org. TXT', 'REFUSED'],
        [there, 'a.example.org. A', 'REFUSED'],
        [there, 'a.example.org. MX', 'answered'],
      ],
    ],
    ['acl {\n block type A * net 192.0.2.1 *\n}', [[six, 'a.example.org. MX', 'REFUSED']]],
    ['acl {\n}', [[here, 'a.example.org. A', 'answered']]],
    ['acl other.test {\n block\n}', [[here, 'a.example.org. A', 'answered']]],
    [
      'acl sub.example.org {\n block net 192.0.2.1\n}\nacl {\n filter\n}',
      [
        [here, 'a.sub.example.org. A', 'REFUSED'],
        [there, 'a.sub.example.org. A', 'empty'],
        [here, 'a.example.org. A', 'empty'],
      ],
    ],
    [
      'acl sub.example.org {\n allow net 192.0.2.1\n}\nacl {\n filter\n}',
      [
        [here, 'a.sub.example.org. A', 'answered'],
        [there, 'a.sub.example.org. A', 'empty'],
      ],
    ],
    [
      'acl {\n block net ::ffff:192.0.2.0/120\n}',
      [
        [here, 'a.example.org. A', 'REFUSED'],
        [there, 'a.example.org. A', 'answered'],
      ],
    ],
    ['acl {\n block net 192.0.2.0/24\n}', [['fe80::1%eth0', 'a.example.org. A', 'answered']]],
    ['acl {\n allow\n}', [['nonsense', 'a.example.org. A', 'REFUSED']]],
  ]
  for (const [acl, cases] of rules) {
    const server = await serve(t, { corefile: corefile(acl) })
    // Again and again, so that the answer table takes part.
    for (let round = 0; round < 4; round++) {
      for (const [client, question, outcome] of cases)
        t.equal(outcomeOf(await server.ask(question, { client })), outcome, `${acl} ${client} ${question}`)
    }
  }
})

t.test('an answer from the answer table obeys the rules', async (t) => {
  const server = await serve(t, {
    corefile: `example.org {
      acl {
        block net 192.0.2.1
        filter net 192.0.2.2
        drop net 192.0.2.3
      }
      template ANY A {
        answer "{{ .Name }} 60 IN A 203.0.113.1"
      }
    }`,
  })
  const expected = ['REFUSED', 'empty', 'silence', 'answered']
  for (let round = 0; round < 5; round++) {
    for (const [index, outcome] of expected.entries()) {
      const reply = await server.ask('a.example.org. A', { client: `192.0.2.${index + 1}` })
      const found = reply && reply.answer.length > 0 ? 'answered' : outcomeOf(reply)
      t.equal(found, outcome)
    }
  }
  const metrics = await server.metrics()
  for (const [outcome, labels] of [
    ['blocked', 'server="dns://:53",view="",zone="example.org."'],
    ['filtered', 'server="dns://:53",view="",zone="example.org."'],
    ['dropped', 'server="dns://:53",view="",zone="example.org."'],
    ['allowed', 'server="dns://:53",view=""'],
  ] as const) {
    t.match(metrics, `coredns_acl_${outcome}_requests_total{${labels}} 5\n`, 'every query counts')
  }
})

t.test('the rules are for the name after rewrite', async (t) => {
  const server = await serve(t, {
    corefile:
      'example.org {\n rewrite name exact public.example.org secret.example.org\n acl secret.example.org {\n block\n }\n whoami\n}',
  })
  t.equal(outcomeOf(await server.ask('public.example.org. A')), 'REFUSED')
  t.equal(outcomeOf(await server.ask('other.example.org. A')), 'answered')
})

t.test('clients with EDNS are told why', async (t) => {
  const server = await serve(t, { corefile: corefile('acl {\n block net 192.0.2.1\n filter\n}') })
  for (const [client, code] of [
    [here, 15],
    [there, 17],
  ] as const) {
    const reply = await server.ask('a.example.org. A', { client, edns: { size: 1232 } })
    t.strictSame(
      reply?.edns?.options.map(({ code, data }) => [code, ...data]),
      [[ednsOptions.EDE, 0, code]],
    )
    t.equal(reply?.edns?.udpSize, 1232)
  }
})

t.test('clients without EDNS get no OPT, unless the answer would be taken for none', async (t) => {
  const server = await serve(t, { corefile: corefile('acl {\n block net 192.0.2.1\n filter\n}') })
  for (let i = 0; i < 3; i++) {
    t.equal((await server.ask('a.example.org. A', { client: here }))?.edns, null)
    t.match((await server.ask('a.example.org. A', { client: there }))?.edns, { udpSize: 4096, do: true })
  }
})

t.test('compat coredns tells clients without EDNS too', async (t) => {
  const server = await serve(t, { corefile: corefile('compat coredns', 'acl {\n block\n}') })
  for (let i = 0; i < 3; i++) {
    const reply = await server.ask('a.example.org. A')
    t.match(reply?.edns, { udpSize: 4096, do: true, options: [{ code: ednsOptions.EDE }] })
  }
})

t.test('what is wrong with a rule is told with its line', async (t) => {
  const cases: [line: string, error: string][] = [
    ['deny net 192.0.2.1', `unexpected token "deny"; expect 'allow', 'block', 'filter' or 'drop'`],
    ['block 192.0.2.1', `unexpected token "192.0.2.1"; expect 'type | net'`],
    ['block type', 'no token specified in "type" section'],
    ['block TYPE net *', 'no token specified in "type" section'],
    ['block type A net', 'no token specified in "net" section'],
    ['block type a', 'unexpected token "a"; expect legal QTYPE'],
    ['block type A toString', 'unexpected token "toString"; expect legal QTYPE'],
    ['block net 192.0.2.300', 'illegal CIDR notation "192.0.2.300/32"'],
    ['block net 192.0.2.0/33', 'illegal CIDR notation "192.0.2.0/33"'],
    ['block net 2001:db8:::1', 'illegal CIDR notation "2001:db8:::1/128"'],
  ]
  for (const [line, error] of cases) {
    const message = await serveError({ corefile: `example.org {\n acl {\n ${line}\n }\n whoami\n}` })
    t.equal(message, `plugin/acl: Corefile:3 - Error during parsing: ${error}`)
  }
})
