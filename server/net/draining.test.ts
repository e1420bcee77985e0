import t, { type Test } from 'tap'
import { FakeClock } from '../../test/support/fake-clock.ts'
import { drainMsMax } from '../limits.ts'
import { receiveQueue, UnderWay, untilDrained } from './draining.ts'
import { drainMsMin, drainPollMs } from './limits.ts'

const header = '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n'

t.test('what the kernel holds for a port is summed over families and sockets', async (t) => {
  const directory = `${t.testdir({
    udp: `${header}  12: 0100007F:0035 00000000:0000 07 00000000:00000300 00:00000000 00000000 0 0 1 2 0 0
  13: 0100007F:0036 00000000:0000 07 00000000:00000900 00:00000000 00000000 0 0 1 2 0 0\n`,
    udp6: `${header}   9: 00000000000000000000000000000000:0035 00000000000000000000000000000000:0000 07 00000700:00000010 00:00000000 0\n`,
  })}/`
  t.equal(await receiveQueue('udp', 53, directory), 0x310)
  t.equal(await receiveQueue('udp', 54, directory), 0x900)
  t.equal(await receiveQueue('udp', 55, directory), 0)
  t.equal(await receiveQueue('tcp', 53, directory), null, 'where there is no such file it is not known')
})

/** How many milliseconds draining takes with what each look (the first is 1) finds; `prepare` may begin queries. */
async function drainMs(
  find: (look: number) => readonly [queue: number | null, received: number],
  prepare: (underWay: UnderWay, clock: FakeClock) => void = () => {},
): Promise<number> {
  const clock = new FakeClock()
  const underWay = new UnderWay()
  prepare(underWay, clock)
  const start = clock.now()
  let look = 0
  let done = false
  const draining = untilDrained({
    clock,
    queue: async () => find(++look)[0],
    received: () => find(look)[1],
    underWay,
  })
  void draining.then(() => {
    done = true
  })
  while (!done) await clock.advance(drainPollMs)
  return clock.now() - start
}

/** Looks at most a poll too late. */
const about = (t: Test, tookMs: number, expectedMs: number) =>
  t.ok(tookMs >= expectedMs && tookMs <= expectedMs + 2 * drainPollMs, `${tookMs} ms for ${expectedMs} ms`)

t.test('an empty socket is read a little longer, for what is on its way', async (t) => {
  about(t, await drainMs(() => [0, 5]), drainMsMin)
})

t.test('a socket is read until it is empty once, although queries go on coming', async (t) => {
  about(t, await drainMs((look) => [look === 50 ? 0 : 300, look]), 49 * drainPollMs)
})

t.test('where the kernel does not tell, a quiet pause ends it', async (t) => {
  about(t, await drainMs((look) => [null, Math.min(look, 30)]), 30 * drainPollMs)
})

t.test('what came before is waited for, what came later is not', async (t) => {
  const tookMs = await drainMs(
    () => [0, 5],
    (underWay, clock) => {
      const slow = underWay.begin()
      clock.after(700, () => slow.count--)
      clock.after(300, () => underWay.begin())
    },
  )
  about(t, tookMs, 700)
})

t.test('draining ends although the socket is never empty or an answer never comes', async (t) => {
  about(t, await drainMs(() => [1, 1]), drainMsMax)
  about(
    t,
    await drainMs(
      () => [0, 1],
      (underWay) => void underWay.begin(),
    ),
    drainMsMax,
  )
})
