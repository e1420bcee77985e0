// Node's own modules, imported without waking what they keep asleep. Costs of an import in one thread, in MB of heap and of Node's binary that becomes resident:
// `node:http` 7 + 9, because an ES module reads every export once and the lazy `http.WebSocket` loads all of undici; `node:http2` 5 + 9; `node:tls` 4 + 4.
//
// So of a builtin only the exports that are used are read, and a module of `sleepers` is loaded by the first call of one of its functions:
//
//   import { isIP } from 'node:net'   ─►   const isIP = process.getBuiltinModule('node:net').isIP
//   import { get } from 'node:http'   ─►   function get(...args) { return process.getBuiltinModule('node:http').get(...args) }
//
// Each export is a module of its own (`node:net#isIP`): what one thread uses of a builtin is in a chunk that others need not load.

import { isBuiltin } from 'node:module'
import type { Plugin } from 'esbuild'

const namespace = 'builtin-module'

/** Modules that are loaded when first called. What is used of them besides functions (a class, `constants`) loads them with the module that uses it. */
const sleepers: ReadonlySet<string> = new Set(['crypto', 'dns', 'dns/promises', 'http', 'http2', 'https', 'tls', 'v8'])

/** The esbuild plugin; sources go through `splitImports` first. */
export const builtinModules: Plugin = {
  name: 'builtin-modules',
  setup(build) {
    build.onResolve({ filter: /^(node:)?[a-z_0-9/]+(#\w+)?$/ }, ({ path, kind }) => {
      const [module = ''] = path.split('#')
      if (kind !== 'import-statement' || !isBuiltin(module)) return undefined
      return { path: path.replace(/^node:/, ''), namespace, sideEffects: false }
    })
    build.onLoad({ filter: /./, namespace }, ({ path }) => {
      const [name = '', key] = path.split('#')
      return { contents: key === undefined ? allExports(name) : exportOf(name, key, 'value'), loader: 'js' }
    })
  },
}

/** A TypeScript source with an import for each name that it takes from a builtin. Types and whole modules stay as they are. */
export function splitImports(source: string): string {
  return source.replace(/^import \{([^}]*)\} from '(node:[a-z_0-9/]+)';?$/gm, (_, names: string, module: string) => {
    const wanted = names.split(',').flatMap((name) => {
      const [key = '', local = key] = name.trim().split(/\s+as\s+/)
      return key === '' || key.startsWith('type ') ? [] : [`import { value as ${local} } from '${module}#${key}'`]
    })
    return wanted.join(';')
  })
}

// For packages, which import in all kinds of ways; an unused export leaves nothing in the bundle.
function allExports(name: string): string {
  const keys = Object.getOwnPropertyNames(process.getBuiltinModule(`node:${name}`) as object)
  const bindable = keys.filter((key) => /^[A-Za-z_$][\w$]*$/.test(key) && key !== 'default')
  return [
    `export default /* @__PURE__ */ (() => ${load(name)})()`,
    ...bindable.map((key) => exportOf(name, key, key)),
  ].join('\n')
}

function exportOf(name: string, key: string, as: string): string {
  const exported = Object.getOwnPropertyDescriptor(process.getBuiltinModule(`node:${name}`) as object, key)
  if (!exported) throw new Error(`node:${name} has no export ${key}`)
  const sleeps = sleepers.has(name) && typeof exported.value === 'function' && /^[a-z]/.test(key)
  return sleeps
    ? `export function ${as}(...args) { return ${load(name)}.${key}(...args) }`
    : `export const ${as} = /* @__PURE__ */ (() => ${load(name)}.${key})()`
}

const load = (name: string): string => `process.getBuiltinModule('node:${name}')`
