import fc from 'fast-check'
import t from 'tap'
import { anyType, records } from '../test/support/wire-generators.ts'
import { layoutFits } from './layout.ts'
import { Name } from './name.ts'
import { formatRdata, formatRecord, PresentationError, parseRdata, parseRecord } from './presentation.ts'
import { ResourceRecord } from './record.ts'
import { classes, types } from './registry.ts'
import { splitWords } from './words.ts'

t.test('a record is read with its TTL and class in any order, and completed by the defaults', async (t) => {
  const origin = Name.parse('Example.org.')
  const cases: [text: string, form: string][] = [
    ['www 300 IN A 192.0.2.1', 'www.Example.org. 300 IN A 192.0.2.1'],
    ['www IN 1h A 192.0.2.1', 'www.Example.org. 3600 IN A 192.0.2.1'],
    ['www A 192.0.2.1', 'www.Example.org. 60 CH A 192.0.2.1'],
    ['@ MX 10 @', 'Example.org. 60 CH MX 10 Example.org.'],
    ['a.b. CNAME c', 'a.b. 60 CH CNAME c.Example.org.'],
    ['* cname *', '*.Example.org. 60 CH CNAME *.Example.org.'],
    ['a\\.b TXT "x"', 'a\\.b.Example.org. 60 CH TXT "x"'],
    ['a CLASS32 TYPE731 \\# 6 abcd ( ef 01 23 45 )', 'a.Example.org. 60 CLASS32 TYPE731 \\# 6 abcdef012345'],
    ['a TYPE1 192.0.2.1', 'a.Example.org. 60 CH A 192.0.2.1'],
    ['a AAAA \\# 16 20010db8000000000000000000000001', 'a.Example.org. 60 CH AAAA 2001:db8::1'],
    ['a ANY A 192.0.2.1', 'a.Example.org. 60 ANY A 192.0.2.1'],
    ['a 5 ANY ANY \\# 0', 'a.Example.org. 5 ANY ANY \\# 0'],
    ['a NULL \\# 0', 'a.Example.org. 60 CH NULL \\# 0'],
    ['\\@ TXT é', '\\@.Example.org. 60 CH TXT "\\195\\169"'],
  ]
  for (const [text, form] of cases)
    t.equal(formatRecord(parseRecord(text, { origin, ttl: 60, class: classes.CH })), form, text)
  t.equal(formatRecord(parseRecord('www A 192.0.2.1')), 'www. 3600 IN A 192.0.2.1')
})

