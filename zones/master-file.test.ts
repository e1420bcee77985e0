// biome-ignore-all lint/suspicious/noTemplateCurlyInString: templates of $GENERATE look like those of JavaScript
import fc from 'fast-check'
import t from 'tap'
import { Name } from '../wire/name.ts'
import { formatRecord } from '../wire/presentation.ts'
import { includesMax } from './limits.ts'
import { MasterFileError, parseMasterFile } from './master-file.ts'

/** The records of a file read for example.org, as text; `files` are what it may include. */
function recordsOf(text: string, files: Readonly<Record<string, string>> = {}): string[] {
  const include = (path: string): string => {
    const included = files[path]
    if (included === undefined) throw new Error(`open ${path}: no such file or directory`)
    return included
  }
  const origin = Name.parse('example.org.')
  return [...parseMasterFile({ text, file: 'zones/db', origin, include })].flatMap((record) =>
    record ? [formatRecord(record)] : [],
  )
}

t.test('records take over what they leave out', async (t) => {
  const cases: readonly { title: string; text: string; records: readonly string[] }[] = [
    {
      title: 'owner, TTL and class in either order',
      text: 'a 60 IN A 192.0.2.1\nb IN 70 A 192.0.2.2\nc 80 A 192.0.2.3\nd IN A 192.0.2.4\ne A 192.0.2.5',
      records: [
        'a.example.org. 60 IN A 192.0.2.1',
        'b.example.org. 70 IN A 192.0.2.2',
        'c.example.org. 80 IN A 192.0.2.3',
        'd.example.org. 80 IN A 192.0.2.4',
        'e.example.org. 80 IN A 192.0.2.5',
      ],
    },
    {
      title: 'an indented record belongs to the owner before',
      text: '@ 60 A 192.0.2.1\n  AAAA ::1\n\tIN TXT "x"',
      records: ['example.org. 60 IN A 192.0.2.1', 'example.org. 60 IN AAAA ::1', 'example.org. 60 IN TXT "x"'],
    },
    {
      title: '$TTL outlasts the TTLs of records',
      text: '$TTL 1h30m\na A 192.0.2.1\nb 5 A 192.0.2.2\nc A 192.0.2.3\n$TTL 7\nd A 192.0.2.4',
      records: [
        'a.example.org. 5400 IN A 192.0.2.1',
        'b.example.org. 5 IN A 192.0.2.2',
        'c.example.org. 5400 IN A 192.0.2.3',
        'd.example.org. 7 IN A 192.0.2.4',
      ],
    },
    {
      title: '$ORIGIN completes owners and rdata, and may be relative',
      text: '$ORIGIN sub\na 1 CNAME b\n@ 1 NS ns.example.net.\n$origin example.net.\nc 1 MX 1 @',
      records: [
        'a.sub.example.org. 1 IN CNAME b.sub.example.org.',
        'sub.example.org. 1 IN NS ns.example.net.',
        'c.example.net. 1 IN MX 1 example.net.',
      ],
    },
    {
      title: 'a type in the first column is an owner',
      text: 'A 1 A 192.0.2.1\n$TTL 1\nMX MX 1 a',
      records: ['A.example.org. 1 IN A 192.0.2.1', 'MX.example.org. 1 IN MX 1 a.example.org.'],
    },
    {
      title: 'escapes in owners',
      text: 'a\\.b 1 A 192.0.2.1\n\\$TTL 1 A 192.0.2.2\nsp\\032ace 1 A 192.0.2.3',
      records: [
        'a\\.b.example.org. 1 IN A 192.0.2.1',
        '$TTL.example.org. 1 IN A 192.0.2.2',
        'sp\\ ace.example.org. 1 IN A 192.0.2.3',
      ],
    },
    {
      title: 'other classes are kept',
      text: 'v 0 CH TXT x\nw CLASS9 5 A 192.0.2.1',
      records: ['v.example.org. 0 CH TXT "x"', 'w.example.org. 5 CLASS9 A 192.0.2.1'],
    },
    {
      title: 'octets past ASCII are kept',
      text: 'a 1 TXT "\xc3\xa4"',
      records: ['a.example.org. 1 IN TXT "\\195\\164"'],
    },
    {
      title: 'a file without any TTL is read where classes are written',
      text: 'a IN A 192.0.2.1',
      records: ['a.example.org. 0 IN A 192.0.2.1'],
    },
    {
      title: '$GENERATE',
      text: '$TTL 9\n$GENERATE 8-10/2 h${0,2} IN A 192.0.2.$\n$GENERATE 1-1 t$ TXT "a $ b"',
      records: [
        'h08.example.org. 9 IN A 192.0.2.8',
        'h10.example.org. 9 IN A 192.0.2.10',
        't1.example.org. 9 IN TXT "a 1 b"',
      ],
    },
  ]
  for (const { title, text, records } of cases) t.strictSame(recordsOf(text), records, title)
})

t.test('$INCLUDE is relative to the file and leaves nothing behind', async (t) => {
  const files = {
    'zones/a.inc': '@ A 192.0.2.1\n$ORIGIN x\n$TTL 5\nb A 192.0.2.2\n$INCLUDE deep/c.inc\n',
    'zones/deep/c.inc': 'c A 192.0.2.3',
  }
  t.strictSame(recordsOf('$TTL 9\no A 192.0.2.9\n$INCLUDE a.inc in\n A 192.0.2.8\n', files), [
    'o.example.org. 9 IN A 192.0.2.9',
    'in.example.org. 9 IN A 192.0.2.1',
    'b.x.in.example.org. 5 IN A 192.0.2.2',
    'c.x.in.example.org. 5 IN A 192.0.2.3',
    'o.example.org. 9 IN A 192.0.2.8',
  ])
})

