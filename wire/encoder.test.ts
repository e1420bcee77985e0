import t from 'tap'
import { Encoder } from './encoder.ts'
import { isFault } from './fault.ts'
import { decodeMessage, type Message } from './message.ts'
import { Name } from './name.ts'
import { formatRecord, parseRecord } from './presentation.ts'
import { ResourceRecord } from './record.ts'
import { types } from './registry.ts'

const question = { name: Name.parse('www.example.org.'), type: types.A, class: 1 }

/** The octets of an answer to www.example.org. behind its question (which ends at 33). */
function answerHex(...records: string[]): string {
  const encoder = new Encoder(65_535)
  encoder.question(question)
  encoder.section(
    'answer',
    records.map((record) => parseRecord(record)),
  )
  return Buffer.from(encoder.finish().subarray(33)).toString('hex')
}

function decoded(bytes: Uint8Array): Message {
  const message = decodeMessage(bytes)
  if (isFault(message)) throw new Error(message.fault)
  return message
}

t.test('owners, and names in the rdata of the types of RFC 1035, are compressed', async (t) => {
  const cases: [records: string[], hex: string][] = [
    [['www.example.org. 1 A 192.0.2.1'], 'c00c 0001 0001 00000001 0004 c0000201'],
    [['example.org. 1 NS www.example.org.'], 'c010 0002 0001 00000001 0002 c00c'],
    [['. 1 NS a.org.'], '00 0002 0001 00000001 0004 0161c018'],
    [['www.example.org. 1 MX 10 mx.example.org.'], 'c00c 000f 0001 00000001 0007 000a 026d78c010'],
    [
      ['example.org. 1 SOA a.example.org. b.a.example.org. 1 2 3 4 5'],
      'c010 0006 0001 00000001 001c 0161c010 0162c02d 00000001 00000002 00000003 00000004 00000005',
    ],
  ]
  for (const [records, hex] of cases) t.equal(answerHex(...records), hex.replaceAll(' ', ''), records.join())
})

t.test('names in the rdata of later types are written whole, but others may point to them', async (t) => {
  t.equal(
    answerHex('www.example.org. 1 SRV 1 2 3 t.example.org.', 't.example.org. 1 A 192.0.2.1'),
    'c00c 0021 0001 00000001 0015 000100020003 0174076578616d706c65036f726700 c033 0001 0001 00000001 0004 c0000201'.replaceAll(
      ' ',
      '',
    ),
  )
  for (const text of [
    'DNAME t.example.org.',
    'HTTPS 1 t.example.org.',
    'NAPTR 1 2 "" "" "" t.example.org.',
    'RP a.example.org. b.example.org.',
  ])
    t.match(answerHex(`www.example.org. 1 ${text}`), /076578616d706c65036f726700$/, text)
})

t.test('a name is never sent in the spelling of another', async (t) => {
  t.match(answerHex('WWW.example.org. 1 A 192.0.2.1'), /^03575757c010/)
  t.match(answerHex('www.Example.org. 1 A 192.0.2.1'), /^03777777074578616d706c65c018/)
})

t.test('a record that does not fit is taken back whole, and all that would follow it', async (t) => {
  const records = ['a', 'b', 'c'].map((label) => parseRecord(`${label}.example.org. 1 A 192.0.2.1`))
  const encoder = new Encoder(33 + 18 + 18)
  encoder.question(question)
  encoder.section('answer', records)
  encoder.section('additional', [parseRecord('. 1 A 192.0.2.1')])
  const message = decoded(encoder.finish())
  t.ok(encoder.truncated)
  t.equal(message.flags & 0x0200, 0x0200)
  t.same(message.answer.map(formatRecord), records.slice(0, 2).map(formatRecord))
  t.same(message.additional, [])
})

t.test('room that is reserved is left for OPT', async (t) => {
  const opt = Uint8Array.of(0, 0, 41, 4, 208, 0, 0, 0, 0, 0, 0)
  const encoder = new Encoder(33 + 18 + opt.length + 17)
  encoder.reserve(opt.length)
  encoder.question(question)
  encoder.section(
    'answer',
    ['a', 'b'].map((label) => parseRecord(`${label}.example.org. 1 A 192.0.2.1`)),
  )
  encoder.raw(opt)
  const message = decoded(encoder.finish())
  t.equal(message.answer.length, 1)
  t.equal(message.edns?.udpSize, 1232)
  t.equal(encoder.length, 33 + 18 + opt.length)
})

