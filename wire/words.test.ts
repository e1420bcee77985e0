import fc from 'fast-check'
import t from 'tap'
import { octetText, PresentationError, quoteOctets, splitWords, unescapeText } from './words.ts'

/** Words as `text`, `"text"` for quoted ones, with `+` before glued ones. */
const shown = (text: string): string[] =>
  splitWords(text).map((word) => (word.glued ? '+' : '') + (word.quoted ? `"${word.text}"` : word.text))

t.test('a record is split at blanks, quotes, parentheses and comments', async (t) => {
  const cases: [text: string, words: string[]][] = [
    ['a. 300 IN\tA 192.0.2.1', ['a.', '300', 'IN', 'A', '192.0.2.1']],
    ['  a  ', ['a']],
    ['', []],
    ['; all comment', []],
    ['TXT "a b" c', ['TXT', '"a b"', 'c']],
    ['TXT "a;b(" ; "not this', ['TXT', '"a;b("']],
    ['TXT "" ""', ['TXT', '""', '""']],
    ['TXT a\\ b\\;c\\"d', ['TXT', 'a\\ b\\;c\\"d']],
    ['TXT "a\\"b\\\\" c', ['TXT', '"a\\"b\\\\"', 'c']],
    ['SOA ( 1 ; serial\n 2 ) 3', ['SOA', '1', '2', '3']],
    ['DS (AB)CD', ['DS', 'AB', 'CD']],
    ['alpn="h2,h3" port=53', ['alpn=', '+"h2,h3"', 'port=53']],
    ['"a""b"c "d"', ['"a"', '+"b"', '+c', '"d"']],
    ['"two\nlines"', ['"two\nlines"']],
    ['a\r\n', ['a']],
    ['a\u00a0b', ['a\u00a0b']],
    ['a\\', ['a\\']],
  ]
  for (const [text, words] of cases) t.same(shown(text), words, JSON.stringify(text))
})

t.test('quotes and parentheses must pair up', async (t) => {
  const cases: [text: string, reason: string][] = [
    ['TXT "a', 'unterminated quote'],
    ['TXT "a\\"', 'unterminated quote'],
    ['SOA ( 1', 'unbalanced brace'],
    ['SOA 1 )', 'extra closing brace'],
  ]
  for (const [text, reason] of cases) t.throws(() => splitWords(text), { name: 'PresentationError', reason }, text)
})

t.test('escapes stand for octets', async (t) => {
  const cases: [text: string, octets: number[] | null][] = [
    ['ab', [97, 98]],
    ['\\097\\.\\\\', [97, 46, 92]],
    ['\\000\\255', [0, 255]],
    ['\\1a', [49, 97]],
    ['\u00e9', [0xe9]],
    ['\\256', null],
    ['a\\', null],
    ['\u20ac', null],
  ]
  for (const [text, octets] of cases) {
    const read = unescapeText(text)
    t.same(read && [...read], octets, text)
  }
})

t.test('Unicode text becomes its UTF-8 octets', async (t) => {
  t.equal(octetText('abc\\032'), 'abc\\032')
  t.same([...unescapeText(octetText('é€'))!], [...new TextEncoder().encode('é€')])
})

t.test('any octets come back from their quoted form', async () => {
  fc.assert(
    fc.property(fc.uint8Array(), (octets) => {
      const [word, ...others] = splitWords(quoteOctets(octets))
      return others.length === 0 && word!.quoted && Buffer.compare(unescapeText(word!.text)!, octets) === 0
    }),
  )
})

t.test('any text is split or refused, and the words hold all that is neither blank nor comment', async () => {
  const characters = fc.constantFrom(...'ab0 \t\n"();\\é='.split(''))
  fc.assert(
    fc.property(fc.string({ unit: characters }), (text) => {
      try {
        const length = splitWords(text).reduce((sum, word) => sum + word.text.length, 0)
        return length <= text.length && (/[ \t\n"();]/.test(text) || length === text.length)
      } catch (error) {
        return error instanceof PresentationError
      }
    }),
    { numRuns: 2000 },
  )
})
