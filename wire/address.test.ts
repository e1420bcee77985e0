import fc from 'fast-check'
import t from 'tap'
import {
  formatAddress,
  formatPrefix,
  isMapped,
  parseAddress,
  parsePrefix,
  prefixContains,
  prefixOf,
  unmapIpv4,
  unmapOctets,
} from './address.ts'

t.test('addresses are written in the canonical form of RFC 5952', async (t) => {
  const cases: [text: string, canonical: string | null][] = [
    ['192.0.2.1', '192.0.2.1'],
    ['255.255.255.255', '255.255.255.255'],
    ['::', '::'],
    ['::1', '::1'],
    ['1::', '1::'],
    ['2001:DB8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['1:0:0:2:0:0:0:3', '1:0:0:2::3'],
    ['1:2:3:4:5:6:7::', '1:2:3:4:5:6:7:0'],
    ['::2:3:4:5:6:7:8', '0:2:3:4:5:6:7:8'],
    ['1:2:3:4:5:6:1.2.3.4', '1:2:3:4:5:6:102:304'],
    ['::ffff:1.2.3.4', '::ffff:1.2.3.4'],
    ['::ffff:102:304', '::ffff:1.2.3.4'],
    ['::1.2.3.4', '::102:304'],
    ['01.2.3.4', null],
    ['1.2.3', null],
    ['1.2.3.256', null],
    ['1.2.3.4 ', null],
    ['fe80::1%eth0', null],
    ['::ffff:1.2.3.4%eth0', null],
    ['1:2:3:4:5:6:7:8::', null],
    ['1::2::3', null],
    ['12345::', null],
    ['', null],
    ['localhost', null],
  ]
  for (const [text, canonical] of cases) {
    const octets = parseAddress(text)
    t.equal(octets && formatAddress(octets), canonical, text)
  }
})

t.test('octets of no address are refused', async (t) => {
  t.throws(() => formatAddress(new Uint8Array(5)), { message: 'an address has 4 or 16 octets, not 5' })
})

t.test('every address comes back from its text', async () => {
  const octets = fc.oneof(...[4, 16].map((length) => fc.uint8Array({ minLength: length, maxLength: length })))
  const sparse = octets.map((octets) => octets.map((octet, i) => (octet % 3 === 0 || i % 4 === 1 ? 0 : octet)))
  fc.assert(
    fc.property(
      fc.oneof(octets, sparse),
      (octets) => Buffer.compare(parseAddress(formatAddress(octets))!, octets) === 0,
    ),
  )
})

t.test('an IPv4 client of a dual-stack socket is IPv4', async (t) => {
  t.equal(unmapIpv4('::ffff:192.0.2.1'), '192.0.2.1')
  t.equal(unmapIpv4('0:0:0:0:0:FFFF:c000:201'), '192.0.2.1')
  t.equal(unmapIpv4('::ffff:0:1'), '0.0.0.1')
  for (const text of ['192.0.2.1', '::1', '::fffe:192.0.2.1', 'fe80::1%eth0', 'x', '']) t.equal(unmapIpv4(text), text)
  t.same(unmapOctets(parseAddress('::ffff:10.0.0.1')!), Uint8Array.of(10, 0, 0, 1))
  t.notOk(isMapped(Uint8Array.of(10, 0, 0, 1)))
})

t.test('a prefix loses its host bits and must have a length that fits', async (t) => {
  const cases: [text: string, prefix: string | null][] = [
    ['10.1.2.3/8', '10.0.0.0/8'],
    ['10.255.255.255/9', '10.128.0.0/9'],
    ['192.0.2.77/32', '192.0.2.77/32'],
    ['192.0.2.77/0', '0.0.0.0/0'],
    ['2001:db8:ffff::1/33', '2001:db8:8000::/33'],
    ['::1/128', '::1/128'],
    ['10.0.0.0', null],
    ['10.0.0.0/', null],
    ['10.0.0.0/33', null],
    ['10.0.0.0/-1', null],
    ['::/129', null],
    ['fe80::%eth0/64', null],
    ['x/8', null],
  ]
  for (const [text, prefix] of cases) {
    const parsed = parsePrefix(text)
    t.equal(parsed && formatPrefix(parsed), prefix, text)
  }
})

t.test('a prefix contains the addresses of its family that share its bits', async (t) => {
  const cases: [prefix: string, address: string, inside: boolean][] = [
    ['10.0.0.0/8', '10.255.0.1', true],
    ['10.0.0.0/8', '11.0.0.0', false],
    ['10.128.0.0/9', '10.127.255.255', false],
    ['10.128.0.0/9', '10.200.0.0', true],
    ['0.0.0.0/0', '255.0.0.1', true],
    ['0.0.0.0/0', '::1', false],
    ['0.0.0.0/0', '::ffff:10.0.0.1', false],
    ['::/0', '::1', true],
    ['2001:db8::/33', '2001:db8:7fff::', true],
    ['2001:db8::/33', '2001:db8:8000::', false],
    ['192.0.2.1/32', '192.0.2.1', true],
    ['192.0.2.1/32', '192.0.2.0', false],
  ]
  for (const [prefix, address, inside] of cases)
    t.equal(prefixContains(parsePrefix(prefix)!, parseAddress(address)!), inside, `${address} in ${prefix}`)
})

t.test('the prefix of an address contains it, and no address whose bit was flipped inside the prefix', async () => {
  const octets = fc.oneof(...[4, 16].map((length) => fc.uint8Array({ minLength: length, maxLength: length })))
  fc.assert(
    fc.property(octets, fc.nat(127), fc.nat(128), (octets, bitSeed, lengthSeed) => {
      const length = lengthSeed % (octets.length * 8 + 1)
      const bit = bitSeed % (octets.length * 8)
      const flipped = octets.slice()
      flipped[bit >> 3]! ^= 0x80 >> (bit & 7)
      const prefix = prefixOf(octets, length)
      return prefixContains(prefix, octets) && prefixContains(prefix, flipped) === bit >= length
    }),
  )
})
