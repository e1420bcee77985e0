// The fake beside a real API server (MERIDIAN_TEST_KUBECONFIG): the same requests get the same answers. Without one it only runs against itself.

import t, { type Test } from 'tap'
import { RealApiServer } from '../real-api-server.ts'
import { ApiServer } from './api-server.ts'
import { ApiClient, type Reply } from './client.ts'
import type { JsonObject, KubernetesObject } from './kubernetes-object.ts'

const place = 'meridian-fidelity'
const protobuf = 'application/vnd.kubernetes.protobuf'
const partial = ';as=PartialObjectMetadataList;g=meta.k8s.io;v=v1'
const watchList = 'sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true'

const service = (name: string, tier: string): KubernetesObject => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, namespace: place, labels: { tier } },
  spec: { clusterIP: 'None', ports: [{ name: 'http', port: 80 }] },
})
const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: place } }

/** A server with Services a to e, one of them changed and one of them gone since, and the versions of what happened. */
interface Subject {
  readonly client: ApiClient
  /** The resource versions that requests may name. */
  readonly versions: Readonly<Record<string, string>>
}

async function prepare(client: ApiClient): Promise<Subject> {
  const path = `/api/v1/namespaces/${place}/services`
  await client.ask('/api/v1/namespaces', { method: 'POST', body: namespace })
  const created: Reply[] = []
  for (const name of ['a', 'b', 'c', 'd', 'e'])
    created.push(await client.ask(path, { method: 'POST', body: service(name, name < 'c' ? 'gold' : 'lead') }))
  const versionOf = ({ json }: Reply): string => String((json.metadata as JsonObject)?.resourceVersion)
  const changed = await client.ask(`${path}/b`, {
    method: 'PATCH',
    type: 'application/merge-patch+json',
    body: { metadata: { labels: { tier: 'lead' } } },
  })
  await client.ask(`${path}/e`, { method: 'DELETE' })
  const now = versionOf(await client.ask(path))
  const versions = { first: versionOf(created[0]!), last: versionOf(created[4]!), changed: versionOf(changed), now }
  return { client, versions }
}

/** `{first}` and the like are put in. */
const filled = (text: string, { versions }: Subject): string =>
  text.replace(/\{(\w+)\}/g, (_, name: string) => versions[name] ?? '')

/** What must be the same: numbers of one server are none of the other's. The words of a parser's complaint are its own. */
function summary({ status, type, json }: Reply): JsonObject {
  const items = (json.items ?? []) as { metadata: { name: string } }[]
  const { message, reason, metadata } = json as { message?: string; reason?: string; metadata?: JsonObject }
  return {
    status,
    type,
    kind: String(json.kind),
    names: items.map((item) => item.metadata.name).join(' '),
    ...(reason !== undefined && { reason }),
    ...(message !== undefined && ![400, 406].includes(status) && { message: message.replace(/\d+/g, 'N') }),
    ...(metadata?.remainingItemCount !== undefined && { remaining: metadata.remainingItemCount }),
    ...(metadata?.continue !== undefined && { continue: metadata.continue !== '' }),
  }
}

