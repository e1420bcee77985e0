import t from 'tap'
import { FakeClock } from '../../test/support/fake-clock.ts'
import { InFlight, TokenBucket } from './rate-limit.ts'

const never = new AbortController().signal

/** Takes `count` tokens at once; the times on the clock, from now, at which each was had. */
async function takeAll(bucket: TokenBucket, clock: FakeClock, count: number): Promise<number[]> {
  const start = clock.now()
  const times: number[] = []
  for (let i = 0; i < count; i++) void bucket.take(never).then(() => times.push(clock.now() - start))
  await clock.advance(10_000)
  return times
}

t.test('a burst is free, then requests go out at the rate', async (t) => {
  const clock = new FakeClock()
  const bucket = new TokenBucket({ queriesPerSecond: 2, burst: 3, clock })
  t.same(await takeAll(bucket, clock, 6), [0, 0, 0, 500, 1000, 1500])
  t.same(await takeAll(bucket, clock, 4), [0, 0, 0, 500], 'a rest fills the bucket to its size and no further')
})

t.test("0 stands for client-go's 5 a second and bursts of 10", async (t) => {
  const clock = new FakeClock()
  const bucket = new TokenBucket({ queriesPerSecond: 0, burst: 0, clock })
  t.same((await takeAll(bucket, clock, 12)).slice(9), [0, 200, 400])
})

t.test('who waits for a token leaves with the signal and gives the token back', async (t) => {
  const clock = new FakeClock()
  const bucket = new TokenBucket({ queriesPerSecond: 1, burst: 1, clock })
  await bucket.take(never)
  const leaving = new AbortController()
  const taken = bucket.take(leaving.signal)
  leaving.abort(new Error('enough'))
  await t.rejects(taken, { message: 'enough' })
  await t.rejects(bucket.take(leaving.signal), { message: 'enough' }, 'an aborted signal takes nothing')
  t.same(await takeAll(bucket, clock, 2), [1000, 2000])
})

t.test('as many requests as allowed are under way, the others wait in order', async (t) => {
  const inFlight = new InFlight(2)
  const order: string[] = []
  const enter = (name: string, signal = never): Promise<() => void> =>
    inFlight.enter(signal).then((leave) => {
      order.push(name)
      return leave
    })
  const leaveA = await enter('a')
  await enter('b')
  const leaving = new AbortController()
  const c = enter('c', leaving.signal)
  const d = enter('d')
  leaving.abort(new Error('enough'))
  await t.rejects(c, { message: 'enough' })
  t.same(order, ['a', 'b'])
  leaveA()
  const leaveD = await d
  const e = enter('e')
  leaveD()
  await e
  t.same(order, ['a', 'b', 'd', 'e'])
})

t.test('0 requests in flight is no limit', async (t) => {
  const inFlight = new InFlight(0)
  await Promise.all(Array.from({ length: 100 }, () => inFlight.enter(never)))
  t.pass('nobody waited')
})
