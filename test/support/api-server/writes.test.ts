// Writes over HTTP: what a client sends, what is stored, what is refused.

import t, { type Test } from 'tap'
import { encodeObject } from '../kubernetes-schema.ts'
import { ApiServer } from './api-server.ts'
import { ApiClient } from './client.ts'
import type { JsonObject } from './kubernetes-object.ts'

const services = '/api/v1/namespaces/default/services'

const service = (name: string, spec: JsonObject = {}) => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name },
  spec: { ports: [{ port: 80 }], ...spec },
})

async function start(t: Test) {
  const api = await ApiServer.start()
  t.teardown(() => api.close())
  return { api, client: new ApiClient(api.url) }
}

t.test('a new Service gets an address, defaults, a uid and a resource version', async (t) => {
  const { api, client } = await start(t)
  const reply = await client.ask(services, { method: 'POST', body: service('web') })
  t.match(reply, {
    status: 201,
    json: {
      kind: 'Service',
      metadata: { name: 'web', namespace: 'default', uid: /^[0-9a-f-]{36}$/, resourceVersion: '105' },
      spec: {
        type: 'ClusterIP',
        clusterIP: '10.97.1.0',
        clusterIPs: ['10.97.1.0'],
        ipFamilies: ['IPv4'],
        ports: [{ port: 80, protocol: 'TCP', targetPort: 80 }],
      },
    },
  })
  t.same((await client.ask(`${services}/web`)).json, reply.json)
  t.equal(api.objects('services').length, 1)
  const cases: [name: string, spec: JsonObject, addresses: string[] | undefined][] = [
    ['second', {}, ['10.97.1.1']],
    ['headless', { clusterIP: 'None' }, ['None']],
    ['chosen', { clusterIP: '10.96.7.7' }, ['10.96.7.7']],
    ['dual', { ipFamilyPolicy: 'RequireDualStack' }, ['10.97.1.2', 'fd00:10:96::103']],
    ['six', { ipFamilies: ['IPv6'] }, ['fd00:10:96::104']],
    ['alias', { type: 'ExternalName', externalName: 'example.org' }, undefined],
  ]
  for (const [name, spec, addresses] of cases) {
    const { status, json } = await client.ask(services, { method: 'POST', body: service(name, spec) })
    t.same([status, (json.spec as JsonObject).clusterIPs], [201, addresses], name)
  }
})

t.test('an object can be sent as JSON, YAML or protobuf', async (t) => {
  const { client } = await start(t)
  const yaml = 'apiVersion: v1\nkind: Service\nmetadata: { name: b }\nspec: { ports: [{ port: 80 }] }'
  const cases: [type: string, body: unknown, status: number][] = [
    ['application/json', service('a'), 201],
    ['application/yaml', yaml, 201],
    ['application/vnd.kubernetes.protobuf', Buffer.from(encodeObject(service('c'))), 201],
    ['application/vnd.kubernetes.protobuf', Buffer.from('k8s\0what'), 400],
    ['application/json', '{"apiVersion":', 400],
    ['application/json', '[]', 400],
    ['text/plain', 'x', 415],
  ]
  for (const [type, body, status] of cases)
    t.equal((await client.ask(services, { method: 'POST', type, body })).status, status, type)
  for (const name of ['a', 'b', 'c'])
    t.match(await client.ask(`${services}/${name}`), { json: { spec: { ports: [{ port: 80, protocol: 'TCP' }] } } })
})

t.test('what cannot be is refused with its reason', async (t) => {
  const { client } = await start(t)
  await client.ask(services, { method: 'POST', body: service('web') })
  const alias = { type: 'ExternalName' }
  const elsewhere = { ...service('x'), metadata: { name: 'x', namespace: 'other' } }
  const stale = { ...service('web'), metadata: { name: 'web', resourceVersion: '1' } }
  const cases: [method: string, path: string, body: unknown, status: number, reason: string][] = [
    ['POST', services, service('web'), 409, 'AlreadyExists'],
    ['POST', services, service('Web'), 422, 'Invalid'],
    ['POST', services, service(''), 422, 'Invalid'],
    ['POST', services, service('alias', alias), 422, 'Invalid'],
    ['POST', services, elsewhere, 400, 'BadRequest'],
    ['POST', services, { ...service('x'), kind: 'Pod' }, 400, 'BadRequest'],
    ['POST', '/api/v1/namespaces/none/services', service('web'), 404, 'NotFound'],
    ['PUT', `${services}/web`, stale, 409, 'Conflict'],
    ['PUT', `${services}/web`, service('web', { clusterIP: '10.96.9.9' }), 422, 'Invalid'],
    ['PUT', `${services}/web`, service('other'), 400, 'BadRequest'],
    ['PUT', `${services}/none`, service('none'), 404, 'NotFound'],
    ['DELETE', `${services}/none`, undefined, 404, 'NotFound'],
    ['DELETE', `${services}/web`, { preconditions: { uid: 'other' } }, 409, 'Conflict'],
    ['POST', `${services}/web`, service('web'), 405, 'MethodNotAllowed'],
    ['OPTIONS', services, undefined, 405, 'MethodNotAllowed'],
    ['GET', '/api/v1/namespaces/default/teapots', undefined, 404, 'NotFound'],
    ['GET', `${services}/web/status/more`, undefined, 404, 'NotFound'],
  ]
  for (const [method, path, body, status, reason] of cases) {
    t.match(await client.ask(path, { method, body }), { status, json: { reason, code: status } }, `${method} ${path}`)
  }
  t.match((await client.ask(`${services}/none`)).json, { message: 'services "none" not found' })
})

