import fc from 'fast-check'
import t from 'tap'
import { formatAddress, unmapOctets } from './address.ts'
import { addressOfReverse, isReverse, reverseName, reverseZones } from './reverse.ts'

t.test('a prefix stands for the reverse zones that cover it', async (t) => {
  const cases: [cidr: string, zones: string[] | null][] = [
    ['10.1.2.3/8', ['10.in-addr.arpa.']],
    ['10.0.0.0/08', ['10.in-addr.arpa.']],
    ['0.0.0.0/0', ['in-addr.arpa.']],
    ['10.0.0.0/15', ['0.10.in-addr.arpa.', '1.10.in-addr.arpa.']],
    ['192.168.1.1/23', ['0.168.192.in-addr.arpa.', '1.168.192.in-addr.arpa.']],
    ['192.0.2.1/32', ['1.2.0.192.in-addr.arpa.']],
    ['2001:db8::/32', ['8.b.d.0.1.0.0.2.ip6.arpa.']],
    ['2001:db8::/31', ['8.b.d.0.1.0.0.2.ip6.arpa.', '9.b.d.0.1.0.0.2.ip6.arpa.']],
    ['2001:db8::/30', ['8', '9', 'a', 'b'].map((nibble) => `${nibble}.b.d.0.1.0.0.2.ip6.arpa.`)],
    ['2001:db0::/27', ['a', 'b'].map((nibble) => `${nibble}.d.0.1.0.0.2.ip6.arpa.`)],
    ['1::/0', ['ip6.arpa.']],
    ['10.0.0.0', null],
    ['10.0.0.0/33', null],
    ['10.0.0.0/-1', null],
    ['10.0.0.0/', null],
    ['010.0.0.0/8', null],
    ['2001:db8::/129', null],
    ['fe80::%eth0/64', null],
    ['example.org', null],
  ]
  for (const [cidr, zones] of cases) t.same(reverseZones(cidr), zones, cidr)
  t.equal(reverseZones('10.0.0.0/27')!.length, 32)
  t.equal(reverseZones('0.0.0.0/1')!.length, 128)
  t.equal(reverseZones('8000::/1')![7], 'f.ip6.arpa.')
})

t.test('a reverse name gives its address, and the address its name', async (t) => {
  const cases: [name: string, address: string | null][] = [
    ['54.119.58.176.in-addr.arpa.', '176.58.119.54'],
    ['1.0.0.10.IN-ADDR.ARPA.', '10.0.0.1'],
    ['b.a.9.8.7.6.5.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa.', '2001:db8::567:89ab'],
    [`${'0.'.repeat(32)}ip6.arpa.`, '::'],
    ['58.176.in-addr.arpa.', null],
    ['1.54.119.58.176.in-addr.arpa.', null],
    ['256.119.58.176.in-addr.arpa.', null],
    ['x.119.58.176.in-addr.arpa.', null],
    ['01.0.0.10.in-addr.arpa.', null],
    [`${'0.'.repeat(31)}ip6.arpa.`, null],
    [`${'0.'.repeat(33)}ip6.arpa.`, null],
    [`${'0.'.repeat(30)}00.0.ip6.arpa.`, null],
    ['in-addr.arpa.', null],
    ['example.org.', null],
  ]
  for (const [name, address] of cases) {
    t.equal(addressOfReverse(name), address, name)
    if (address !== null) t.equal(reverseName(address), name.toLowerCase())
  }
  t.equal(addressOfReverse('4.0.3.0.2.0.1.0.f.f.f.f.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.ip6.arpa.'), '1.2.3.4')
  t.equal(reverseName('x'), null)
})

t.test('every address comes back from its reverse name', async () => {
  const bytes = fc.oneof(fc.uint8Array({ minLength: 4, maxLength: 4 }), fc.uint8Array({ minLength: 16, maxLength: 16 }))
  fc.assert(
    fc.property(bytes, (bytes) => {
      const address = formatAddress(unmapOctets(bytes))
      return addressOfReverse(reverseName(address)!) === address
    }),
  )
})

t.test('only names below the two apexes are reverse names', async (t) => {
  t.ok(isReverse('10.in-addr.arpa.'))
  t.ok(isReverse('8.b.d.0.1.0.0.2.ip6.arpa.'))
  t.notOk(isReverse('in-addr.arpa.'))
  t.notOk(isReverse('cluster.local.'))
})
