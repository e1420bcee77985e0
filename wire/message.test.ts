import dnsPacket from 'dns-packet'
import fc from 'fast-check'
import t from 'tap'
import { messages, plainNames } from '../test/support/wire-generators.ts'
import { isFault } from './fault.ts'
import { decodeMessage, encodeMessage, flagBits, type Message } from './message.ts'
import type { Name } from './name.ts'
import { formatRecord, parseRecord } from './presentation.ts'
import type { ResourceRecord } from './record.ts'
import { typeName, types } from './registry.ts'

function decoded(bytes: Uint8Array): Message {
  const message = decodeMessage(bytes)
  if (isFault(message)) throw new Error(message.fault)
  return message
}

/** Everything a message says as text. */
function shown(message: Message): string {
  const { questions, answer, authority, additional, edns, ...header } = message
  return JSON.stringify([
    header,
    questions.map(({ name, type, class: klass }) => [String(name), type, klass]),
    ...[answer, authority, additional].map((records) => records.map(formatRecord)),
    edns && { ...edns, options: edns.options.map(({ code, data }) => [code, Buffer.from(data).toString('hex')]) },
  ])
}

const empty: Message = {
  id: 0,
  flags: flagBits.qr,
  opcode: 0,
  rcode: 0,
  questions: [],
  answer: [],
  authority: [],
  additional: [],
  edns: null,
}

t.test('a message that was encoded decodes to the same, the case of its names included', async () => {
  fc.assert(
    fc.property(messages, (message) => {
      const again = decoded(encodeMessage(message))
      return shown(again) === shown(message)
    }),
    { numRuns: 1500 },
  )
})

t.test('encoding is stable: what was decoded encodes to the same bytes', async () => {
  fc.assert(
    fc.property(messages, (message) => {
      const once = encodeMessage(message)
      return Buffer.compare(encodeMessage(decoded(once)), once) === 0
    }),
    { numRuns: 500 },
  )
})

t.test('fitted to any size, a message is a prefix of its records with TC and counts that are right', async () => {
  fc.assert(
    fc.property(messages, fc.double({ min: 0, max: 1, noNaN: true }), (message, fraction) => {
      const whole = encodeMessage(message)
      const least = encodeMessage({ ...message, answer: [], authority: [], additional: [] }).length
      const limit = Math.floor(least + (whole.length + 20 - least) * fraction)
      const bytes = encodeMessage(message, limit)
      const fitted = decoded(bytes)
      const all = (of: Message): string[] => [...of.answer, ...of.authority, ...of.additional].map(formatRecord)
      const kept = all(fitted)
      const wanted = all(message)
      const cut = kept.length < wanted.length
      return (
        bytes.length <= limit &&
        kept.every((text, i) => text === wanted[i]) &&
        ((fitted.flags & flagBits.tc) !== 0) === cut &&
        cut === whole.length > limit &&
        (cut || fitted.authority.length === message.authority.length) &&
        (fitted.edns === null) === (message.edns === null)
      )
    }),
    { numRuns: 1500 },
  )
})

t.test('the parts of a message land where RFC 1035 4.1 has them', async (t) => {
  const message: Message = {
    ...empty,
    id: 0x1234,
    flags: flagBits.qr | flagBits.aa | flagBits.rd,
    opcode: 4,
    rcode: 23,
    questions: [{ name: parseRecord('Www.a. A 192.0.2.1').owner, type: types.A, class: 1 }],
    answer: [parseRecord('Www.a. 5 CNAME X.a.'), parseRecord('X.a. 5 A 192.0.2.1')],
    edns: {
      udpSize: 1232,
      version: 0,
      do: true,
      z: 0,
      extendedRcode: 1,
      options: [{ code: 3, data: Uint8Array.of(7) }],
    },
  }
  const hex = Buffer.from(encodeMessage(message)).toString('hex')
  t.equal(
    hex,
    [
      '1234a5070001000200000001',
      '0357777701610000010001',
      'c00c0005000100000005000401',
      '58c010',
      'c0230001000100000005',
      '0004c0000201',
      '00002904d001008000',
      '00050003000107',
    ].join(''),
  )
})

t.test('two OPT records, or one with an owner or broken options, are faults', async (t) => {
  const opt = '0000290200000000000000'
  const header = (count: number): string => `12340000000000000000000${count}`
  const cases: [hex: string, fault: string][] = [
    [`${header(2)}${opt}${opt}`, 'more than one OPT record'],
    [`${header(1)}0161${opt}`, 'OPT record with an owner other than the root'],
    [`${header(1)}00002902000000000000030003ff`, 'EDNS options run past the end'],
    [`${header(1)}0000290200000000000005000300020a`, 'EDNS options run past the end'],
  ]
  for (const [hex, fault] of cases) t.same(decodeMessage(Buffer.from(hex, 'hex')), { fault }, hex)
})

t.test('with any OPT allowed, the last one counts whoever owns it, and broken options are a fault still', async (t) => {
  const decode = (hex: string): object => decodeMessage(Buffer.from(hex, 'hex'), true)
  const header = (count: number): string => `12340000000000000000000${count}`
  const [first, last] = ['0000290200000000000000', '0161000029040000000000000000']
  t.match(decode(`${header(2)}${first}${last}`), { edns: { udpSize: 1024 }, additional: { length: 1 } })
  t.match(decode(`${header(1)}${first}`), { edns: { udpSize: 512 } })
  t.same(decode(`${header(1)}016100002902000000000000030003ff`), { fault: 'EDNS options run past the end' })
})

