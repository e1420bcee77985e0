import fc from 'fast-check'
import t from 'tap'
import { ConfigError } from '../../plugins/directive.ts'
import type { ImportFiles } from './import-files.ts'
import { type CorefileOptions, defaultCorefile, parseAll, parseCorefile } from './parser.ts'

const directives = new Set(['bind', 'cache', 'errors', 'forward', 'log', 'template', 'whoami'])

/** Files in memory below /etc; a pattern is given with what it matches. */
function memoryFiles(files: Record<string, string>, patterns: Record<string, string[]> = {}): ImportFiles {
  return {
    find: (pattern) => patterns[pattern] ?? (files[pattern] === undefined ? [] : [pattern]),
    read(path) {
      const text = files[path]
      if (text === undefined || text === 'DIRECTORY') throw new Error('is a directory')
      return text
    },
  }
}

const files = memoryFiles(
  {
    '/etc/one.conf': 'errors\n',
    '/etc/bad.conf': '\n\nnosuch\n',
    '/etc/empty.conf': '',
    '/etc/blocks.conf': 'a.test {\nerrors\n}\nb.test {\nlog\n}\n',
    '/etc/self.conf': 'import self.conf\n',
    '/etc/parts/two.conf': 'log\nimport three.conf\n',
    '/etc/parts/three.conf': 'cache 30\n',
    '/etc/directory': 'DIRECTORY',
  },
  {
    '/etc/parts/*.conf': ['/etc/parts/three.conf', '/etc/parts/two.conf'],
    '/etc/*.none': [],
  },
)

function optionsWith(more: Partial<CorefileOptions> = {}): CorefileOptions & { warnings: string[] } {
  const warnings: string[] = []
  const environment = { WORD: 'log', KEY: 'k.test,', BRACE: '{', IMPORT: 'import', PART: 's', NESTED: '{$WORD}' }
  return { directives, environment, files, warn: (text) => warnings.push(text), warnings, ...more }
}

/** Blocks as `[keys, { directive: words }]`; words with a newline before each line, as far as lines were told apart. */
function blocksOf(text: string, options = optionsWith()): [string[], Record<string, string>][] {
  return parseCorefile({ text, file: '/etc/Corefile' }, options).map(({ keys, directives }) => [
    keys.map((key) => key.text),
    Object.fromEntries([...directives].map(([name, tokens]) => [name, tokens.map((token) => token.text).join(' ')])),
  ])
}

t.test('keys and directives are told apart', async (t) => {
  const cases: [what: string, text: string, blocks: [string[], Record<string, string>][]][] = [
    ['an empty file', '', []],
    ['a file of comments', '# .:53 {\n# }\n', []],
    ['one block', '.:53 {\nerrors\n}\n', [[['.:53'], { errors: 'errors' }]]],
    [
      'two blocks',
      'a {\n}\nb {\nlog\n}\n',
      [
        [['a'], {}],
        [['b'], { log: 'log' }],
      ],
    ],
    ['several keys', 'a b, c,\nd, e {\nlog\n}\n', [[['a', 'b', 'c', 'd', 'e'], { log: 'log' }]]],
    ['a comma inside a key', 'a,b {\nlog\n}\n', [[['a,b'], { log: 'log' }]]],
    ['the brace on the next line', '.\n{\nlog\n}\n', [[['.'], { log: 'log' }]]],
    ['a directive right behind the brace', '. { log\n}\n', [[['.'], { log: 'log' }]]],
    ['no braces', '.\nerrors\nlog a b\n', [[['.'], { errors: 'errors', log: 'log a b' }]]],
    ['keys alone', '. a', [[['.', 'a'], {}]]],
    ['no keys', '{\nlog\n}\n"" {\nlog\n}\n', []],
    [
      'a block in a directive',
      '. {\ncache 30 {\nsuccess 1 {\nx\n}\n}\n}\n',
      [[['.'], { cache: 'cache 30 { success 1 { x } }' }]],
    ],
    ['a brace of a directive on the next line', '. {\ncache\n{\nx\n}\n}\n', [[['.'], { cache: 'cache { x }' }]]],
    ['words behind a closing brace', '. {\ncache {\nx\n} y\n}\n', [[['.'], { cache: 'cache { x } y' }]]],
    ['a directive that repeats', '. {\nlog a\nerrors\nlog b\n}\n', [[['.'], { log: 'log a log b', errors: 'errors' }]]],
    ['a word over two lines', '. {\nlog "a\nb" c\nerrors\n}\n', [[['.'], { log: 'log a\nb c', errors: 'errors' }]]],
    ['a last brace that is missing behind another', '. {\nlog {\nx\n}\n', [[['.'], { log: 'log { x }' }]]],
    [
      'a brace that closes nothing',
      '.\nlog\n}\na {\nlog\n}\n',
      [
        [['.'], { log: 'log' }],
        [['a'], { log: 'log' }],
      ],
    ],
    [
      'variables',
      '{$KEY} {%WORD%}.test {\n{$WORD} {$NESTED}{$UNSET} "{$WORD} x"\n}\n',
      [[['k.test', 'log.test'], { log: '{$WORD} log log x' }]],
    ],
  ]
  for (const [what, text, blocks] of cases) t.same(blocksOf(text), blocks, what)
})

