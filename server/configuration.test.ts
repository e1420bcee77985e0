import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { type ConfigurationSource, loadConfiguration, readOnce } from './configuration.ts'

const source: ConfigurationSource = {
  file: 'Corefile',
  port: 53,
  manifests: '',
  environment: {},
  directives: new Set(['whoami', 'log', 'errors']),
}

t.test('the hash changes with every word and line, and with nothing else', async (t) => {
  const folder = t.testdir({ Corefile: '. {\n  whoami\n}\n' })
  const file = join(folder, 'Corefile')
  const hashOf = async (text: string): Promise<string> => {
    await writeFile(file, text)
    return (await loadConfiguration({ ...source, file })).hash
  }
  const hash = await hashOf('. {\n  whoami\n}\n')
  t.match(hash, /^[0-9a-f]{128}$/)
  t.equal(await hashOf('. {\n\twhoami   # a comment\n}\n\n'), hash)
  for (const text of [
    '. {\n  whoami\n  log\n}\n',
    '.:54 {\n  whoami\n}\n',
    '\n. {\n  whoami\n}\n',
    '. {\n  whoami x\n}\n',
  ]) {
    t.not(await hashOf(text), hash, text)
  }
})

t.test('a file that cannot be read stops the load in CoreDNS’s words', async (t) => {
  const folder = t.testdir({ secret: '. {\n}\n' })
  await mkdir(join(folder, 'folder'))
  await chmod(join(folder, 'secret'), 0)
  const cases: [name: string, reason: string][] = [
    ['nosuch', 'no such file or directory'],
    ['folder', 'is a directory'],
    // Root may read everything.
    ...(process.getuid?.() === 0 ? [] : [['secret', 'permission denied'] as [string, string]]),
  ]
  for (const [name, reason] of cases) {
    const file = join(folder, name)
    await t.rejects(loadConfiguration({ ...source, file }), {
      name: 'ConfigError',
      message: `loading Caddyfile via flag: open ${file}: ${reason}`,
    })
  }
})

t.test('without a Corefile, or with an empty one, the built-in one is served', async (t) => {
  const folder = t.testdir({ empty: '# nothing\n' })
  const before = process.cwd()
  process.chdir(folder)
  t.teardown(() => process.chdir(before))
  for (const file of ['', 'empty']) {
    const { blocks } = await loadConfiguration({ ...source, file, port: 5353 })
    t.same(
      blocks.map(({ keys, directives }) => [keys.map(({ text }) => text), [...directives.keys()]]),
      [[['.:5353'], ['whoami', 'log']]],
      file,
    )
  }
})

t.test('standard input is read once: a reload finds what the pipe brought', async (t) => {
  let opened = 0
  async function* pipe(): AsyncIterable<Uint8Array> {
    opened++
    yield Buffer.from('. {\n  who')
    yield Buffer.from('ami\n}\n')
  }
  const stdin = readOnce(pipe)
  const loads = [
    await loadConfiguration({ ...source, file: 'stdin', stdin }),
    await loadConfiguration({ ...source, file: 'stdin', stdin }),
  ]
  t.equal(opened, 1)
  t.equal(loads[0]?.hash, loads[1]?.hash)
  t.same([...(loads[0]?.blocks[0]?.directives.keys() ?? [])], ['whoami'])
})
