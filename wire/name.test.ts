import fc from 'fast-check'
import t from 'tap'
import { names } from '../test/support/wire-generators.ts'
import { foldedKey, latin1, latin1Bytes, Name, NameError } from './name.ts'

const name = (text: string): Name => Name.parse(text)

t.test('presentation format is read and written with every octet kept', async (t) => {
  const cases: [text: string, form: string, labels: string[]][] = [
    ['.', '.', []],
    ['example.org.', 'example.org.', ['example', 'org']],
    ['example.org', 'example.org.', ['example', 'org']],
    ['WwW.Example.', 'WwW.Example.', ['WwW', 'Example']],
    ['a\\.b.c.', 'a\\.b.c.', ['a.b', 'c']],
    ['a\\046b.c.', 'a\\.b.c.', ['a.b', 'c']],
    ['sp\\032ace.', 'sp\\ ace.', ['sp ace']],
    ['sp\\ ace.', 'sp\\ ace.', ['sp ace']],
    ['\\000\\255.', '\\000\\255.', ['\0\xff']],
    ['\xff.', '\\255.', ['\xff']],
    ['\\*.', '*.', ['*']],
    ['\\\\.', '\\\\.', ['\\']],
    ['a\\;\\"\\(\\)\\@\\$.', 'a\\;\\"\\(\\)\\@$.', ['a;"()@$']],
    ['\\097.', 'a.', ['a']],
    [`${'x'.repeat(63)}.`, `${'x'.repeat(63)}.`, ['x'.repeat(63)]],
  ]
  for (const [text, form, labels] of cases) {
    t.equal(name(text).toString(), form, text)
    t.same(name(text).labels(), labels)
    t.ok(Name.fromLabels(labels).equals(name(text)))
  }
})

t.test('text that is no name is refused', async (t) => {
  const long = `${'x'.repeat(63)}.${'y'.repeat(63)}.${'z'.repeat(63)}.`
  const cases: [text: string, message: RegExp][] = [
    ['', /empty name/],
    ['..', /empty label/],
    ['.a', /empty label/],
    ['a..b', /empty label/],
    [`${'x'.repeat(64)}.`, /label longer than 63/],
    [`${long}${'w'.repeat(62)}.`, /name longer than 255/],
    [`${long}${'w'.repeat(62)}`, /name longer than 255/],
    ['x'.repeat(10_000), /name longer than 255/],
    ['a.'.repeat(128), /name longer than 255/],
    ['\\256.', /bad escape/],
    ['a\\', /bad escape/],
    ['\u20ac.', /must be written as \\DDD/],
  ]
  for (const [text, message] of cases) t.throws(() => name(text), { name: 'NameError', message }, text.slice(0, 20))
  t.equal(name(`${long}${'w'.repeat(61)}.`).wire.length, 255)
  t.equal(name('a.'.repeat(127)).labelCount, 127)
  t.throws(() => Name.fromLabels(['']), NameError)
  t.throws(() => Name.fromLabels(['x'.repeat(64)]), NameError)
  t.throws(() => Name.fromLabels(['\u0141']), NameError, 'a character that is no octet')
  t.throws(() => name(long).prepend('w'.repeat(63)), NameError)
})

t.test('an origin completes relative names only, within the limit', async (t) => {
  const origin = name('Example.org.')
  t.equal(String(Name.parse('www', origin)), 'www.Example.org.')
  t.equal(String(Name.parse('www.', origin)), 'www.')
  t.equal(String(Name.parse('www\\.', origin)), 'www\\..Example.org.')
  t.throws(() => Name.parse('x'.repeat(63), name(`${`${'y'.repeat(63)}.`.repeat(3)}`)), NameError)
})

t.test('names are equal whatever the case of ASCII letters, and only of those', async (t) => {
  t.ok(name('WWW.Example.').equals(name('www.eXAMPLE.')))
  t.notOk(name('\\192.').equals(name('\\224.')))
  t.notOk(name('@.').equals(name('`.')))
  t.notOk(name('a\\.b.').equals(name('a.b.')))
  t.equal(name('WWW\\.a.').folded, 'www\\.a.')
})