t.test('an import is replaced by the words of a snippet or file', async (t) => {
  const snippet = '(s) {\nerrors\nlog a\n}\n'
  const one: [string[], Record<string, string>] = [['.'], { errors: 'errors' }]
  const cases: [what: string, text: string, blocks: [string[], Record<string, string>][]][] = [
    ['a snippet', `${snippet}. {\nimport s\n}\n`, [[['.'], { errors: 'errors', log: 'log a' }]]],
    [
      'a snippet named by a variable',
      `${snippet}. {\nimport {$PART}\n}\n`,
      [[['.'], { errors: 'errors', log: 'log a' }]],
    ],
    [
      'a snippet in a snippet',
      `${snippet}(u) {\nimport s\ncache\n}\n. {\nimport u\n}\n`,
      [[['.'], { errors: 'errors', log: 'log a', cache: 'cache' }]],
    ],
    [
      'a snippet in a directive',
      '(s) {\nx 1\n}\n. {\ncache {\nimport s\ny\n}\n}\n',
      [[['.'], { cache: 'cache { x 1 y }' }]],
    ],
    ['a snippet of blocks', '(s) {\na {\nlog\n}\n}\nimport s\n', [[['a'], { log: 'log' }]]],
    ['an empty snippet', '(s) {\n}\n. {\nimport s\nerrors\n}\n', [one]],
    ['a key like a snippet at the end', '(s)', [[['(s)'], {}]]],
    ['two keys like snippets', '(s) (t) {\n}\n', [[['(s)', '(t)'], {}]]],
    ['a file', '. {\nimport one.conf\n}\n', [one]],
    ['a file by its whole path', '. {\nimport /etc/one.conf\n}\n', [one]],
    [
      'a file relative to the one that names it',
      '. {\nimport parts/two.conf\n}\n',
      [[['.'], { log: 'log', cache: 'cache 30' }]],
    ],
    ['an empty file', '. {\nimport empty.conf\nerrors\n}\n', [one]],
    ['files by pattern', '. {\nimport parts/*.conf\n}\n', [[['.'], { cache: 'cache 30 cache 30', log: 'log' }]]],
    [
      'blocks of a file',
      'import blocks.conf\n',
      [
        [['a.test'], { errors: 'errors' }],
        [['b.test'], { log: 'log' }],
      ],
    ],
    [
      'keys of a file',
      'x,\nimport blocks.conf\n',
      [
        [['x', 'a.test'], { errors: 'errors' }],
        [['b.test'], { log: 'log' }],
      ],
    ],
    [
      'import by a variable, before a block',
      '{$IMPORT} blocks.conf\n',
      [
        [['a.test'], { errors: 'errors' }],
        [['b.test'], { log: 'log' }],
      ],
    ],
    ['import as a key', 'x import y {\nlog\n}\n', [[['x', 'import', 'y'], { log: 'log' }]]],
    ['import as an argument', '. {\nlog import one.conf\n}\n', [[['.'], { log: 'log import one.conf' }]]],
    // An import counts only at the start of a line, and a snippet's first line is above the line that it is put in.
    [
      'an import on the first line of a snippet in a directive',
      '(c) {\nx\n}\n(o) {\nimport c\n}\n. {\nlog {\nimport o\n}\n}\n',
      [[['.'], { log: 'log { import c }' }]],
    ],
  ]
  for (const [what, text, blocks] of cases) t.same(blocksOf(text), blocks, what)
})

t.test('a pattern without files is a warning', async (t) => {
  const options = optionsWith()
  t.same(blocksOf('import *.none\n. {\nimport *.none\n}\n', options), [[['.'], {}]])
  t.same(options.warnings, new Array(2).fill('No files matching import glob pattern: *.none'))
})

