import t from 'tap'
import { Flights } from './flights.ts'

t.test('those who ask the same wait for one exchange', async (t) => {
  const flights = new Flights<string>()
  let started = 0
  let end: (result: string) => void = () => {}
  const start = (done: (result: string) => void) => {
    started++
    end = done
    return () => {}
  }
  const both = Promise.all([flights.join('a', null, start), flights.join('a', null, start)])
  end('reply')
  t.strictSame(await both, ['reply', 'reply'])
  t.equal(started, 1)
})

t.test('an exchange that cannot even start keeps nobody waiting, nor those who come after', async (t) => {
  const flights = new Flights<string>()
  const broken = () => {
    throw new Error('no sockets left')
  }
  await t.rejects(flights.join('a', null, broken), { message: 'no sockets left' })
  const next = flights.join('a', null, (done) => {
    done('reply')
    return () => {}
  })
  t.equal(await Promise.race([next, new Promise((resolve) => setImmediate(resolve, 'still waiting'))]), 'reply')
})

t.test('the last to leave ends the exchange', async (t) => {
  const flights = new Flights<string>()
  const [one, other] = [new AbortController(), new AbortController()]
  let cancelled = 0
  const start = () => () => {
    cancelled++
  }
  const waiting = [one, other].map(({ signal }) => flights.join('a', signal, start))
  one.abort()
  t.equal(cancelled, 0)
  other.abort()
  t.equal(cancelled, 1)
  t.strictSame(await Promise.all(waiting), [null, null])
})
