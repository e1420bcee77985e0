import t from 'tap'
import type { Clock } from '../plugins/plugin.ts'
import { FakeClock } from '../test/support/fake-clock.ts'
import { Pieces } from './pieces.ts'

/** A clock that each look moves on by `stepMs`. */
function movingClock(stepMs: number): Clock {
  const clock = new FakeClock()
  let now = 0
  return {
    now: () => {
      now += stepMs
      return now
    },
    wall: () => clock.wall(),
    after: (delayMs, task) => clock.after(delayMs, task),
  }
}

function* steps(count: number, told: string[], name: string): Iterator<void> {
  for (let i = 0; i < count; i++) {
    told.push(`${name}${i}`)
    yield
  }
}

const unexpected = (error: unknown): never => {
  throw error
}

t.test('work is done in slices, one job after another', async (t) => {
  const slices: (() => void)[] = []
  const pieces = new Pieces(movingClock(0.4), (task) => slices.push(task))
  const told: string[] = []
  pieces.add(steps(4, told, 'a'), () => told.push('a done'), unexpected)
  pieces.add(steps(1, told, 'b'), () => told.push('b done'), unexpected)
  t.same(told, [], 'nothing is done while a query may be under way')
  t.equal(slices.length, 1)
  slices.shift()?.()
  t.same(told, ['a0', 'a1', 'a2'], 'a millisecond is over')
  while (slices.length > 0) slices.shift()?.()
  t.same(told, ['a0', 'a1', 'a2', 'a3', 'a done', 'b0', 'b done'])
})

t.test('a step longer than a slice still goes on, one a slice', async (t) => {
  const slices: (() => void)[] = []
  const pieces = new Pieces(movingClock(50), (task) => slices.push(task))
  const told: string[] = []
  pieces.add(steps(3, told, 'a'), () => told.push('done'), unexpected)
  let count = 0
  for (; slices.length > 0; count++) slices.shift()?.()
  t.same([told, count], [['a0', 'a1', 'a2', 'done'], 4])
})

t.test('idle resolves when no job is left', async (t) => {
  const pieces = new Pieces(movingClock(0.1))
  await pieces.idle()
  const told: string[] = []
  pieces.add(steps(100, told, 'a'), () => told.push('done'), unexpected)
  await pieces.idle()
  t.equal(told.at(-1), 'done')
})

t.test('a job that throws is told and the others go on', async (t) => {
  const pieces = new Pieces(movingClock(0.1))
  const told: string[] = []
  const failed = (error: unknown): void => void told.push(String(error))
  function* broken(): Iterator<void> {
    yield
    throw new Error('broken')
  }
  pieces.add(broken(), () => told.push('never'), failed)
  pieces.add(steps(1, told, 'a'), () => unexpected(new Error('in done')), failed)
  pieces.add(steps(1, told, 'b'), () => told.push('b done'), failed)
  await pieces.idle()
  t.same(told, ['Error: broken', 'a0', 'Error: in done', 'b0', 'b done'])
})
