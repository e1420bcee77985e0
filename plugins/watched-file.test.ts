import { mkdtemp, readFile, rename, rm, symlink, unlink, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import t, { type Test } from 'tap'
import { eventually } from '../test/support/eventually.ts'
import { FakeClock } from '../test/support/fake-clock.ts'
import { markNow, markOf, WatchedFile } from './watched-file.ts'

const pollMs = 30_000

/** A watched file whose first line may name another (`+name`), and what it told. */
class Rig {
  readonly clock = new FakeClock()
  readonly told: string[] = []
  readonly folder: string
  reads = 0
  readonly #watched: WatchedFile<string>

  static async start(t: Test, files: Readonly<Record<string, string>>, options: { poll?: number; path?: string } = {}) {
    const folder = await mkdtemp(join(tmpdir(), 'meridian-'))
    for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text)
    const rig = new Rig(folder, options.path ?? 'file', options.poll ?? pollMs)
    t.teardown(() => rig.stop())
    await rig.#watched.read().then(
      (text) => rig.told.push(`first ${text}`),
      (error) => rig.told.push(`first ${error.code}`),
    )
    await rig.#watched.watch()
    return rig
  }

  constructor(folder: string, name: string, poll: number) {
    this.folder = folder
    this.#watched = new WatchedFile({
      clock: this.clock,
      pollMs: poll,
      read: (marks) => this.#read(this.path(name), marks),
      changed: (text) => {
        if (text === 'refused') throw new Error('refused')
        this.told.push(`changed ${text}`)
      },
      failed: (error) => this.told.push(`failed ${(error as NodeJS.ErrnoException).code ?? (error as Error).message}`),
      unwatched: () => this.told.push('unwatched'),
    })
  }

  path(name: string): string {
    return join(this.folder, name)
  }

  /** Writes at once, not in place: no look meets half a file. */
  async write(name: string, text: string): Promise<void> {
    await writeFile(this.path(`${name}.new`), text)
    await rename(this.path(`${name}.new`), this.path(name))
  }

  async stop(): Promise<void> {
    await this.#watched.stop()
    await rm(this.folder, { recursive: true, force: true })
  }

  /** Waits until the last thing told is `line`. */
  last(line: string): Promise<void> {
    return eventually(() => this.told.at(-1) === line)
  }

  async #read(path: string, marks: Map<string, string>): Promise<string> {
    this.reads++
    marks.set(path, await markOf(path))
    const text = await readFile(path, 'utf8')
    return text.startsWith('+') ? this.#read(join(dirname(path), text.slice(1)), marks) : text
  }
}

t.test('an edit is read at once, once for each change', async (t) => {
  const rig = await Rig.start(t, { file: 'one' })
  await rig.write('file', 'two')
  await rig.last('changed two')
  const { reads } = rig
  await rig.clock.advance(10 * pollMs)
  t.equal(rig.reads, reads, 'polls read nothing that stands as it was')
  await rig.write('file', 'three')
  await rig.last('changed three')
  t.strictSame(rig.told, ['first one', 'changed two', 'changed three'])
})

t.test('a link that is swapped on the way to the file is found by the poll', async (t) => {
  const rig = await Rig.start(t, {}, { path: 'data/file' })
  t.strictSame(rig.told, ['first ENOENT'])
  for (const version of ['v1', 'v2']) {
    const folder = await mkdtemp(join(rig.folder, version))
    await writeFile(join(folder, 'file'), version)
    await symlink(folder, rig.path('next'))
    await rename(rig.path('next'), rig.path('data'))
    await rig.clock.advance(pollMs)
    await rig.last(`changed ${version}`)
  }
})

t.test('what it includes is watched too, as long as it is included', async (t) => {
  const rig = await Rig.start(t, { file: '+part', part: 'one' })
  await rig.write('part', 'two')
  await rig.last('changed two')
  await rig.write('file', '+other')
  await rig.last('failed ENOENT')
  await rig.write('other', 'three')
  await rig.last('changed three')
  const { reads } = rig
  await rig.write('part', 'four')
  await rig.clock.advance(pollMs)
  t.equal(rig.reads, reads)
})

t.test('a file that goes is told once, and read when it is back', async (t) => {
  const rig = await Rig.start(t, { file: 'one' })
  await unlink(rig.path('file'))
  await rig.clock.advance(pollMs)
  await rig.last('failed ENOENT')
  await rig.clock.advance(10 * pollMs)
  t.strictSame(rig.told, ['first one', 'failed ENOENT'])
  await rig.write('file', 'one')
  await rig.last('changed one')
})

t.test('what is refused is told once for each change, and does not end the watch', async (t) => {
  const rig = await Rig.start(t, { file: 'one' })
  await rig.write('file', 'refused')
  await rig.last('failed refused')
  await rig.clock.advance(10 * pollMs)
  t.strictSame(rig.told, ['first one', 'failed refused'])
  await rig.write('file', 'two')
  await rig.last('changed two')
})

t.test('without a poll it is read once', async (t) => {
  const rig = await Rig.start(t, { file: 'one' }, { poll: 0 })
  await rig.write('file', 'two')
  await rig.clock.advance(3_600_000)
  t.strictSame(rig.told, ['first one'])
})

t.test('nothing is told after the stop', async (t) => {
  const rig = await Rig.start(t, { file: 'one' })
  await rig.write('file', 'two')
  const advancing = rig.clock.advance(pollMs)
  await rig.stop()
  await advancing
  t.strictSame(rig.told, ['first one'])
})

t.test('a mark changes with the contents, the time and the reason why there is no file', async (t) => {
  const folder = t.testdir({ file: 'one' })
  const path = join(folder, 'file')
  const marks = [await markOf(path)]
  await utimes(path, 1, 1)
  marks.push(await markOf(path))
  await writeFile(path, 'other')
  marks.push(await markOf(path))
  marks.push(await markOf(join(folder, 'none')), await markOf(join(path, 'none')))
  t.equal(new Set(marks).size, marks.length)
  t.strictSame([path, join(folder, 'none'), join(path, 'none')].map(markNow), marks.slice(2))
})
