import t from 'tap'
import { licenceTexts, packageFolder } from './licences.ts'

t.test('a bundled file belongs to its innermost package', async (t) => {
  const table: [input: string, folder: string | null][] = [
    ['cli/meridian.ts', null],
    ['builtin-module:http', null],
    ['node_modules/yaml/dist/index.js', 'node_modules/yaml'],
    ['node_modules/@a/b/c.js', 'node_modules/@a/b'],
    ['node_modules/a/node_modules/@b/c/d/e.js', 'node_modules/a/node_modules/@b/c'],
    ['../shared/node_modules/a/b.js', '../shared/node_modules/a'],
  ]
  for (const [input, folder] of table) t.equal(packageFolder(input), folder, input)
})

t.test('each package is there once, with its licence and its notice', async (t) => {
  const files: Record<string, string> = {
    'node_modules/b/package.json': '{"name":"b","version":"1.0.0","license":"MIT"}',
    'node_modules/b/LICENSE.md': 'Permission is granted\n',
    'node_modules/a/package.json': '{"name":"a","version":"2.0.0","license":"Apache-2.0"}',
    'node_modules/a/LICENSE': 'Apache',
    'node_modules/a/NOTICE': 'by somebody',
    'node_modules/a/index.js': '',
  }
  const texts = await licenceTexts(
    ['node_modules/b/x.js', 'cli/x.ts', 'node_modules/a/index.js', 'node_modules/b/y.js'],
    {
      read: async (path) => files[path] ?? '',
      list: async (folder) =>
        Object.keys(files).flatMap((path) => (path.startsWith(`${folder}/`) ? [path.slice(folder.length + 1)] : [])),
    },
  )
  t.same(texts, ['a 2.0.0: Apache-2.0\n\nApache\n\nby somebody\n\n', 'b 1.0.0: MIT\n\nPermission is granted\n\n'])
})
