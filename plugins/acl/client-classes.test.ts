import fc from 'fast-check'
import t from 'tap'
import { formatAddress, type Prefix, parsePrefix, prefixContains, prefixOf } from '../../wire/address.ts'
import { ClientClasses } from './client-classes.ts'

const prefixes = (...texts: string[]): Prefix[] => texts.map((text) => parsePrefix(text)!)
const listsOf = (classes: ClientClasses, address: string): readonly number[] => classes.lists[classes.of(address)]!

t.test('an address is in the lists whose networks hold it', async (t) => {
  const classes = new ClientClasses([
    prefixes('10.0.0.0/8', '192.0.2.1/32', '2001:db8::/32'),
    prefixes('10.1.0.0/16', '10.1.2.0/24', '255.255.255.255/32', '2001:db8::1/128'),
    prefixes('0.0.0.0/0', 'ffff::/16'),
  ])
  const cases: [address: string, lists: number[]][] = [
    ['9.255.255.255', [2]],
    ['10.0.0.0', [0, 2]],
    ['10.1.2.3', [0, 1, 2]],
    ['10.1.3.3', [0, 1, 2]],
    ['10.2.0.0', [0, 2]],
    ['11.0.0.0', [2]],
    ['192.0.2.1', [0, 2]],
    ['192.0.2.2', [2]],
    ['255.255.255.255', [1, 2]],
    ['::', []],
    ['2001:db8::', [0]],
    ['2001:db8::1', [0, 1]],
    ['2001:db8::2%eth0', [0]],
    ['ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', [2]],
  ]
  for (const [address, lists] of cases) t.strictSame(listsOf(classes, address), lists, address)
  t.equal(classes.of('nonsense'), 0, 'what is no address is in no list, and told from those that are in none')
  t.not(classes.of('::'), 0)
})

// Few bits, so that networks lie in each other and end where others begin.
const octet = fc.constantFrom(0, 1, 127, 128, 254, 255)
const address = fc
  .oneof(fc.array(octet, { minLength: 4, maxLength: 4 }), fc.array(octet, { minLength: 16, maxLength: 16 }))
  .map((octets) => Uint8Array.from(octets))
const network = fc
  .tuple(address, fc.integer({ min: 0, max: 128 }))
  .map(([octets, length]) => prefixOf(octets, Math.min(length, octets.length * 8)))

t.test('ranges say of every address what its networks say', async () => {
  fc.assert(
    fc.property(
      fc.array(fc.array(network, { maxLength: 6 }), { maxLength: 5 }),
      fc.array(address),
      (networks, asked) => {
        const classes = new ClientClasses(networks)
        return asked.every((octets) => {
          const expected = networks.flatMap((list, index) =>
            list.some((prefix) => prefixContains(prefix, octets)) ? [index] : [],
          )
          return listsOf(classes, formatAddress(octets)).join() === expected.join()
        })
      },
    ),
    { numRuns: 300 },
  )
})

t.test('long lists take as few classes as can be told apart', async (t) => {
  const odd = Array.from({ length: 20_000 }, (_, i) => `10.${i >> 8}.${i & 255}.1/32`)
  const classes = new ClientClasses([prefixes(...odd), prefixes('10.0.0.0/16')])
  t.equal(classes.lists.length, 1 + 4)
  t.strictSame(listsOf(classes, '10.0.255.1'), [0, 1])
  t.strictSame(listsOf(classes, '10.77.255.1'), [0])
  t.strictSame(listsOf(classes, '10.77.255.2'), [])
})
