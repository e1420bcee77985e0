import t from 'tap'
import {
  className,
  classNumber,
  opcodeName,
  rcodeName,
  rcodeNumber,
  rcodes,
  typeName,
  typeNumber,
  types,
} from './registry.ts'

t.test('types and classes have mnemonics, and RFC 3597 names where they have none', async (t) => {
  for (const [name, number] of Object.entries(types)) {
    t.equal(typeNumber(name), number)
    t.equal(typeName(number), name)
  }
  t.equal(typeName(65_280), 'TYPE65280')
  t.equal(className(32), 'CLASS32')
  const cases: [text: string, type: number | undefined][] = [
    ['aaaa', 28],
    ['type65535', 65_535],
    ['TYPE0', 0],
    ['TYPE28', 28],
    ['TYPE65536', undefined],
    ['TYPE', undefined],
    ['TYPE-1', undefined],
    ['TYPE1x', undefined],
    ['toString', undefined],
    ['', undefined],
  ]
  for (const [text, type] of cases) t.equal(typeNumber(text), type, text)
  t.equal(classNumber('ch'), 3)
  t.equal(classNumber('CLASS255'), 255)
  t.equal(classNumber('CLASS65536'), undefined)
  t.equal(classNumber('constructor'), undefined)
})

t.test('response codes and opcodes without a mnemonic are numbers', async (t) => {
  for (const [name, number] of Object.entries(rcodes)) {
    t.equal(rcodeName(number), name)
    t.equal(rcodeNumber(name.toLowerCase()), number)
  }
  t.equal(rcodeName(3841), '3841')
  t.equal(rcodeNumber('NOPE'), undefined)
  t.equal(rcodeNumber('valueOf'), undefined)
  t.equal(opcodeName(4), 'NOTIFY')
  t.equal(opcodeName(15), '15')
})
