import { execFileSync } from 'node:child_process'
import { build } from 'esbuild'
import t from 'tap'
import { builtinModules, splitImports } from './builtin-modules.ts'

/** Bundles `source`, runs the bundle by itself, and returns what it prints. */
async function run(source: string): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents: splitImports(source), loader: 'ts' },
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'node',
    plugins: [builtinModules],
  })
  const code = outputFiles[0]?.text ?? ''
  return execFileSync(process.execPath, ['--input-type=module', '--eval', code], { encoding: 'utf8' }).trim()
}

const isLoaded = (module: string): string => `process.moduleLoadList.includes('NativeModule ${module}')`

t.test('what is imported is what the module exports', async (t) => {
  const table: [source: string, printed: string][] = [
    ["import { isIP } from 'node:net'\nconsole.log(isIP('::1'))", '6'],
    ["import { BlockList as List } from 'node:net'\nconsole.log(new List().rules.length)", '0'],
    ["import { join } from 'path'; console.log(join('a', 'b'))", 'a/b'],
    ["import { EventEmitter } from 'node:events'; console.log(new EventEmitter().listenerCount('x'))", '0'],
    ["import { isMainThread } from 'node:worker_threads'; console.log(isMainThread)", 'true'],
    ["import { createHash } from 'node:crypto'; console.log(createHash('sha1').digest('hex').slice(0, 4))", 'da39'],
    ["import { constants } from 'node:http2'; console.log(constants.HTTP2_HEADER_STATUS)", ':status'],
    ["import fs from 'node:fs'; console.log(typeof fs.readFileSync)", 'function'],
    ["import * as path from 'node:path'; console.log(path.basename('/a/b'))", 'b'],
    [
      "import {\n  type FileHandle,\n  readFile as read,\n} from 'node:fs/promises'\nconsole.log(read.name)",
      'readFile',
    ],
  ]
  for (const [source, printed] of table) t.equal(await run(source), printed, source)
})

t.test('an import does not load what a lazy export would', async (t) => {
  const printed = await run(
    `import { createServer } from 'node:http'; createServer(); console.log(${isLoaded('internal/deps/undici/undici')})`,
  )
  t.equal(printed, 'false')
})

t.test('a sleeper is loaded by its first call', async (t) => {
  const printed = await run(
    `import { getCiphers } from 'node:tls'; const before = ${isLoaded('tls')}; getCiphers(); console.log(before, ${isLoaded('tls')})`,
  )
  t.equal(printed, 'false true')
})

t.test('each name of an import is a module of its own, types are none', async (t) => {
  const table: [source: string, split: string][] = [
    ["import { isIP } from 'node:net'", "import { value as isIP } from 'node:net#isIP'"],
    [
      "import {\n  type A,\n  get,\n  request as ask,\n} from 'node:http'",
      "import { value as get } from 'node:http#get';import { value as ask } from 'node:http#request'",
    ],
    ["import { type A } from 'node:net'", ''],
    ["import type { A } from 'node:net'", "import type { A } from 'node:net'"],
    ["import fs from 'node:fs'", "import fs from 'node:fs'"],
    ["import { a } from './a.ts'", "import { a } from './a.ts'"],
    ["export { a } from 'node:net'", "export { a } from 'node:net'"],
  ]
  for (const [source, split] of table) t.equal(splitImports(source), split)
})
