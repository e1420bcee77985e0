// The built form: the command line and every thread's module, bundled with the packages that they use into one flat folder that needs nothing but Node. Code that
// several of them share is in chunks; what is imported only when a Corefile asks for it stays a chunk of its own, so that it costs no memory before.

import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { type BuildResult, build, type Metafile } from 'esbuild'
import { builtinModules } from './builtin-modules.ts'
import { licenceTexts } from './licences.ts'
import { clash, type ModuleUrls, moduleUrls, outputName } from './module-urls.ts'

/** What to build, and where. */
export interface BundleOptions {
  /** The folder of package.json. */
  readonly root: string
  /** The command line's module. */
  readonly entry: string
  /** Replaced whole. */
  readonly out: string
  readonly minify?: boolean
}

/** One file that was written. */
interface Built {
  readonly name: string
  readonly bytes: number
}

/** What was built. */
export interface Bundled {
  /** The modules that are started by name: the command line first, then those of threads. */
  readonly entries: readonly string[]
  readonly files: readonly Built[]
}

type Output = BuildResult<{ write: false; metafile: true }>

/** Builds; rejects if a source cannot be bundled, or two threads' modules would have one name. */
export async function bundle(options: BundleOptions): Promise<Bundled> {
  const found: ModuleUrls = { modules: new Set([options.entry]), assets: new Set() }
  // A thread's module is met while its starter is bundled, and may start more: until nothing new is met.
  let output: Output
  let entries: string[]
  do {
    entries = [...found.modules]
    output = await bundleEntries(entries, options, found)
  } while (found.modules.size > entries.length)
  const problem = clash(entries)
  if (problem !== null) throw new Error(problem)
  await rm(options.out, { recursive: true, force: true })
  await mkdir(options.out, { recursive: true })
  const legal: string[] = []
  const files: Built[] = []
  for (const { path, text, contents } of output.outputFiles) {
    if (path.endsWith('.LEGAL.txt')) {
      legal.push(text)
      continue
    }
    await writeFile(path, contents)
    files.push({ name: basename(path), bytes: contents.length })
  }
  await copyAssets(found.assets, options)
  await writeLicences(output.metafile, legal, options)
  return { entries: entries.map(outputName), files }
}

function bundleEntries(
  entryPoints: string[],
  { root, out, minify = true }: BundleOptions,
  found: ModuleUrls,
): Promise<Output> {
  return build({
    absWorkingDir: root,
    entryPoints,
    outdir: out,
    write: false,
    metafile: true,
    logLevel: 'warning',
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node26',
    entryNames: '[name]',
    chunkNames: '[name]-[hash]',
    // Text outside of ASCII would make V8 keep the whole file with two octets a character.
    charset: 'ascii',
    minify,
    // A stack in a bug's log line should name what the sources name.
    keepNames: false,
    legalComments: 'external',
    // CommonJS packages ask for Node's modules by require, which an ES module does not have.
    banner: {
      js: "import { createRequire as requireFrom } from 'node:module'; const require = requireFrom(import.meta.url);",
    },
    plugins: [builtinModules, moduleUrls(root, found)],
  })
}

// package.json is one of them (the version is read from it); dist/ has one of its own, without what only a checkout needs.
async function copyAssets(assets: ReadonlySet<string>, { root, out }: BundleOptions): Promise<void> {
  for (const asset of assets) {
    if (asset !== join(root, 'package.json')) await cp(asset, join(out, basename(asset)), { recursive: true })
  }
  const { name, version, description, license } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'))
  const reduced = { name, version, description, license, type: 'module' }
  await writeFile(join(out, 'package.json'), `${JSON.stringify(reduced, null, 2)}\n`)
}

async function writeLicences(
  metafile: Metafile,
  legal: readonly string[],
  { root, out }: BundleOptions,
): Promise<void> {
  const texts = await licenceTexts(Object.keys(metafile.inputs), {
    read: (path) => readFile(join(root, path), 'utf8'),
    list: (folder) => readdir(join(root, folder)),
  })
  await writeFile(join(out, 'LICENSES.txt'), [...texts, ...legal].join(`\n${'-'.repeat(80)}\n\n`))
}