t.test('the words of imports name their own file and line', async (t) => {
  const text = '(s) {\nerrors\n}\n. {\nimport s\nimport parts/three.conf\n}\n'
  const [block] = parseCorefile({ text, file: '/etc/Corefile' }, optionsWith())
  t.same(block!.directives.get('errors'), [{ text: 'errors', file: '/etc/Corefile', line: 2 }])
  t.same(block!.directives.get('cache')![1], { text: '30', file: '/etc/parts/three.conf', line: 1 })
  t.same(block!.keys, [{ text: '.', file: '/etc/Corefile', line: 4 }])
})

const parsing = (line: number, reason: string, file = '/etc/Corefile') =>
  `${file}:${line} - Error during parsing: ${reason}`
const syntax = (line: number, token: string, expected: string) =>
  `/etc/Corefile:${line} - Syntax error: Unexpected token '${token}', expecting '${expected}'`

const refused: [text: string, message: string][] = [
  ['. {\nfoo\n}\n', parsing(2, "Unknown directive 'foo'")],
  ['. {\n"foo bar"\n}\n', parsing(2, "Unknown directive 'foo bar'")],
  ['. {\nErrors\n}\n', parsing(2, "Unknown directive 'Errors'")],
  ['. {\n{$UNSET}\n}\n', parsing(2, "Unknown directive ''")],
  ['. { {\nlog\n}\n}\n', parsing(1, "Unknown directive '{'")],
  ['. {\nlog }\n}\n', parsing(2, "Unexpected '}' because no matching opening brace")],
  ['. { log }', parsing(1, "Unexpected '}' because no matching opening brace")],
  ['. {\nlog {\nx\n', parsing(3, 'Unexpected EOF')],
  ['.,', parsing(1, 'Unexpected EOF')],
  ['a,\nimport *.none\n', parsing(0, 'Unexpected EOF')],
  ['a, {\nlog\n}\n', parsing(1, "Expected another address but had '{' - check for extra comma")],
  ['a,\n{\nlog\n}\n', parsing(2, "Expected another address but had '{' - check for extra comma")],
  ['. {\nlog\n', syntax(2, 'log', '}')],
  ['. {\nlog {$WORD}x\n', syntax(2, 'logx', '}')],
  ['. {', syntax(1, '{', '}')],
  ['. {\nlog "x\ny\n}\n', syntax(2, 'x\ny\n}\n', '}')],
  ['. {\nimport *.none\n', syntax(1, '{', '}')],
  ['. {\nimport\n}\n', parsing(2, "Wrong argument count or unexpected line ending after 'import'")],
  ['import', parsing(1, "Wrong argument count or unexpected line ending after 'import'")],
  ['. {\nimport ""\n}\n', parsing(2, 'Import requires a non-empty filepath')],
  ['. {\nimport {$UNSET}\n}\n', parsing(2, 'Import requires a non-empty filepath')],
  ['. {\nimport one.conf x\n}\n', parsing(2, 'Import takes only one argument (glob pattern or file)')],
  ['. {\nimport none.conf\n}\n', parsing(2, 'File to import not found: none.conf')],
  ['. {\nimport {\n}\n', parsing(2, 'File to import not found: {')],
  ['. {\nimport later\n}\n(later) {\nlog\n}\n', parsing(2, 'File to import not found: later')],
  ['. {\nimport directory\n}\n', parsing(2, 'Could not import /etc/directory: is a directory')],
  [
    '. {\nimport */*.conf\n}\n',
    parsing(2, 'Glob pattern may only contain one wildcard (*), but has others: /etc/*/*.conf'),
  ],
  ['. {\nimport ??\n}\n', parsing(2, 'Glob pattern may only contain one wildcard (*), but has others: /etc/??')],
  ['. {\nimport [ab]\n}\n', parsing(2, 'Glob pattern may only contain one wildcard (*), but has others: /etc/[ab]')],
  ['. {\nimport bad.conf\n}\n', parsing(3, "Unknown directive 'nosuch'", '/etc/bad.conf')],
  ['import self.conf\n', parsing(1, 'maximum file import depth (10000) exceeded', '/etc/self.conf')],
  ['(s) {\n}\n(s) {\n}\n', parsing(3, 'redeclaration of previously declared snippet s')],
  ['(s)\nlog\n', syntax(2, 'log', '{')],
  ['(s) {\nlog\n', syntax(2, 'log', '}')],
  ['(s) {\nlog\nimport s\n}\n. {\nlog\n}\n', parsing(4, 'maximum snippet import depth (10000) exceeded')],
  [
    '(s) {\nimport u\n}\n(u) {\nimport s\n}\n. {\nimport s\n}\n',
    parsing(5, 'maximum snippet import depth (10000) exceeded'),
  ],
]

