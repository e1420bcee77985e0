import t from 'tap'
import { zoneOf } from '../test/support/zone-suite.ts'
import { Name } from '../wire/name.ts'
import { formatRecord } from '../wire/presentation.ts'
import { typeNumber } from '../wire/registry.ts'
import { aliasesMax } from './limits.ts'
import { type Found, lookup } from './lookup.ts'
import type { Zone } from './zone.ts'

// What both DNSSEC-aware and plain answers of a served zone are is in test/support/zone-suite.ts; here is what only the lookup can tell.

function ask(zone: Zone, question: string, signed = false): Found {
  const [name, type] = question.split(' ') as [string, string]
  return lookup(zone, { name: Name.parse(name), type: typeNumber(type)!, do: signed })
}

/** Owner and type of each record; for RRSIG the type it covers. */
const outline = (records: Found['answer']): string[] =>
  records.map((record) => {
    const [owner, , , type, covered] = formatRecord(record).split(' ')
    return `${owner!.replace('example.org.', '')} ${type}${type === 'RRSIG' ? ` ${covered}` : ''}`
  })

const sig = (owner: string, type: string): string =>
  `${owner} 60 IN RRSIG ${type} 13 2 60 20450101000000 20250101000000 1 example.org. AAAA\n`

/** Records with a signature over each of their types and an NSEC, in canonical order of owners. */
function signedZone(owners: readonly (readonly [owner: string, ...records: string[]])[], unsigned = ''): Zone {
  let text = ''
  for (const [index, [owner, ...records]] of owners.entries()) {
    const next = owners[(index + 1) % owners.length]![0]
    const types = [...new Set(records.map((record) => record.split(' ')[0]!))]
    const nsec = `NSEC ${next} ${types.join(' ')} RRSIG NSEC`
    for (const record of [...records, nsec]) text += `${owner} 60 IN ${record}\n`
    // The NS of a delegation are not the zone's to sign.
    for (const type of [...types, 'NSEC']) if (owner === '@' || type !== 'NS') text += sig(owner, type)
  }
  return zoneOf(text + unsigned)
}

const signed = signedZone(
  [
    ['@', 'SOA ns host 1 2 3 4 60', 'NS ns', 'A 192.0.2.1'],
    ['aliasnx', 'CNAME missing'],
    ['*.cw', 'CNAME www'],
    ['dn', 'DNAME www'],
    ['a.ent', 'A 192.0.2.2'],
    ['ns', 'A 192.0.2.53'],
    ['sec', 'NS ns.sec', 'DS 1 13 2 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef'],
    ['sub', 'NS ns.sub'],
    ['*.wild', 'A 192.0.2.3'],
    ['host.wild', 'TXT h'],
    ['www', 'A 192.0.2.80', 'MX 1 ns'],
  ],
  'ns.sub 60 IN A 192.0.2.4\n',
)

