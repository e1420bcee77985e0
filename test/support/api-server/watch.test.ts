// Watches over HTTP: where they begin, what they send, how they end.

import t, { type Test } from 'tap'
import { eventually } from '../eventually.ts'
import { FakeClock } from '../fake-clock.ts'
import { ApiServer, type ApiServerOptions } from './api-server.ts'
import { ApiClient } from './client.ts'

const path = '/api/v1/services?watch=true'
const protobuf = 'application/vnd.kubernetes.protobuf'
const watchList = '&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true'

const service = (name: string, labels: Record<string, string> = {}, namespace = 'prod') => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, namespace, labels },
  spec: { clusterIP: 'None' },
})

/** A server with Services a and b at resource versions 102 and 103. */
async function start(t: Test, options: ApiServerOptions = {}) {
  const manifests = JSON.stringify({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'prod' } })
  const api = await ApiServer.start({ manifests, ...options })
  t.teardown(() => api.close())
  api.put([service('a'), service('b')])
  return { api, client: new ApiClient(api.url) }
}

t.test('a watch begins where its resource version says, in JSON and in protobuf', async (t) => {
  const later = ['ADDED prod/c', 'MODIFIED prod/a', 'DELETED prod/c']
  const cases: [query: string, events: string[]][] = [
    ['', ['ADDED prod/a', 'ADDED prod/b', ...later]],
    ['&resourceVersion=0', ['ADDED prod/a', 'ADDED prod/b', ...later]],
    ['&resourceVersion=102', ['ADDED prod/b', ...later]],
    ['&resourceVersion=103', later],
    [watchList, ['ADDED prod/a', 'ADDED prod/b', 'BOOKMARK', ...later]],
    [`${watchList}&resourceVersion=103`, ['ADDED prod/a', 'ADDED prod/b', 'BOOKMARK', ...later]],
    ['&sendInitialEvents=false&resourceVersionMatch=NotOlderThan', later],
  ]
  for (const [query, events] of cases) {
    const { api, client } = await start(t)
    const accepts = ['application/json', protobuf]
    const watches = await Promise.all(accepts.map((accept) => client.watch(`${path}${query}`, accept)))
    t.same(
      watches.map(({ type }) => type),
      ['application/json', `${protobuf};stream=watch`],
    )
    api.put([service('c'), service('a', { changed: 'yes' }), service('b')])
    api.delete('services', 'prod', 'c')
    for (const watch of watches) {
      t.same(await watch.seen(events.length), events, `${query} ${watch.type}`)
      t.match(watch.events.at(-1)?.object, {
        kind: 'Service',
        apiVersion: 'v1',
        metadata: { name: 'c', resourceVersion: '106' },
      })
      watch.close()
    }
  }
})

t.test('the bookmark after the initial events of a WatchList says so and carries the resource version', async (t) => {
  const { client } = await start(t)
  for (const accept of ['application/json', protobuf]) {
    const watch = await client.watch(`${path}${watchList}`, accept)
    await watch.seen(3)
    t.match(watch.events[2], {
      type: 'BOOKMARK',
      object: {
        kind: 'Service',
        metadata: { resourceVersion: '103', annotations: { 'k8s.io/initial-events-end': 'true' } },
      },
    })
  }
})

t.test('an object that begins or ceases to match a selector is added or deleted', async (t) => {
  const { api, client } = await start(t)
  const watch = await client.watch(`${path}&resourceVersion=103&labelSelector=tier%3Dgold`)
  const scoped = await client.watch('/api/v1/namespaces/other/services?watch=1&resourceVersion=103')
  api.put([
    service('a', { tier: 'gold' }),
    service('a', { tier: 'gold', size: 'big' }),
    service('b', { tier: 'lead' }),
    service('a', { tier: 'lead' }),
    service('x', {}, 'other'),
  ])
  t.same(await watch.seen(3), ['ADDED prod/a', 'MODIFIED prod/a', 'DELETED prod/a'])
  t.match(watch.events[2]?.object, { metadata: { resourceVersion: '107', labels: { tier: 'gold' } } })
  t.same(await scoped.seen(1), ['ADDED other/x'])
})

