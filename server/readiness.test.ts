import t from 'tap'
import { FakeClock } from '../test/support/fake-clock.ts'
import { Readiness } from './readiness.ts'

t.test('changes are told once, sorted, each plugin by name once', async (t) => {
  const clock = new FakeClock()
  const told: (readonly string[])[] = []
  const state = { kubernetes: false, erratic: false, second: true }
  const readiness = new Readiness(
    [
      { plugin: 'kubernetes', ready: () => state.kubernetes },
      { plugin: 'erratic', ready: () => state.erratic },
      { plugin: 'kubernetes', ready: () => state.second },
    ],
    clock,
    (notReady) => told.push(notReady),
  )
  readiness.start()
  t.same(told, [['erratic', 'kubernetes']])
  await clock.advance(1000)
  t.equal(told.length, 1)
  state.erratic = true
  await clock.advance(100)
  t.same(told.at(-1), ['kubernetes'])
  state.kubernetes = true
  state.second = false
  await clock.advance(100)
  t.equal(told.length, 2, 'one instance that is not ready makes the name not ready')
  state.second = true
  readiness.look()
  t.same(told.at(-1), [])
})

t.test('a configuration that was replaced is asked no more', async (t) => {
  const clock = new FakeClock()
  const told: (readonly string[])[] = []
  let asked = 0
  const ready = (): boolean => asked++ > 3
  const readiness = new Readiness([{ plugin: 'x', ready }], clock, (notReady) => told.push(notReady))
  readiness.start()
  readiness.stop()
  await clock.advance(1000)
  readiness.look()
  t.same(told, [['x']])
})

t.test('without plugins that take part all is ready from the start', async (t) => {
  const told: (readonly string[])[] = []
  new Readiness([], new FakeClock(), (notReady) => told.push(notReady)).start()
  t.same(told, [[]])
})