// dns-packet as an oracle, where it can be one: it has no escapes (a dot in a label, an octet over 127), folds nothing and writes pointers for equal spellings only;
// it knows few types, so these are taken.
const plainRecords: fc.Arbitrary<[ResourceRecord, dnsPacket.Answer]> = fc
  .tuple(
    plainNames,
    plainNames,
    fc.nat(0x7fffffff),
    fc.nat(65_535),
    fc.nat(0xffffffff),
    fc.stringMatching(/^[ -~]{0,60}$/),
  )
  .chain(([owner, target, ttl, short, long, text]) => {
    // Its names have no final dot and the root is a dot.
    const plain = (name: Name): string => (name.isRoot ? '.' : name.toString().slice(0, -1))
    const quad = [long >>> 24, (long >>> 16) & 255, (long >>> 8) & 255, long & 255].join('.')
    const rows: [rdata: string, type: string, data: unknown][] = [
      [`A ${quad}`, 'A', quad],
      [`AAAA 2001:db8::${(short | 0x1000).toString(16)}`, 'AAAA', `2001:db8::${(short | 0x1000).toString(16)}`],
      [`NS ${target}`, 'NS', plain(target)],
      [`CNAME ${target}`, 'CNAME', plain(target)],
      [`PTR ${target}`, 'PTR', plain(target)],
      [`DNAME ${target}`, 'DNAME', plain(target)],
      [`MX ${short} ${target}`, 'MX', { preference: short, exchange: plain(target) }],
      [`SRV ${short} 2 3 ${target}`, 'SRV', { priority: short, weight: 2, port: 3, target: plain(target) }],
      [
        `SOA ${target} ${owner} ${long} 2 3 4 5`,
        'SOA',
        { mname: plain(target), rname: plain(owner), serial: long, refresh: 2, retry: 3, expire: 4, minimum: 5 },
      ],
      [`TXT "${text.replace(/["\\]/g, '\\$&')}"`, 'TXT', [Buffer.from(text)]],
      [`CAA 0 issue "${text.replace(/["\\]/g, '\\$&')}"`, 'CAA', { flags: 0, tag: 'issue', value: text }],
    ]
    return fc
      .constantFrom(...rows)
      .map(([rdata, type, data]): [ResourceRecord, dnsPacket.Answer] => [
        parseRecord(`${owner} ${ttl} IN ${rdata}`),
        { name: plain(owner), ttl, class: 'IN', type, data } as dnsPacket.Answer,
      ])
  })

t.test('what we encode, dns-packet decodes to the same', async (t) => {
  fc.assert(
    fc.property(fc.array(plainRecords, { maxLength: 8 }), (pairs) => {
      const bytes = encodeMessage({ ...empty, id: 7, answer: pairs.map(([record]) => record) })
      const { answers } = dnsPacket.decode(Buffer.from(bytes))
      const folded = (text: string): string => text.toLowerCase()
      t.strictSame(
        folded(JSON.stringify(answers?.map(essence))),
        folded(JSON.stringify(pairs.map(([, answer]) => essence(answer)))),
      )
    }),
    { numRuns: 150 },
  )
})

/** What an answer says, without what dns-packet adds when it decodes (a flush bit, the critical bit of CAA). */
function essence(answer: dnsPacket.Answer): unknown {
  if (!('data' in answer) || !('ttl' in answer)) return answer
  const { name, type, ttl } = answer
  const data = answer.type === 'CAA' ? { tag: answer.data.tag, value: answer.data.value } : answer.data
  const sorted = typeof data === 'object' && !Array.isArray(data) ? Object.entries(data).sort() : data
  return { name, type, ttl, data: sorted }
}

t.test('what dns-packet encodes, compressed or not, we decode to the same', async () => {
  fc.assert(
    fc.property(fc.array(plainRecords, { maxLength: 8 }), (pairs) => {
      const bytes = dnsPacket.encode({ type: 'response', id: 7, answers: pairs.map(([, answer]) => answer) })
      const { answer } = decoded(bytes)
      return answer.map(formatRecord).join('\n') === pairs.map(([record]) => formatRecord(record)).join('\n')
    }),
    { numRuns: 300 },
  )
})

t.test('a question with EDNS reads the same on both sides', async (t) => {
  const bytes = dnsPacket.encode({
    type: 'query',
    id: 9,
    flags: dnsPacket.RECURSION_DESIRED,
    questions: [{ name: 'a.b', type: 'SRV', class: 'IN' }],
    additionals: [
      {
        type: 'OPT',
        name: '.',
        udpPayloadSize: 4096,
        extendedRcode: 0,
        ednsVersion: 0,
        flags: dnsPacket.DNSSEC_OK,
        flag_do: true,
        options: [{ code: 8, ip: '192.0.2.0', sourcePrefixLength: 24 }],
      },
    ],
  })
  const message = decoded(bytes)
  t.match(message, { id: 9, flags: flagBits.rd, edns: { udpSize: 4096, do: true, version: 0 } })
  t.equal(`${message.questions[0]!.name} ${typeName(message.questions[0]!.type)}`, 'a.b. SRV')
  t.same([...message.edns!.options[0]!.data], [0, 1, 24, 0, 192, 0, 2])
})
