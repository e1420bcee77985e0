// What every source of a zone (file, auto, secondary) must answer: one zone text, and a table of questions and answers in presentation format. The source is
// started by the test that calls `zoneSuite`; the suite only asks.

import type { Test } from 'tap'
import { Name } from '../../wire/name.ts'
import { parseMasterFile } from '../../zones/master-file.ts'
import type { Zone } from '../../zones/zone.ts'
import { ZoneBuilder } from '../../zones/zone-builder.ts'

/** One question and the reply to it; sections not given are empty. */
interface ZoneCase {
  readonly question: string
  readonly title: string
  readonly do?: true
  readonly rcode?: string
  /** Default: aa. */
  readonly referral?: true
  readonly answer?: readonly string[]
  readonly authority?: readonly string[]
  readonly additional?: readonly string[]
}

/** A reply as TestServer gives it. */
interface ZoneReply {
  readonly rcode: string
  readonly flags: readonly string[]
  readonly answer: readonly string[]
  readonly authority: readonly string[]
  readonly additional: readonly string[]
}

/** Asks `'NAME TYPE'`, with DO or without. */
export type AskZone = (question: string, options: { do: boolean }) => Promise<ZoneReply | null>

/** Builds a zone from master-file text. */
export function zoneOf(text: string, origin = 'example.org.'): Zone {
  const name = Name.parse(origin)
  const builder = new ZoneBuilder(name)
  const include = (path: string): string => {
    throw new Error(`open ${path}: no such file or directory`)
  }
  for (const record of parseMasterFile({ text, file: 'test.zone', origin: name, include }))
    if (record) builder.add(record)
  return builder.finish()
}

/** The zone that the suite asks about. */
export const suiteZone = `
$TTL 300
@       IN SOA ns1 host 7 7200 1800 1209600 60
@       NS  ns1
@       NS  ns.elsewhere.example.net.
@       MX  10 mail
ns1     A   192.0.2.53
www     A   192.0.2.80
www     A   192.0.2.81
WWW     AAAA 2001:db8::80
same    A   192.0.2.1
same    A   192.0.2.1
mail    A   192.0.2.25
alias   CNAME www
alias2  CNAME alias
aliasnx CNAME missing
loop1   CNAME loop2
loop2   CNAME loop1
self    CNAME self
a.b.ent A   192.0.2.110
*.wild  TXT "wild"
*.wild  MX  5 mail
host.wild A 192.0.2.101
*.cw    CNAME www
sub     NS  ns.sub
ns.sub  A   192.0.2.130
sub     DS  1 13 2 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
indel   CNAME host.sub
dn      DNAME target
www.target A 192.0.2.121
_s._tcp SRV 1 2 3 www
_s._tcp SRV 2 2 3 www
svc     HTTPS 1 mail alpn=h2
`

const soa = ['example.org. 300 IN SOA ns1.example.org. host.example.org. 7 7200 1800 1209600 60']
const ns = ['example.org. 300 IN NS ns1.example.org.', 'example.org. 300 IN NS ns.elsewhere.example.net.']
const wwwA = ['www.example.org. 300 IN A 192.0.2.80', 'www.example.org. 300 IN A 192.0.2.81']
const wwwAaaa = 'www.example.org. 300 IN AAAA 2001:db8::80'
const mailA = 'mail.example.org. 300 IN A 192.0.2.25'
const subNs = 'sub.example.org. 300 IN NS ns.sub.example.org.'
const subGlue = 'ns.sub.example.org. 300 IN A 192.0.2.130'
const subDs = 'sub.example.org. 300 IN DS 1 13 2 0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF'

