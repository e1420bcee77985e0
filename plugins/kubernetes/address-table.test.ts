import fc from 'fast-check'
import t from 'tap'
import { AddressTable, hashAddress } from './address-table.ts'

t.test('owners are found by address while others come and go, as in a plain map', async (t) => {
  // Few hashes in one shard: their searches cross.
  const step = fc.record({
    hash: fc.nat(40),
    owner: fc.nat(5),
    do: fc.constantFrom('add', 'add', 'delete', 'renumber'),
  })
  const property = fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
    const table = new AddressTable()
    const model = new Map<number, number[]>()
    for (const { hash, owner, do: what } of steps) {
      const owners = model.get(hash) ?? []
      model.set(hash, owners)
      if (what === 'add') {
        table.add(hash, owner)
        owners.push(owner)
      } else if (what === 'delete') {
        table.delete(hash, owner)
        if (owners.includes(owner)) owners.splice(owners.indexOf(owner), 1)
      } else {
        table.renumber(hash, owner, owner + 100)
        model.set(
          hash,
          owners.map((each) => (each === owner ? owner + 100 : each)),
        )
      }
    }
    return [...model].every(
      ([hash, owners]) => String(table.owners(hash).sort()) === String([...new Set(owners)].sort()),
    )
  })
  t.doesNotThrow(() => fc.assert(property, { numRuns: 500 }))
})

t.test('neighbouring addresses fall into different shards and slots', async (t) => {
  const hashes = Array.from({ length: 65_536 }, (_, i) => hashAddress(String.fromCharCode(10, 0, i >> 8, i & 255)))
  t.equal(new Set(hashes).size, hashes.length)
  const shards = new Map<number, number>()
  for (const hash of hashes) shards.set(hash >>> 26, (shards.get(hash >>> 26) ?? 0) + 1)
  t.ok(Math.max(...shards.values()) < 1.2 * 1024, `${Math.max(...shards.values())} of 1,024 on average`)
  const slots = new Set(hashes.map((hash) => hash & 0xffff)).size
  t.ok(slots > 0.6 * 65_536, `${slots} slots`)
})

t.test('an address is hashed the same alone and among others', async (t) => {
  t.equal(hashAddress('abcdefgh', 4, 4), hashAddress('efgh'))
})
