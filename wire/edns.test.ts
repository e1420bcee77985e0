import fc from 'fast-check'
import t from 'tap'
import {
  clientSubnetOption,
  type EdnsOption,
  extendedErrorOption,
  readClientSubnet,
  readEdns,
  readExtendedError,
  writeEdns,
} from './edns.ts'
import { isFault } from './fault.ts'
import { Reader } from './reader.ts'
import { ednsOptions } from './registry.ts'

t.test('every OPT record reads back as it was written', async () => {
  const options = fc.array(
    fc.record({ code: fc.integer({ min: 9, max: 65_535 }), data: fc.uint8Array({ maxLength: 40 }) }),
    { maxLength: 4 },
  )
  const bits = (count: number): fc.Arbitrary<number> => fc.nat(2 ** count - 1)
  const any = fc.record({
    udpSize: bits(16),
    version: bits(8),
    do: fc.boolean(),
    z: bits(15),
    extendedRcode: bits(8),
    options,
  })
  fc.assert(
    fc.property(any, (edns) => {
      const record = new Reader(writeEdns(edns)).record()!
      const again = readEdns(record)
      if (isFault(again)) return false
      const text = (options: readonly EdnsOption[]): string =>
        options.map(({ code, data }) => `${code}:${Buffer.from(data).toString('hex')}`).join()
      return (
        again.udpSize === edns.udpSize &&
        again.version === edns.version &&
        again.do === edns.do &&
        again.z === edns.z &&
        again.extendedRcode === edns.extendedRcode &&
        text(again.options) === text(edns.options)
      )
    }),
  )
})

t.test('an Extended DNS Error has a code and a text', async (t) => {
  const option = extendedErrorOption({ code: 22, text: 'no upstream answered: é' })
  t.equal(option.code, ednsOptions.EDE)
  t.same(readExtendedError(option), { code: 22, text: 'no upstream answered: é' })
  t.same(readExtendedError({ code: 15, data: Uint8Array.of(0, 3) }), { code: 3, text: '' })
  t.equal(readExtendedError({ code: 15, data: Uint8Array.of(0) }), null)
  t.same(readExtendedError({ code: 15, data: Uint8Array.of(0, 3, 0xff) })?.text, '\ufffd')
})

t.test("a client's subnet is as long as its prefix says", async (t) => {
  const subnet = { family: 1, sourceLength: 20, scopeLength: 0, address: Uint8Array.of(192, 0, 16, 9) }
  const option = clientSubnetOption(subnet)
  t.same([...option.data], [0, 1, 20, 0, 192, 0, 16])
  t.same(readClientSubnet(option), { ...subnet, address: Uint8Array.of(192, 0, 16) })
  const cases: [data: number[], valid: boolean][] = [
    [[0, 1, 0, 0], true],
    [[0, 2, 128, 0, ...new Array<number>(16).fill(1)], true],
    [[0, 0, 0, 0], true],
    [[0, 1, 33, 0, 1, 1, 1, 1, 1], false],
    [[0, 2, 129, 0, ...new Array<number>(17).fill(1)], false],
    [[0, 1, 24, 0, 1, 1], false],
    [[0, 1, 24, 0, 1, 1, 1, 1], false],
    [[0, 3, 8, 0, 1], false],
    [[0, 1, 24], false],
    [[], false],
  ]
  for (const [data, valid] of cases) {
    const read = readClientSubnet({ code: ednsOptions.ECS, data: Uint8Array.from(data) })
    t.equal(read !== null, valid, data.join())
  }
})