t.test('a metadata watch shows metadata only', async (t) => {
  const { client } = await start(t)
  for (const media of ['application/json', protobuf]) {
    const watch = await client.watch(path, `${media};as=PartialObjectMetadata;g=meta.k8s.io;v=v1`)
    await watch.seen(2)
    t.match(watch.events[0]?.object, { kind: 'PartialObjectMetadata', metadata: { name: 'a' }, spec: undefined })
  }
})

t.test('a compacted resource version is an ERROR event with 410 and the end', async (t) => {
  const { api, client } = await start(t)
  api.compact()
  for (const accept of ['application/json', protobuf]) {
    const watch = await client.watch(`${path}&resourceVersion=102`, accept)
    t.equal(watch.status, 200)
    t.same(await watch.seen(1), ['ERROR 410'])
    t.match(watch.events[0]?.object, { kind: 'Status', reason: 'Expired' })
    await eventually(() => watch.ended === 'cleanly')
  }
  const watch = await client.watch(`${path}&resourceVersion=103`)
  api.put([service('c')])
  t.same(await watch.seen(1), ['ADDED prod/c'], 'the resource version of the compaction itself still counts')
})

t.test('the log forgets the oldest changes by itself', async (t) => {
  const { api, client } = await start(t, { historyMax: 10 })
  for (let index = 0; index < 50; index++) api.put([service('a', { index: String(index) })])
  t.same(await (await client.watch(`${path}&resourceVersion=103`)).seen(1), ['ERROR 410'])
  const watch = await client.watch(`${path}&resourceVersion=${api.revision - 5}`)
  t.equal((await watch.seen(5)).length, 5)
})

t.test('bookmarks come by the clock and on demand, to watches that allow them', async (t) => {
  const clock = new FakeClock()
  const { api, client } = await start(t, { clock, bookmarkEveryMs: 1000 })
  const watch = await client.watch(`${path}&resourceVersion=103&allowWatchBookmarks=true`)
  const without = await client.watch(`${path}&resourceVersion=103`)
  await clock.advance(2500)
  t.same(await watch.seen(2), ['BOOKMARK', 'BOOKMARK'])
  await api.apply('{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"new"}}')
  api.bookmark()
  await watch.seen(3)
  t.match(watch.events[2], { object: { metadata: { resourceVersion: '104' } } }, 'the revision of other resources too')
  api.put([service('c')])
  t.same(await without.seen(1), ['ADDED prod/c'])
})

t.test('timeoutSeconds ends a watch cleanly', async (t) => {
  const clock = new FakeClock()
  const { api, client } = await start(t, { clock })
  const watch = await client.watch(`${path}&timeoutSeconds=5`)
  await watch.seen(2)
  await clock.advance(4999)
  t.equal(watch.ended, 'no')
  t.equal(api.openWatches('services'), 1)
  await clock.advance(1)
  await eventually(() => watch.ended === 'cleanly')
  await eventually(() => api.openWatches() === 0)
})

t.test('options that Kubernetes refuses are refused before the stream begins', async (t) => {
  const { client } = await start(t)
  const off = await start(t, { watchList: false })
  const cases: [asked: ApiClient, query: string, status: number][] = [
    [client, '&sendInitialEvents=true', 422],
    [client, '&resourceVersionMatch=NotOlderThan', 422],
    [client, '&sendInitialEvents=true&resourceVersionMatch=Exact', 422],
    [off.client, watchList, 422],
    [client, '&resourceVersion=999', 504],
    [client, '&resourceVersion=x', 500],
    [client, '&timeoutSeconds=x', 400],
    [client, '&fieldSelector=spec.color%3Dred', 400],
  ]
  for (const [asked, query, status] of cases) {
    const reply = await asked.ask(`${path}${query}`)
    t.match(reply, { status, json: { kind: 'Status', code: status } }, query)
  }
  t.match(await off.client.ask(`${path}${watchList}`), {
    json: {
      message:
        'ListOptions.meta.k8s.io "" is invalid: sendInitialEvents: Forbidden: sendInitialEvents is forbidden for watch unless the WatchList feature gate is enabled',
    },
  })
  t.equal((await client.ask(path, { accept: 'text/html' })).status, 406)
})
