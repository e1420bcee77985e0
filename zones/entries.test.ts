import t from 'tap'
import { EntryError, EntryReader } from './entries.ts'
import { entryOctetsMax } from './limits.ts'

/** Each entry as its words, `>` in front of an indented one, `+` in front of a glued word, quotes around a quoted one. */
function entriesOf(text: string): string[] {
  const reader = new EntryReader(text)
  const entries: string[] = []
  for (let entry = reader.next(); entry; entry = reader.next()) {
    // A pause in a long stretch of blanks and comments.
    if (entry.words.length === 0) continue
    const words = entry.words.map((word) => (word.glued ? '+' : '') + (word.quoted ? `"${word.text}"` : word.text))
    entries.push((entry.indented ? '>' : '') + words.join('|'))
  }
  return entries
}

t.test('a master file is split into entries', async (t) => {
  const cases: readonly { title: string; text: string; entries: readonly string[] }[] = [
    { title: 'blank lines and comments are nothing', text: '\n  \n; a\n ; b\n\r\n', entries: [] },
    { title: 'a line is an entry', text: 'a A 1\nb A 2', entries: ['a|A|1', 'b|A|2'] },
    { title: 'a blank in front means the owner before', text: 'a A 1\n\tA 2\n', entries: ['a|A|1', '>A|2'] },
    { title: 'parentheses join lines', text: 'a SOA ( 1 ; one\n  2 )\n b', entries: ['a|SOA|1|2', '>b'] },
    { title: 'an entry may start inside parentheses', text: '(a\nA 1)\n', entries: ['a|A|1'] },
    { title: 'a comment ends a word', text: 'a A 1;x', entries: ['a|A|1'] },
    { title: 'quotes keep blanks, semicolons and parentheses', text: 'a TXT "b ;(c"', entries: ['a|TXT|"b ;(c"'] },
    { title: 'escapes stay for the field to resolve', text: 'a TXT "\\"" \\;b\\ c', entries: ['a|TXT|"\\""|\\;b\\ c'] },
    { title: 'a quoted part without a blank is glued', text: 'a k="v" "x""y"', entries: ['a|k=|+"v"|"x"|+"y"'] },
    { title: 'a quoted text may span lines', text: 'a TXT "1\n2"\nb', entries: ['a|TXT|"1\n2"', 'b'] },
    { title: 'carriage returns are blanks', text: 'a A 1\r\nb A 2\r\n', entries: ['a|A|1', 'b|A|2'] },
    { title: 'a backslash at the end is kept', text: 'a A b\\', entries: ['a|A|b\\'] },
  ]
  for (const { title, text, entries } of cases) t.strictSame(entriesOf(text), entries, title)
})

t.test('what does not pair up is an error with its place', async (t) => {
  const cases: readonly { text: string; reason: string; line: number; column: number }[] = [
    { text: 'a A 1\nb )', reason: 'extra closing brace', line: 2, column: 3 },
    { text: 'a A 1\n(\n\n', reason: 'unbalanced brace', line: 2, column: 1 },
    { text: 'a A 1\nb "x\ny', reason: 'unterminated quote', line: 2, column: 3 },
    { text: `a TXT ${'x '.repeat(entryOctetsMax)}`, reason: 'record too long', line: 1, column: 2 },
  ]
  for (const { text, reason, line, column } of cases) {
    try {
      entriesOf(text)
      t.fail(reason)
    } catch (error) {
      t.ok(error instanceof EntryError)
      t.match(error, { reason, line, column })
    }
  }
})

t.test('a long comment in front makes no record too long', async (t) => {
  t.strictSame(entriesOf(`${';'.repeat(2 * entryOctetsMax)}\na A 1`), ['a|A|1'])
})
