import t from 'tap'
import { type QuestionOptions, queryBytes } from '../test/support/questions.ts'
import { flagBits } from '../wire/message.ts'
import { echoedFrom, Packet, type Verdict } from './packet.ts'

const nsid = { code: 3, data: new Uint8Array(0) }
const subnet = { code: 8, data: Uint8Array.of(0, 1, 24, 0, 192, 0, 2) }
const question = queryBytes('www.example.org. A')

/** `question` with header octets replaced: `{ at: value }`. */
function changed(bytes: Uint8Array, changes: Readonly<Record<number, number>>): Uint8Array {
  const copy = bytes.slice()
  for (const [at, value] of Object.entries(changes)) copy[Number(at)] = value
  return copy
}

const joined = (...parts: readonly ArrayLike<number>[]): Uint8Array =>
  Uint8Array.from(parts.flatMap((part) => Array.from(part)))
const longName = [...Array.from({ length: 4 }, () => [63, ...new Array<number>(63).fill(97)]).flat(), 0]

interface Case {
  readonly name: string
  readonly bytes: Uint8Array
  readonly verdict: Verdict
  readonly rcode?: number
}

const cases: readonly Case[] = [
  { name: 'nothing at all', bytes: new Uint8Array(0), verdict: 'drop' },
  { name: 'less than a header', bytes: question.slice(0, 11), verdict: 'drop' },
  { name: 'a reply', bytes: changed(question, { 2: 0x81 }), verdict: 'drop' },
  { name: 'a plain query', bytes: question, verdict: 'ask' },
  { name: 'a query with octets behind it', bytes: joined(question, [1, 2, 3]), verdict: 'ask' },
  { name: 'a query for the root', bytes: queryBytes('. NS'), verdict: 'ask' },
  { name: 'class CH', bytes: queryBytes('version.bind. TXT', { class: 'CH' }), verdict: 'ask' },
  { name: 'opcode IQUERY', bytes: changed(question, { 2: 0x08 }), verdict: 'refuse', rcode: 4 },
  { name: 'opcode STATUS', bytes: changed(question, { 2: 0x10 }), verdict: 'refuse', rcode: 4 },
  { name: 'opcode UPDATE', bytes: changed(question, { 2: 0x28 }), verdict: 'refuse', rcode: 4 },
  { name: 'opcode 15', bytes: changed(question, { 2: 0x78 }), verdict: 'refuse', rcode: 4 },
  { name: 'opcode NOTIFY', bytes: changed(question, { 2: 0x20 }), verdict: 'decode' },
  { name: 'no question', bytes: changed(question, { 5: 0 }), verdict: 'refuse', rcode: 1 },
  { name: 'two questions', bytes: changed(question, { 5: 2 }), verdict: 'refuse', rcode: 1 },
  { name: '65,535 questions', bytes: changed(question, { 4: 255, 5: 255 }), verdict: 'refuse', rcode: 1 },
  { name: 'one answer record claimed', bytes: changed(question, { 7: 1 }), verdict: 'decode' },
  { name: 'two answer records claimed', bytes: changed(question, { 7: 2 }), verdict: 'refuse', rcode: 1 },
  { name: 'one authority record claimed', bytes: changed(question, { 9: 1 }), verdict: 'decode' },
  { name: 'two authority records claimed', bytes: changed(question, { 9: 2 }), verdict: 'refuse', rcode: 1 },
  { name: 'two additional records claimed', bytes: changed(question, { 11: 2 }), verdict: 'decode' },
  { name: 'three additional records claimed', bytes: changed(question, { 11: 3 }), verdict: 'refuse', rcode: 1 },
  { name: 'an additional record that is not there', bytes: changed(question, { 11: 1 }), verdict: 'decode' },
  { name: 'the name is a pointer', bytes: joined(question.subarray(0, 12), [0xc0, 0, 0, 1, 0, 1]), verdict: 'decode' },
  {
    name: 'an unknown kind of label',
    bytes: joined(question.subarray(0, 12), [0x41, 0, 0, 1, 0, 1]),
    verdict: 'decode',
  },
  { name: 'a name that runs past the end', bytes: joined(question.subarray(0, 12), [63, 97, 97]), verdict: 'decode' },
  { name: 'a name of 257 octets', bytes: joined(question.subarray(0, 12), longName, [0, 1, 0, 1]), verdict: 'decode' },
  { name: 'a question without class', bytes: question.slice(0, question.length - 2), verdict: 'decode' },
  { name: 'AXFR', bytes: queryBytes('example.org. AXFR'), verdict: 'decode' },
  { name: 'IXFR', bytes: queryBytes('example.org. IXFR'), verdict: 'decode' },
  { name: 'a plain OPT', bytes: queryBytes('a. A', { edns: {} }), verdict: 'ask' },
  { name: 'neutral options', bytes: queryBytes('a. A', { edns: { options: [nsid, subnet] } }), verdict: 'ask' },
  {
    name: 'an option that may matter',
    bytes: queryBytes('a. A', { edns: { options: [{ code: 65_001, data: nsid.data }] } }),
    verdict: 'decode',
  },
  {
    name: 'a malformed subnet',
    bytes: queryBytes('a. A', { edns: { options: [{ code: 8, data: Uint8Array.of(0, 1) }] } }),
    verdict: 'decode',
  },
  { name: 'EDNS version 1', bytes: queryBytes('a. A', { edns: { version: 1 } }), verdict: 'decode' },
  {
    name: 'an OPT cut short',
    bytes: queryBytes('a. A', { edns: { options: [nsid] } }).slice(0, -1),
    verdict: 'decode',
  },
  {
    name: 'an OPT whose owner is no root',
    bytes: changed(queryBytes('a. A', { edns: {} }), { 19: 1 }),
    verdict: 'decode',
  },
  {
    name: 'options that end inside an option',
    bytes: joined(changed(queryBytes('a. A', { edns: {} }), { 29: 3 }), [0, 3, 0]),
    verdict: 'decode',
  },
]