t.test('a Service keeps its address through changes and changes it with its type', async (t) => {
  const { client } = await start(t)
  await client.ask(services, { method: 'POST', body: service('web') })
  const put = async (spec: JsonObject) =>
    (await client.ask(`${services}/web`, { method: 'PUT', body: service('web', spec) })).json.spec as JsonObject
  t.match(await put({ selector: { app: 'web' } }), { clusterIP: '10.97.1.0', selector: { app: 'web' } })
  const alias = await put({ type: 'ExternalName', externalName: 'example.org' })
  t.match(alias, { type: 'ExternalName', externalName: 'example.org', clusterIP: undefined, clusterIPs: undefined })
  t.match(await put({ externalName: 'example.org' }), { clusterIP: '10.97.1.1', externalName: undefined })
})

t.test('status is written by its subresource and by nothing else', async (t) => {
  const { client } = await start(t)
  const ingress = (ip: string) => ({ status: { loadBalancer: { ingress: [{ ip }] } } })
  const body = { ...service('web', { type: 'LoadBalancer' }), ...ingress('192.0.2.1') }
  t.match(await client.ask(services, { method: 'POST', body }), { json: { status: { loadBalancer: {} } } })
  const merge = { method: 'PATCH', type: 'application/merge-patch+json' }
  await client.ask(`${services}/web`, { ...merge, body: ingress('192.0.2.2') })
  t.strictSame((await client.ask(`${services}/web`)).json.status, { loadBalancer: {} })
  const both = { ...ingress('192.0.2.3'), spec: { selector: { ignored: 'yes' } } }
  t.match(await client.ask(`${services}/web/status`, { ...merge, body: both }), {
    status: 200,
    json: { ...ingress('192.0.2.3'), spec: { selector: undefined } },
  })
})

t.test('a write that changes nothing makes no event and no resource version', async (t) => {
  const { api, client } = await start(t)
  const { json } = await client.ask(services, { method: 'POST', body: service('web') })
  const { revision } = api
  const labels = { metadata: { labels: { a: 'b' } } }
  const merge = { method: 'PATCH', type: 'application/merge-patch+json' }
  await client.ask(`${services}/web`, { method: 'PUT', body: json })
  await client.ask(`${services}/web`, { ...merge, body: {} })
  api.put(api.objects('services'))
  await client.ask(`${services}/web?dryRun=All`, { ...merge, body: labels })
  await client.ask(`${services}?dryRun=All`, { method: 'POST', body: service('dry') })
  await client.ask(`${services}/web?dryRun=All`, { method: 'DELETE' })
  t.equal(api.revision, revision)
  await client.ask(`${services}/web`, { ...merge, body: labels })
  t.equal(api.revision, revision + 1)
})

t.test('a namespace takes everything in it along', async (t) => {
  const { api, client } = await start(t)
  const body = { apiVersion: 'v1', kind: 'Namespace', metadata: { generateName: 'team-' } }
  const { json } = await client.ask('/api/v1/namespaces', { method: 'POST', body })
  const { name } = json.metadata as { name: string }
  t.match(json, { metadata: { name: /^team-.{5}$/, labels: { 'kubernetes.io/metadata.name': name } } })
  await client.ask(`/api/v1/namespaces/${name}/services`, { method: 'POST', body: service('web') })
  await client.ask(services, { method: 'POST', body: service('stays') })
  const watch = await client.watch(`/api/v1/services?watch=1&resourceVersion=${api.revision}`)
  const gone = await client.ask(`/api/v1/namespaces/${name}`, { method: 'DELETE' })
  t.match(gone, { status: 200, json: { kind: 'Namespace', status: { phase: 'Terminating' } } })
  t.same(await watch.seen(1), [`DELETED ${name}/web`])
  t.same(
    api.objects('services').map(({ metadata }) => metadata.name),
    ['stays'],
  )
  t.equal((await client.ask(`/api/v1/namespaces/${name}`)).status, 404)
})

t.test('many objects can be deleted at once', async (t) => {
  const { api, client } = await start(t)
  for (const name of ['a', 'b', 'c']) await client.ask(services, { method: 'POST', body: service(name) })
  await client.ask(`${services}?fieldSelector=metadata.name!%3Db`, { method: 'DELETE' })
  t.match(api.objects('services'), [{ metadata: { name: 'b' } }])
  t.equal(api.objects('services').length, 1)
})

t.test('objects that a test puts in are kept as they are', async (t) => {
  const { api } = await start(t)
  const object = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'raw', namespace: 'nowhere', uid: 'u-1', deletionTimestamp: '2026-01-01T00:00:00Z' },
    spec: { type: 'ClusterIP' },
    status: { loadBalancer: { ingress: [{ ip: '192.0.2.1' }] } },
  }
  api.put([object])
  t.match(api.objects('services'), [object])
  t.notMatch(api.objects('services'), [{ spec: { clusterIP: /./ } }])
  t.throws(() => api.put([{ ...object, kind: 'Teapot' }]), { message: 'v1 Teapot is not served' })
})