t.test('errors name file, reason, word, line and column', async (t) => {
  const cases: readonly (readonly [text: string, message: string])[] = [
    ['\nwww 60 IN A 192.0.2.300', 'bad A A: "192.0.2.300" at line: 2:23'],
    ['www IN BOGUS x', 'not a TTL: "BOGUS" at line: 1:13'],
    ['www 60 IN BOGUS x', 'unknown RR type: "BOGUS" at line: 1:16'],
    ['www 60 BOGUS x', 'expecting RR type or class, not this...: "BOGUS" at line: 1:13'],
    ['www A 192.0.2.1', 'missing TTL with no previous value: "A" at line: 1:6'],
    ['www 60 IN A 192.0.2.1 extra', 'garbage after rdata: "extra" at line: 1:27'],
    ['www 60 IN A', 'unexpected newline: "A" at line: 1:11'],
    [' 60 IN A 192.0.2.1', 'no owner name: "A" at line: 1:9'],
    ['a..b 60 IN A 192.0.2.1', 'bad owner name: "a..b" at line: 1:5'],
    ['$TTL abc', 'expecting $TTL value, not this...: "abc" at line: 1:8'],
    ['$ORIGIN', 'expecting $ORIGIN value, not this...: "$ORIGIN" at line: 1:7'],
    ['$ORIGIN a..', 'bad origin name: "a.." at line: 1:11'],
    ['$INCLUDE', 'expecting $INCLUDE value, not this...: "$INCLUDE" at line: 1:8'],
    [
      '$INCLUDE no',
      'failed to open `no\' as `zones/no\': open zones/no: no such file or directory: "no" at line: 1:11',
    ],
    ['$INCLUDE a b c', 'garbage after $INCLUDE: "c" at line: 1:14'],
    ['$GENERATE', 'expecting $GENERATE value, not this...: "$GENERATE" at line: 1:9'],
    ['$GENERATE 1-x a$ A 192.0.2.$', 'bad stop in $GENERATE range: "1-x" at line: 1:14'],
    ['$GENERATE 1-2', 'garbage after $GENERATE range: "1-2" at line: 1:13'],
    ['$GENERATE 1-2 $GENERATE 1-2 a$ A 192.0.2.$', 'nested $GENERATE directive not allowed: "$GENERATE" at line: 1:24'],
    ['$GENERATE 255-256 a$ 1 A 192.0.2.$', 'bad A A: "192.0.2.256" at line: 1:20'],
    ['www 60 IN A )', 'extra closing brace: "extra closing brace" at line: 1:13'],
    ['www 60 IN A (192.0.2.1', 'unbalanced brace: "(" at line: 1:13'],
    ['this is @@ not a zone (', 'not a TTL: "is" at line: 1:8'],
  ]
  for (const [text, message] of cases) {
    t.throws(() => recordsOf(text), { name: 'MasterFileError', message: `zones/db: dns: ${message}` }, text)
  }
})

t.test('a file that includes itself ends in an error', async (t) => {
  const files = { 'zones/loop': '$INCLUDE loop' }
  const message = 'zones/loop: dns: too deeply nested $INCLUDE: "loop" at line: 1:13'
  t.throws(() => recordsOf('$INCLUDE loop', files), { message })
})

t.test('whatever a file holds, reading ends, in records or in an error with a place', async (t) => {
  const piece = fc.constantFrom(
    ...[
      '@',
      'a',
      ' ',
      '\t',
      '\n',
      '(',
      ')',
      '"',
      '\\',
      ';',
      '$',
      '{0,3,d}',
      '1h',
      '60',
      'IN',
      'CH',
      'A',
      'MX',
      'TXT',
      'SOA',
      'SVCB',
      'RRSIG',
    ],
    ...[
      '$TTL ',
      '$ORIGIN ',
      '$INCLUDE x',
      '$GENERATE 1-3 ',
      '192.0.2.1',
      '::1',
      'TYPE9',
      '\\# 1 00',
      '\\300',
      'alpn=',
      '\xff',
    ],
  )
  const text = fc.array(piece, { maxLength: 40 }).map((pieces) => pieces.join(''))
  fc.assert(
    fc.property(text, text, (main, included) => {
      try {
        recordsOf(`$TTL 1\n${main}`, { 'zones/x': included })
      } catch (error) {
        if (!(error instanceof MasterFileError) || !/: dns: .* at line: [0-9]+:[0-9]+$/s.test(error.message))
          throw error
      }
    }),
    { numRuns: 3000 },
  )
  t.pass()
})

t.test('files that include each other many times are refused, however shallow', async (t) => {
  const files: Record<string, string> = {}
  for (let depth = 1; depth < 5; depth++) files[`zones/f${depth}`] = `$INCLUDE f${depth + 1}\n`.repeat(100)
  files['zones/f5'] = ''
  t.throws(() => recordsOf('$INCLUDE f1\n', files), {
    name: 'MasterFileError',
    message: `zones/f4: dns: more than ${includesMax} $INCLUDE: "f5" at line: 99:11`,
  })
})

t.test('whoever reads in slices gets a turn in text without records', async (t) => {
  for (const line of ['; a comment\n', '\n', '$TTL 300\n']) {
    const source = { text: line.repeat(300_000), file: 'db', origin: Name.root, include: () => '' }
    const turns = [...parseMasterFile(source)]
    t.ok(turns.length > 1 && turns.every((turn) => turn === null), JSON.stringify(line))
  }
})