t.test('a signed zone answers DO with signatures and denials', async (t) => {
  const soa = [' SOA', ' RRSIG SOA']
  const ns = [' NS', ' RRSIG NS']
  const denial = (...owners: string[]): string[] => owners.flatMap((owner) => [`${owner} NSEC`, `${owner} RRSIG NSEC`])
  const cases: readonly {
    title: string
    question: string
    kind: Found['kind']
    answer?: readonly string[]
    authority?: readonly string[]
    additional?: readonly string[]
  }[] = [
    {
      title: 'an RRset',
      question: 'www.example.org. MX',
      kind: 'answer',
      answer: ['www. MX', 'www. RRSIG MX'],
      authority: ns,
      additional: ['ns. A', 'ns. RRSIG A'],
    },
    {
      title: 'the apex NS',
      question: 'example.org. NS',
      kind: 'answer',
      answer: ns,
      additional: ['ns. A', 'ns. RRSIG A'],
    },
    {
      title: 'NODATA, denied by the name itself',
      question: 'www.example.org. AAAA',
      kind: 'nodata',
      authority: [...soa, ...denial('www.')],
    },
    {
      title: 'NXDOMAIN, denied by the name before and by what covers the wildcard',
      question: 'nope.example.org. A',
      kind: 'nxdomain',
      authority: [...soa, ...denial('a.ent.', '')],
    },
    {
      title: 'NXDOMAIN, both denials in one record',
      question: 'y.host.wild.example.org. A',
      kind: 'nxdomain',
      authority: [...soa, ...denial('host.wild.')],
    },
    {
      title: 'NXDOMAIN after unsigned names',
      question: 'zub.example.org. A',
      kind: 'nxdomain',
      authority: [...soa, ...denial('www.', '')],
    },
    {
      title: 'NXDOMAIN behind the glue of an unsigned delegation',
      question: 'suc.example.org. A',
      kind: 'nxdomain',
      authority: [...soa, ...denial('sub.', '')],
    },
    {
      title: 'an empty non-terminal, denied by the name before',
      question: 'ent.example.org. A',
      kind: 'nodata',
      authority: [...soa, ...denial('dn.')],
    },
    {
      title: 'a wildcard answer with the proof that the name does not exist',
      question: 'x.wild.example.org. A',
      kind: 'answer',
      answer: ['x.wild. A', 'x.wild. RRSIG A'],
      authority: [...ns, ...denial('host.wild.')],
    },
    {
      title: 'a wildcard without the type',
      question: 'x.wild.example.org. TXT',
      kind: 'nodata',
      authority: [...soa, ...denial('*.wild.')],
    },
    {
      title: 'a wildcard alias',
      question: 'x.cw.example.org. A',
      kind: 'answer',
      answer: ['x.cw. CNAME', '*.cw. RRSIG CNAME', 'www. A', 'www. RRSIG A'],
      authority: ns,
    },
    {
      title: 'a DNAME',
      question: 'x.dn.example.org. CNAME',
      kind: 'answer',
      answer: ['dn. DNAME', 'dn. RRSIG DNAME', 'x.dn. CNAME'],
      authority: ns,
    },
    {
      title: 'a signed delegation',
      question: 'x.sec.example.org. A',
      kind: 'referral',
      authority: ['sec. NS', 'sec. DS', 'sec. RRSIG DS'],
    },
    {
      title: 'an unsigned delegation',
      question: 'x.sub.example.org. A',
      kind: 'referral',
      authority: ['sub. NS'],
      additional: ['ns.sub. A'],
    },
    {
      title: 'no DS at an unsigned delegation',
      question: 'sub.example.org. DS',
      kind: 'nodata',
      authority: [...soa, ...denial('sub.')],
    },
    {
      title: 'signatures asked for as such',
      question: 'www.example.org. RRSIG',
      kind: 'answer',
      answer: ['www. RRSIG A', 'www. RRSIG MX', 'www. RRSIG NSEC'],
      authority: ns,
    },
    {
      title: 'signatures of the apex, without those over SOA and NS',
      question: 'example.org. RRSIG',
      kind: 'answer',
      answer: [' RRSIG A', ' RRSIG NSEC'],
      authority: ns,
    },
    {
      title: 'an alias that leads to nothing here',
      question: 'aliasnx.example.org. A',
      kind: 'alias',
      answer: ['aliasnx. CNAME', 'aliasnx. RRSIG CNAME'],
    },
  ]
  for (const { title, question, kind, answer = [], authority = [], additional = [] } of cases) {
    const found = ask(signed, question, true)
    t.strictSame(
      {
        kind: found.kind,
        answer: outline(found.answer),
        authority: outline(found.authority),
        additional: outline(found.additional),
      },
      { kind, answer, authority, additional },
      `${title}: ${question}`,
    )
  }
})

t.test('without DO nothing of it is sent', async (t) => {
  for (const question of [
    'www.example.org. A',
    'nope.example.org. A',
    'x.wild.example.org. A',
    'x.sec.example.org. A',
  ]) {
    const { answer, authority, additional } = ask(signed, question)
    const types = outline([...answer, ...authority, ...additional]).map((line) => line.split(' ')[1])
    t.strictSame(
      types.filter((type) => type === 'RRSIG' || type === 'NSEC' || type === 'DS'),
      [],
      question,
    )
  }
})

