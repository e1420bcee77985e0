import t from 'tap'
import { ConfigError } from '../plugins/directive.ts'
import { definePlugin, defineService } from '../plugins/plugin.ts'
import { answer } from '../test/support/process-rig.ts'
import { configurationProblems } from './check.ts'

const told: string[] = []

const files = definePlugin({
  name: 'files',
  setup(directive, host) {
    while (directive.next()) {
      const [file] = directive.remainingArguments()
      if (file === undefined) throw directive.argumentError()
      host.onStart(() => told.push('a configuration that is only checked was started'))
      host.service<{ bad: boolean }>('watch', { file }, ({ bad }) => {
        if (bad) throw new ConfigError('bad data')
      })
    }
    return undefined
  },
  services: {
    watch: defineService<{ file: string }>({
      start({ file }) {
        if (file === 'missing') throw new ConfigError('open missing: no such file or directory')
        told.push(`start ${file}`)
        return { snapshot: () => ({ bad: file === 'bad' }), stop: () => void told.push(`stop ${file}`) }
      },
    }),
  },
})

function problemsOf(corefile: string): Promise<string[]> {
  return configurationProblems({
    file: 'Corefile',
    port: 53,
    manifests: '',
    environment: {},
    plugins: [files, 'autopath', answer],
    read: async () => corefile,
  })
}

t.test('every problem is told, first the one that would stop a load', async (t) => {
  const cases: [name: string, corefile: string, problems: string[]][] = [
    ['nothing wrong', '. {\n  answer 192.0.2.1\n}\n', []],
    ['an empty file', '', []],
    [
      'a directive that nobody knows',
      '. {\n  unknown\n}\n',
      ["Corefile:2 - Error during parsing: Unknown directive 'unknown'"],
    ],
    [
      'problems of several kinds',
      'a {\n  autopath\n  answer bad\n}\nb {\n  files\n  answer bad\n}\ntls://c {\n  files missing\n  files bad\n}\n',
      [
        "Corefile:2 - Error during parsing: directive 'autopath' is not built yet in Meridian",
        "Corefile:9 - Error during parsing: transport 'tls://' is not built yet in Meridian",
        "plugin/files: Corefile:6 - Error during parsing: Wrong argument count or unexpected line ending after 'files'",
        'plugin/answer: Corefile:3 - Error during parsing: not an address',
        'plugin/answer: Corefile:7 - Error during parsing: not an address',
        'plugin/files: open missing: no such file or directory',
        'plugin/files: bad data',
      ],
    ],
    [
      'the same service in two blocks',
      'a {\n  files missing\n}\nb {\n  files missing\n}\n',
      ['plugin/files: open missing: no such file or directory'],
    ],
    [
      'one address twice',
      'a {\n  answer 192.0.2.1\n}\na {\n  answer 192.0.2.1\n}\n',
      ['cannot serve dns://a.:53 - it is already defined'],
    ],
  ]
  for (const [name, corefile, problems] of cases) t.same(await problemsOf(corefile), problems, name)
})

t.test('services are only started and stopped', async (t) => {
  told.length = 0
  t.same(await problemsOf('. {\n  files a\n  files b\n  files a\n}\n'), [])
  t.same(told, ['start a', 'stop a', 'start b', 'stop b'])
})

t.test('a file that cannot be read is a ConfigError', async (t) => {
  const read = async (): Promise<never> => Promise.reject(Object.assign(new Error('x'), { code: 'EISDIR' }))
  const checked = configurationProblems({ file: 'folder', port: 53, manifests: '', environment: {}, plugins: [], read })
  await t.rejects(checked, { name: 'ConfigError', message: 'loading Caddyfile via flag: open folder: is a directory' })
})
