// The judge's reader: every layout of rdata in presentation form, broken messages, and dns-packet as a second opinion.
import * as packet from 'dns-packet'
import t from 'tap'
import { decodeMessage } from './decode.ts'
import { encodeName, encodeQuery, encodeRecord } from './encode.ts'
import { formatAddress6, parseAddress, parseName } from './text.ts'

/** A reply with one record of this type and rdata in hexadecimal. */
function reply(type: string, rdata: string): Buffer {
  const record = encodeRecord({
    name: 'a.example.',
    type,
    ttl: 60,
    rdata: Buffer.from(rdata.replaceAll(' ', ''), 'hex'),
  })
  return Buffer.concat([Buffer.from('000184000000000100000000', 'hex'), record])
}

const rdataOf = (type: string, rdata: string): string | undefined => decodeMessage(reply(type, rdata)).answer[0]?.rdata

t.test('rdata is written in presentation form', async (t) => {
  const table: [type: string, hexadecimal: string, text: string][] = [
    ['A', 'c0000201', '192.0.2.1'],
    ['A', 'c00002', '\\# 3 c00002'],
    ['AAAA', '20010db8000000000000000000000001', '2001:db8::1'],
    ['NS', '026e73 00', 'ns.'],
    ['CNAME', '0161 0762 2e632064 5c65 00', 'a.b\\.c\\032d\\\\e.'],
    ['SOA', '00 00 00000001 00000002 00000003 00000004 00000005', '. . 1 2 3 4 5'],
    ['MX', '000a 026d78 00', '10 mx.'],
    ['TXT', '03 612062 02 225c 01 07', '"a b" "\\"\\\\" "\\007"'],
    ['HINFO', '01 78 00', '"x" ""'],
    ['SRV', '0001 0002 0035 00', '1 2 53 .'],
    ['NAPTR', '0064 000a 0153 00 00 0161 00', '100 10 "S" "" "" a.'],
    ['CAA', '00 05 6973737565 63612e74657374', '0 issue "ca.test"'],
    ['URI', '0001 0002 613a62', '1 2 "a:b"'],
    ['TLSA', '03 01 01 abcd', '3 1 1 abcd'],
    ['SSHFP', '01 02 abcd', '1 2 abcd'],
    ['DS', '0102 0d 02 abcd', '258 13 2 abcd'],
    ['DNSKEY', '0101 03 0d 616263', '257 3 13 YWJj'],
    [
      'RRSIG',
      '0001 0d 02 0000003c 00000000 7fffffff 0001 0161 00 616263',
      'A 13 2 60 19700101000000 20380119031407 1 a. YWJj',
    ],
    ['NSEC', '0161 00 0006400000080003 0101 40', 'a. A AAAA RRSIG NSEC CAA'],
    ['NSEC3', '01 00 0005 02 abcd 03 616263 0001 40', '1 0 5 abcd C5H66 A'],
    ['NSEC3', '01 00 0000 00 01 ff', '1 0 0 - VS'],
    ['NSEC3PARAM', '01 00 0005 00', '1 0 5 -'],
    [
      'SVCB',
      '0001 00 0001 0003 026832 0003 0002 01bb 0004 0004 c0000201',
      '1 . alpn="h2" port="443" ipv4hint="192.0.2.1"',
    ],
    ['HTTPS', '0001 00 0000 0002 0001 0002 0000 ffff 0001 07', '1 . mandatory="alpn" no-default-alpn key65535="0x07"'],
    ['NULL', '0102', '\\# 2 0102'],
    ['TYPE65280', '', '\\# 0'],
  ]
  for (const [type, hexadecimal, text] of table) t.equal(rdataOf(type, hexadecimal), text, `${type} ${text}`)
})

t.test('a message that breaks the format is a fault', async (t) => {
  const header = '000184000000000100000000'
  const table: [name: string, hexadecimal: string, fault: RegExp][] = [
    ['shorter than a header', '00018400', /no header/],
    ['a count without a record', header, /left/],
    ['a name past the end', `${header}0561`, /left/],
    ['a pointer to itself', `${header}c00c000100010000003c0004c0000201`, /loop/],
    ['a pointer past the end', `${header}c0ff000100010000003c0004c0000201`, /left/],
    ['a label of an unknown type', `${header}41000001`, /label type/],
    ['rdata past the end', `${header}00000100010000003c0008c0000201`, /left/],
    ['rdata longer than its fields', `${header}00000f00010000003c0004000a00ff`, /too many/],
    ['a name over 255 bytes', `${header}${`3f${'61'.repeat(63)}`.repeat(4)}00000100010000003c0004c0000201`, /255/],
  ]
  for (const [name, hexadecimal, fault] of table)
    t.throws(() => decodeMessage(Buffer.from(hexadecimal, 'hex')), fault, name)
})