const plain = zoneOf(`
$TTL 60
@ SOA ns host 1 2 3 4 60
@ NS ns
www A 192.0.2.80
out CNAME www.example.net.
wildout CNAME x.wild
*.wild A 192.0.2.3
*.*.w4 A 192.0.2.4
*.went TXT one
b.c.went TXT two
dn DNAME x.dn
same DNAME same
deep.cut NS ns.example.net.
ent.alias CNAME cut
`)

t.test('an owner is spelled as in the zone, or as asked where a wildcard made it', async (t) => {
  t.equal(String(ask(plain, 'WwW.eXample.ORG. A').answer[0]?.owner), 'www.example.org.')
  t.equal(String(ask(plain, 'X.wild.eXample.ORG. A').answer[0]?.owner), 'X.wild.eXample.ORG.')
})

t.test('what leads elsewhere is an alias for the caller', async (t) => {
  const cases: readonly (readonly [question: string, target: string])[] = [
    ['out.example.org. A', 'www.example.net.'],
    ['wildout.example.org. A', 'x.wild.example.org.'],
    ['ent.alias.example.org. A', 'cut.example.org.'],
    ['y.dn.example.org. A', 'y.x.dn.example.org.'],
  ]
  for (const [question, target] of cases) {
    const found = ask(plain, question)
    t.equal(found.kind, 'alias', question)
    t.equal(String(found.target), target, question)
  }
})

t.test('wildcards that are no leaves', async (t) => {
  t.equal(ask(plain, 'x.y.w4.example.org. A').kind, 'nodata', 'an empty wildcard denies the type only')
  t.equal(ask(plain, '*.w4.example.org. A').kind, 'nodata')
  t.equal(ask(plain, 'x.*.w4.example.org. A').kind, 'answer')
  // RFC 4592 would say NODATA, as c.went exists; CoreDNS has the wildcard answer for it.
  t.equal(ask(plain, 'c.went.example.org. TXT').kind, 'answer')
  t.equal(ask(plain, 'x.c.went.example.org. TXT').kind, 'nxdomain')
  t.equal(String(ask(plain, 'x.wild.example.org. A').source), '*.wild.example.org.')
  t.equal(ask(plain, 'www.example.org. A').source, null)
})

t.test('only an empty non-terminal says that it is one', async (t) => {
  t.equal(ask(plain, 'cut.example.org. A').emptyNonTerminal, true)
  t.equal(ask(plain, 'www.example.org. TXT').emptyNonTerminal, false)
  t.equal(ask(plain, 'x.y.w4.example.org. A').emptyNonTerminal, false)
})

t.test('a DNAME whose result is too long says so', async (t) => {
  const zone = zoneOf(`@ 60 SOA ns host 1 2 3 4 5\nd 60 DNAME ${'target.'.repeat(25)}\n`)
  const found = ask(zone, `${'x.'.repeat(60)}d.example.org. A`)
  t.equal(found.kind, 'toolong')
  t.strictSame(outline(found.answer), ['d. DNAME'])
})

t.test('a DNAME to itself fails', async (t) => {
  t.equal(ask(plain, 'a.same.example.org. A').kind, 'failed')
})

t.test('a chain of aliases is followed to its end, within reason', async (t) => {
  const chain = (length: number): Zone => {
    const links = Array.from({ length }, (_, i) => `c${i} 60 CNAME c${i + 1}\n`).join('')
    return zoneOf(`@ 60 SOA ns host 1 2 3 4 5\n${links}c${length} 60 A 192.0.2.1\n`)
  }
  t.equal(ask(chain(aliasesMax), 'c0.example.org. A').answer.length, aliasesMax + 1)
  t.equal(ask(chain(aliasesMax + 1), 'c0.example.org. A').kind, 'failed')
})

t.test('names at the limit of length are looked up', async (t) => {
  const name = `${'x'.repeat(63)}.${'x'.repeat(63)}.${'x'.repeat(63)}.${'x'.repeat(49)}.example.org.`
  t.equal(ask(signed, `${name} A`, true).kind, 'nxdomain')
  t.equal(Name.parse(name).wire.length, 255)
})
