// All kinds of patches, as tables: what was there, the patch, what is there afterwards.

import t from 'tap'
import { ApiError } from './api-status.ts'
import type { Json, JsonObject } from './kubernetes-object.ts'
import { jsonPatch, mergePatch } from './patch.ts'
import { resourceOf } from './resource-table.ts'
import { applyConfiguration, strategicMergePatch } from './strategic-merge.ts'

t.test('JSON merge patches are those of RFC 7396, appendix A', async (t) => {
  const cases: [target: Json, patch: Json, result: Json][] = [
    [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
    [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
    [{ a: 'b' }, { a: null }, {}],
    [{ a: 'b', b: 'c' }, { a: null }, { b: 'c' }],
    [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
    [{ a: 'c' }, { a: ['b'] }, { a: ['b'] }],
    [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
    [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }],
    [
      ['a', 'b'],
      ['c', 'd'],
      ['c', 'd'],
    ],
    [{ a: 'b' }, ['c'], ['c']],
    [{ a: 'foo' }, null, null],
    [{ e: null }, { a: 1 }, { e: null, a: 1 }],
    [[1, 2], { a: 'b', c: null }, { a: 'b' }],
    [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
  ]
  for (const [target, patch, result] of cases) t.strictSame(mergePatch(target, patch), result, JSON.stringify(patch))
})

t.test('JSON patches are those of RFC 6902', async (t) => {
  const target = { list: [1, 2, 3], map: { 'a/b': 1, 'c~d': 2 }, text: 'x' }
  const cases: [patch: Json, result: Json | number][] = [
    [[{ op: 'add', path: '/new', value: { deep: true } }], { ...target, new: { deep: true } }],
    [[{ op: 'add', path: '/list/1', value: 9 }], { ...target, list: [1, 9, 2, 3] }],
    [[{ op: 'add', path: '/list/-', value: 9 }], { ...target, list: [1, 2, 3, 9] }],
    [[{ op: 'replace', path: '/list/0', value: 9 }], { ...target, list: [9, 2, 3] }],
    [[{ op: 'remove', path: '/list/0' }], { ...target, list: [2, 3] }],
    [[{ op: 'remove', path: '/map/a~1b' }], { ...target, map: { 'c~d': 2 } }],
    [[{ op: 'replace', path: '/map/c~0d', value: 3 }], { ...target, map: { 'a/b': 1, 'c~d': 3 } }],
    [[{ op: 'copy', from: '/text', path: '/copy' }], { ...target, copy: 'x' }],
    [[{ op: 'move', from: '/text', path: '/moved' }], { list: target.list, map: target.map, moved: 'x' }],
    [[{ op: 'test', path: '/text', value: 'x' }], target],
    [[{ op: 'replace', path: '', value: { all: 'new' } }], { all: 'new' }],
    [[{ op: 'test', path: '/text', value: 'y' }], 422],
    [[{ op: 'remove', path: '/none' }], 422],
    [[{ op: 'replace', path: '/none', value: 1 }], 422],
    [[{ op: 'add', path: '/list/7', value: 1 }], 422],
    [[{ op: 'add', path: '/none/deeper', value: 1 }], 422],
    [[{ op: 'add', path: '/text/deeper', value: 1 }], 422],
    [[{ op: 'add', path: '/list/x', value: 1 }], 422],
    [[{ op: 'add', path: '/x' }], 400],
    [[{ op: 'mend', path: '/x' }], 400],
    [[{ op: 'add', path: 'x', value: 1 }], 400],
    [[7], 400],
    [{ op: 'add' }, 400],
  ]
  for (const [patch, result] of cases) {
    const name = JSON.stringify(patch)
    if (typeof result !== 'number') t.strictSame(jsonPatch(target, patch), result, name)
    else t.throws(() => jsonPatch(target, patch), { name: 'ApiError', code: result }, name)
  }
  t.strictSame(target.list, [1, 2, 3], 'the target stays as it was')
})

const { merges } = resourceOf('services')
const web = { port: 80, name: 'web', protocol: 'TCP' }
const tls = { port: 443, name: 'tls', protocol: 'TCP' }
const ports = (...list: Json[]): JsonObject => ({ spec: { ports: list } })

t.test('strategic merge patches merge the lists that have a key and replace the others', async (t) => {
  const target = {
    metadata: { finalizers: ['a', 'b'], labels: { x: '1', y: '2' } },
    spec: { ports: [web, tls], externalIPs: ['192.0.2.1'], selector: { app: 'a' } },
  }
  const spec = (changes: JsonObject): JsonObject => ({ ...target, spec: { ...target.spec, ...changes } })
  const meta = (changes: JsonObject): JsonObject => ({ ...target, metadata: { ...target.metadata, ...changes } })
  const cases: [patch: JsonObject, result: JsonObject][] = [
    [{ spec: { ports: [{ port: 80, name: 'http' }] } }, spec({ ports: [{ ...web, name: 'http' }, tls] })],
    [{ spec: { ports: [{ port: 81 }] } }, spec({ ports: [web, tls, { port: 81 }] })],
    [{ spec: { ports: [{ port: 80, $patch: 'delete' }] } }, spec({ ports: [tls] })],
    [{ spec: { ports: [{ $patch: 'replace' }, { port: 1 }] } }, spec({ ports: [{ port: 1 }] })],
    [
      {
        spec: {
          '$setElementOrder/ports': [{ port: 81 }, { port: 443 }],
          ports: [{ port: 81 }, { port: 80, $patch: 'delete' }],
        },
      },
      spec({ ports: [{ port: 81 }, tls] }),
    ],
    [{ spec: { externalIPs: ['192.0.2.2'] } }, spec({ externalIPs: ['192.0.2.2'] })],
    [{ spec: { selector: null } }, { ...target, spec: { ports: [web, tls], externalIPs: ['192.0.2.1'] } }],
    [{ spec: { selector: { tier: 'b' } } }, spec({ selector: { app: 'a', tier: 'b' } })],
    [{ spec: { selector: { $patch: 'replace', tier: 'b' } } }, spec({ selector: { tier: 'b' } })],
    [{ spec: { selector: { $retainKeys: ['tier'], tier: 'b' } } }, spec({ selector: { tier: 'b' } })],
    [{ metadata: { finalizers: ['c', 'a'] } }, meta({ finalizers: ['a', 'b', 'c'] })],
    [{ metadata: { '$deleteFromPrimitiveList/finalizers': ['a'] } }, meta({ finalizers: ['b'] })],
    [{ metadata: { labels: { x: null, z: '3' } } }, meta({ labels: { y: '2', z: '3' } })],
  ]
  for (const [patch, result] of cases)
    t.strictSame(strategicMergePatch(target, patch, merges), result, JSON.stringify(patch))
  t.throws(() => strategicMergePatch(target, ports({ name: 'x' }), merges), ApiError)
})

t.test('server-side apply adds what is applied and takes away what its manager no longer applies', async (t) => {
  const label = (labels: JsonObject): JsonObject => ({ metadata: { labels } })
  const cases: [live: JsonObject, before: JsonObject, applied: JsonObject, result: JsonObject][] = [
    [{}, {}, label({ a: '1' }), label({ a: '1' })],
    [label({ a: '1', other: '2' }), label({ a: '1' }), label({ b: '1' }), label({ other: '2', b: '1' })],
    [ports(web), {}, ports({ port: 80, name: 'http' }), ports({ ...web, name: 'http' })],
    [ports(web, tls), ports(web), ports({ port: 81 }), ports(tls, { port: 81 })],
    [
      ports(web),
      {},
      ports({ port: 80, protocol: 'UDP', name: 'udp' }),
      ports(web, { port: 80, protocol: 'UDP', name: 'udp' }),
    ],
  ]
  for (const [live, before, applied, result] of cases)
    t.strictSame(applyConfiguration({ live, before, applied, merges }), result, JSON.stringify(applied))
})