t.test('text that is no record is refused with the field and the word', async (t) => {
  const cases: [text: string, message: string][] = [
    ['', 'bad owner name: ""'],
    ['a..b A 192.0.2.1', 'bad owner name: "a..b"'],
    ['a', 'unknown RR type: ""'],
    ['a 300 IN', 'unknown RR type: ""'],
    ['a NONSENSE 1', 'unknown RR type: "NONSENSE"'],
    ['a 99999999999 A 192.0.2.1', 'unknown RR type: "99999999999"'],
    ['a A', 'bad A A: ""'],
    ['a A 192.0.2.256', 'bad A A: "192.0.2.256"'],
    ['a A ::1', 'bad A A: "::1"'],
    ['a AAAA 192.0.2.1', 'bad AAAA AAAA: "192.0.2.1"'],
    ['a A 192.0.2.1 192.0.2.2', 'garbage after rdata: "192.0.2.2"'],
    ['a MX mail.', 'bad MX Pref: "mail."'],
    ['a MX 65536 mail.', 'bad MX Pref: "65536"'],
    ['a MX -1 mail.', 'bad MX Pref: "-1"'],
    ['a MX 10', 'bad MX Mx: ""'],
    ['a NS a..b', 'bad NS Ns: "a..b"'],
    [`a NS ${'x'.repeat(64)}.`, `bad NS Ns: "${'x'.repeat(64)}."`],
    ['a SOA a. b. 4294967296 1 1 1 1', 'bad SOA zone parameter: "4294967296"'],
    ['a SOA a. b. 1h 1 1 1 1', 'bad SOA zone parameter: "1h"'],
    ['a SOA a. b. 1 1x 1 1 1', 'bad SOA zone parameter: "1x"'],
    ['a TXT', 'bad TXT Txt: ""'],
    ['a TXT \\300', 'bad TXT Txt: "\\\\300"'],
    ['a HINFO', 'bad HINFO Fields: ""'],
    ['a RRSIG A 8 2 300 20251301000000 20250101000000 1 . AQID', 'bad RRSIG Expiration: "20251301000000"'],
    ['a RRSIG A 8 2 300 20250230000000 20250101000000 1 . AQID', 'bad RRSIG Expiration: "20250230000000"'],
    ['a RRSIG NOPE 8 2 300 1 1 1 . AQID', 'bad RRSIG Typecovered: "NOPE"'],
    ['a RRSIG A 8 2 300 1 1 1 . AQI', 'bad RRSIG Signature: "AQI"'],
    ['a DS 1 8 2 abc', 'bad DS Digest: "abc"'],
    ['a DS 1 8 2', 'bad DS Digest: ""'],
    ['a DNSKEY 256 3 NOPE AQID', 'bad DNSKEY Algorithm: "NOPE"'],
    ['a NSEC b. A NOPE', 'bad NSEC TypeBitMap: "NOPE"'],
    ['a NSEC3 1 0 0 xy 00', 'bad NSEC3 Salt: "xy"'],
    ['a NSEC3 1 0 0 - W0', 'bad NSEC3 NextDomain: "W0"'],
    ['a NXT b. TYPE128', 'bad NXT TypeBitMap: "NXNAME"'],
    ['a LOC 91 N 0 E 0', 'bad LOC Latitude: "91"'],
    ['a LOC 90 1 N 0 E 0', 'bad LOC Latitude: "90.01666666666667"'],
    ['a LOC 1 60 N 0 E 0', 'bad LOC Latitude minutes: "60"'],
    ['a LOC 1 1 60 N 0 E 0', 'bad LOC Latitude seconds: "60"'],
    ['a LOC 1 1 1 0 E 0', 'bad LOC Latitude North/South: "0"'],
    ['a LOC 1 N 181 E 0', 'bad LOC Longitude: "181"'],
    ['a LOC 1 N 1 1 1 N 0', 'bad LOC Longitude East/West: "N"'],
    ['a LOC 1 N 1 E', 'bad LOC Altitude: ""'],
    ['a LOC 1 N 1 E -100000.01m', 'bad LOC Altitude: "-100000.01m"'],
    ['a LOC 1 N 1 E 0 90000000.01m', 'bad LOC Size: "90000000.01m"'],
    ['a LOC 1 N 1 E 0 1m m', 'bad LOC HorizPre: "m"'],
    ['a LOC 1 N 1 E 0 1m 1m 1m 1m', 'garbage after rdata: "1m"'],
    ['a APL 1:10.0.0.1/8', 'bad APL Prefix: "1:10.0.0.1/8"'],
    ['a APL 2:10.0.0.0/8', 'bad APL Prefix: "2:10.0.0.0/8"'],
    ['a APL 10.0.0.0/8', 'bad APL Prefix: "10.0.0.0/8"'],
    ['a CAA 0 is-sue "x"', 'bad CAA Tag: "is-sue"'],
    ['a CAA 0 issue', 'bad CAA Value: ""'],
    ['a IPSECKEY 10 1 2 ::1 AQID', 'bad IPSECKEY gateway: "::1"'],
    ['a IPSECKEY 10 4 2 . AQID', 'bad IPSECKEY gateway: "."'],
    ['a AMTRELAY 10 2 1 192.0.2.1', 'bad AMTRELAY discovery: "2"'],
    ['a EUI48 00-00-5e-00-53', 'bad EUI48 Address: "00-00-5e-00-53"'],
    ['a NID 10 14:4fff:ff20:ee64', 'bad NID NodeID: "14:4fff:ff20:ee64"'],
    ['a GPOS x 1 1', 'bad GPOS Longitude: "x"'],
    ['a SVCB 1 . nope=1', 'bad SVCB key: "nope"'],
    ['a SVCB 1 . key65535=1', 'bad SVCB key: "key65535"'],
    ['a SVCB 1 . port=53 port=53', 'bad SVCB SvcParam given twice: "port=53"'],
    ['a SVCB 1 . port=65536', 'bad SVCB value: "port=65536"'],
    ['a SVCB 1 . port', 'bad SVCB value: "port"'],
    ['a SVCB 1 . key3=x', 'bad SVCB value: "key3=x"'],
    ['a SVCB 1 . alpn=', 'bad SVCB value: "alpn="'],
    ['a SVCB 1 . alpn=h2,,h3', 'bad SVCB value: "alpn=h2,,h3"'],
    ['a SVCB 1 . no-default-alpn=x', 'bad SVCB value: "no-default-alpn=x"'],
    ['a SVCB 1 . ipv4hint=::1', 'bad SVCB value: "ipv4hint=::1"'],
    ['a SVCB 1 . mandatory=alpn', 'bad SVCB mandatory key is missing: "alpn"'],
    ['a SVCB 1 . mandatory=alpn,alpn alpn=h2', 'bad SVCB value: "mandatory=alpn,alpn"'],
    ['a SVCB 1 . mandatory=mandatory', 'bad SVCB value: "mandatory=mandatory"'],
    ['a SVCB 1 . ech=AQI', 'bad SVCB value: "ech=AQI"'],
    ['a TYPE731 x', 'bad RFC3597 Rdata: "x"'],
    ['a TYPE731 \\# 2 abcdef', 'bad RFC3597 Rdata: "2"'],
    ['a TYPE731 \\# x', 'bad RFC3597 Rdata: "x"'],
    ['a A \\# 3 0a0000', 'bad RFC3597 Rdata: "3"'],
    ['a MX \\# 4 000a0161', 'bad RFC3597 Rdata: "4"'],
    ['a NULL x', 'NULL records do not have a presentation format: "x"'],
    ['a ANY', 'ANY records do not have a presentation format: ""'],
    [`a TXT ${`"${'x'.repeat(255)}" `.repeat(257)}`, 'bad TXT: rdata longer than 65535 octets: ""'],
  ]
  for (const [text, message] of cases) t.throws(() => parseRecord(text), { name: 'PresentationError', message }, text)
})

