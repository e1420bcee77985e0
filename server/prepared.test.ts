import t from 'tap'
import { type Response, respond } from '../plugins/response.ts'
import {
  type QuestionOptions,
  queryBytes,
  type ReadableReply,
  readReply,
  recordsOf,
  seededRandom,
} from '../test/support/questions.ts'
import { flagBits } from '../wire/message.ts'
import { Name } from '../wire/name.ts'
import { ResourceRecord } from '../wire/record.ts'
import { classes, typeNumber } from '../wire/registry.ts'
import { Packet } from './packet.ts'
import { Prepared, replyLimit } from './prepared.ts'

const still = (): number => 0
const qname = Name.parse('www.example.org.')

/** `text` asked, answered by `response` as prepared for `first` (spelled as the query that made it). */
interface Scene {
  readonly response: Response
  readonly first?: string
  readonly now?: number
  readonly limit?: number
  readonly random?: () => number
}

function prepare({ response, first = 'www.example.org. A', now = 0, random = still }: Scene): Prepared {
  const [text = '', type = ''] = first.split(' ')
  const name = text === 'www.example.org.' ? qname : Name.parse(text)
  return new Prepared({ name, type: typeNumber(type)!, class: classes.IN }, response, now, random)
}

function packetOf(text: string, options: QuestionOptions = {}): Packet {
  const packet = new Packet()
  packet.accept(queryBytes(text, options))
  return packet
}

function replyTo(text: string, options: QuestionOptions, scene: Scene): ReadableReply | null {
  const { now = 0, limit = 65_535, random = still } = scene
  const bytes = prepare(scene).reply(packetOf(text, options), now, limit, random)
  return bytes && readReply(bytes)
}

const address = respond('file', { aa: true, answer: recordsOf('www.example.org. 60 IN A 192.0.2.1') })

t.test('id, opcode, RD and CD are those of the query, the rest those of the response', async (t) => {
  const cases: { options: QuestionOptions; response?: Partial<Response>; id: number; flags: string }[] = [
    { options: { id: 7, flags: 0 }, id: 7, flags: 'qr aa' },
    { options: { id: 0xffff, flags: flagBits.rd }, id: 0xffff, flags: 'qr aa rd' },
    { options: { id: 0, flags: flagBits.rd | flagBits.cd }, id: 0, flags: 'qr aa rd cd' },
    {
      options: { flags: flagBits.rd | flagBits.ad | flagBits.tc | flagBits.z | flagBits.ra },
      id: 1,
      flags: 'qr aa rd',
    },
    {
      options: { flags: flagBits.rd },
      response: { aa: false, ra: true, ad: true, tc: true },
      id: 1,
      flags: 'qr tc rd ra ad',
    },
    { options: { flags: flagBits.rd }, response: { rd: false }, id: 1, flags: 'qr aa' },
    { options: { flags: 0 }, response: { rd: true }, id: 1, flags: 'qr aa rd' },
    // RD and CD mean nothing in a NOTIFY.
    { options: { flags: flagBits.rd | flagBits.cd, opcode: 4 }, id: 1, flags: 'qr aa' },
  ]
  for (const { options, response, id, flags } of cases) {
    const reply = replyTo('www.example.org. A', options, { response: { ...address, ...response } })
    t.match(reply, { id, flags, opcode: options.opcode ?? 0 }, JSON.stringify(options))
  }
})

t.test('the question, and whatever is a pointer into it, follows the client in spelling', async (t) => {
  const response = respond('file', {
    answer: [
      new ResourceRecord(qname, 1, classes.IN, 60, Uint8Array.of(192, 0, 2, 1)),
      // Spelled unlike the question to its last label, so it has its own octets.
      ...recordsOf('MAIL.EXAMPLE.ORG. 60 IN TXT "x"'),
    ],
  })
  const reply = replyTo('wWw.eXample.oRg. A', {}, { response })
  t.same(reply?.questions, ['wWw.eXample.oRg.'])
  t.same(reply?.answer, ['wWw.eXample.oRg. 60 IN A 192.0.2.1', 'MAIL.EXAMPLE.ORG. 60 IN TXT "x"'])
})

