// The import table of docs/ARCHITECTURE.md: imports go one way, so that a layer can be read, tested and replaced by itself.
import { posix } from 'node:path'
import t from 'tap'
import { exists, filesOf, readText } from './tree.ts'

/** What each area may import besides itself. `plugins` are the files directly in plugins/, `plugin` is one plugin's folder. */
const table: Readonly<Record<string, readonly string[] | 'anything'>> = {
  wire: [],
  k8s: [],
  zones: ['wire'],
  health: ['wire'],
  plugins: ['wire', 'zones', 'k8s', 'health'],
  plugin: ['wire', 'zones', 'k8s', 'health', 'plugins'],
  order: ['plugins', 'plugin'],
  server: ['wire', 'zones', 'health', 'plugins'],
  controllers: ['k8s', 'health', 'wire'],
  cli: 'anything',
  bench: 'anything',
  test: 'anything',
  // the judge shares nothing with what it judges
  conformance: [],
}

/** Packages that an area must not use: names need every byte there, and dns-packet loses some. */
const forbiddenPackages: Readonly<Record<string, readonly string[]>> = {
  wire: ['dns-packet'],
  zones: ['dns-packet'],
  server: ['dns-packet'],
}

interface Area {
  readonly name: string
  /** The folder within which everything belongs together. */
  readonly folder: string
}

function areaOf(path: string): Area {
  const [top = '', second = '', ...below] = path.split('/')
  if (path === 'plugins/order.ts') return { name: 'order', folder: path }
  if (top === 'plugins') {
    return below.length === 0 ? { name: 'plugins', folder: 'plugins' } : { name: 'plugin', folder: `plugins/${second}` }
  }
  if (top === 'test' && second === 'conformance') return { name: 'conformance', folder: 'test/conformance' }
  return { name: top, folder: top }
}

