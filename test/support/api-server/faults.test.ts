// Each fault as a client sees it, and that it ends.

import t, { type Test } from 'tap'
import { eventually } from '../eventually.ts'
import { FakeClock } from '../fake-clock.ts'
import { ApiServer, type ApiServerOptions } from './api-server.ts'
import { ApiClient } from './client.ts'

const services = '/api/v1/services'
const watchPath = `${services}?watch=true&allowWatchBookmarks=true`
const protobuf = 'application/vnd.kubernetes.protobuf'
const media = ['application/json', protobuf]

const service = (name: string) => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, namespace: 'prod' },
  spec: { type: 'ExternalName', externalName: 'example.org' },
})

async function start(t: Test, options: ApiServerOptions = {}) {
  const api = await ApiServer.start(options)
  t.teardown(() => api.close())
  api.put([service('a')])
  return { api, client: new ApiClient(api.url, { token: 'one' }) }
}

t.test('connections can be dropped, and refused until that is lifted', async (t) => {
  const { api, client } = await start(t)
  const watch = await client.watch(watchPath)
  api.faults.dropConnections()
  await eventually(() => watch.ended === 'broken')
  t.equal((await client.ask(services)).status, 200)
  const fault = api.faults.refuseConnections()
  await t.rejects(client.ask(services))
  fault.lift()
  t.equal((await client.ask(services)).status, 200)
})

t.test('answers can be late', async (t) => {
  const clock = new FakeClock()
  const { api, client } = await start(t, { clock })
  api.faults.delay(200)
  const fault = api.faults.delay(100)
  const late = client.ask(services)
  await eventually(() => api.requests.length === 1)
  await clock.advance(299)
  t.equal(api.requests[0]?.status, 0)
  await clock.advance(1)
  t.equal((await late).status, 200)
  fault.lift()
  api.faults.lift()
  t.equal((await client.ask(services)).status, 200)
})

t.test('a frozen watch is never heard of again, and requests hang until the frost is over', async (t) => {
  const { api, client } = await start(t)
  const frozen = await client.watch(watchPath)
  const other = await client.watch('/api/v1/namespaces?watch=true')
  await frozen.seen(1)
  const fault = api.faults.freeze({ resource: 'services' })
  const hanging = client.ask(services)
  await eventually(() => api.requests.length === 3)
  api.put([service('b'), { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'new' } }])
  api.bookmark()
  t.equal((await other.seen(5)).at(-1), 'ADDED new')
  t.equal(api.requests[2]?.status, 0)
  fault.lift()
  t.equal((await hanging).status, 200)
  api.put([service('c')])
  api.bookmark()
  const fresh = await client.watch(watchPath)
  await fresh.seen(3)
  t.equal(frozen.events.length, 1)
  t.equal(frozen.ended, 'no')
})

t.test('only watches may be frozen: lists and new watches are answered', async (t) => {
  const { api, client } = await start(t)
  const frozen = await client.watch(watchPath)
  await frozen.seen(1)
  api.faults.freeze({ watchesOnly: true })
  api.put([service('b')])
  t.equal(((await client.ask(services)).json.items as unknown[]).length, 2)
  t.equal((await (await client.watch(watchPath)).seen(2)).length, 2)
  t.equal(frozen.events.length, 1)
})

t.test('a watch can lose events and go on', async (t) => {
  const { api, client } = await start(t)
  const watch = await client.watch(`${watchPath}&resourceVersion=105`)
  const fault = api.faults.swallow({ resource: 'services' })
  api.put([service('lost')])
  api.bookmark()
  const fresh = await client.watch(watchPath)
  t.same(await fresh.seen(2), ['ADDED prod/a', 'ADDED prod/lost'], 'what there is at its start is not lost')
  fault.lift()
  api.put([service('b')])
  t.same(await watch.seen(2), ['BOOKMARK', 'ADDED prod/b'])
})

t.test('an event can be cut in its middle', async (t) => {
  const { api, client } = await start(t)
  for (const accept of media) {
    const watch = await client.watch(watchPath, accept)
    await watch.seen(1)
    api.faults.cut({ resource: 'services' })
    api.put([service(`b${media.indexOf(accept)}`)])
    await eventually(() => watch.ended === 'broken')
    t.ok(watch.rest.length > 20, 'a part of it has come')
    t.equal(watch.events.length, 1 + media.indexOf(accept))
  }
})

