import t from 'tap'
import { FakeClock } from '../../test/support/fake-clock.ts'
import { Backoff } from './backoff.ts'
import { Silence } from './silence.ts'
import { watchTiming } from './watch-timing.ts'

t.test('silence is counted from the last sign of life, with the bound that stands then', async (t) => {
  const clock = new FakeClock()
  const bound = { ms: 100 }
  const cuts: number[] = []
  const silence = new Silence(clock, bound, () => cuts.push(clock.now()))
  const start = clock.now()
  await clock.advance(90)
  silence.heard()
  await clock.advance(90)
  bound.ms = 200
  await clock.advance(109)
  t.same(cuts, [])
  await clock.advance(1)
  t.same(cuts, [start + 290])
  await clock.advance(1000)
  t.equal(cuts.length, 1)
})

t.test('nothing is cut after the end', async (t) => {
  const clock = new FakeClock()
  const silence = new Silence(clock, { ms: 100 }, () => t.fail('cut'))
  silence.end()
  await clock.advance(1000)
})

t.test('waiting doubles up to half a minute, and starts over after two quiet minutes', async (t) => {
  const clock = new FakeClock()
  const backoff = new Backoff({ clock, random: () => 0, timing: watchTiming })
  const delays = Array.from({ length: 8 }, () => backoff.next())
  t.same(delays, [800, 1600, 3200, 6400, 12_800, 25_600, 30_000, 30_000])
  await clock.advance(119_999)
  t.equal(backoff.next(), 30_000)
  await clock.advance(120_000)
  t.equal(backoff.next(), 800)
})

t.test('waiting is up to twice as long, at random', async (t) => {
  const backoff = new Backoff({ clock: new FakeClock(), random: () => 0.5, timing: watchTiming })
  t.equal(backoff.next(), 1200)
})

t.test('the first trouble of a kind in half a minute is known from the next', async (t) => {
  const clock = new FakeClock()
  const backoff = new Backoff({ clock, random: () => 0, timing: watchTiming })
  t.ok(backoff.isFirst('expired'))
  t.ok(backoff.isFirst('connection'))
  await clock.advance(29_999)
  t.notOk(backoff.isFirst('expired'))
  await clock.advance(30_000)
  t.ok(backoff.isFirst('expired'))
})