const cases: readonly ZoneCase[] = [
  {
    title: 'a name answers with its records and the NS of the apex',
    question: 'www.example.org. A',
    answer: wwwA,
    authority: ns,
  },
  { title: 'the SOA of the apex', question: 'example.org. SOA', answer: soa, authority: ns },
  {
    title: 'the NS of the apex, with addresses the zone has',
    question: 'example.org. NS',
    answer: ns,
    additional: ['ns1.example.org. 300 IN A 192.0.2.53'],
  },
  { title: 'a type that is missing is NODATA with the SOA', question: 'www.example.org. TXT', authority: soa },
  { title: 'ANY finds nothing', question: 'www.example.org. ANY', authority: soa },
  {
    title: 'a name that is missing is NXDOMAIN with the SOA',
    question: 'nope.example.org. A',
    rcode: 'NXDOMAIN',
    authority: soa,
  },
  {
    title: 'a record written twice is answered once',
    question: 'same.example.org. A',
    answer: ['same.example.org. 300 IN A 192.0.2.1'],
    authority: ns,
  },
  { title: 'an empty non-terminal exists', question: 'b.ent.example.org. A', authority: soa },
  {
    title: 'below an empty non-terminal nothing does',
    question: 'x.ent.example.org. A',
    rcode: 'NXDOMAIN',
    authority: soa,
  },
  {
    title: 'a wildcard answers for any name below',
    question: 'x.y.wild.example.org. TXT',
    answer: ['x.y.wild.example.org. 300 IN TXT "wild"'],
    authority: ns,
  },
  {
    title: 'a wildcard answers with additional addresses',
    question: 'x.wild.example.org. MX',
    answer: ['x.wild.example.org. 300 IN MX 5 mail.example.org.'],
    authority: ns,
    additional: [mailA],
  },
  { title: 'a wildcard without the type is NODATA', question: 'x.wild.example.org. A', authority: soa },
  { title: 'a name beside a wildcard hides it', question: 'host.wild.example.org. TXT', authority: soa },
  {
    title: 'nothing comes from a wildcard below a name that exists',
    question: 'x.host.wild.example.org. TXT',
    rcode: 'NXDOMAIN',
    authority: soa,
  },
  {
    title: 'the wildcard itself can be asked for',
    question: '*.wild.example.org. TXT',
    answer: ['*.wild.example.org. 300 IN TXT "wild"'],
    authority: ns,
  },
  {
    title: 'an alias is followed',
    question: 'alias2.example.org. A',
    answer: [
      'alias2.example.org. 300 IN CNAME alias.example.org.',
      'alias.example.org. 300 IN CNAME www.example.org.',
      ...wwwA,
    ],
    authority: ns,
  },
  {
    title: 'an alias itself can be asked for',
    question: 'alias.example.org. CNAME',
    answer: ['alias.example.org. 300 IN CNAME www.example.org.'],
    authority: ns,
  },
  {
    title: 'an alias of nothing is NXDOMAIN (RFC 6604)',
    question: 'aliasnx.example.org. A',
    rcode: 'NXDOMAIN',
    answer: ['aliasnx.example.org. 300 IN CNAME missing.example.org.'],
    authority: soa,
  },
  {
    title: 'a wildcard alias is followed',
    question: 'x.cw.example.org. AAAA',
    answer: ['x.cw.example.org. 300 IN CNAME www.example.org.', wwwAaaa],
    authority: ns,
  },
  {
    title: 'a loop of aliases is shown once',
    question: 'loop1.example.org. A',
    answer: [
      'loop1.example.org. 300 IN CNAME loop2.example.org.',
      'loop2.example.org. 300 IN CNAME loop1.example.org.',
    ],
    authority: ns,
  },
  {
    title: 'an alias of itself is shown once',
    question: 'self.example.org. A',
    answer: ['self.example.org. 300 IN CNAME self.example.org.'],
    authority: ns,
  },
  {
    title: 'a zone cut refers, with glue',
    question: 'host.sub.example.org. A',
    referral: true,
    authority: [subNs],
    additional: [subGlue],
  },
  {
    title: 'NS at a zone cut refers too',
    question: 'sub.example.org. NS',
    referral: true,
    authority: [subNs],
    additional: [subGlue],
  },
  {
    title: 'a referral for DO carries the DS',
    question: 'sub.example.org. A',
    do: true,
    referral: true,
    authority: [subNs, subDs],
    additional: [subGlue],
  },
  {
    title: 'DS at a zone cut is the answer of the parent',
    question: 'sub.example.org. DS',
    answer: [subDs],
    authority: ns,
  },
  {
    title: 'an alias into a delegated zone ends in a referral',
    question: 'indel.example.org. A',
    answer: ['indel.example.org. 300 IN CNAME host.sub.example.org.'],
    authority: [subNs],
    additional: [subGlue],
  },
  {
    title: 'a DNAME redirects the names below it',
    question: 'www.dn.example.org. A',
    answer: [
      'dn.example.org. 300 IN DNAME target.example.org.',
      'www.dn.example.org. 300 IN CNAME www.target.example.org.',
      'www.target.example.org. 300 IN A 192.0.2.121',
    ],
    authority: ns,
  },
  { title: 'a DNAME says nothing about its owner', question: 'dn.example.org. A', authority: soa },
  {
    title: 'a DNAME to nothing is NXDOMAIN',
    question: 'nope.dn.example.org. A',
    rcode: 'NXDOMAIN',
    answer: [
      'dn.example.org. 300 IN DNAME target.example.org.',
      'nope.dn.example.org. 300 IN CNAME nope.target.example.org.',
    ],
    authority: soa,
  },
  {
    title: 'SRV comes with the addresses of its targets, each once',
    question: '_s._tcp.example.org. SRV',
    answer: [
      '_s._tcp.example.org. 300 IN SRV 1 2 3 www.example.org.',
      '_s._tcp.example.org. 300 IN SRV 2 2 3 www.example.org.',
    ],
    authority: ns,
    additional: [...wwwA, wwwAaaa],
  },
  {
    title: 'HTTPS comes with the addresses of its target',
    question: 'svc.example.org. HTTPS',
    answer: ['svc.example.org. 300 IN HTTPS 1 mail.example.org. alpn="h2"'],
    authority: ns,
    additional: [mailA],
  },
]

/** Asks every case of the suite; the source must serve `suiteZone` as example.org. */
export async function zoneSuite(t: Test, ask: AskZone): Promise<void> {
  for (const wanted of cases) {
    const reply = await ask(wanted.question, { do: wanted.do === true })
    t.strictSame(
      reply && {
        rcode: reply.rcode,
        aa: reply.flags.includes('aa'),
        answer: folded(reply.answer),
        authority: folded(reply.authority),
        additional: folded(reply.additional),
      },
      {
        rcode: wanted.rcode ?? 'NOERROR',
        aa: !wanted.referral,
        answer: folded(wanted.answer ?? []),
        authority: folded(wanted.authority ?? []),
        additional: folded(wanted.additional ?? []),
      },
      `${wanted.title}: ${wanted.question}`,
    )
  }
}

const folded = (records: readonly string[]): string[] =>
  records.map((record) => record.replace(/\s+/g, ' ').toLowerCase())
