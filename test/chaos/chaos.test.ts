// The chaos command, short: that it works and can fail is seen here, that nothing goes wrong for long by running it.

import { fileURLToPath } from 'node:url'
import t from 'tap'
import { run } from '../support/command.ts'

const script = fileURLToPath(new URL('./main.ts', import.meta.url))

t.test('after faults and changes every answer is right in time', async (t) => {
  const { code, output } = await run(process.execPath, [script, '--events', '24'])
  t.match(output, /^faults: \w/m)
  t.match(output, /^changes: \w/m)
  t.match(output, /^[1-9] quiet seconds, \d{4,} answers compared/m)
  t.match(output, /^good: every answer was right in time$/m)
  t.equal(code, 0, output)
})

t.test('a server that waits for silence as long as others do is found out', async (t) => {
  const { code, output } = await run(process.execPath, [script, '--events', '30', '--seed', '0', '--patient'])
  t.match(output, /^FAILED: \d+ complaints; --seed 0 repeats it$/m)
  t.equal(code, 1, output)
})
