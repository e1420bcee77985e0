// What Go 1.26 answers for the same patterns (its regexp package, run once to write these tables).

import t from 'tap'
import { compilePattern, PatternError } from './pattern.ts'

t.test('a pattern that does not compile has the message of Go', async (t) => {
  const errors: [pattern: string, message: string][] = [
    ['(', 'missing closing ): `(`'],
    ['(.*', 'missing closing ): `(.*`'],
    [')', 'unexpected ): `)`'],
    ['[', 'missing closing ]: `[`'],
    ['a[b', 'missing closing ]: `[b`'],
    ['[a-', 'missing closing ]: `[a-`'],
    ['[b-a]', 'invalid character class range: `b-a`'],
    ['[[:foo:]]', 'invalid character class range: `[:foo:]`'],
    ['\\p{Foo}', 'invalid character class range: `\\p{Foo}`'],
    ['*', 'missing argument to repetition operator: `*`'],
    ['x|+', 'missing argument to repetition operator: `+`'],
    ['a**', 'invalid nested repetition operator: `**`'],
    ['a{2,1}', 'invalid repeat count: `{2,1}`'],
    ['a{1001}', 'invalid repeat count: `{1001}`'],
    ['(a{500}){500}', 'invalid repeat count: `{500}`'],
    ['\\', 'trailing backslash at end of expression: ``'],
    ['[a\\', 'trailing backslash at end of expression: ``'],
    ['\\1', 'invalid escape sequence: `\\1`'],
    ['\\Z', 'invalid escape sequence: `\\Z`'],
    ['(?=a)', 'invalid or unsupported Perl syntax: `(?=`'],
    ['(?!a)', 'invalid or unsupported Perl syntax: `(?!`'],
    ['(?z)', 'invalid or unsupported Perl syntax: `(?z`'],
    ['a(?P<', 'invalid or unsupported Perl syntax: `(?P`'],
    ['a(?<', 'invalid or unsupported Perl syntax: `(?<`'],
    ['(?P<n', 'invalid named capture: `(?P<n`'],
    ['(?P<a-b>x)', 'invalid named capture: `(?P<a-b>`'],
    ['(?P<n>a)(?P<n>b', 'missing closing ): `(?P<n>a)(?P<n>b`'],
  ]
  for (const [pattern, message] of errors) {
    t.throws(() => compilePattern(pattern), new PatternError(`error parsing regexp: ${message}`), pattern)
  }
  const deep = `${'('.repeat(1001)}${')'.repeat(1001)}`
  t.throws(
    () => compilePattern(deep),
    new PatternError(`error parsing regexp: expression nests too deeply: \`${deep}\``),
  )
})

t.test('a match is the one that Go finds, with its groups', async (t) => {
  const matches: [pattern: string, text: string, groups: string[] | null][] = [
    ['', 'a', ['']],
    ['a|ab', 'ab', ['a']],
    ['(?:(?:a)|b)*', 'abac', ['aba']],
    ['(a)|(b)', 'b', ['b', '', 'b']],
    ['(a*)*', 'b', ['', '']],
    ['(a+?)(a*)', 'aaa', ['aaa', 'a', 'aa']],
    ['(?i)EXAMPLE', 'www.example.', ['example']],
    ['(?s)a.b', 'a\nb', ['a\nb']],
    ['a.b', 'a\nb', null],
    ['(?m)^b$', 'a\nb', ['b']],
    ['^b$', 'a\nb', null],
    ['a$', 'a\n', null],
    ['(?U)a+', 'aaa', ['a']],
    ['[[:alpha:]]+', '12ab3', ['ab']],
    ['[]a]+', 'x]a', [']a']],
    ['\\Qa.b\\E', 'axb a.b', ['a.b']],
    ['\\bfoo\\b', 'a foo.', ['foo']],
    ['a{,2}', 'a{,2}', ['a{,2}']],
    ['a{01}', 'a{01}', ['a{01}']],
    ['\\d+', '٣12', ['12']],
    ['\\x41\\x{42}\\103', 'ABC', ['ABC']],
    ['^ip-(?P<a>[0-9]+)-(?<b>[0-9]+)', 'ip-10-7.x.', ['ip-10-7', '10', '7']],
  ]
  for (const [source, text, groups] of matches) {
    const pattern = compilePattern(source)
    t.same(pattern.exec(text)?.groups ?? null, groups, source)
    t.equal(pattern.test(text), groups !== null, source)
  }
  t.equal(compilePattern('b').exec('aab')?.index, 2)
})

t.test('groups have their names, and of two groups with one name the last counts', async (t) => {
  const pattern = compilePattern('^(?P<a>x)(y)(?P<b>z)?')
  t.equal(pattern.source, '^(?P<a>x)(y)(?P<b>z)?')
  t.equal(pattern.groupCount, 3)
  t.same(pattern.groupNames, ['', 'a', '', 'b'])
  t.same(
    [...(pattern.exec('xy')?.named ?? [])],
    [
      ['a', 'x'],
      ['b', ''],
    ],
  )

  const twice = compilePattern('[](?P<n>]\\(?P<n>\\Q(?P<n>\\E(?P<n>a)(?<n>b)(?P<n_1>c)(?P<n>d)')
  t.same(twice.groupNames, ['', 'n', 'n', 'n_1', 'n'])
  t.same(
    [...(twice.exec('<(P<n>(?P<n>abcd')?.named ?? [])],
    [
      ['n', 'd'],
      ['n_1', 'c'],
    ],
  )
  t.same(compilePattern('(?P<n>a)|(?P<n>b)').exec('a')?.groups, ['a', 'a', ''])
  t.equal(compilePattern('(?P<constructor>a)(?P<__proto__>b)').exec('ab')?.named.get('__proto__'), 'b')
})

t.test('a program that would cost too much for each name is refused', async (t) => {
  const source = '.{1000}'.repeat(100)
  t.throws(() => compilePattern(source), new PatternError(`error parsing regexp: expression too large: \`${source}\``))
  t.ok(compilePattern('.{1000}'.repeat(10)).test('a'.repeat(10_000)))
})

t.test('patterns that hang a backtracking engine answer at once', async (t) => {
  const text = `${'a'.repeat(65_000)}b`
  const patterns = [
    '^(a+)+$',
    '^(a|aa)+$',
    '(.*)(.*)(.*)(.*)(.*)(.*)x',
    '^(([a-z])+.)+[A-Z]([a-z])+$',
    '((a{0,9}){0,9}){0,9}$x',
  ]
  for (const source of patterns) {
    const pattern = compilePattern(source)
    const start = performance.now()
    t.notOk(pattern.test(text), source)
    t.equal(pattern.exec(text), null, source)
    // Linear is milliseconds here; backtracking would not end before the sun does, so a generous bound shows the difference.
    t.ok(performance.now() - start < 5000, source)
  }
})
