import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { eventually } from '../test/support/eventually.ts'
import { FakeClock } from '../test/support/fake-clock.ts'
import { SnapshotKeeper } from './snapshot-keeper.ts'
import type { ChangeBatch } from './store.ts'

// Files are waited for in real time.
const alive = setInterval(() => {}, 1_000)
t.teardown(() => clearInterval(alive))

/** A keeper of a state that is a single number. */
async function setUp(t: Test) {
  const folder = await mkdtemp(join(tmpdir(), 'meridian-'))
  t.teardown(() => rm(folder, { recursive: true }))
  const clock = new FakeClock()
  const written: unknown[] = []
  const state = { serial: 1, confirmedMs: clock.wall() }
  const make = (identity = 'a'): SnapshotKeeper =>
    new SnapshotKeeper({
      snapshot: { path: join(folder, 'state'), maxAgeMs: 3_600_000, ready: false },
      identity,
      clock,
      everyMs: 30_000,
      state: (): ChangeBatch => ({ records: new Uint8Array(0), serial: state.serial, synced: true, whole: true }),
      confirmedAtMs: () => state.confirmedMs,
      written: (error) => written.push(error),
    })
  return { clock, written, state, make }
}

t.test('a change is written at once, further ones half a minute later, all in one', async (t) => {
  const { clock, written, state, make } = await setUp(t)
  const keeper = make()
  keeper.changed()
  await clock.advance(0)
  await eventually(() => written.length === 1)
  for (state.serial = 2; state.serial < 10; state.serial++) keeper.changed()
  await clock.advance(29_999)
  t.equal(written.length, 1)
  state.confirmedMs = clock.wall() + 1
  await clock.advance(1)
  await eventually(() => written.length === 2)
  t.match(await make().read(), { batch: { serial: 10, whole: true, synced: false }, ageMs: 0 })
  await clock.advance(3_600_000)
  t.equal(written.length, 2)
})

t.test('the last change is on disk when the keeper has stopped, and nothing is written after', async (t) => {
  const { clock, written, state, make } = await setUp(t)
  const keeper = make()
  keeper.changed()
  await clock.advance(0)
  state.serial = 2
  keeper.changed()
  await keeper.stop()
  t.match(await make().read(), { batch: { serial: 2 } })
  const { length } = written
  keeper.changed()
  await clock.advance(3_600_000)
  t.equal(written.length, length)
})

t.test('a keeper that has heard of no change leaves the file alone', async (t) => {
  const { written, make } = await setUp(t)
  t.equal(await make().read(), null)
  await make().stop()
  t.equal(await make().read(), null)
  t.same(written, [])
})

t.test('what is too old, or another’s, is a problem', async (t) => {
  const { clock, make } = await setUp(t)
  const keeper = make()
  keeper.changed()
  await keeper.stop()
  t.match(await make('b').read(), { problem: /another cluster/ })
  await clock.advance(3_600_001)
  t.match(await make().read(), { problem: /s old/ })
})

t.test('the file of a cluster in which nothing changes stays as young as what was heard of it', async (t) => {
  const { clock, written, state, make } = await setUp(t)
  const keeper = make()
  keeper.changed()
  await clock.advance(0)
  await eventually(() => written.length === 1)
  await clock.advance(900_000)
  t.equal(written.length, 1, 'nobody has confirmed it')
  state.confirmedMs = clock.wall()
  await clock.advance(900_000)
  await eventually(() => written.length === 2)
  t.match(await make().read(), { ageMs: 900_000 })
  state.confirmedMs = clock.wall()
  await keeper.stop()
  t.match(await make().read(), { ageMs: 0 })
  t.same(written, [null, null, null])
})
