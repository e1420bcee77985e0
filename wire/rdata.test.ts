import t from 'tap'
import { Name } from './name.ts'
import { formatRdata, formatRecord, parseRecord } from './presentation.ts'
import {
  addressRdata,
  addressType,
  mxRdata,
  nameAt,
  nameRdata,
  readSoa,
  readSrv,
  readTxt,
  soaRdata,
  srvRdata,
  targetOf,
  txtRdata,
  withTarget,
} from './rdata.ts'
import { ResourceRecord } from './record.ts'
import { types } from './registry.ts'

const name = (text: string): Name => Name.parse(text)

t.test('made rdata is what presentation format says', async (t) => {
  const soa = {
    mname: name('ns.a.'),
    rname: name('h.a.'),
    serial: 4294967295,
    refresh: 1,
    retry: 2,
    expire: 3,
    minimum: 4,
  }
  const cases: [type: number, rdata: Uint8Array | null, text: string][] = [
    [types.A, addressRdata('192.0.2.1'), '192.0.2.1'],
    [types.A, addressRdata('::ffff:192.0.2.1'), '192.0.2.1'],
    [types.AAAA, addressRdata('2001:db8::1'), '2001:db8::1'],
    [types.SOA, soaRdata(soa), 'ns.a. h.a. 4294967295 1 2 3 4'],
    [types.SRV, srvRdata({ priority: 1, weight: 65535, port: 53, target: name('T.a.') }), '1 65535 53 T.a.'],
    [types.MX, mxRdata(10, name('m.a.')), '10 m.a.'],
    [types.PTR, nameRdata(name('p\\.q.a.')), 'p\\.q.a.'],
    [types.TXT, txtRdata(['a b', '"', 'é']), '"a b" "\\"" "\\195\\169"'],
    [types.TXT, txtRdata([]), '""'],
    [types.TXT, txtRdata(['x'.repeat(256)]), `"${'x'.repeat(255)}" "x"`],
    [types.TXT, txtRdata([Uint8Array.of(0, 255)]), '"\\000\\255"'],
  ]
  for (const [type, rdata, text] of cases) t.equal(formatRdata(type, rdata!), text)
  t.equal(addressRdata('x'), null)
  t.equal(addressType(addressRdata('::ffff:192.0.2.1')!), types.A)
  t.equal(addressType(addressRdata('::1')!), types.AAAA)
})

t.test('rdata is read back, and refused when it is cut or too long', async (t) => {
  const soa = parseRecord('a. SOA ns.a. h.a. 7 2h 30m 2w 5').rdata
  t.match(readSoa(soa), { serial: 7, refresh: 7200, retry: 1800, expire: 1209600, minimum: 5 })
  t.equal(`${readSoa(soa)!.mname} ${readSoa(soa)!.rname}`, 'ns.a. h.a.')
  const srv = parseRecord('a. SRV 1 2 3 t.a.').rdata
  t.match(readSrv(srv), { priority: 1, weight: 2, port: 3 })
  t.same(readTxt(txtRdata(['a', '', 'é'])), ['a', '', 'é'])
  for (let length = 0; length < soa.length; length++) t.equal(readSoa(soa.subarray(0, length)), null)
  for (let length = 0; length < srv.length; length++) t.equal(readSrv(srv.subarray(0, length)), null)
  t.equal(readSoa(Uint8Array.from([...soa, 0])), null)
  t.equal(readTxt(Uint8Array.of(2, 97)), null)
})

t.test('a name inside rdata is read where it starts, unless it runs over the end or is compressed', async (t) => {
  const rdata = Uint8Array.of(0, 5, 1, 0x41, 0, 9)
  t.equal(String(nameAt(rdata, 2)), 'A.')
  t.equal(nameAt(rdata, 2)!.wire.length, 3)
  t.equal(nameAt(rdata.subarray(0, 4), 2), null)
  t.equal(nameAt(rdata, 6), null)
  t.equal(nameAt(Uint8Array.of(0xc0, 0), 0), null)
  t.equal(nameAt(new Uint8Array(300).fill(1), 0), null)
})

t.test('a record points to the name in its rdata', async (t) => {
  const cases: [record: string, target: string | null][] = [
    ['a. CNAME T.b.', 'T.b.'],
    ['a. DNAME t.b.', 't.b.'],
    ['a. NS t.b.', 't.b.'],
    ['a. PTR t.b.', 't.b.'],
    ['a. MX 10 t.b.', 't.b.'],
    ['a. SRV 1 2 3 t.b.', 't.b.'],
    ['a. NAPTR 1 2 "u" "s" "" t.b.', 't.b.'],
    ['a. SVCB 1 t.b. port=53', 't.b.'],
    ['a. HTTPS 0 t.b.', 't.b.'],
    ['a. HTTPS 1 . alpn=h2', 'a.'],
    ['a. HTTPS 0 .', '.'],
    ['a. KX 1 t.b.', 't.b.'],
    ['a. LP 1 t.b.', 't.b.'],
    ['a. A 192.0.2.1', null],
    ['a. SOA t.b. t.b. 1 2 3 4 5', null],
    ['a. NSEC t.b. A', null],
    ['a. TXT t.b.', null],
  ]
  for (const [record, target] of cases) t.equal(targetOf(parseRecord(record))?.toString() ?? null, target, record)
  t.equal(targetOf(new ResourceRecord(name('a.'), types.MX, 1, 0, Uint8Array.of(0, 1, 3))), null)
  t.equal(targetOf(new ResourceRecord(name('a.'), types.NAPTR, 1, 0, Uint8Array.of(0, 1, 0, 1, 9))), null)
})

t.test('a record can be pointed to another name', async (t) => {
  const cases: [record: string, changed: string][] = [
    ['a. 5 IN CNAME t.b.', 'a. 5 IN CNAME longer.name.'],
    ['a. 5 IN SRV 1 2 3 t.b.', 'a. 5 IN SRV 1 2 3 longer.name.'],
    ['a. 5 IN HTTPS 1 t.b. alpn="h2"', 'a. 5 IN HTTPS 1 longer.name. alpn="h2"'],
    ['a. 5 IN A 192.0.2.1', 'a. 5 IN A 192.0.2.1'],
  ]
  for (const [record, changed] of cases)
    t.equal(formatRecord(withTarget(parseRecord(record), name('longer.name.'))), changed)
})
