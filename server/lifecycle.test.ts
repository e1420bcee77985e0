import t from 'tap'
import { handleSignals } from './lifecycle.ts'

/** A process that gets signals from a test. */
function setUp(
  supervisor: { drain?: () => Promise<void>; stop?: () => Promise<void>; reload?: () => Promise<string | null> } = {},
) {
  const handlers = new Map<string, () => void>()
  const log: string[] = []
  const exits: number[] = []
  const told = (what: string) => async (): Promise<void> => void log.push(what)
  const isEnding = handleSignals({
    supervisor: { drain: told('drain'), stop: told('stop'), reload: async () => null, ...supervisor },
    sink: (line) => log.push(line),
    exit: (code) => exits.push(code),
    source: { on: (signal, handler) => handlers.set(signal, handler) },
  })
  const send = async (signal: string): Promise<void> => {
    handlers.get(signal)?.()
    await new Promise((resolve) => setImmediate(resolve))
  }
  return { send, log, exits, isEnding }
}

t.test('SIGTERM drains, stops and ends with 0, once', async (t) => {
  const { send, log, exits, isEnding } = setUp()
  t.equal(isEnding(), false)
  await Promise.all([send('SIGTERM'), send('SIGTERM')])
  t.equal(isEnding(), true)
  t.same(log, ['[INFO] SIGTERM: Shutting down servers then terminating', 'drain', 'stop'])
  t.same(exits, [0])
})

t.test('a second SIGINT ends at once with 2', async (t) => {
  const { send, log, exits } = setUp({ drain: () => new Promise(() => {}) })
  await send('SIGINT')
  t.same(exits, [])
  await send('SIGINT')
  t.same(log, ['[INFO] SIGINT: Shutting down', '[INFO] SIGINT: Force quit'])
  t.same(exits, [2])
})

t.test('the first SIGINT after a SIGTERM does not cut the lameduck short', async (t) => {
  const { send, log, exits } = setUp({ drain: () => new Promise(() => {}) })
  for (const signal of ['SIGTERM', 'SIGINT']) await send(signal)
  t.same(exits, [])
  await send('SIGINT')
  t.same(exits, [2])
  t.equal(log.length, 3)
})

t.test('SIGQUIT ends at once with 0, SIGHUP does nothing', async (t) => {
  const { send, log, exits } = setUp()
  await send('SIGHUP')
  t.same([log, exits], [[], []])
  await send('SIGQUIT')
  t.same([log, exits], [['[INFO] SIGQUIT: Quitting process immediately'], [0]])
})

t.test('an error while stopping ends with 3 and says why', async (t) => {
  const { send, log, exits } = setUp({ stop: async () => Promise.reject(new Error('stuck')) })
  await send('SIGTERM')
  t.equal(log.at(-1), '[ERROR] SIGTERM stop: stuck')
  t.same(exits, [3])
})

t.test('SIGUSR1 reloads and ends nothing, whether that works or not', async (t) => {
  for (const result of [null, 'Corefile:1 - Error during parsing: x']) {
    let reloads = 0
    const { send, log, exits } = setUp({
      reload: async () => {
        reloads++
        return result
      },
    })
    await send('SIGUSR1')
    t.equal(reloads, 1)
    t.same(log, ['[INFO] SIGUSR1: Reloading'])
    t.same(exits, [])
  }
})
