// Lists over HTTP: pages, resource versions, selectors and forms.

import t, { type Test } from 'tap'
import { ApiServer, type ApiServerOptions } from './api-server.ts'
import { ApiClient, type Reply } from './client.ts'
import type { JsonObject } from './kubernetes-object.ts'

const namespace = (name: string) => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } })
const service = (name: string, labels: Record<string, string> = {}) => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, namespace: 'prod', labels },
  spec: { clusterIP: '10.96.0.1', clusterIPs: ['10.96.0.1'], type: 'ClusterIP' },
})

/** A server with Services a to e in prod, at resource versions 102 to 106. */
async function start(t: Test, options: ApiServerOptions = {}) {
  const api = await ApiServer.start({ manifests: JSON.stringify(namespace('prod')), ...options })
  t.teardown(() => api.close())
  api.put(['a', 'b', 'c', 'd', 'e'].map((name) => service(name, { tier: name < 'c' ? 'gold' : 'lead' })))
  return { api, client: new ApiClient(api.url) }
}

const namesOf = ({ json }: Reply): string =>
  ((json.items ?? []) as { metadata: { name: string } }[]).map(({ metadata }) => metadata.name).join('')
const metaOf = ({ json }: Reply) => json.metadata as JsonObject
const continueOf = (reply: Reply): string => String(metaOf(reply).continue ?? '')

t.test('a list in pages shows the state of its first page, whatever is written in between', async (t) => {
  const { api, client } = await start(t)
  const first = await client.ask('/api/v1/services?limit=2')
  t.match(first, { status: 200, type: 'application/json', json: { kind: 'ServiceList', apiVersion: 'v1' } })
  t.equal(namesOf(first), 'ab')
  t.match(metaOf(first), { resourceVersion: '106', remainingItemCount: 3 })
  api.put([service('bb'), service('c', { tier: 'changed' })])
  api.delete('services', 'prod', 'd')
  const second = await client.ask(`/api/v1/services?limit=2&continue=${continueOf(first)}`)
  t.equal(namesOf(second), 'cd')
  t.match(metaOf(second), { resourceVersion: '106', remainingItemCount: 1 })
  t.match(second.json, { items: [{ metadata: { resourceVersion: '104', labels: { tier: 'lead' } } }, {}] })
  const third = await client.ask(`/api/v1/services?limit=2&continue=${continueOf(second)}`)
  t.equal(namesOf(third), 'e')
  t.equal(continueOf(third), '')
  t.equal(namesOf(await client.ask('/api/v1/services')), 'abbbce')
})

t.test('a token that is too old is refused with 410 and one for the rest as it is now', async (t) => {
  const { api, client } = await start(t)
  const first = await client.ask('/api/v1/services?limit=2')
  api.delete('services', 'prod', 'd')
  api.compact()
  const late = await client.ask(`/api/v1/services?limit=2&continue=${continueOf(first)}`)
  t.match(late, { status: 410, json: { kind: 'Status', reason: 'Expired', code: 410 } })
  const rest = await client.ask(`/api/v1/services?limit=2&continue=${continueOf(late)}`)
  t.match(rest, { status: 200 })
  t.equal(namesOf(rest), 'ce')
  t.equal(metaOf(rest).resourceVersion, '107')
})

t.test('resourceVersion, resourceVersionMatch and limit say together how new a list must be', async (t) => {
  const { api, client } = await start(t)
  api.delete('services', 'prod', 'a')
  const cases: [query: string, status: number, names: string][] = [
    ['', 200, 'bcde'],
    ['resourceVersion=0', 200, 'bcde'],
    ['resourceVersion=0&limit=1', 200, 'bcde'],
    ['resourceVersion=103', 200, 'bcde'],
    ['resourceVersion=103&limit=9', 200, 'ab'],
    ['resourceVersion=103&resourceVersionMatch=Exact', 200, 'ab'],
    ['resourceVersion=103&resourceVersionMatch=NotOlderThan&limit=9', 200, 'bcde'],
    ['resourceVersion=106&resourceVersionMatch=Exact', 200, 'abcde'],
    ['resourceVersion=99&resourceVersionMatch=Exact', 410, ''],
    ['resourceVersion=108', 504, ''],
    ['resourceVersion=x', 500, ''],
    ['resourceVersionMatch=Exact', 422, ''],
    ['resourceVersion=0&resourceVersionMatch=Exact', 422, ''],
    ['resourceVersion=103&resourceVersionMatch=Newest', 422, ''],
    ['sendInitialEvents=true', 422, ''],
    ['continue=nonsense', 400, ''],
    ['limit=x', 400, ''],
  ]
  for (const [query, status, names] of cases) {
    const reply = await client.ask(`/api/v1/services?${query}`)
    t.same([reply.status, namesOf(reply)], [status, names], query)
  }
  t.match((await client.ask('/api/v1/services?resourceVersion=108')).json, {
    reason: 'Timeout',
    message: 'Timeout: Too large resource version: 108, current: 107',
    details: { causes: [{ reason: 'ResourceVersionTooLarge' }] },
  })
})