t.test(
  "an answer whose owner has the data's spelling serves questions of the spelling that it was made for",
  async (t) => {
    const response = respond('file', { answer: recordsOf('www.Example.org. 60 IN A 192.0.2.1') })
    t.equal(replyTo('wWw.eXample.oRg. A', {}, { response }), null)
    t.same(replyTo('www.example.org. A', {}, { response })?.answer, ['www.Example.org. 60 IN A 192.0.2.1'])
  },
)

t.test('TTLs of records with an age count down, all others stand', async (t) => {
  const [standing, ageing] = recordsOf('www.example.org. 60 IN A 192.0.2.1', 'www.example.org. 60 IN A 192.0.2.2')
  const response = respond('cache', { answer: [standing!, ageing!.withTtl(60, 10_000)] })
  const prepared = prepare({ response, now: 10_000 })
  const cases: [now: number, ttl: number][] = [
    [9_000, 60],
    [10_000, 60],
    [10_999, 60],
    [11_000, 59],
    [69_999, 1],
    [70_000, 0],
    [900_000, 0],
  ]
  for (const [now, ttl] of cases) {
    const reply = readReply(prepared.reply(packetOf('www.example.org. A'), now, 65_535, still)!)
    t.same(reply.answer, ['www.example.org. 60 IN A 192.0.2.1', `www.example.org. ${ttl} IN A 192.0.2.2`], `at ${now}`)
  }
})

t.test('a serial that moves is written when the reply is sent', async (t) => {
  const [soa] = recordsOf('example.org. 5 IN SOA ns.dns.example.org. hostmaster.example.org. 1 7200 1800 86400 5')
  const serial = { value: 1 }
  const live = new ResourceRecord(soa!.owner, soa!.type, soa!.class, 5, soa!.rdata, 0, serial)
  const prepared = prepare({ response: respond('kubernetes', { authority: [live] }) })
  for (const value of [1, 1_700_000_000, 0xffff_ffff]) {
    serial.value = value
    const reply = readReply(prepared.reply(packetOf('www.example.org. A'), 0, 65_535, still)!)
    t.same(reply.authority, [
      `example.org. 5 IN SOA ns.dns.example.org. hostmaster.example.org. ${value} 7200 1800 86400 5`,
    ])
  }
})

const nsid = { code: 3, data: new Uint8Array(0) }
const cookie = { code: 10, data: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8) }

t.test('the OPT is written from the query: size, DO, Z, echoed options, and what the response adds', async (t) => {
  const cases: {
    name: string
    edns?: QuestionOptions['edns']
    response?: Partial<Response>
    expect: ReadableReply['edns']
  }[] = [
    { name: 'no OPT in the query', response: { ede: [{ code: 22, text: 'x' }] }, expect: null },
    {
      name: 'size and flags',
      edns: { size: 4096, do: true, z: 5 },
      expect: { size: 4096, do: true, z: 5, options: [] },
    },
    { name: 'a size below 512', edns: { size: 100 }, expect: { size: 100, do: false, z: 0, options: [] } },
    {
      name: 'bufsize',
      edns: { size: 4096 },
      response: { udpSizeMax: 1232 },
      expect: { size: 1232, do: false, z: 0, options: [] },
    },
    {
      name: 'echo',
      edns: { options: [cookie] },
      expect: { size: 1232, do: false, z: 0, options: ['10:0102030405060708'] },
    },
    {
      name: 'an option of the response replaces the echo',
      edns: { options: [nsid, cookie] },
      response: { options: [{ code: 3, data: Uint8Array.of(0x61) }] },
      expect: { size: 1232, do: false, z: 0, options: ['3:61', '10:0102030405060708'] },
    },
    {
      name: 'an upstream that dealt with the options',
      edns: { options: [nsid, cookie] },
      response: { echo: false, options: [{ code: 10, data: Uint8Array.of(9) }] },
      expect: { size: 1232, do: false, z: 0, options: ['10:09'] },
    },
    {
      name: 'extended errors',
      edns: {},
      response: { ede: [{ code: 22, text: 'no' }] },
      expect: { size: 1232, do: false, z: 0, options: ['15:00166e6f'] },
    },
  ]
  for (const { name, edns, response, expect } of cases) {
    const reply = replyTo('www.example.org. A', edns ? { edns } : {}, { response: { ...address, ...response } })
    t.same(reply?.edns, expect, name)
  }
})

