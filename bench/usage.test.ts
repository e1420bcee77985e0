import { spawn } from 'node:child_process'
import { once } from 'node:events'
import t from 'tap'
import { processTree, residence, runNanoseconds, tickSeconds, usageOf } from './usage.ts'

t.test('fields of a stat count from behind the name, whatever the name holds', async (t) => {
  const fields = 'S 1 2 3 0 -1 4194560 10 0 0 0 250 75 0 0 20 0 12'
  t.equal(tickSeconds(`42 (a) b) (c) ${fields}`), 3.25)
  t.equal(tickSeconds(''), 0)
})

t.test('a schedstat begins with the time on a core', async (t) => {
  t.equal(runNanoseconds('378907507 390446150 785\n'), 378_907_507)
  t.equal(runNanoseconds(''), 0)
})

t.test('memory is read in octets', async (t) => {
  const rollup = '00400000-7ffc [rollup]\nRss:   100 kB\nPss:  60 kB\nPrivate_Clean:  8 kB\nPrivate_Dirty:  50 kB\n'
  t.same(residence(rollup), { residentBytes: 102_400, privateBytes: 59_392 })
  t.same(residence(''), { residentBytes: 0, privateBytes: 0 })
})

const onLinux = process.platform === 'linux' ? {} : { skip: 'only Linux has /proc' }

t.test('the time that this process works is seen', onLinux, async (t) => {
  const before = usageOf(process.pid)
  const start = process.cpuUsage()
  let sum = 0
  while (process.cpuUsage(start).user < 50_000) sum += Math.sqrt(sum + 1)
  const after = usageOf(process.pid)
  t.ok(sum > 0 && after.cpuSeconds - before.cpuSeconds >= 0.03, `${after.cpuSeconds - before.cpuSeconds} s`)
  t.ok(after.memoryBytes > 1e6)
})

t.test('children belong to the tree, and what has gone costs nothing', onLinux, async (t) => {
  const child = spawn('cat', { stdio: ['pipe', 'ignore', 'ignore'] })
  await once(child, 'spawn')
  const pid = child.pid ?? 0
  t.ok(processTree(process.pid).includes(pid))
  child.stdin.end()
  await once(child, 'exit')
  t.same(usageOf(pid), { cpuSeconds: 0, memoryBytes: 0 })
})
