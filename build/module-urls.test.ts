import t from 'tap'
import { clash, type ModuleUrls, outputName, rewriteUrls } from './module-urls.ts'

const nothing = (): ModuleUrls => ({ modules: new Set(), assets: new Set() })

t.test('what a source names by URL is found, and points into the one folder', async (t) => {
  const table: [source: string, rewritten: string, module: string, asset: string][] = [
    [
      "new Worker(new URL('./serving-worker.ts', import.meta.url), { name })",
      "new Worker(new URL('./serving-worker.js', import.meta.url), { name })",
      '/src/cli/serving-worker.ts',
      '',
    ],
    [
      'new URL("../k8s/cluster-thread.ts", import.meta.url)',
      "new URL('./cluster-thread.js', import.meta.url)",
      '/src/k8s/cluster-thread.ts',
      '',
    ],
    ["new URL(\n  './x.ts',\n  import.meta.url,\n)", "new URL('./x.js', import.meta.url)", '/src/cli/x.ts', ''],
    ["new URL('../examples', import.meta.url)", "new URL('./examples', import.meta.url)", '', '/src/examples'],
    [
      "new URL('../package.json', import.meta.url)",
      "new URL('./package.json', import.meta.url)",
      '',
      '/src/package.json',
    ],
    ['new URL(path, import.meta.url)', 'new URL(path, import.meta.url)', '', ''],
    ["new URL('./a.ts', base)", "new URL('./a.ts', base)", '', ''],
    ["import('./a.ts')", "import('./a.ts')", '', ''],
  ]
  for (const [source, rewritten, module, asset] of table) {
    const found = nothing()
    t.equal(rewriteUrls(source, '/src/cli/start.ts', found), rewritten)
    t.same([...found.modules], module === '' ? [] : [module], source)
    t.same([...found.assets], asset === '' ? [] : [asset], source)
  }
})

t.test('two modules of one name cannot both be in dist', async (t) => {
  t.equal(outputName('/src/cli/serving-worker.ts'), 'serving-worker.js')
  t.equal(clash(['/src/a/worker.ts', '/src/b/other.ts', '/src/a/worker.ts']), null)
  t.equal(
    clash(['/src/a/worker.ts', '/src/b/worker.ts']),
    '/src/a/worker.ts and /src/b/worker.ts would both be dist/worker.js',
  )
})