t.test('the upper bits of an extended rcode stand in the OPT', async (t) => {
  const reply = replyTo('www.example.org. A', { edns: {} }, { response: respond('x', { rcode: 23 }) })
  t.equal(reply?.rcode, 'BADCOOKIE')
})

t.test('how much a client may get', async (t) => {
  const cases: [name: string, edns: QuestionOptions['edns'], datagram: boolean, udpSizeMax: number, limit: number][] = [
    ['no OPT', undefined, true, 65_535, 512],
    ['an OPT', { size: 1400 }, true, 65_535, 1400],
    ['a size below 512', { size: 0 }, true, 65_535, 512],
    ['bufsize', { size: 4096 }, true, 1232, 1232],
    ['bufsize below 512', { size: 4096 }, true, 100, 512],
    ['a stream', { size: 600 }, false, 600, 65_535],
  ]
  for (const [name, edns, datagram, udpSizeMax, limit] of cases) {
    t.equal(replyLimit(packetOf('a. A', edns ? { edns } : {}), datagram, udpSizeMax), limit, name)
  }
})

const many = (count: number): ResourceRecord[] =>
  recordsOf(...Array.from({ length: count }, (_, i) => `www.example.org. 60 IN A 192.0.2.${i + 1}`))

t.test('what does not fit is cut at a record, with TC; the OPT stays and counts', async (t) => {
  const response = respond('file', { answer: many(40), authority: recordsOf('example.org. 60 IN NS ns.example.org.') })
  const prepared = prepare({ response })
  for (const { limit, options } of [
    { limit: 512, options: {} },
    { limit: 512, options: { edns: { size: 512, options: [cookie] } } },
    { limit: 600, options: { edns: { size: 600 } } },
  ]) {
    const packet = packetOf('www.example.org. A', options)
    const bytes = prepared.reply(packet, 0, limit, still)!
    const reply = readReply(bytes)
    t.match(reply, { flags: 'qr tc rd', authority: [] })
    t.ok(bytes.length <= limit && bytes.length + 16 > limit, `${bytes.length} of ${limit}`)
    t.equal(reply.edns !== null, 'edns' in options)
  }
})

t.test('a query that is all padding gets no more back than it may', async (t) => {
  const packet = packetOf('www.example.org. A', {
    edns: { size: 512, options: [{ code: 12, data: new Uint8Array(600) }] },
  })
  const bytes = prepare({ response: address }).reply(packet, 0, 512, still)!
  t.ok(bytes.length <= 512, String(bytes.length))
  t.match(readReply(bytes), { answer: ['www.example.org. 60 IN A 192.0.2.1'], edns: { options: [] } })
})

/** Chi-square of `counts` against all being equally likely. */
function chiSquare(counts: readonly number[]): number {
  const expected = counts.reduce((sum, count) => sum + count, 0) / counts.length
  return counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0)
}

t.test('rotation puts each address first equally often, and always keeps the RRset', async (t) => {
  const random = seededRandom(42)
  const response = respond('file', { answer: many(5), rotate: true })
  const prepared = prepare({ response, random })
  const counts = new Map<string, number>()
  const whole = new Set(
    readReply(
      prepare({ response: { ...response, rotate: false } }).reply(packetOf('www.example.org. A'), 0, 512, still)!,
    ).answer,
  )
  for (let i = 0; i < 5000; i++) {
    const { answer } = readReply(prepared.reply(packetOf('www.example.org. A'), 0, 512, random)!)
    t.same(new Set(answer), whole)
    counts.set(answer[0]!, (counts.get(answer[0]!) ?? 0) + 1)
    if (!t.passing()) return
  }
  // 4 degrees of freedom: 18.5 is passed once in a thousand seeds.
  t.ok(chiSquare([...counts.values()]) < 18.5, [...counts].join(' '))
  t.equal(counts.size, 5)
})