t.test('a Corefile that cannot be read is refused in the words of CoreDNS', async (t) => {
  for (const [text, message] of refused) t.throws(() => blocksOf(text), new ConfigError(message), text)
})

t.test('reading all problems finds the one that loading stops at first', async (t) => {
  for (const [text, message] of refused) {
    t.equal(parseAll({ text, file: '/etc/Corefile' }, optionsWith()).problems[0]?.message, message, text)
  }
})

t.test('reading all problems goes on behind each of them', async (t) => {
  const text = `(s) {
log
}
(s) {
cache
}
a, {
foo {
errors
}
log }
b {
import none.conf
import one.conf x
errors x
}
c {
import s
whoami`
  const { blocks, problems } = parseAll({ text, file: '/etc/Corefile' }, optionsWith())
  t.same(
    problems.map((problem) => problem.message),
    [
      parsing(4, 'redeclaration of previously declared snippet s'),
      parsing(7, "Expected another address but had '{' - check for extra comma"),
      parsing(8, "Unknown directive 'foo'"),
      parsing(11, "Unexpected '}' because no matching opening brace"),
      parsing(13, 'File to import not found: none.conf'),
      parsing(14, 'Import takes only one argument (glob pattern or file)'),
      syntax(19, 'whoami', '}'),
    ],
  )
  t.same(
    blocks.map(({ keys, directives }) => [keys.map((key) => key.text), [...directives.keys()]]),
    [
      [['a'], ['log']],
      [['b'], ['errors']],
      [['c'], ['log', 'whoami']],
    ],
  )
})

t.test('the number of problems is bounded', async (t) => {
  const text = `. {\n${'nosuch\n'.repeat(1000)}}\n`
  t.equal(parseAll({ text, file: 'Corefile' }, optionsWith()).problems.length, 100)
})

t.test('snippets that multiply end at a limit', async (t) => {
  // Each of twenty snippets imports the one before it ten times: 10^20 words.
  let text = '(s0) {\nlog\n}\n'
  for (let i = 1; i <= 20; i++) text += `(s${i}) {\n${`import s${i - 1}\n`.repeat(10)}}\n`
  t.throws(() => blocksOf(`${text}. {\nimport s20\n}\n`), /maximum snippet import depth/)
  const wide = `(s) {\nlog ${'x '.repeat(10_000)}\n}\n. {\n${'import s\n'.repeat(9_000)}}\n`
  t.throws(() => blocksOf(wide), /more than 4000000 words/)
})

t.test('the default serves the given port', async (t) => {
  t.same(blocksOf(defaultCorefile(1053).text), [[['.:1053'], { whoami: 'whoami', log: 'log' }]])
})

t.test('any text is parsed, or refused with a place', async () => {
  const word = fc.constantFrom(
    ...[
      '.',
      'a.test,',
      '(s)',
      '{',
      '}',
      '{',
      '}',
      'import',
      's',
      'one.conf',
      'self.conf',
      '*.none',
      'blocks.conf',
      'log',
    ],
    ...['errors', 'nosuch', '"a\nb"', '"', '#x', '{$WORD}', '{$BRACE}', '{$IMPORT}', '""', '\\'],
  )
  const text = fc
    .array(
      fc.tuple(fc.oneof({ weight: 9, arbitrary: word }, fc.string()), fc.constantFrom(' ', '\n', '\n', '\r\n', '')),
    )
    .map((words) => words.flat().join(''))
  fc.assert(
    fc.property(text, (text) => {
      const all = parseAll({ text, file: '/etc/Corefile' }, optionsWith())
      try {
        const blocks = parseCorefile({ text, file: '/etc/Corefile' }, optionsWith())
        return all.problems.length === 0 && JSON.stringify(blocks) === JSON.stringify(all.blocks)
      } catch (error) {
        if (!(error instanceof ConfigError)) throw error
        return (
          error.message === all.problems[0]?.message && /^\/etc\/\S+:\d+ - (?:Error|Syntax error)/.test(error.message)
        )
      }
    }),
    { numRuns: 500 },
  )
})
