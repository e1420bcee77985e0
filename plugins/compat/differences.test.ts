// docs/differences.md tells of every quirk of the recorded cases what became of it.

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'

const root = join(import.meta.dirname, '../..')
const suites = join(root, 'test/conformance/suites')

t.test('every quirk of the recorded cases stands in docs/differences.md, with its suite', async (t) => {
  const told = new Set<string>()
  const page = readFileSync(join(root, 'docs/differences.md'), 'utf8')
  const quirks = page.slice(page.indexOf('## Quirks of the recorded cases'))
  for (const [, reason, numbers = ''] of quirks.matchAll(/^\| (.*) \| ([\d, ]+) \| .* \|$/gm)) {
    for (const number of numbers.split(', ')) told.add(`${number} ${reason}`)
  }
  const recorded = new Set<string>()
  for (const suite of readdirSync(suites)) {
    for (const line of readFileSync(join(suites, suite, 'cases.jsonl'), 'utf8').split('\n')) {
      if (!line.includes('"quirk"')) continue
      const { quirk, reason } = JSON.parse(line) as { quirk?: boolean; reason?: string }
      if (quirk) recorded.add(`${suite.slice(0, 2)} ${reason}`)
    }
  }
  t.same([...recorded].sort(), [...told].sort())
})
