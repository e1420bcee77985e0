import t from 'tap'
import { fuzzWire } from './wire.ts'

t.test('thousands of mutated messages and records break no promise and reach every check of the decoder', async (t) => {
  const { inputs, decoded, faults } = fuzzWire(1, (inputs) => inputs === 6000)
  t.equal(inputs, 6000)
  t.ok(decoded > 500, `${decoded} messages decoded`)
  t.ok(faults.size >= 9, [...faults.keys()].join(', '))
})

t.test('the same seed makes the same run', async (t) => {
  const run = (): unknown => fuzzWire(2, (inputs) => inputs === 500)
  t.same(run(), run())
})
