// The project's own files, for the rules that are tests.
import { existsSync, globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const root = join(import.meta.dirname, '../..')

/** Paths of files below the root that match, with `/` on every machine. */
export const filesOf = (pattern: string): string[] =>
  globSync(pattern, {
    cwd: root,
    exclude: ['node_modules/**', '**/node_modules/**', 'dist/**', 'test/conformance/suites/**'],
  })
    .map((path) => path.replaceAll('\\', '/'))
    .sort()

export const readText = (path: string): string => readFileSync(join(root, path), 'utf8')

export const exists = (path: string): boolean => existsSync(join(root, path))
