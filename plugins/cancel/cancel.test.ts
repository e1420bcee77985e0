import t from 'tap'
import { FakeClock } from '../../test/support/fake-clock.ts'
import { serveError } from '../../test/support/serve.ts'
import { Directive } from '../directive.ts'
import type { Host } from '../plugin.ts'
import type { Query } from '../query.ts'
import { fail, respond } from '../response.ts'
import { cancel } from './cancel.ts'

const layerWith = (clock: FakeClock, ...args: string[]) => {
  const tokens = ['cancel', ...args].map((text) => ({ text, file: 'Corefile', line: 1 }))
  return cancel.setup(new Directive('cancel', 'Corefile', tokens), { clock } as unknown as Host)
}

t.test('what waits for an answer is told to stop when the time is over', async (t) => {
  for (const [args, limitMs] of [
    [[], 5001],
    [['300ms'], 300],
  ] as const) {
    const clock = new FakeClock()
    const layer = layerWith(clock, ...args)!
    const answered = layer(
      (query) =>
        new Promise((resolve) =>
          query.signal?.addEventListener('abort', () => resolve(fail(2, String(query.signal?.reason.message)))),
        ),
    )({} as Query)
    await clock.advance(limitMs - 1)
    const early = await Promise.race([answered, Promise.resolve('waiting')])
    t.equal(early, 'waiting')
    await clock.advance(1)
    t.match(await answered, { rcode: 2, error: 'context deadline exceeded' })
  }
})

t.test('an answer in time ends the watch', async (t) => {
  const clock = new FakeClock()
  let signal: AbortSignal | null = null
  const answered = layerWith(clock, '1s')!((query) => {
    signal = query.signal
    return respond('x', {})
  })({} as Query)
  t.notOk(answered instanceof Promise, 'a chain that awaits nothing stays synchronous')
  await clock.advance(2000)
  t.equal((signal as AbortSignal | null)?.aborted, false)
})

t.test('durations that mean nothing are refused', async (t) => {
  const table = [
    ['soon', 'plugin/cancel: invalid duration: "soon"'],
    ['-1s', 'plugin/cancel: invalid negative duration: "-1s"'],
    [
      '1s 2s',
      "plugin/cancel: Corefile:2 - Error during parsing: Wrong argument count or unexpected line ending after '2s'",
    ],
  ] as const
  for (const [args, error] of table) t.equal(await serveError({ corefile: `. {\n cancel ${args}\n}` }), error)
})