t.test('rdata that does not fit its type is written as RFC 3597 says', async (t) => {
  const cases: [type: number, rdata: number[], form: string][] = [
    [types.A, [10, 0, 0], '\\# 3 0a0000'],
    [types.A, [], '\\# 0'],
    [types.MX, [0, 1, 0xc0, 12], '\\# 4 0001c00c'],
    [types.TXT, [3, 97], '\\# 2 0361'],
    [types.NSEC, [0, 0, 1, 0], '\\# 4 00000100'],
    [types.SVCB, [0, 1, 0, 0, 3, 0, 1, 0], '\\# 8 0001000003000100'],
    [types.LOC, [1, ...new Array<number>(15).fill(0)], `\\# 16 01${'00'.repeat(15)}`],
    [types.ISDN, [1, 49], '\\# 2 0131'],
    [types.GPOS, [1, 120, 1, 49, 1, 49], '\\# 6 017801310131'],
  ]
  for (const [type, rdata, form] of cases) t.equal(formatRdata(type, Uint8Array.from(rdata)), form)
})

t.test('a SOA is written with the serial that it has now', async (t) => {
  const { owner, type, class: klass, ttl, rdata } = parseRecord('a. SOA b. c. 1 2 3 4 5')
  const serial = { value: 4_294_967_295 }
  t.equal(
    formatRecord(new ResourceRecord(owner, type, klass, ttl, rdata, 0, serial)),
    'a. 3600 IN SOA b. c. 4294967295 2 3 4 5',
  )
})

t.test('every record comes back from its text, octet for octet', async () => {
  fc.assert(
    fc.property(records, (record) => {
      const text = formatRecord(record)
      const back = parseRecord(text)
      return (
        /^[\x20-\x7e]+$/.test(text) &&
        Buffer.compare(back.rdata, record.rdata) === 0 &&
        Buffer.compare(back.owner.wire, record.owner.wire) === 0 &&
        back.ttl === record.ttl &&
        back.class === record.class &&
        back.type === record.type
      )
    }),
    { numRuns: 3000 },
  )
})

t.test('any octets as any type have a text, which reads back unless they cannot be that type', async () => {
  fc.assert(
    fc.property(anyType, fc.uint8Array({ maxLength: 40 }), (type, rdata) => {
      const text = formatRdata(type, rdata)
      try {
        return Buffer.compare(parseRdata(type, splitWords(text), Name.root), rdata) === 0
      } catch (error) {
        return error instanceof PresentationError && !layoutFits(type, rdata)
      }
    }),
    { numRuns: 5000 },
  )
})

t.test('any words as any type are read or refused, and nothing else happens', async () => {
  const word = fc.oneof(
    fc.constantFrom(
      '0',
      '1',
      '300',
      '@',
      '.',
      'a.b.',
      'A',
      'MX',
      '\\#',
      '4',
      '0a000001',
      '-',
      'AQID',
      '::1',
      '192.0.2.1',
      '1:10.0.0.0/8',
      'N',
      'E',
    ),
    fc.constantFrom(
      'alpn=h2',
      'port=',
      '"x"',
      'mandatory=alpn',
      'key1=\\002h2',
      '20250101000000',
      '1h',
      '10m',
      '00-00-5e-00-53-2a',
      '\\"',
      '\\',
    ),
    fc.string(),
  )
  fc.assert(
    fc.property(anyType, fc.array(word, { maxLength: 9 }), (type, words) => {
      try {
        const rdata = parseRdata(type, splitWords(words.join(' ')), Name.root)
        const again = parseRdata(type, splitWords(formatRdata(type, rdata)), Name.root)
        return layoutFits(type, rdata) && Buffer.compare(again, rdata) === 0
      } catch (error) {
        return error instanceof PresentationError
      }
    }),
    { numRuns: 5000 },
  )
})