t.test('namespaces, label selectors and field selectors narrow a list', async (t) => {
  const { api, client } = await start(t)
  api.put([{ ...service('other'), metadata: { name: 'f', namespace: 'staging' } }])
  const cases: [path: string, names: string][] = [
    ['/api/v1/services', 'abcdef'],
    ['/api/v1/namespaces/prod/services', 'abcde'],
    ['/api/v1/namespaces/none/services', ''],
    ['/api/v1/services?labelSelector=tier%3Dgold', 'ab'],
    ['/api/v1/services?labelSelector=tier!%3Dgold', 'cdef'],
    ['/api/v1/services?labelSelector=tier+in+(lead,iron)', 'cde'],
    ['/api/v1/services?labelSelector=tier+notin+(lead)', 'abf'],
    ['/api/v1/services?labelSelector=!tier', 'f'],
    ['/api/v1/services?labelSelector=tier,tier!%3Dlead', 'ab'],
    ['/api/v1/services?fieldSelector=metadata.name%3Dc', 'c'],
    ['/api/v1/services?fieldSelector=metadata.namespace!%3Dprod', 'f'],
    ['/api/v1/services?labelSelector=tier%3Dlead&limit=2', 'cd'],
  ]
  for (const [path, names] of cases) t.equal(namesOf(await client.ask(path)), names, path)
  t.equal((await client.ask('/api/v1/services?fieldSelector=spec.ports%3D1')).status, 400)
  t.equal((await client.ask('/api/v1/services?labelSelector=a%3D%3D%3Db')).status, 400)
})

t.test('JSON and protobuf show the same objects; the first acceptable media type decides', async (t) => {
  const { client } = await start(t)
  const protobuf = 'application/vnd.kubernetes.protobuf'
  const partial = ';as=PartialObjectMetadataList;g=meta.k8s.io;v=v1'
  const cases: [accept: string, type: string, kind: string][] = [
    ['application/json', 'application/json', 'ServiceList'],
    [protobuf, protobuf, 'ServiceList'],
    [`${protobuf}, application/json`, protobuf, 'ServiceList'],
    [`application/json,${protobuf}`, 'application/json', 'ServiceList'],
    ['application/json;as=Table;v=v1;g=meta.k8s.io,application/json', 'application/json', 'ServiceList'],
    ['*/*', 'application/json', 'ServiceList'],
    [`application/json${partial}`, 'application/json', 'PartialObjectMetadataList'],
    [`${protobuf}${partial},application/json${partial}`, protobuf, 'PartialObjectMetadataList'],
    ['text/html', 'application/json', 'Status'],
    ['application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1', 'application/json', 'Status'],
  ]
  for (const [accept, type, kind] of cases) {
    const reply = await client.ask('/api/v1/services', { accept })
    t.same([reply.type, reply.json.kind, reply.status], [type, kind, kind === 'Status' ? 406 : 200], accept)
    if (kind !== 'Status') t.equal(namesOf(reply), 'abcde', accept)
    if (kind.startsWith('Partial')) t.notMatch(reply.json, { items: [{ spec: {} }] })
  }
  const json = await client.ask('/api/v1/services', { accept: 'application/json' })
  const binary = await client.ask('/api/v1/services', { accept: protobuf })
  const specs = ({ json }: Reply) => (json.items as JsonObject[]).map((item) => (item.spec as JsonObject).clusterIPs)
  t.same(specs(json), specs(binary))
  t.match(json.json.items, [{ kind: undefined, metadata: { uid: /-/ } }])
})

t.test(
  'what has no protobuf form is refused in protobuf alone, and items of custom resources carry their type',
  async (t) => {
    const { api, client } = await start(t)
    await api.apply(
      'apiVersion: multicluster.x-k8s.io/v1alpha1\nkind: ServiceImport\nmetadata: { name: i, namespace: prod }',
    )
    const path = '/apis/multicluster.x-k8s.io/v1alpha1/serviceimports'
    const protobuf = 'application/vnd.kubernetes.protobuf'
    t.equal((await client.ask(path, { accept: protobuf })).status, 406)
    t.match(await client.ask(path, { accept: `${protobuf},application/json` }), {
      type: 'application/json',
      json: { kind: 'ServiceImportList', items: [{ kind: 'ServiceImport', metadata: { name: 'i' } }] },
    })
    const plain = await start(t, { protobuf: false })
    t.equal((await plain.client.ask('/api/v1/services', { accept: protobuf })).status, 406)
  },
)

t.test('pages are never longer than pageLimitMax', async (t) => {
  const { client } = await start(t, { pageLimitMax: 2 })
  const first = await client.ask('/api/v1/services?limit=100')
  t.equal(namesOf(first), 'ab')
  t.not(continueOf(first), '')
})
