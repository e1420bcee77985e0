import { createServer } from 'node:http'
import t from 'tap'
import { FakeClock } from '../../test/support/fake-clock.ts'
import type { Log, Metrics } from '../plugin.ts'
import { SelfProbe } from './self-probe.ts'

/** A probe of `address` and what it measured and wrote. */
function probe(address: string) {
  const clock = new FakeClock()
  const observed: number[] = []
  const lines: string[] = []
  let failures = 0
  const metrics = {
    histogram: () => ({ with: () => ({ observe: (value: number) => observed.push(value) }) }),
    counter: () => ({ with: () => ({ increment: () => failures++ }) }),
  } as unknown as Metrics
  const log = { warning: (line: string) => lines.push(line) } as unknown as Log
  const probing = new SelfProbe(address, { clock, log, metrics })
  const until = async (count: number) => {
    while (observed.length < count) await new Promise(setImmediate)
  }
  return { clock, observed, lines, probing, until, failures: () => failures }
}

t.test('an address where nobody answers is a failure and a warning', async (t) => {
  const { clock, lines, probing, until, failures } = probe('127.0.0.1:1')
  probing.start()
  await clock.advance(1000)
  await until(1)
  t.equal(failures(), 1)
  t.strictSame(lines, ['Local health request to "http://127.0.0.1:1/health" failed: connect ECONNREFUSED 127.0.0.1:1'])
  probing.stop()
})

t.test('an answer that takes more than a second is a warning', async (t) => {
  let passTime = async () => {}
  const server = createServer((_request, response) => void passTime().then(() => response.end('OK')))
  server.listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  t.teardown(() => server.close())
  const { port } = server.address() as { port: number }
  const { clock, observed, lines, probing, until, failures } = probe(`127.0.0.1:${port}`)
  passTime = () => clock.advance(1500)
  probing.start()
  await clock.advance(1000)
  await until(1)
  probing.stop()
  t.strictSame(observed, [1.5])
  t.equal(failures(), 0)
  t.strictSame(lines, [`Local health request to "http://127.0.0.1:${port}/health" took more than 1s: 1.5s`])
})