t.test('ancestors are suffixes at label boundaries', async (t) => {
  const www = name('Www.a.Example.')
  t.equal(String(www.suffix(0)), 'Www.a.Example.')
  t.equal(String(www.suffix(1)), 'a.Example.')
  t.equal(String(www.parent), 'a.Example.')
  t.equal(www.suffixKey(2), name('example.').key)
  t.equal(www.suffixKey(3), Name.root.key)
  t.equal(www.suffixKey(9), Name.root.key)
  t.ok(www.suffix(9).isRoot)
  t.ok(Name.root.parent.isRoot)
  const cases: [child: string, zone: string, below: boolean][] = [
    ['a.example.', 'EXAMPLE.', true],
    ['example.', 'example.', true],
    ['example.', '.', true],
    ['.', '.', true],
    ['.', 'example.', false],
    ['ample.', 'example.', false],
    ['xexample.', 'example.', false],
    ['\\007example.', 'example.', false],
    ['a\\007example.', 'example.', false],
    ['b.example.', 'a.example.', false],
  ]
  for (const [child, zone, below] of cases) t.equal(name(child).isSubdomainOf(name(zone)), below, `${child} in ${zone}`)
})

t.test('only a leftmost label of one asterisk makes a wildcard', async (t) => {
  for (const [text, wildcard] of [
    ['*.a.', true],
    ['\\042.a.', true],
    ['**.a.', false],
    ['a.*.', false],
    ['.', false],
  ] as const)
    t.equal(name(text).isWildcard, wildcard, text)
})

t.test('an ancestor can be replaced if the result is not too long', async (t) => {
  t.equal(String(name('A.b.c.').replaceSuffix(name('c.'), name('D.e.'))), 'A.b.D.e.')
  t.equal(String(name('a.b.').replaceSuffix(Name.root, name('x.'))), 'a.b.x.')
  t.equal(name('a.'.repeat(127)).replaceSuffix(name('a.'), name('bc.')), null)
})

t.test('the canonical order is that of RFC 4034 6.1', async (t) => {
  const order = [
    'example.',
    'a.example.',
    'yljkjljk.a.example.',
    'Z.a.example.',
    'zABC.a.EXAMPLE.',
    'z.example.',
    '\\001.z.example.',
    '*.z.example.',
    '\\200.z.example.',
  ]
  for (const [i, a] of order.entries())
    for (const [j, b] of order.entries()) t.equal(Math.sign(name(a).compare(name(b))), Math.sign(i - j), `${a} ${b}`)
})

t.test('every name comes back from its text and its labels', async () => {
  fc.assert(
    fc.property(names, (any) => {
      const again = [Name.parse(any.toString()), Name.fromLabels(any.labels())]
      return again.every((other) => Buffer.compare(other.wire, any.wire) === 0 && other.key === any.key)
    }),
    { numRuns: 2000 },
  )
})

t.test('order, equality and ancestry agree', async () => {
  fc.assert(
    fc.property(names, names, (a, b) => {
      const joined = a.replaceSuffix(Name.root, b)
      return (
        (a.compare(b) === 0) === a.equals(b) &&
        Math.sign(a.compare(b)) === -Math.sign(b.compare(a)) &&
        (joined === null ||
          (joined.isSubdomainOf(b) && joined.compare(b) >= 0 && joined.suffix(a.labelCount).equals(b))) &&
        a.key === foldedKey(a.wire, 0, a.wire.length) &&
        a.offsets.every((_, i) => a.suffix(i).key === a.suffixKey(i))
      )
    }),
  )
})

t.test('latin1 text and octets are the same', async () => {
  fc.assert(fc.property(fc.uint8Array(), (octets) => Buffer.compare(latin1Bytes(latin1(octets)), octets) === 0))
})
