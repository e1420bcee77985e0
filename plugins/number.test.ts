import t from 'tap'
import { ConfigError } from './directive.ts'
import { parseFloat64, parseInteger, parseUnsigned, quote } from './number.ts'

t.test('numbers are read with the syntax that CoreDNS accepts', async (t) => {
  t.equal(parseInteger('53'), 53)
  t.equal(parseInteger('+053'), 53)
  t.equal(parseInteger('-5'), -5)
  t.ok(Object.is(parseInteger('-0'), 0), 'zero has no sign')
  t.equal(parseUnsigned('65535', 16), 65535)
  t.equal(parseUnsigned('0xffee', 16, { prefixed: true }), 0xffee)
  t.equal(parseUnsigned('0b11', 16, { prefixed: true }), 3)
  t.equal(parseUnsigned('017', 16, { prefixed: true }), 15)
  t.equal(parseUnsigned('0o17', 16, { prefixed: true }), 15)
  t.equal(parseUnsigned('1_000', 16, { prefixed: true }), 1000)
  t.equal(parseUnsigned('0', 16, { prefixed: true }), 0)
  t.equal(parseFloat64('1.5e3'), 1500)
  t.equal(parseFloat64('.5'), 0.5)
  t.equal(parseFloat64('1_000'), 1000)
  t.equal(parseFloat64('-Inf'), Number.NEGATIVE_INFINITY)
  t.ok(Number.isNaN(parseFloat64('NaN')))
})

t.test('a text that is no number is refused in the words of CoreDNS', async (t) => {
  const cases: [read: () => number, message: string][] = [
    [() => parseInteger('many'), 'strconv.Atoi: parsing "many": invalid syntax'],
    [() => parseInteger(''), 'strconv.Atoi: parsing "": invalid syntax'],
    [() => parseInteger('1_000'), 'strconv.Atoi: parsing "1_000": invalid syntax'],
    [() => parseInteger('1.5'), 'strconv.Atoi: parsing "1.5": invalid syntax'],
    [() => parseInteger('9223372036854775808'), 'strconv.Atoi: parsing "9223372036854775808": value out of range'],
    [() => parseInteger('a"b\n'), 'strconv.Atoi: parsing "a\\"b\\n": invalid syntax'],
    [() => parseUnsigned('-1', 32), 'strconv.ParseUint: parsing "-1": invalid syntax'],
    [() => parseUnsigned('+1', 32), 'strconv.ParseUint: parsing "+1": invalid syntax'],
    [() => parseUnsigned('4294967296', 32), 'strconv.ParseUint: parsing "4294967296": value out of range'],
    [() => parseUnsigned('65536x', 16), 'strconv.ParseUint: parsing "65536x": value out of range'],
    [() => parseUnsigned('0xg', 16, { prefixed: true }), 'strconv.ParseUint: parsing "0xg": invalid syntax'],
    [() => parseUnsigned('0x', 16, { prefixed: true }), 'strconv.ParseUint: parsing "0x": invalid syntax'],
    [() => parseUnsigned('1__0', 16, { prefixed: true }), 'strconv.ParseUint: parsing "1__0": invalid syntax'],
    [() => parseFloat64('x'), 'strconv.ParseFloat: parsing "x": invalid syntax'],
    [() => parseFloat64('+nan'), 'strconv.ParseFloat: parsing "+nan": invalid syntax'],
    [() => parseFloat64('1e400'), 'strconv.ParseFloat: parsing "1e400": value out of range'],
    [() => parseFloat64('1e39', 32), 'strconv.ParseFloat: parsing "1e39": value out of range'],
  ]
  for (const [read, message] of cases) t.throws(read, new ConfigError(message), message)
})

t.test('a quoted text shows what cannot be printed', async (t) => {
  t.equal(quote('a b'), '"a b"')
  t.equal(quote('\\"\n\t\x07\x00'), '"\\\\\\"\\n\\t\\a\\x00"')
  t.equal(quote('\u00e9\u{1f600}'), '"\u00e9\u{1f600}"')
  t.equal(quote('\u200b\u{f0000}'), '"\\u200b\\U000f0000"')
})
