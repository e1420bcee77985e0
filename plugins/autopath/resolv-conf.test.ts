import t from 'tap'
import { searchOf } from './resolv-conf.ts'

t.test('the last search or domain line of a resolv.conf counts', async (t) => {
  const cases: [text: string, zones: readonly string[]][] = [
    ['', []],
    ['nameserver 192.0.2.1\n', []],
    ['search a.test b.test', ['a.test.', 'b.test.']],
    ['search a.test\nsearch  B.test.\tc.test\r\n', ['b.test.', 'c.test.']],
    ['search a.test b.test\ndomain d.test e.test', ['d.test.']],
    ['domain d.test\nsearch a.test', ['a.test.']],
    ['domain', []],
    ['search a.test\nsearch', []],
    ['# search x.test\nsearch a..test ok.test .', ['ok.test.', '.']],
  ]
  for (const [text, zones] of cases) t.strictSame(searchOf(text), zones, JSON.stringify(text))
})