/** What a source imports: static and dynamic imports, re-exports, and modules that are started by their URL. */
function importsOf(source: string): string[] {
  const code = source.replace(/^\s*\/\/.*$/gm, '').replace(/\/\*[\s\S]*?\*\//g, '')
  const statement = /(?:^|\n)\s*(?:import|export)\s(?:[^'"`;]*?\sfrom\s+)?['"]([^'"]+)['"]/g
  const call = /\bimport\(\s*['"]([^'"]+)['"]\s*\)|\bnew URL\(\s*['"](\.[^'"]+\.[cm]?[jt]s)['"]/g
  return [...code.matchAll(statement), ...code.matchAll(call)].flatMap((match) => match[1] ?? match[2] ?? [])
}

/** The faults of one file: an import that the table does not allow, each as a sentence. */
function faultsOf(path: string, source: string): string[] {
  const area = areaOf(path)
  const isTest = path.endsWith('.test.ts')
  return importsOf(source).flatMap((specifier) => {
    if (!specifier.startsWith('.')) {
      const isForbidden = !isTest && forbiddenPackages[area.name]?.some((name) => specifier.split('/')[0] === name)
      return isForbidden ? [`${path} imports the package ${specifier}`] : []
    }
    const target = posix.join(posix.dirname(path), specifier)
    const other = areaOf(target)
    if (other.folder === area.folder) return []
    if (isTest && target.startsWith('test/support/')) return []
    const allowed = table[area.name]
    if (allowed === undefined) return [`${path} is in no area of the table`]
    return allowed === 'anything' || allowed.includes(other.name) ? [] : [`${path} imports ${target}`]
  })
}

const sources = filesOf('{wire,zones,k8s,health,plugins,server,controllers,cli,bench,test}/**/*.ts')

t.test('the table is enforced: each forbidden direction is a fault', async (t) => {
  const from = (specifier: string): string => `import { a } from '${specifier}'\n`
  const faults: [path: string, specifier: string][] = [
    ['wire/name.ts', '../zones/tree.ts'],
    ['wire/name.ts', 'dns-packet'],
    ['k8s/store.ts', '../wire/name.ts'],
    ['zones/tree.ts', '../k8s/store.ts'],
    ['health/probe.ts', '../k8s/store.ts'],
    ['plugins/plugin.ts', '../server/chain.ts'],
    ['plugins/plugin.ts', './order.ts'],
    ['plugins/plugin.ts', './cache/cache.ts'],
    ['plugins/cache/cache.ts', '../forward/pool.ts'],
    ['plugins/cache/cache.ts', '../../server/chain.ts'],
    ['plugins/cache/cache.ts', '../order.ts'],
    ['plugins/cache/entry/list.ts', '../../forward/pool.ts'],
    ['plugins/cache/cache.ts', '../../test/support/clock.ts'],
    ['server/chain.ts', '../plugins/order.ts'],
    ['server/chain.ts', '../plugins/cache/cache.ts'],
    ['server/chain.ts', '../k8s/store.ts'],
    ['server/chain.ts', 'dns-packet'],
    ['server/chain.test.ts', '../k8s/store.ts'],
    ['controllers/dns.ts', '../server/chain.ts'],
    ['test/conformance/ask.ts', '../../wire/name.ts'],
  ]
  for (const [path, specifier] of faults) t.equal(faultsOf(path, from(specifier)).length, 1, `${path} -> ${specifier}`)
  const right: [path: string, specifier: string][] = [
    ['zones/tree.ts', '../wire/name.ts'],
    ['plugins/plugin.ts', './directive.ts'],
    ['plugins/cache/cache.ts', './entry.ts'],
    ['plugins/cache/entry/list.ts', '../../plugin.ts'],
    ['plugins/cache/cache.ts', '../../k8s/store.ts'],
    ['plugins/cache/cache.test.ts', '../../test/support/clock.ts'],
    ['plugins/order.ts', './cache/cache.ts'],
    ['server/net/udp.ts', '../../plugins/plugin.ts'],
    ['wire/name.test.ts', 'dns-packet'],
    ['cli/serve.ts', '../plugins/order.ts'],
    ['cli/serve.ts', '../server/server.ts'],
  ]
  for (const [path, specifier] of right) t.same(faultsOf(path, from(specifier)), [], `${path} -> ${specifier}`)
})

t.test('every way to import is seen', async (t) => {
  const source = [
    "import t from 'a'",
    "import type {\n  B,\n} from './b.ts'",
    "import './c.ts'",
    "export { d } from './d.ts'",
    "export * from './e.ts'",
    "const f = await import('./f.ts')",
    "new Worker(new URL('./g.ts', import.meta.url))",
    "// import h from './h.ts'",
    "export const i = 'x'",
  ]
  t.same(importsOf(source.join('\n')), ['a', './b.ts', './c.ts', './d.ts', './e.ts', './f.ts', './g.ts'])
})

t.test('no file imports against the table', async (t) => {
  t.ok(sources.length > 0)
  t.same(
    sources.flatMap((path) => faultsOf(path, readText(path))),
    [],
  )
})

t.test('only cli imports both the server and the list of plugins', async (t) => {
  const both = sources.filter((path) => {
    const targets = importsOf(readText(path)).map((specifier) => posix.join(posix.dirname(path), specifier))
    return targets.includes('plugins/order.ts') && targets.some((target) => target.startsWith('server/'))
  })
  t.same(
    both.filter((path) => !/^(cli|test|bench)\//.test(path)),
    [],
  )
})

t.test('every import of ours ends in .ts and leads to a file', async (t) => {
  const lost = sources.flatMap((path) =>
    importsOf(readText(path))
      .filter((specifier) => specifier.startsWith('.'))
      .map((specifier) => ({ path, specifier, target: posix.join(posix.dirname(path), specifier) }))
      .filter(({ specifier, target }) => !/\.(ts|json|cjs)$/.test(specifier) || !exists(target))
      .map(({ specifier }) => `${path}: ${specifier}`),
  )
  // the samples of this very file lead nowhere
  t.same(
    lost.filter((line) => !line.startsWith('test/rules/imports.test.ts')),
    [],
  )
})