t.test('each message gets its verdict before anything is decoded', async (t) => {
  for (const { name, bytes, verdict, rcode } of cases) {
    const packet = new Packet()
    t.equal(packet.accept(bytes), verdict, name)
    if (rcode !== undefined) t.equal(packet.rcode, rcode, `${name}: rcode`)
  }
})

t.test('the same packet object forgets the message before', async (t) => {
  const packet = new Packet()
  packet.accept(queryBytes('a. A', { edns: { do: true, options: [nsid] } }))
  t.equal(echoedFrom(packet).length, 1)
  packet.accept(queryBytes('a. A'))
  t.same([packet.hasOpt, echoedFrom(packet)], [false, []])
  packet.accept(question.slice(0, 14))
  t.equal(packet.questionEnd, 12)
})

const keyOf = (text: string, options: QuestionOptions = {}): string => {
  const packet = new Packet()
  packet.accept(queryBytes(text, options))
  return packet.key
}

t.test('the key tells apart what an answer may depend on, and nothing else', async (t) => {
  const base = keyOf('www.example.org. A')
  const same: [string, string][] = [
    ['spelling', keyOf('wWw.eXample.ORG. A')],
    ['id', keyOf('www.example.org. A', { id: 999 })],
    [
      'AA, TC, RA and Z',
      keyOf('www.example.org. A', { flags: flagBits.rd | flagBits.aa | flagBits.tc | flagBits.ra | flagBits.z }),
    ],
  ]
  for (const [what, key] of same) t.equal(key, base, what)
  const different = [
    base,
    keyOf('www.example.org. AAAA'),
    keyOf('ww.example.org. A'),
    keyOf('www.example.org. A', { class: 'CH' }),
    keyOf('www.example.org. A', { flags: 0 }),
    keyOf('www.example.org. A', { flags: flagBits.rd | flagBits.cd }),
    keyOf('www.example.org. A', { flags: flagBits.rd | flagBits.ad }),
    keyOf('www.example.org. A', { edns: {} }),
    keyOf('www.example.org. A', { edns: { do: true } }),
  ]
  t.equal(new Set(different).size, different.length)
  const edns = [
    keyOf('a. A', { edns: { size: 512 } }),
    keyOf('a. A', { edns: { size: 4096, z: 5, options: [nsid, subnet] } }),
  ]
  t.equal(edns[0], edns[1], 'size, Z and neutral options')
})

t.test('only options that are sent back are echoed, each once', async (t) => {
  const all = [1, 3, 5, 8, 9, 10, 11, 12, 15, 65_001].map((code) => ({
    code,
    data: code === 8 ? subnet.data : Uint8Array.of(code & 255),
  }))
  const packet = new Packet()
  // In place, and decoded because one of the options may matter.
  for (const options of [all.filter(({ code }) => [3, 8, 9, 10, 11, 12].includes(code)), all]) {
    const bytes = queryBytes('a. A', { edns: { options } })
    packet.accept(bytes)
    packet.takeEdns({ udpSize: 1232, version: 0, do: false, z: 0, extendedRcode: 0, options })
    t.same(
      echoedFrom(packet).map(({ code }) => code),
      [3, 9, 10, 11, 12],
    )
  }
})