t.test('what dns-packet encodes is read as it was meant', async (t) => {
  const bytes = packet.encode({
    type: 'response',
    id: 7,
    flags: packet.AUTHORITATIVE_ANSWER | packet.RECURSION_DESIRED,
    questions: [{ name: 'www.example.test', type: 'A', class: 'IN' }],
    answers: [
      { name: 'www.example.test', type: 'CNAME', ttl: 5, data: 'host.example.test' },
      { name: 'host.example.test', type: 'A', ttl: 60, data: '192.0.2.9' },
      {
        name: 'host.example.test',
        type: 'SRV',
        ttl: 60,
        data: { priority: 1, weight: 2, port: 3, target: 'host.example.test' },
      },
    ],
    authorities: [{ name: 'example.test', type: 'NS', ttl: 7, data: 'ns.example.test' }],
    additionals: [
      {
        name: '.',
        type: 'OPT',
        udpPayloadSize: 1232,
        extendedRcode: 1,
        ednsVersion: 0,
        flags: packet.DNSSEC_OK,
        flag_do: true,
        options: [],
      },
    ],
  })
  const message = decodeMessage(bytes)
  t.match(message, { id: 7, qr: true, rcode: 'BADVERS', trailing: 0, edns: { size: 1232, do: true, version: 0 } })
  t.match(message.flags, { aa: true, rd: true, ra: false, tc: false })
  t.same(message.question, [{ name: 'www.example.test.', type: 'A', class: 'IN' }])
  t.same(message.answer, [
    { name: 'www.example.test.', type: 'CNAME', ttl: 5, rdata: 'host.example.test.' },
    { name: 'host.example.test.', type: 'A', ttl: 60, rdata: '192.0.2.9' },
    { name: 'host.example.test.', type: 'SRV', ttl: 60, rdata: '1 2 3 host.example.test.' },
  ])
  t.same(message.authority, [{ name: 'example.test.', type: 'NS', ttl: 7, rdata: 'ns.example.test.' }])
})

t.test('a query says to dns-packet what its fields say', async (t) => {
  const query = {
    name: 'A.example.',
    type: 'AAAA',
    cd: true,
    edns: { size: 4096, do: true, ecs: '192.0.2.0/24', cookie: '0102030405060708' },
  }
  const decoded = packet.decode(encodeQuery(query, 77))
  t.match(decoded, { id: 77, type: 'query', questions: [{ name: 'A.example', type: 'AAAA', class: 'IN' }] })
  t.equal((decoded.flags ?? 0) & (packet.RECURSION_DESIRED | packet.CHECKING_DISABLED), 0x110)
  const [opt] = decoded.additionals ?? []
  t.match(opt, { type: 'OPT', udpPayloadSize: 4096, flag_do: true })
  t.match(opt, { options: [{ code: 8, ip: '192.0.2.0', sourcePrefixLength: 24 }, { code: 10 }] })
})

t.test('an IXFR names the serial that the client has', async (t) => {
  const message = decodeMessage(encodeQuery({ name: 'example.', type: 'IXFR', serial: 9 }, 1))
  t.same(message.authority, [{ name: 'example.', type: 'SOA', ttl: 0, rdata: '. . 9 0 0 0 0' }])
})

t.test('names and addresses go both ways', async (t) => {
  for (const name of ['.', 'a.b.', 'a\\.b.c.', '\\000\\255.x.', 'x\\"y.']) {
    const query = Buffer.concat([
      Buffer.from('000100000001000000000000', 'hex'),
      encodeName(name),
      Buffer.from('00010001', 'hex'),
    ])
    t.equal(decodeMessage(query).question[0]?.name, name)
  }
  t.same(parseName('a\\046b.'), [Buffer.from('a.b')])
  for (const address of ['::', '::1', '2001:db8::', '1:0:0:2::3', '1:2:3:4:5:6:7:8', '::ffff:192.0.2.1', '0:1::']) {
    t.equal(formatAddress6(parseAddress(address)), address)
  }
  t.equal(formatAddress6(parseAddress('1:0:2:3:4:5:6:7')), '1:0:2:3:4:5:6:7', 'a single zero group stays')
})
