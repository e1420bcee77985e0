import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { importFiles } from './import-files.ts'
import { fileBytesMax } from './limits.ts'

t.test('a pattern finds the paths it matches, sorted', async (t) => {
  const root = t.testdir({
    'b.conf': 'b',
    'a.conf': 'a',
    '.hidden.conf': 'h',
    'c.txt': 'c',
    'a[b].conf': 'bracket',
    one: { 'x.conf': '1' },
    two: { 'x.conf': '2', 'y.conf': '2' },
  })
  const cases: [pattern: string, found: string[]][] = [
    ['a.conf', ['a.conf']],
    ['none.conf', []],
    ['*.conf', ['.hidden.conf', 'a.conf', 'a[b].conf', 'b.conf']],
    ['?.conf', ['a.conf', 'b.conf']],
    ['?.con*', ['a.conf', 'b.conf']],
    ['*/x.conf', ['one/x.conf', 'two/x.conf']],
    ['t*/?.conf', ['two/x.conf', 'two/y.conf']],
    ['*/none', []],
    ['none/*', []],
    ['a.conf/*', []],
    ['\\a.conf', ['a.conf']],
    ['a\\[b].conf', ['a[b].conf']],
    ['\\*.conf', []],
    ['one', ['one']],
    ['\0', []],
    [`*${'/a'.repeat(1_000_000)}`, []],
  ]
  for (const [pattern, found] of cases) {
    t.same(
      importFiles.find(`${root}/${pattern}`),
      found.map((name) => join(root, name)),
      pattern.slice(0, 20),
    )
  }
  t.throws(() => importFiles.find(`${root}/a[b`), new Error('syntax error in pattern'))
  t.throws(() => importFiles.find(`${root}/a\\`), new Error('syntax error in pattern'))
})

t.test('a file is read whole, or the reason says why not', async (t) => {
  const root = t.testdir({ 'a.conf': 'errors \u00e9\n', empty: '', directory: {} })
  const path = (name: string) => join(root, name)
  t.equal(importFiles.read(path('a.conf')), 'errors \u00e9\n')
  t.equal(importFiles.read(path('empty')), '')
  t.equal(importFiles.read('/dev/null'), '')
  t.throws(() => importFiles.read(path('directory')), new Error('is a directory'))
  symlinkSync('nowhere', path('dangling'))
  t.same(importFiles.find(path('dangling')), [path('dangling')], 'a dangling link is found')
  t.throws(() => importFiles.read(path('dangling')), new Error(`open ${path('dangling')}: no such file or directory`))
  symlinkSync('loop', path('loop'))
  t.throws(() => importFiles.read(path('loop')), new Error(`open ${path('loop')}: too many levels of symbolic links`))
  writeFileSync(path('large'), Buffer.alloc(fileBytesMax + 1, ' '))
  t.throws(() => importFiles.read(path('large')), new Error(`file is larger than ${fileBytesMax} bytes`))
  t.throws(() => importFiles.read('/dev/zero'), new Error(`file is larger than ${fileBytesMax} bytes`))
})

t.test(
  'a file that may not be read is an error',
  { skip: process.getuid?.() === 0 && 'root may read all' },
  async (t) => {
    const root = t.testdir({ secret: 'x' })
    chmodSync(join(root, 'secret'), 0)
    mkdirSync(join(root, 'closed'), { mode: 0 })
    t.throws(() => importFiles.read(join(root, 'secret')), new Error(`open ${join(root, 'secret')}: permission denied`))
    t.same(importFiles.find(join(root, 'closed/*')), [])
  },
)
