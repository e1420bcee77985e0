// What Go 1.26's fmt prints for the same values (run once to write these tables).

import t from 'tap'
import { sprint, sprintf } from './go-format.ts'
import { Float, formatValue } from './go-value.ts'
import { quote } from './number.ts'

const float = (value: number): Float => new Float(value)

t.test('values print as with %v', async (t) => {
  const values: [value: unknown, text: string][] = [
    [null, '<nil>'],
    [7, '7'],
    [18446744073709551615n, '18446744073709551615'],
    [true, 'true'],
    ['x', 'x'],
    [[1, null, 'x'], '[1 <nil> x]'],
    [
      new Map<string, unknown>([
        ['b', 1],
        ['a', null],
      ]),
      'map[a:<nil> b:1]',
    ],
    [{ Name: 'a', Type: 1, hidden: 2 }, '{a 1}'],
    [float(100000), '100000'],
    [float(1e6), '1e+06'],
    [float(123456), '123456'],
    [float(1234567), '1.234567e+06'],
    [float(0.0001), '0.0001'],
    [float(0.00001), '1e-05'],
    [float(-2.25), '-2.25'],
    [float(3), '3'],
    [float(1e100), '1e+100'],
    [float(Number.POSITIVE_INFINITY), '+Inf'],
    [float(Number.NaN), 'NaN'],
  ]
  for (const [value, text] of values) t.equal(formatValue(value), text)
})

t.test('printf formats with verbs, flags, width and precision', async (t) => {
  const cases: [format: string, values: unknown[], text: string][] = [
    ['%s-%d-%v', ['a', 5, [1, 2]], 'a-5-[1 2]'],
    ['%e %.2f %g %G %5.1f', [1234.5, 3.1459, float(1e6), 1e-7, 2.25], '1.234500e+03 3.15 1e+06 1E-07   2.2'],
    ['%-8v|%08d|%+d|% d|%03d|%+03d', ['ab', 42, 7, 5, -5, 5], 'ab      |00000042|+7| 5|-05|+05'],
    ['%x %X %x % x %#x %x', [255, 'hi', 'é', 'abc', 255, -255], 'ff 6869 c3a9 61 62 63 0xff -ff'],
    ['%o %b %#o %O', [8, 5, 8, 8], '10 101 010 0o10'],
    ['%q %q %+q %q', [39, 34, 233, 10], `'\\'' '"' '\\u00e9' '\\n'`],
    ['%c %U %q %q %+q %#q', [65, 65, 'a"b', 65, 'é', 'a'], 'A U+0041 "a\\"b" \'A\' "\\u00e9" `a`'],
    ['%5s|%-5s|%.2s|%05s', ['é', 'b', 'héllo', 'z'], '    é|b    |hé|0000z'],
    ['%t %5t %T %T %T %%', [true, false, 1, 'x', float(1)], 'true false int string float64 %'],
    ['%6.2f%%|%*d|%08.3f|%+.1e', [3.1459, 5, 42, 3.1459, 12345.678], '  3.15%|   42|0003.146|+1.2e+04'],
    ['%q %x', [['a b'], ['ab', 'c']], '["a b"] [6162 63]'],
    ['%#v %#v %v', ['a', [1], null], '"a" []int{1} <nil>'],
    ['%.0f %.0f %.1f %.2f', [0.5, 1.5, 0.25, 1.005], '0 2 0.2 1.00'],
  ]
  for (const [format, values, text] of cases) t.equal(sprintf(format, values), text, format)
})

t.test('printf complains inside the text', async (t) => {
  const cases: [format: string, values: unknown[], text: string][] = [
    ['%d', ['x'], '%!d(string=x)'],
    ['%s %z', [5, 1], '%!s(int=5) %!z(int=1)'],
    ['%d', [], '%!d(MISSING)'],
    ['%', [], '%!(NOVERB)'],
    ['a', [1, 'x'], 'a%!(EXTRA int=1, string=x)'],
    ['%s %d %v %q', [null, null, null, null], '%!s(<nil>) %!d(<nil>) <nil> %!q(<nil>)'],
    ['%s %d %t %c', [true, 1.5, 'x', 's'], '%!s(bool=true) %!d(float64=1.5) %!t(string=x) %!c(string=s)'],
    ['%s', [[1, 'a']], '[%!s(int=1) a]'],
    ['%1000000d', [1], '%!(BADWIDTH)1'],
  ]
  for (const [format, values, text] of cases) t.equal(sprintf(format, values), text, format)
})

t.test('print puts blanks only between values that are no texts', async (t) => {
  t.equal(sprint([1, 2, 'a', 'b', 3, float(4.5), null]), '1 2ab3 4.5 <nil>')
})

t.test('a quoted text is printable', async (t) => {
  t.equal(quote('a"\\\n\t\x00\x7fé\u{1f600}\u200b'), '"a\\"\\\\\\n\\t\\x00\\x7fé\u{1f600}\\u200b"')
  t.equal(quote('é\u{1f600}', true), '"\\u00e9\\U0001f600"')
})