t.test('names behind the reach of a pointer are written whole and nothing points to them', async (t) => {
  const filler = new ResourceRecord(Name.root, types.NULL, 1, 0, new Uint8Array(0x3fff - 33 - 11))
  const late = ['late.test. 1 A 192.0.2.1', 'late.test. 1 A 192.0.2.2', 'x.www.example.org. 1 A 192.0.2.3']
  const encoder = new Encoder(65_535)
  encoder.question(question)
  const starts: number[] = []
  encoder.section('answer', [filler, ...late.map((text) => parseRecord(text))], (_, at) => starts.push(at))
  const bytes = encoder.finish()
  t.equal(starts[1], 0x3fff, 'the first late name starts at the last offset that a pointer reaches')
  t.same([...bytes.subarray(starts[2], starts[2]! + 2)], [0xff, 0xff])
  t.same(
    decoded(bytes).answer.slice(1).map(formatRecord),
    late.map((text) => formatRecord(parseRecord(text))),
  )
  const test = Buffer.from(bytes).toString('latin1').split('\x04test').length - 1
  t.equal(test, 1)

  const later = new Encoder(65_535)
  later.section('answer', [
    new ResourceRecord(Name.root, types.NULL, 1, 0, new Uint8Array(0x4000)),
    ...late.map((text) => parseRecord(text)),
  ])
  const whole = later.finish()
  t.equal(Buffer.from(whole).toString('latin1').split('\x04late\x04test\0').length - 1, 2)
  t.same(
    decoded(whole).answer.slice(1).map(formatRecord),
    late.map((text) => formatRecord(parseRecord(text))),
  )
})

t.test('TTLs age from the time a record was born, in whole seconds and never below zero', async (t) => {
  const cases: [born: number, now: number, ttl: number][] = [
    [0, 1_000_000, 300],
    [1000, 1000, 300],
    [1000, 1999, 300],
    [1000, 2000, 299],
    [1000, 301_000, 0],
    [1000, 900_000, 0],
    [1000, 500, 300],
  ]
  for (const [born, now, ttl] of cases) {
    const encoder = new Encoder(512, now)
    encoder.section('answer', [parseRecord('a. 300 A 192.0.2.1').withTtl(300, born)])
    t.equal(decoded(encoder.finish()).answer[0]!.ttl, ttl, `born ${born}, now ${now}`)
  }
})

t.test('a live serial is written over the one in the SOA, compressed or not', async (t) => {
  const { owner, type, class: klass, ttl, rdata } = parseRecord('www.example.org. SOA www.example.org. a.b. 1 2 3 4 5')
  const serial = { value: 1 }
  const soa = new ResourceRecord(owner, type, klass, ttl, rdata, 0, serial)
  serial.value = 4_000_000_000
  const encoder = new Encoder(512)
  encoder.question(question)
  encoder.section('authority', [soa])
  t.same(decoded(encoder.finish()).authority.map(formatRecord), [
    'www.example.org. 3600 IN SOA www.example.org. a.b. 4000000000 2 3 4 5',
  ])
  t.equal(rdata.at(-17), 1, 'the record itself stays as it is')
})

t.test('the uncompressed length counts every record, those that were left out too', async (t) => {
  const encoder = new Encoder(512)
  encoder.reserve(11)
  encoder.question(question)
  const record = parseRecord(`www.example.org. TXT ${`"${'x'.repeat(255)}" `.repeat(3)}`)
  encoder.section('answer', [record])
  t.equal(encoder.uncompressedLength, 12 + 11 + 21 + (17 + 10 + 768))
  t.ok(encoder.truncated)
})

t.test('rdata that does not fit its type is sent as it is, and soon', async (t) => {
  const broken: [type: number, rdata: number[]][] = [
    [types.CNAME, []],
    [types.CNAME, [3, 97]],
    [types.CNAME, [0xc0, 12]],
    [types.SOA, [1, 97, 0]],
    [types.MX, [0]],
    [types.MINFO, [0, 5]],
  ]
  for (const [type, rdata] of broken) {
    const encoder = new Encoder(512)
    encoder.section('answer', [new ResourceRecord(Name.root, type, 1, 0, Uint8Array.from(rdata))])
    t.same([...encoder.finish().subarray(23)], rdata)
  }
})
