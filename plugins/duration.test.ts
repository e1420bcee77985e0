import t from 'tap'
import { ConfigError } from './directive.ts'
import { formatDuration, parseDuration } from './duration.ts'

t.test('a duration is read in milliseconds', async (t) => {
  const cases: [text: string, ms: number][] = [
    ['0', 0],
    ['-0', 0],
    ['300ms', 300],
    ['1.5h', 5_400_000],
    ['2h45m', 9_900_000],
    ['-5s', -5_000],
    ['+5s', 5_000],
    ['.5s', 500],
    ['1.s', 1_000],
    ['250us', 0.25],
    ['1\u00b5s', 0.001],
    ['1\u03bcs', 0.001],
    ['1ns', 0.000001],
    ['1h1h', 7_200_000],
    ['0.3333333333333333333h', 1_200_000],
    ['9223372036854775807ns', 9_223_372_036_854.775],
  ]
  for (const [text, ms] of cases) t.ok(Math.abs(parseDuration(text) - ms) <= Math.abs(ms) * 1e-12, text)
  t.not(Object.is(parseDuration('-0s'), -0), true, 'zero has no sign')
})

t.test('a text that is no duration is refused in the words of CoreDNS', async (t) => {
  const cases: [text: string, message: string][] = [
    ['', 'time: invalid duration ""'],
    ['-', 'time: invalid duration "-"'],
    ['x', 'time: invalid duration "x"'],
    ['1', 'time: missing unit in duration "1"'],
    ['1h2', 'time: missing unit in duration "1h2"'],
    ['1y', 'time: unknown unit "y" in duration "1y"'],
    ['1.5.5s', 'time: missing unit in duration "1.5.5s"'],
    ['.s', 'time: invalid duration ".s"'],
    ['1 s', 'time: unknown unit " s" in duration "1 s"'],
    ['1\u00e9"', 'time: unknown unit "\\xc3\\xa9\\"" in duration "1\\xc3\\xa9\\""'],
    ['9223372036854775808ns', 'time: invalid duration "9223372036854775808ns"'],
    ['99999999999999999999', 'time: invalid duration "99999999999999999999"'],
    ['2562048h', 'time: invalid duration "2562048h"'],
  ]
  for (const [text, message] of cases) t.throws(() => parseDuration(text), new ConfigError(message), text)
})

t.test('a duration is printed as CoreDNS prints it', async (t) => {
  const cases: [ms: number, text: string][] = [
    [0, '0s'],
    [0.000001, '1ns'],
    [0.25, '250\u00b5s'],
    [100, '100ms'],
    [1.5, '1.5ms'],
    [1_000, '1s'],
    [1_500, '1.5s'],
    [90_000, '1m30s'],
    [60_000, '1m0s'],
    [172_800_000, '48h0m0s'],
    [3_600_500, '1h0m0.5s'],
    [-5_000, '-5s'],
  ]
  for (const [ms, text] of cases) t.equal(formatDuration(ms), text)
})
