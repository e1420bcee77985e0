import t from 'tap'
import { LogQuota, waitingLinesMax } from './log-quota.ts'

t.test('lines that nobody takes are dropped past the bound, and flow again when they are taken', async (t) => {
  const thread = new LogQuota()
  const main = new LogQuota(thread.memory)
  let taken = 0
  while (taken < waitingLinesMax && thread.take()) taken++
  t.equal(taken, waitingLinesMax)
  t.notOk(thread.take())
  main.give()
  t.ok(thread.take())
  t.notOk(thread.take())
})
