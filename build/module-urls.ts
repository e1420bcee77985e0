// What sources name beside imports: `new URL('./x.ts', import.meta.url)` is the module of a thread, `new URL('../examples', import.meta.url)` a file or folder to
// be read. In dist/ everything lies in one folder, so both are written anew, and both are told to who builds: modules become entries, the others are copied.
//
//   cli/start-thread.ts   new URL('./serving-worker.ts', import.meta.url)  ─►  new URL('./serving-worker.js', import.meta.url)   + entry
//   cli/demo.ts           new URL('../examples', import.meta.url)          ─►  new URL('./examples', import.meta.url)            + asset

import { readFile } from 'node:fs/promises'
import { basename, dirname, join, relative, resolve, sep } from 'node:path'
import type { Plugin } from 'esbuild'
import { splitImports } from './builtin-modules.ts'

/** What was met while bundling, by absolute path. */
export interface ModuleUrls {
  /** Modules that a thread runs. */
  readonly modules: Set<string>
  /** Files and folders that are read while the program runs. */
  readonly assets: Set<string>
}

const pattern = /\bnew URL\(\s*(['"])(\.{1,2}\/[^'"]*)\1\s*,\s*import\.meta\.url\s*,?\s*\)/g

/** `source` with every URL pointing into the one folder; what they name is added to `found`. */
export function rewriteUrls(source: string, file: string, found: ModuleUrls): string {
  return source.replace(pattern, (_, __, specifier: string) => {
    const target = resolve(dirname(file), specifier)
    const isModule = /\.[cm]?ts$/.test(target)
    const set = isModule ? found.modules : found.assets
    set.add(target)
    return `new URL('./${isModule ? outputName(target) : basename(target)}', import.meta.url)`
  })
}

/** The file name of a module in dist/. */
export const outputName = (module: string): string => basename(module).replace(/\.[cm]?ts$/, '.js')

/** The esbuild plugin: rewrites the project's own sources under `root`, and no package's. */
export const moduleUrls = (root: string, found: ModuleUrls): Plugin => ({
  name: 'module-urls',
  setup(build) {
    build.onLoad({ filter: /\.[cm]?ts$/ }, async ({ path }) => {
      const inside = relative(root, path)
      if (inside.startsWith('..') || inside.split(sep).includes('node_modules')) return undefined
      const source = splitImports(await readFile(path, 'utf8'))
      return { contents: rewriteUrls(source, path, found), loader: 'ts' }
    })
  },
})

/** Two modules that would be the same file in dist/, as a sentence; null if there are none. */
export function clash(modules: Iterable<string>): string | null {
  const taken = new Map<string, string>()
  for (const module of modules) {
    const name = outputName(module)
    const other = taken.get(name)
    if (other !== undefined && other !== module) return `${other} and ${module} would both be ${join('dist', name)}`
    taken.set(name, module)
  }
  return null
}
