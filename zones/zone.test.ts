import t from 'tap'
import { zoneOf } from '../test/support/zone-suite.ts'
import { Name } from '../wire/name.ts'
import { formatRecord, parseRecord } from '../wire/presentation.ts'
import type { ResourceRecord } from '../wire/record.ts'
import { types } from '../wire/registry.ts'
import { canonicalKey } from './canonical-order.ts'
import { RecordWriter, readRecords } from './record-stream.ts'
import type { Zone } from './zone.ts'
import { ZoneBuilder } from './zone-builder.ts'

/** Every record, without the pauses between. */
const recordsOf = (zone: Zone): ResourceRecord[] => [...zone.records()].flatMap((record) => record ?? [])

const soa = '@ 60 IN SOA ns host 9 2 3 4 5\n@ 60 IN NS ns\n'

t.test('a zone knows its names, those without records too', async (t) => {
  const zone = zoneOf(`${soa}a.b.C 60 A 192.0.2.1\n`)
  t.equal(zone.serial, 9)
  t.equal(zone.recordCount, 3)
  t.equal(zone.node(Name.parse('A.B.c.example.org.').key)?.isEmpty, false)
  t.equal(zone.node(Name.parse('b.c.example.org.').key)?.isEmpty, true)
  t.equal(zone.node(Name.parse('c.example.org.').key)?.isEmpty, true)
  t.equal(zone.node(Name.parse('d.example.org.').key), undefined)
})

t.test('equal rdata is kept once, in small and large sets', async (t) => {
  const many = Array.from({ length: 40 }, (_, i) => `m 60 A 192.0.2.${i % 20}\n`).join('')
  const zone = zoneOf(`${soa}a 60 A 192.0.2.1\na 90 A 192.0.2.1\n${many}`)
  const count = (name: string): number | undefined => zone.node(Name.parse(name).key)?.set(types.A)?.records.length
  t.equal(count('a.example.org.'), 1)
  t.equal(count('m.example.org.'), 20)
  t.equal(recordsOf(zone).length, 2 + 2 + 40, 'but for transfers, which give the zone as it was written')
})

t.test('names outside the zone are left out', async (t) => {
  const zone = zoneOf(`${soa}ns.example.net. 60 A 192.0.2.1\nnotexample.org. 60 A 192.0.2.1\n`)
  t.equal(zone.node(Name.parse('ns.example.net.').key), undefined)
  t.equal(zone.recordCount, 2)
})

t.test("the SOA of a file that was written for another origin is the zone's", async (t) => {
  const zone = zoneOf('$ORIGIN example.org.\n@ 60 SOA ns host 1 2 3 4 5\nwww 60 A 192.0.2.1\n', '.')
  t.equal(formatRecord(zone.soa), 'example.org. 60 IN SOA ns.example.org. host.example.org. 1 2 3 4 5')
  t.ok(zone.node(Name.parse('www.example.org.').key))
})

t.test('a zone without SOA, or with NSEC3, is none', async (t) => {
  t.throws(() => zoneOf('a 60 A 192.0.2.1\n'), { name: 'ZoneError', message: 'no SOA record for origin example.org.' })
  const nsec3 = 'H 60 IN NSEC3PARAM 1 0 5 A3DEBC9CC4F695C7'
  const message = 'NSEC3 zone is not supported, dropping RR: h.example.org. for zone: example.org.'
  t.throws(() => zoneOf(soa + nsec3), { name: 'ZoneError', message })
})

t.test('records come in the order of a transfer', async (t) => {
  const zone = zoneOf(`z 60 A 192.0.2.9\n@ 60 MX 1 z\n*.z 60 A 192.0.2.8\n${soa}a.y 60 A 192.0.2.1\nY 60 A 192.0.2.2\n`)
  t.strictSame(recordsOf(zone).map(formatRecord), [
    'example.org. 60 IN SOA ns.example.org. host.example.org. 9 2 3 4 5',
    'example.org. 60 IN NS ns.example.org.',
    'example.org. 60 IN MX 1 z.example.org.',
    'Y.example.org. 60 IN A 192.0.2.2',
    'a.y.example.org. 60 IN A 192.0.2.1',
    'z.example.org. 60 IN A 192.0.2.9',
    '*.z.example.org. 60 IN A 192.0.2.8',
  ])
})

t.test('canonical keys order names as RFC 4034 6.1 does', async (t) => {
  const ordered = [
    'example.',
    'a.example.',
    'yljkjljk.a.example.',
    'Z.a.example.',
    'zABC.a.EXAMPLE.',
    'z.example.',
    '\\001.z.example.',
    '*.z.example.',
    '\\200.z.example.',
  ]
  const names = ordered.map((text) => Name.parse(text))
  const sorted = [...names].reverse().sort((a, b) => (canonicalKey(a) < canonicalKey(b) ? -1 : 1))
  t.strictSame(sorted.map(String), names.map(String))
  for (const a of names) {
    for (const b of names) {
      const order = canonicalKey(a) < canonicalKey(b) ? -1 : Number(canonicalKey(a) > canonicalKey(b))
      t.equal(order, Math.sign(a.compare(b)), `${a} and ${b}`)
    }
  }
})

t.test('a record stream gives back what was written', async (t) => {
  const zone = zoneOf(
    `${soa}a 60 A 192.0.2.1\na 70 TXT ""\nA 60 A 192.0.2.2\nu 2147483647 TYPE65281 \\# 0\n${'x 1 TXT abc\n'.repeat(3)}`,
  )
  const records = [...recordsOf(zone), ...Array.from({ length: 5000 }, () => zone.soa)]
  const writer = new RecordWriter()
  for (const record of records) writer.add(record)
  const bytes = writer.finish()
  t.ok(bytes.buffer instanceof SharedArrayBuffer)
  t.strictSame(
    [...readRecords(bytes)].map((record) => formatRecord(record).toLowerCase()),
    records.map((record) => formatRecord(record).toLowerCase()),
  )
})

t.test('a large signed zone is finished in steps, whatever the order of its records', async (t) => {
  const origin = Name.parse('example.org.')
  for (const place of [(i: number) => i, (i: number) => (i * 7919) % 5000]) {
    const builder = new ZoneBuilder(origin)
    builder.add(parseRecord('example.org. 60 IN SOA ns host 1 2 3 4 5'))
    for (let i = 0; i < 5000; i++)
      builder.add(parseRecord(`n${String(place(i)).padStart(4, '0')}.example.org. 60 IN NSEC example.org. A`))
    const steps = builder.finishing()
    let count = 0
    let step = steps.next()
    for (; !step.done; step = steps.next()) count++
    t.ok(count > 10, `${count} steps`)
    const covering = (name: string) => String(step.done && step.value.denial(Name.parse(name))?.records[0]?.owner)
    t.equal(covering('n0000.example.org.'), 'n0000.example.org.')
    t.equal(covering('n1234x.example.org.'), 'n1234.example.org.')
    t.equal(covering('z.example.org.'), 'n4999.example.org.')
  }
})
