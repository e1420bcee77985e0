import { chmod, mkdir, readdir, readFile, stat, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { batchOf, changesOf } from './object-bytes.ts'
import type { ClusterObject } from './objects.ts'
import { readSnapshot, writeSnapshot } from './snapshot-file.ts'

const namespace = (name: string): ClusterObject => ({ kind: 'Namespace', namespace: '', name })
const batchWith = (...names: string[]) =>
  batchOf(
    names.map((name) => ({ object: namespace(name) })),
    { serial: 77, synced: true, whole: true },
  )

const hour = 3_600_000
const taken = 1_767_225_600_000
const asked = { identity: 'one cluster', maxAgeMs: hour, nowMs: taken + 1_000 }

function place(t: Test) {
  const folder = t.testdir({})
  const path = join(folder, 'state')
  return { folder, path, write: (...names: string[]) => writeSnapshot(path, snapshotOf(...names)) }
}
const snapshotOf = (...names: string[]) => ({ batch: batchWith(...names), identity: 'one cluster', takenAtMs: taken })

const problemOf = async (path: string, changes: Partial<typeof asked> = {}): Promise<string> => {
  const read = await readSnapshot(path, { ...asked, ...changes })
  return 'problem' in read ? read.problem.replaceAll(path, 'PATH') : 'none'
}

t.test('what is written is read, as all there is and not as synced', async (t) => {
  const { folder, path, write } = place(t)
  await write('a', 'b')
  const read = await readSnapshot(path, asked)
  if ('problem' in read) throw new Error(read.problem)
  t.match(read, { takenAtMs: taken, batch: { serial: 77, synced: false, whole: true } })
  t.strictSame([...changesOf(read.batch)], [{ object: namespace('a') }, { object: namespace('b') }])
  t.equal((await stat(path)).mode & 0o777, 0o600)
  t.strictSame(await readdir(folder), ['state'])
})

t.test('a missing, foreign or old file is a problem that says why', async (t) => {
  const { folder, path, write } = place(t)
  t.match(await readSnapshot(path, asked), { problem: /ENOENT/, missing: true })
  await write('a')
  t.equal(await problemOf(path, { identity: 'another' }), 'PATH: is of another cluster or other options')
  t.equal(await problemOf(path, { nowMs: taken + hour + 1_000 }), 'PATH: is 3601 s old, older than 3600 s')
  t.equal(await problemOf(path, { nowMs: taken + 1e15, maxAgeMs: Number.POSITIVE_INFINITY }), 'none')
  t.equal(await problemOf(path, { nowMs: taken - hour }), 'none', 'a clock that was set back')
  await writeFile(path, 'hello world, this is something else altogether, and it is long enough')
  t.equal(await problemOf(path), 'PATH: is no snapshot')
  await writeFile(path, `meridia9${'x'.repeat(100)}`)
  t.equal(await problemOf(path), 'PATH: is a snapshot of another version')
  t.equal(await problemOf(folder), 'PATH: is no regular file')
  t.equal(await problemOf('/dev/zero'), 'PATH: is no regular file')
})

t.test('a file that is damaged anywhere is not used', async (t) => {
  const { path, write } = place(t)
  await write('a', 'b')
  const whole = await readFile(path)
  const used: string[] = []
  for (let at = 0; at < whole.length; at++) {
    await writeFile(path, whole.subarray(0, at))
    if ((await problemOf(path)) === 'none') used.push(`cut at ${at}`)
    const flipped = Buffer.from(whole)
    flipped[at]! ^= 1 << (at % 8)
    await writeFile(path, flipped)
    if ((await problemOf(path)) === 'none') used.push(`flipped at ${at}`)
  }
  await writeFile(path, Buffer.concat([whole, Buffer.of(0)]))
  if ((await problemOf(path)) === 'none') used.push('with more behind it')
  t.strictSame(used, [])
})

t.test('a write that fails leaves the old file and nothing else', async (t) => {
  const { folder, path, write } = place(t)
  await t.rejects(writeSnapshot(join(folder, 'nowhere', 'state'), snapshotOf('a')), { code: 'ENOENT' })
  await write('a')
  await mkdir(join(folder, 'taken'))
  await t.rejects(writeSnapshot(join(folder, 'taken'), snapshotOf('b')))
  t.strictSame((await readdir(folder)).sort(), ['state', 'taken'])
  t.equal(await problemOf(path), 'none')
})

t.test('of several writers at once one wins whole, and none leaves anything behind', async (t) => {
  const { folder, path } = place(t)
  const names = Array.from({ length: 20 }, (_, i) => `n-${i}`)
  await Promise.all(names.map((name) => writeSnapshot(path, snapshotOf(...Array.from({ length: 100 }, () => name)))))
  const read = await readSnapshot(path, asked)
  if ('problem' in read) throw new Error(read.problem)
  const found = [...changesOf(read.batch)].map((change) => ('object' in change ? change.object.name : ''))
  t.equal(found.length, 100)
  t.equal(new Set(found).size, 1)
  t.strictSame(await readdir(folder), ['state'])
})

t.test('what a writer that died has left is removed once it is old, and nothing else is', async (t) => {
  const { folder, path, write } = place(t)
  for (const name of ['.state.old.tmp', '.state.new.tmp', '.other.old.tmp', 'state.tmp']) {
    await writeFile(join(folder, name), '')
    const age = name.includes('new') ? 60 : 3_600
    await utimes(join(folder, name), taken / 1000 - age, taken / 1000 - age)
  }
  await write('a')
  t.strictSame((await readdir(folder)).sort(), ['.other.old.tmp', '.state.new.tmp', 'state', 'state.tmp'])
  await chmod(path, 0o644)
  await write('b')
  t.equal((await stat(path)).mode & 0o777, 0o600)
})