t.test('tokens can expire', async (t) => {
  const { api, client } = await start(t, { tokens: ['one'] })
  const fault = api.faults.expireTokens()
  t.match(await client.ask(services), { status: 401, json: { reason: 'Unauthorized' } })
  fault.lift()
  t.equal((await client.ask(services)).status, 200)
  api.faults.expireTokens()
  api.acceptTokens('one')
  t.equal((await client.ask(services)).status, 200, 'new tokens end it too')
})

t.test('requests can be refused with a status, some times or always, one resource or all', async (t) => {
  const { api, client } = await start(t)
  api.faults.status(429, { retryAfter: 3, times: 2, resource: 'services' })
  t.equal((await client.ask('/api/v1/namespaces')).status, 200)
  const refused = await client.ask(services, { accept: protobuf })
  t.match(refused, {
    status: 429,
    type: protobuf,
    headers: { 'retry-after': '3' },
    json: { kind: 'Status', reason: 'TooManyRequests', details: { retryAfterSeconds: 3 } },
  })
  t.equal((await client.ask(watchPath)).status, 429)
  t.equal((await client.ask(services)).status, 200)
  const fault = api.faults.status(503)
  for (const path of [services, '/version', '/readyz']) t.equal((await client.ask(path)).status, 503, path)
  fault.lift()
  t.equal((await client.ask(services)).status, 200)
})

t.test('a list or an event can be garbage under a right name', async (t) => {
  const { api, client } = await start(t)
  for (const accept of media) {
    api.faults.garbage({ resource: 'services' })
    const reply = await client.ask(services, { accept })
    t.same([reply.status, reply.type, reply.json], [200, accept, {}])
    t.not((await client.ask(services, { accept })).json.kind, undefined)
  }
  const watch = await client.watch(watchPath, protobuf)
  await watch.seen(1)
  api.faults.garbage()
  api.put([service('b')])
  await eventually(() => watch.rest.includes('neither'))
})

t.test('objects can have a wrong shape under a right name', async (t) => {
  const { api, client } = await start(t)
  const watch = await client.watch(watchPath)
  const fault = api.faults.wrongShape('services')
  api.put([service('b')])
  const json = await client.ask(services)
  t.match(json.json, { kind: 'ServiceList', items: [{ metadata: { name: 'a' }, spec: 17 }, { spec: 17 }] })
  const binary = await client.ask(services, { accept: protobuf })
  t.equal(binary.type, protobuf)
  t.same(binary.json, {}, 'no Service')
  await watch.seen(2)
  t.match(watch.events[1]?.object, { kind: 'Service', metadata: { name: 'b' }, spec: 17 })
  t.match(
    await client.ask(`${services}?limit=9`, { accept: `${protobuf};as=PartialObjectMetadataList;g=meta.k8s.io;v=v1` }),
    {
      json: { items: [{ metadata: { name: 'a' } }, { metadata: { name: 'b' } }] },
    },
  )
  fault.lift()
  t.match(await client.ask(services, { accept: protobuf }), { json: { items: [{ spec: { externalName: /./ } }, {}] } })
})

t.test('random faults come from a seed and can all be lifted', async (t) => {
  const { api, client } = await start(t, { tokens: ['one'] })
  const names = new Set<string>()
  let seed = 7
  const random = (): number => {
    seed = (seed * 16_807) % 2_147_483_647
    return seed / 2_147_483_647
  }
  for (let index = 0; index < 300; index++) names.add(api.faults.strike(random).name.split(' ')[0]!)
  t.same([...names].sort(), [
    'compact',
    'cut',
    'delay',
    'dropConnections',
    'expireTokens',
    'freeze',
    'garbage',
    'refuseConnections',
    'status',
    'swallow',
    'wrongShape',
  ])
  api.faults.lift()
  t.match(await client.ask(services), { status: 200, json: { items: [{ spec: { externalName: 'example.org' } }] } })
})
