import fc from 'fast-check'
import t from 'tap'
import { tokenize } from './lexer.ts'

t.test('text is cut into words, each with the line that it starts in', async (t) => {
  const cases: [what: string, text: string, words: [text: string, line: number][]][] = [
    ['nothing', '', []],
    ['white space', ' \t\n\v\f\u0085\u00a0\u2003\u3000', []],
    [
      'words and lines',
      'a b\n\n c',
      [
        ['a', 1],
        ['b', 1],
        ['c', 3],
      ],
    ],
    ['a byte order mark in front', '\ufeffa', [['a', 1]]],
    [
      'a byte order mark elsewhere',
      'a \ufeffb',
      [
        ['a', 1],
        ['\ufeffb', 1],
      ],
    ],
    [
      'spaces of Unicode',
      'a\u00a0b\u2028c\u0085d',
      [
        ['a', 1],
        ['b', 1],
        ['c', 1],
        ['d', 1],
      ],
    ],
    [
      'carriage returns',
      'a\rb\r\n\rc',
      [
        ['ab', 1],
        ['c', 2],
      ],
    ],
    [
      'braces inside words',
      '{ {a } a}',
      [
        ['{', 1],
        ['{a', 1],
        ['}', 1],
        ['a}', 1],
      ],
    ],
    ['comments', '# x "y\na # b\n#', [['a', 2]]],
    [
      'a comment glued to a word',
      'a#b\nc#d e',
      [
        ['a', 1],
        ['c', 2],
        ['e', 2],
      ],
    ],
    [
      'quotes',
      '"a b" c',
      [
        ['a b', 1],
        ['c', 1],
      ],
    ],
    [
      'a word right behind quotes',
      '"a"b"c"',
      [
        ['a', 1],
        ['b"c"', 1],
      ],
    ],
    ['escaped quotes, and nothing else', '"a\\"b\\n\\\\"', [['a"b\\n\\\\', 1]]],
    ['a comment sign in quotes', '"a # b"', [['a # b', 1]]],
    [
      'newlines in quotes',
      '"a\nb\\\nc" d\ne',
      [
        ['a\nb\\\nc', 1],
        ['d', 3],
        ['e', 4],
      ],
    ],
    ['a carriage return in quotes', '"a\r\nb"', [['a\r\nb', 1]]],
    [
      'empty quotes',
      '"" a ""',
      [
        ['', 1],
        ['a', 1],
        ['', 1],
      ],
    ],
    [
      'quotes that never close',
      'a "b\nc',
      [
        ['a', 1],
        ['b\nc', 1],
      ],
    ],
    ['a quote at the end', 'a "', [['a', 1]]],
    ['a backslash at the end', '"a\\', [['a', 1]]],
  ]
  for (const [what, text, words] of cases) {
    t.same(
      tokenize(text, 'Corefile'),
      words.map(([text, line]) => ({ text, file: 'Corefile', line })),
      what,
    )
  }
})

t.test('any text is cut into words that are in it, on lines that rise', async () => {
  const text = fc.string({
    unit: fc.oneof(
      fc.constantFrom('"', '\\', '#', '\n', '\r', ' ', '{', '}'),
      fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
    ),
  })
  fc.assert(
    fc.property(text, (text) => {
      const tokens = tokenize(text, 'f')
      const lines = tokens.map((token) => token.line)
      const plain = text.replaceAll('\r', '').replaceAll('\\"', '"')
      return (
        lines.every((line, i) => line >= (lines[i - 1] ?? 1) && line <= text.split('\n').length) &&
        tokens.every((token) => plain.includes(token.text.replaceAll('\r', '').replaceAll('\\"', '"')))
      )
    }),
  )
})
