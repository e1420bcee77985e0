import { chmod, mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { ManifestSource } from './manifests.ts'

const namespace = (...names: string[]): string =>
  names.map((name) => `apiVersion: v1\nkind: Namespace\nmetadata: { name: ${name} }\n`).join('---\n')

/** A source over `path` (below a new folder) whose poll runs only when `poll` is called. */
async function makeSource(t: Test, files: Record<string, string>, path = '.') {
  const folder = t.testdir({})
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text)
  const seen: string[][] = []
  const problems: string[] = []
  let task: () => void = () => {}
  const source = new ManifestSource({
    path: join(folder, path),
    after: (_delayMs, next) => {
      task = next
      return { cancel: () => {} }
    },
    changed: (objects) => seen.push(objects.map(({ object }) => object!.name)),
    problem: (text) => problems.push(text.replace(`${folder}/`, '')),
  })
  t.teardown(() => source.stop())
  return { folder, source, seen, problems, poll: () => task() }
}

async function until(condition: () => boolean): Promise<void> {
  for (const end = Date.now() + 5_000; !condition(); await new Promise((resolve) => setTimeout(resolve, 5)))
    if (Date.now() > end) throw new Error('waited 5 s in vain')
}

t.test('a folder is the manifests in it, by name; other files and subfolders are not read', async (t) => {
  const { folder, source, seen, problems } = await makeSource(t, {
    'b.yml': namespace('b'),
    'a.yaml': namespace('a', 'both'),
    'c.json': '{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"both"}}',
    'd.txt': 'not: [yaml',
  })
  await mkdir(join(folder, 'deeper'))
  await writeFile(join(folder, 'deeper', 'x.yaml'), namespace('x'))
  await source.start()
  t.strictSame(seen, [['a', 'both', 'b']])
  t.strictSame(problems, [])
})

t.test('an edit, a new file and a removed one are seen at once', async (t) => {
  const { folder, source, seen } = await makeSource(t, { 'a.yaml': namespace('a') })
  await source.start()
  await writeFile(join(folder, 'a.yaml'), namespace('a', 'a2'))
  await until(() => seen.at(-1)?.join() === 'a,a2')
  await writeFile(join(folder, 'b.yaml'), namespace('b'))
  await until(() => seen.at(-1)?.join() === 'a,a2,b')
  await rm(join(folder, 'a.yaml'))
  await until(() => seen.at(-1)?.join() === 'b')
})

t.test('a single file may be replaced by renaming another over it', async (t) => {
  const { folder, source, seen } = await makeSource(t, { 'a.yaml': namespace('a') }, 'a.yaml')
  await source.start()
  await writeFile(join(folder, 'a.new'), namespace('b'))
  await rename(join(folder, 'a.new'), join(folder, 'a.yaml'))
  await until(() => seen.at(-1)?.join() === 'b')
})

t.test('the poll sees a folder behind a symbolic link that was swapped', async (t) => {
  const { folder, source, seen, poll } = await makeSource(t, {}, 'mounted')
  for (const name of ['one', 'two']) {
    await mkdir(join(folder, name))
    await writeFile(join(folder, name, 'x.yaml'), namespace(name))
  }
  await symlink('one', join(folder, 'mounted'))
  await source.start()
  await symlink('two', join(folder, 'next'))
  await rename(join(folder, 'next'), join(folder, 'mounted'))
  poll()
  await until(() => seen.at(-1)?.join() === 'two')
})

t.test('while a document is wrong, what the file said before still counts, and the rest of it is news', async (t) => {
  const { folder, source, seen, problems } = await makeSource(t, { 'a.yaml': namespace('a', 'b') })
  await source.start()
  await writeFile(join(folder, 'a.yaml'), `${namespace('a')}---\nkind: [\n---\n${namespace('c')}`)
  await until(() => seen.length === 2)
  t.strictSame(seen[1], ['a', 'b', 'c'])
  t.match(problems, [/^a\.yaml:\d+: document 2: /])
  await writeFile(join(folder, 'a.yaml'), namespace('a', 'c'))
  await until(() => seen.at(-1)?.join() === 'a,c')
  t.equal(problems.length, 1)
})

t.test('a file that is empty for a moment takes nothing away; one that stays empty does', async (t) => {
  const { folder, source, seen, poll } = await makeSource(t, { 'a.yaml': namespace('a'), 'b.yaml': namespace('x') })
  await source.start()
  await writeFile(join(folder, 'a.yaml'), '')
  // However many events bring it up meanwhile.
  await writeFile(join(folder, 'b.yaml'), namespace('b'))
  await until(() => seen.at(-1)?.join() === 'a,b')
  const { length } = seen
  poll()
  await until(() => seen.length > length)
  t.strictSame(seen.at(-1), ['a', 'b'], 'the first poll does not believe it')
  poll()
  await until(() => seen.at(-1)?.join() === 'b')
})

t.test('a path that does not exist is an error at the start, and trouble later on', async (t) => {
  const missing = await makeSource(t, {}, 'nowhere')
  await t.rejects(missing.source.start(), { code: 'ENOENT' })
  const { folder, source, seen, problems, poll } = await makeSource(t, { 'a.yaml': namespace('a') }, 'a.yaml')
  await source.start()
  await rm(join(folder, 'a.yaml'))
  poll()
  await until(() => problems.length > 0)
  t.match(problems[0], /ENOENT/)
  t.strictSame(seen, [['a']], 'nothing was taken away')
})

t.test('a source that is stopped while it starts watches nothing', async (t) => {
  const { source, seen } = await makeSource(t, { 'a.yaml': namespace('a') })
  const before = watchers()
  const started = source.start()
  await source.stop()
  await started
  t.equal(watchers(), before)
  t.strictSame(seen, [])
})

t.test('an empty folder that cannot be listed at the start is handed over when it can', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'manifests-'))
  const seen: string[][] = []
  const problems: string[] = []
  let poll: () => void = () => {}
  const source = new ManifestSource({
    path: folder,
    after: (_delayMs, task) => {
      poll = task
      return { cancel: () => {} }
    },
    changed: (objects) => seen.push(objects.map(({ object }) => object!.name)),
    problem: (text) => problems.push(text),
  })
  t.teardown(async () => {
    await source.stop()
    await rm(folder, { recursive: true })
  })
  await chmod(folder, 0o111)
  await asNobody(() => source.start())
  t.match(problems[0], /EACCES/)
  t.strictSame(seen, [])
  await chmod(folder, 0o755)
  poll()
  await until(() => seen.length > 0)
  t.strictSame(seen, [[]])
})

const watchers = (): number => process.getActiveResourcesInfo().filter((name) => name === 'FSEventWrap').length

/** Does `work` as a user whom permissions bind, if this is root. */
async function asNobody(work: () => Promise<void>): Promise<void> {
  if (process.getuid?.() !== 0) return work()
  process.seteuid!(65_534)
  try {
    await work()
  } finally {
    process.seteuid!(0)
  }
}
