import fc from 'fast-check'
import t from 'tap'
import { types } from './registry.ts'
import { typeBitmap, typesInBitmap } from './type-bitmap.ts'

t.test('a bitmap has windows of 256 types without trailing zeros', async (t) => {
  const cases: [types: number[], hex: string][] = [
    [[], ''],
    [[types.A], '000140'],
    [
      [types.RRSIG, types.A, types.NSEC, types.MX, 1234, types.A],
      '0006400100000003041b000000000000000000000000000000000000000000000000000020',
    ],
    [[0, 255, 65_535], `002080${'00'.repeat(30)}01ff20${'00'.repeat(31)}01`],
  ]
  for (const [list, hex] of cases) {
    t.equal(Buffer.from(typeBitmap(list)).toString('hex'), hex)
    t.same(
      typesInBitmap(typeBitmap(list)),
      [...new Set(list)].sort((a, b) => a - b),
    )
  }
})

t.test('a bitmap that breaks RFC 4034 4.1.2 is refused', async (t) => {
  const cases: [hex: string, why: string][] = [
    ['00', 'no length'],
    ['0000', 'an empty window'],
    [`0021${'01'.repeat(33)}`, 'a window of 33 octets'],
    ['000240', 'cut'],
    ['00024000', 'trailing zeros'],
    ['000140000140', 'a window twice'],
    ['010140000140', 'windows out of order'],
  ]
  for (const [hex, why] of cases) t.equal(typesInBitmap(Buffer.from(hex, 'hex')), null, why)
})

t.test('every set of types comes back', async () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.nat(65_535)), (list) => {
      return JSON.stringify(typesInBitmap(typeBitmap(list))) === JSON.stringify([...list].sort((a, b) => a - b))
    }),
  )
})