const lists: readonly (readonly [query: string, accept?: string])[] = [
  [''],
  ['limit=2'],
  ['resourceVersion=0'],
  ['resourceVersion=0&limit=1'],
  ['resourceVersion={last}'],
  ['resourceVersion={last}&limit=9'],
  ['resourceVersion={last}&resourceVersionMatch=Exact'],
  ['resourceVersion={first}&resourceVersionMatch=NotOlderThan'],
  ['resourceVersion={first}&resourceVersionMatch=NotOlderThan&limit=9'],
  ['resourceVersion=999999999'],
  ['resourceVersion=x'],
  ['resourceVersionMatch=Exact'],
  ['resourceVersion=0&resourceVersionMatch=Exact'],
  ['resourceVersion={last}&resourceVersionMatch=Newest'],
  ['sendInitialEvents=true'],
  ['continue=nonsense'],
  ['labelSelector=tier%3Dgold'],
  ['labelSelector=tier!%3Dgold'],
  ['labelSelector=tier+in+(lead,iron)'],
  ['labelSelector=!tier'],
  ['labelSelector=a%3D%3D%3Db'],
  ['fieldSelector=metadata.name%3Dc'],
  ['fieldSelector=spec.ports%3D1'],
  ['', protobuf],
  ['', `${protobuf}, application/json`],
  ['', `application/json${partial}`],
  ['', `${protobuf}${partial},application/json${partial}`],
  ['', 'text/html'],
  ['', 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1'],
]

const watches: readonly (readonly [query: string, accept: string, events: number])[] = [
  ['resourceVersion={last}', 'application/json', 2],
  ['resourceVersion={last}', protobuf, 2],
  ['resourceVersion={changed}', 'application/json', 1],
  ['resourceVersion={first}&labelSelector=tier%3Dgold', 'application/json', 2],
  ['resourceVersion=0', 'application/json', 4],
  [watchList, 'application/json', 5],
  [watchList, protobuf, 5],
  [`${watchList}&resourceVersion={now}`, protobuf, 5],
]

const refused: readonly string[] = [
  'sendInitialEvents=true',
  'resourceVersionMatch=NotOlderThan',
  'sendInitialEvents=true&resourceVersionMatch=Exact',
  'resourceVersion=x',
  'fieldSelector=spec.color%3Dred',
]

async function startFake(t: Test, watchList: boolean): Promise<Subject> {
  const api = await ApiServer.start({ watchList })
  t.teardown(() => api.close())
  return prepare(new ApiClient(api.url))
}

/** The real one, or a second fake. */
async function startOther(t: Test): Promise<Subject> {
  const real = RealApiServer.fromEnvironment()
  if (!real) return startFake(t, true)
  const remove = (): Promise<Reply> => real.client.ask(`/api/v1/namespaces/${place}`, { method: 'DELETE' })
  await remove()
  for (let waits = 0; (await real.client.ask(`/api/v1/namespaces/${place}`)).status !== 404; waits++) {
    if (waits > 100) throw new Error(`the namespace ${place} of an earlier run does not go`)
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  t.teardown(remove)
  return prepare(real.client)
}

/** True if the server knows WatchList; the fake is to be like it. */
async function streams({ client }: Subject): Promise<boolean> {
  const watch = await client.watch(`/api/v1/namespaces/${place}/services?watch=1&${watchList}`)
  watch.close()
  return watch.status === 200
}

t.test('lists, watches and refusals are as a real API server has them', async (t) => {
  const other = await startOther(t)
  const hasWatchList = await streams(other)
  t.comment(`WatchList is ${hasWatchList ? 'on' : 'off'} there`)
  const fake = await startFake(t, hasWatchList)
  const path = `/api/v1/namespaces/${place}/services`
  for (const [query, accept = 'application/json'] of lists) {
    const [there, here] = await Promise.all(
      [other, fake].map(async (subject) =>
        summary(await subject.client.ask(`${path}?${filled(query, subject)}`, { accept })),
      ),
    )
    t.same(here, there, `${query} ${accept}`)
  }
  for (const query of refused) {
    const [there, here] = await Promise.all(
      [other, fake].map(async (subject) =>
        summary(await subject.client.ask(`${path}?watch=1&${filled(query, subject)}`)),
      ),
    )
    t.same(here, there, `watch ${query}`)
  }
  for (const [query, accept, events] of watches) {
    if (query.startsWith(watchList) && !hasWatchList) continue
    const [there, here] = await Promise.all(
      [other, fake].map(async (subject) => {
        const watch = await subject.client.watch(`${path}?watch=1&${filled(query, subject)}`, accept)
        const seen = await watch.seen(events).catch(() => watch.events.map(({ type }) => type))
        watch.close()
        return [watch.type, ...seen]
      }),
    )
    t.same(here, there, `watch ${query} ${accept}`)
  }
})