t.test('only neighbours of one RRset in one section change places', async (t) => {
  const response = respond('file', {
    rotate: true,
    answer: recordsOf(
      'www.example.org. 60 IN CNAME a.example.org.',
      'a.example.org. 60 IN A 192.0.2.1',
      'a.example.org. 60 IN A 192.0.2.2',
      'a.example.org. 60 IN AAAA 2001:db8::1',
      'a.example.org. 60 IN AAAA 2001:db8::2',
      'b.example.org. 60 IN A 192.0.2.3',
      'b.example.org. 60 IN TXT "between"',
      'b.example.org. 60 IN A 192.0.2.4',
    ),
    additional: recordsOf('b.example.org. 60 IN A 192.0.2.5', 'b.example.org. 60 IN A 192.0.2.6'),
  })
  const prepared = prepare({ response, first: 'www.example.org. A' })
  const last = (): number => 0.999
  const reply = readReply(prepared.reply(packetOf('www.example.org. A'), 0, 65_535, last)!)
  t.ok(prepared.reusable)
  t.same(reply.answer, [
    'www.example.org. 60 IN CNAME a.example.org.',
    'a.example.org. 60 IN A 192.0.2.2',
    'a.example.org. 60 IN A 192.0.2.1',
    'a.example.org. 60 IN AAAA 2001:db8::2',
    'a.example.org. 60 IN AAAA 2001:db8::1',
    'b.example.org. 60 IN A 192.0.2.3',
    'b.example.org. 60 IN TXT "between"',
    'b.example.org. 60 IN A 192.0.2.4',
  ])
  t.same(reply.additional, ['b.example.org. 60 IN A 192.0.2.6', 'b.example.org. 60 IN A 192.0.2.5'])
})

t.test('TTLs that age go with their records when these change places', async (t) => {
  const [one, two] = many(2)
  const response = respond('cache', { rotate: true, answer: [one!.withTtl(60, 1), two!.withTtl(30, 1)] })
  const reply = readReply(prepare({ response }).reply(packetOf('www.example.org. A'), 10_001, 512, () => 0.5)!)
  t.same(reply.answer, ['www.example.org. 20 IN A 192.0.2.2', 'www.example.org. 50 IN A 192.0.2.1'])
})

t.test('an RRset that cannot be rotated as bytes is turned when it is encoded and not used again', async (t) => {
  const cases: [name: string, Response][] = [
    [
      'MX',
      respond('file', {
        rotate: true,
        answer: recordsOf('www.example.org. 60 IN MX 1 a.org.', 'www.example.org. 60 IN MX 1 b.org.'),
      }),
    ],
    // The first owner is written in full, the second points to it.
    [
      'owners of unequal length',
      respond('file', { rotate: true, answer: recordsOf('x.net. 60 IN A 192.0.2.1', 'x.net. 60 IN A 192.0.2.2') }),
    ],
  ]
  for (const [name, response] of cases) {
    t.equal(prepare({ response }).reusable, false, name)
    const firsts = [0, 0.5].map(
      (value) => replyTo('www.example.org. A', {}, { response, random: () => value })?.answer[0],
    )
    t.not(firsts[0], firsts[1], name)
  }
})

t.test('a cut answer is rotated too', async (t) => {
  const response = respond('file', { rotate: true, answer: many(40) })
  const prepared = prepare({ response })
  // Which 30 of the 40 are sent depends on the draw: none is left out for ever.
  for (const [draw, first] of [
    [0, 1],
    [0.5, 21],
    [0.99, 40],
  ] as const) {
    const { answer } = readReply(prepared.reply(packetOf('www.example.org. A'), 0, 512, () => draw)!)
    t.equal(answer[0], `www.example.org. 60 IN A 192.0.2.${first}`)
    t.equal(answer.length, 29)
  }
})

t.test('the uncompressed length counts every name whole and no OPT', async (t) => {
  const { uncompressedLength } = prepare({ response: address })
  t.equal(uncompressedLength, 12 + 17 + 4 + 17 + 10 + 4)
})
