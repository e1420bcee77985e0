// The upstream over its sockets: labels, addresses, counters, and the runner's sequences on top of it.
import t from 'tap'
import { askQuery, type Observation } from './ask.ts'
import { freePorts } from './ports.ts'
import { runCase } from './steps.ts'
import { Upstream } from './upstream.ts'

const ports = await freePorts()
const upstream = await Upstream.listen(ports.UPSTREAM_PORT)
t.teardown(() => upstream.close())
const target = { address: '127.0.0.1', ports: { ...ports, DNS_PORT: ports.UPSTREAM_PORT } }

interface Question {
  readonly host?: number
  readonly transport?: 'udp' | 'tcp'
  readonly size?: number
}

function ask(name: string, type: string, { host = 1, transport = 'udp', size }: Question = {}): Promise<Observation> {
  const query = { name, type, ...(size === undefined ? {} : { edns: { size } }) }
  return askQuery({ transport, query, server: `127.0.0.${host}`, timeout: 1000 }, target)
}

/** A reply in short: rcode and flags that are set beside RD and RA, then the answer and authority. */
function brief(observation: Observation): string {
  if (!('rcode' in observation)) return 'silence' in observation ? 'silence' : observation.undecodable
  const { rcode, flags, answer, authority } = observation
  const shown = ['aa', 'tc', 'ad'].filter((flag) => flags[flag])
  const records = [...answer, ...authority].map((record) => `${record.ttl} ${record.type} ${record.rdata}`)
  return [rcode, ...shown, ...records].join(', ')
}

t.test('the first label says what is answered', async (t) => {
  const table: [name: string, type: string, reply: string, question?: Question][] = [
    ['t30.x.test.', 'A', 'NOERROR, 30 A 203.0.113.1'],
    ['t30.x.test.', 'A', 'NOERROR, 30 A 198.51.100.1', { host: 2 }],
    ['T30.x.test.', 'AAAA', 'NOERROR, 30 AAAA 2001:db8:71::1'],
    ['m2-9.x.test.', 'MX', 'NOERROR, 9 MX 10 mail1.m2-9.x.test., 9 MX 20 mail2.m2-9.x.test.'],
    ['nx60-30.x.test.', 'A', 'NXDOMAIN, 60 SOA ns1.x.test. admin.x.test. 7 3600 600 86400 30'],
    ['nd60-30.x.test.', 'A', 'NOERROR, 60 SOA ns1.x.test. admin.x.test. 7 3600 600 86400 30'],
    ['nxnosoa.x.test.', 'A', 'NXDOMAIN'],
    ['empty.x.test.', 'A', 'NOERROR'],
    ['refused.x.test.', 'A', 'REFUSED'],
    ['drop.x.test.', 'A', 'silence'],
    ['cn5-t30.x.test.', 'A', 'NOERROR, 5 CNAME t30.x.test., 30 A 203.0.113.1'],
    ['cnx5.x.test.', 'A', 'NOERROR, 5 CNAME nowhere.x.test.'],
    ['v4only9.x.test.', 'AAAA', 'NOERROR, 60 SOA ns1.x.test. admin.x.test. 7 3600 600 86400 30'],
    ['ad9.x.test.', 'A', 'NOERROR, ad, 9 A 203.0.113.1'],
    ['aa9.x.test.', 'A', 'NOERROR, aa, 9 A 203.0.113.1'],
    ['ref9.x.test.', 'A', 'NOERROR, 9 NS ns1.x.test.'],
    ['id.x.test.', 'TXT', 'NOERROR, 60 TXT "127.0.0.2"', { host: 2 }],
    ['1.2.0.192.in-addr.arpa.', 'PTR', 'NOERROR, 60 PTR host1.reverse.test.'],
    ['other.x.test.', 'A', 'NXDOMAIN, 60 SOA ns1.x.test. admin.x.test. 7 3600 600 86400 30'],
    ['t30.x.test.', 'A', 'SERVFAIL', { host: 3 }],
    ['t30.x.test.', 'A', 'silence', { host: 6 }],
    ['t30.x.test.', 'A', 'NOERROR, tc', { host: 7 }],
    ['t30.x.test.', 'A', 'NOERROR, 30 A 203.0.113.1', { host: 7, transport: 'tcp' }],
  ]
  for (const [name, type, reply, question] of table) {
    t.equal(brief(await ask(name, type, question)), reply, `${name} ${type} ${question?.host ?? 1}`)
  }
})

t.test('an answer that does not fit is cut on UDP and whole on TCP', async (t) => {
  const small = await ask('big60.x.test.', 'A')
  t.ok('size' in small && small.size !== undefined && small.size <= 512)
  t.match(await ask('big60.x.test.', 'A', { transport: 'tcp' }), { flags: { tc: false }, answer: { length: 60 } })
})

t.test('a name that changes is counted by name and type', async (t) => {
  upstream.reset()
  for (const octet of [1, 2, 3]) t.equal(brief(await ask('seq9.x.test.', 'A')), `NOERROR, 9 A 203.0.113.${octet}`)
  t.equal(brief(await ask('late9.x.test.', 'A')), 'SERVFAIL')
  t.equal(brief(await ask('late9.x.test.', 'A')), 'NOERROR, 9 A 203.0.113.1')
  t.equal(upstream.count('seq9.x.test.|A'), 3)
  t.equal(upstream.count('*'), 5)
})

t.test('a sequence stops at the first step that differs', async (t) => {
  const stage = { target, directory: t.testdir(), upstream }
  const counts = (number: number) => ({ counts: ['t9.y.test.|A'], expect: { 't9.y.test.|A': number } })
  const query = { transport: 'udp', query: { name: 't9.y.test.', type: 'A' } } as const
  const answer = [{ name: 't9.y.test.', type: 'A', ttl: 9, rdata: '203.0.113.1' }]
  const flags = { aa: false, tc: false, ra: true, ad: false, rd: true, cd: false }
  const expect = { rcode: 'NOERROR', flags, question: [{ name: 't9.y.test.', type: 'A', class: 'IN' }], answer }
  const down = { ...query, timeout: 100, expect: { silence: true } }
  const steps = [
    { upstream: 'reset' },
    { ...query, expect },
    counts(1),
    { upstream: 'down' },
    down,
    { upstream: 'up' },
  ] as const
  t.same(await runCase({ id: 'right', steps }, stage), [])
  t.match(await runCase({ id: 'wrong', steps: [...steps, counts(7), { sleep: 1000 }] }, stage), [/^step 7: /])
})
