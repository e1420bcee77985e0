// The soak commands, short: that they work and can fail is seen here, that nothing is lost for long by running them.

import { fileURLToPath } from 'node:url'
import t from 'tap'
import { run } from '../support/command.ts'

const script = (name: string): string => fileURLToPath(new URL(`./${name}.ts`, import.meta.url))

t.test('SIGTERM under load loses no query', async (t) => {
  const { code, output } = await run(process.execPath, [
    script('drain'),
    '--rounds',
    '1',
    '--seconds',
    '0.3',
    '--clients',
    '6',
  ])
  t.match(
    output,
    /^round 1: [1-9]\d+ sent until the lameduck's end, \d+ answered \(0 with an error\).*exit code 0 .*: good$/m,
  )
  t.equal(code, 0, output)
})

t.test('reload under load loses no query and no readiness', async (t) => {
  const { code, output } = await run(process.execPath, [script('reload'), '--reloads', '17', '--clients', '4'])
  t.match(output, /^15 reloads \(0 by the reload plugin\), 2 broken Corefiles refused$/m)
  t.match(output, /^good: nothing was lost$/m)
  t.equal(code, 0, output)
})
