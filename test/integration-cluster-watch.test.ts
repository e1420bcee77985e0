// The watch on a cluster against an API server over real sockets: every form of talking, and every fault, after which it knows the cluster again and a metric tells.

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import type { ClusterOptions } from '../k8s/cluster-options.ts'
import { type Change, changesOf } from '../k8s/object-bytes.ts'
import { ApiServer, type ApiServerOptions } from './support/api-server/api-server.ts'
import type { Faults } from './support/api-server/faults.ts'
import { ClusterWatchRig } from './support/cluster-watch-rig.ts'
import { eventually } from './support/eventually.ts'

// What is watched keeps no process alive; the tests must.
const alive = setInterval(() => {}, 1_000)
t.teardown(() => clearInterval(alive))

const service = (name: string, clusterIP = '10.96.0.9') => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, namespace: 'default' },
  spec: { clusterIP, clusterIPs: [clusterIP], ports: [{ name: 'http', port: 80, protocol: 'TCP' }] },
})

const namespace = (name: string) => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } })

const slice = (name: string, changedAt = '') => ({
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: {
    name: `${name}-1`,
    namespace: 'default',
    labels: { 'kubernetes.io/service-name': name },
    ...(changedAt !== '' && { annotations: { 'endpoints.kubernetes.io/last-change-trigger-time': changedAt } }),
  },
  addressType: 'IPv4',
  endpoints: [{ addresses: ['10.244.0.1'] }],
  ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
})

async function startServer(t: Test, options: ApiServerOptions = {}): Promise<ApiServer> {
  const api = await ApiServer.start(options)
  t.teardown(() => api.close())
  api.put(['a', 'b', 'c', 'd', 'e'].map((name) => service(name)))
  api.put([slice('a')])
  return api
}

async function startWatch(t: Test, api: ApiServer, options: Partial<ClusterOptions> = {}, timing = {}) {
  const rig = await new ClusterWatchRig(api.url, options, timing).start(t)
  await eventually(() => rig.synced)
  return rig
}

/** The same objects here and there. */
function agrees(rig: ClusterWatchRig, api: ApiServer): boolean {
  const there = (plural: string) =>
    api
      .objects(plural)
      .map(({ metadata: { namespace, name } }) => (namespace ? `${namespace}/${name}` : name))
      .sort()
  return (
    rig.names('Service').join() === there('services').join() &&
    rig.names('Namespace').join() === there('namespaces').join() &&
    rig.names('EndpointSlice').join() === there('endpointslices').join()
  )
}

for (const protobuf of [true, false])
  for (const watchList of [true, false]) {
    const form = `${protobuf ? 'protobuf' : 'JSON'} and ${watchList ? 'WatchList' : 'pages'}`
    t.test(`${form}: everything is listed, and every change follows`, async (t) => {
      const api = await startServer(t, { protobuf, watchList })
      const rig = await startWatch(t, api)
      t.ok(agrees(rig, api))
      t.match(rig.objects.get('Service/default/a'), { clusterIPs: ['10.96.0.9'], ports: [{ name: 'http', port: 80 }] })
      t.match(rig.objects.get('EndpointSlice/default/a-1'), { service: 'a', endpoints: [{ address: '10.244.0.1' }] })
      api.put([service('f'), service('a', '10.96.0.10'), slice('f')])
      api.delete('services', 'default', 'b')
      await eventually(() => agrees(rig, api))
      t.match(rig.objects.get('Service/default/a'), { clusterIPs: ['10.96.0.10'] })
      t.equal(rig.counted('api_errors'), watchList ? 0 : 3)
      t.same(rig.log, [])
      const [first] = api.requests
      t.match(first?.accept, /protobuf.*json/)
    })
  }

/** A fault, what counts it, and what else is to be done before it is over. */
interface FaultCase {
  readonly name: string
  readonly strike: (faults: Faults, api: ApiServer) => { lift(): void } | undefined
  readonly counted: string
  readonly options?: ApiServerOptions
  /** Checks come every 50 ms. */
  readonly checks?: boolean
}

/** Something happens that nobody hears of, and cannot be asked for afterwards. */
function expire(api: ApiServer): undefined {
  const away = api.faults.refuseConnections()
  for (const [index, touched] of [service('expired'), slice('expired')].entries())
    api.put([touched, namespace(`expired-${index}`)])
  api.faults.compact()
  away.lift()
}

const lasting = (strike: (faults: Faults) => unknown) => (faults: Faults) => {
  strike(faults)
  return undefined
}

const faults: readonly FaultCase[] = [
  {
    name: 'dropped connections',
    strike: lasting((faults) => faults.dropConnections()),
    counted: 'api_errors services connection',
  },
  {
    name: 'refused connections',
    strike: (faults) => faults.refuseConnections(),
    counted: 'api_errors services connection',
  },
  {
    name: 'an event cut in its middle',
    strike: (faults) => faults.cut({ resource: 'services' }),
    counted: 'api_errors services connection',
  },
  {
    name: 'garbage in a watch',
    strike: (faults) => faults.garbage({ resource: 'services' }),
    counted: 'api_errors services garbage',
  },
  {
    name: 'a resource version that expired',
    strike: (_faults, api) => expire(api),
    counted: 'lists services expired',
  },
  {
    name: 'too many requests',
    strike: (faults) => {
      faults.dropConnections()
      return faults.status(429, { retryAfter: 1, times: 6 })
    },
    counted: 'api_errors services throttled',
  },
  {
    name: 'a server in trouble',
    strike: (faults) => {
      faults.dropConnections()
      return faults.status(503, { times: 9 })
    },
    counted: 'api_errors services server_error',
  },
  {
    name: 'rights that are taken away for a while',
    strike: (faults) => {
      faults.dropConnections()
      return faults.status(403, { times: 9 })
    },
    counted: 'api_errors services forbidden',
  },
  {
    name: 'credentials that do not count for a while',
    strike: (faults) => {
      const fault = faults.expireTokens()
      faults.dropConnections()
      return fault
    },
    counted: 'api_errors services unauthorized',
    options: { tokens: ['one'] },
  },
  {
    name: 'a watch that freezes without a word',
    strike: (faults) => faults.freeze({ watchesOnly: true }),
    counted: 'api_errors services silent',
  },
  {
    name: 'a watch that loses events and goes on',
    strike: (faults) => faults.swallow({ resource: 'services' }),
    counted: 'lists services inconsistent',
    checks: true,
  },
  {
    name: 'objects of a wrong shape',
    strike: (faults) => faults.wrongShape('services'),
    counted: 'undecodable services',
    options: { protobuf: false },
    checks: true,
  },
]

for (const { name, strike, counted, options = {}, checks = false } of faults)
  t.test(`${name}: counted and got over, and nothing that was known is lost meanwhile`, async (t) => {
    const api = await startServer(t, options)
    const access = options.tokens
      ? { access: { kind: 'kubeconfig', file: api.kubeconfig(), context: '' } as const }
      : {}
    const timing = checks ? { checkEveryMs: 50, silenceUnknownMs: 100_000 } : {}
    const rig = await startWatch(t, api, access, timing)
    const before = new Set(rig.objects.keys())
    const fault = strike(api.faults, api)
    api.put([service('during')])
    await eventually(() => rig.counted(counted) > 0)
    fault?.lift()
    api.put([service('after')])
    api.delete('services', 'default', 'e')
    await eventually(() => agrees(rig, api))
    const gone = rig.batches.flatMap((batch) => (batch.whole ? ['whole'] : []))
    t.same(gone, [])
    before.delete('Service/default/e')
    for (const key of before) t.ok(rig.objects.has(key), key)
  })

const nameOf = (change: Change): string => {
  const { kind, name } = 'object' in change ? change.object : change.deleted
  return `${kind} ${name}`
}

t.test('nothing is ever missing between two lists', async (t) => {
  const api = await startServer(t)
  const rig = await startWatch(t, api)
  const from = rig.batches.length
  for (let round = 1; round <= 3; round++) {
    expire(api)
    api.delete('services', 'default', 'expired')
    await eventually(() => rig.counted('lists services expired') >= round)
    api.put([service(`round-${round}`)])
    await eventually(() => agrees(rig, api))
  }
  // The lists had every Service again; the batches have none that is as it was.
  const named = rig.batches.slice(from).flatMap((batch) => [...changesOf(batch)].map(nameOf))
  t.same(
    named.filter((name) => /^Service \w$/.test(name)),
    [],
  )
  t.ok(named.includes('Service round-3'))
})

t.test('a missing right to what is not essential is told once and holds up nothing', async (t) => {
  const api = await startServer(t, { forbidden: (_verb, resource) => resource === 'serviceimports' })
  const kinds = ['Service', 'Namespace', 'EndpointSlice', 'ServiceImport', 'ImportedSlice'] as const
  const rig = await startWatch(t, api, { kinds })
  t.ok(agrees(rig, api))
  await eventually(() => rig.counted('api_errors serviceimports forbidden') > 2)
  t.equal(rig.log.length, 1)
  t.match(
    rig.log[0],
    /^warning cannot list serviceimports: .*; the ClusterRole lacks the rule apiGroups: \["multicluster.x-k8s.io"\] resources: \["serviceimports"\] verbs: \["list", "watch"\]$/,
  )
  api.forbid(() => false)
  api.put([
    {
      apiVersion: 'multicluster.x-k8s.io/v1alpha1',
      kind: 'ServiceImport',
      metadata: { name: 'shop', namespace: 'default' },
      spec: { type: 'ClusterSetIP', ips: ['10.112.0.1'], ports: [{ port: 80, protocol: 'TCP' }] },
    },
  ])
  await eventually(() => rig.names('ServiceImport').join() === 'default/shop')
})

t.test('what the endpoints controller dated is measured, by the kind of Service', async (t) => {
  const api = await startServer(t)
  const rig = await startWatch(t, api)
  const aSecondAgo = (): string => new Date(Date.now() - 1000).toISOString()
  api.put([{ ...service('none'), spec: { clusterIP: 'None', clusterIPs: ['None'] } }])
  await eventually(() => agrees(rig, api))
  api.put([slice('a', aSecondAgo()), slice('none', aSecondAgo()), slice('unknown', aSecondAgo())])
  await eventually(() => rig.programmed.length >= 2)
  t.same(
    rig.programmed.map(({ serviceKind }) => serviceKind),
    ['cluster_ip', 'headless_with_selector'],
  )
  for (const { seconds } of rig.programmed) t.ok(seconds >= 1 && seconds < 3, `${seconds}`)
})

// ---- snapshots -------------------------------------------------------------------------------------------------------------------

async function folder(t: Test): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'meridian-'))
  t.teardown(() => rm(path, { recursive: true }))
  return path
}

t.test('the state is on disk soon after it changed, and there when the API server is not', async (t) => {
  const path = join(await folder(t), 'cluster')
  const snapshot = { path, maxAgeMs: 60_000, ready: false }
  const api = await startServer(t)
  const first = await startWatch(t, api, { snapshot })
  await eventually(() => first.counted('snapshots true') > 0)
  api.put([service('last')])
  await eventually(() => first.counted('snapshots true') > 1)
  await first.watch.stop()
  const away = api.faults.refuseConnections()
  const second = await new ClusterWatchRig(api.url, { snapshot }).start(t)
  t.type(second.restoredMs, 'number')
  t.notOk(second.synced)
  const { records, synced } = second.watch.snapshot()
  t.ok(records.length > 0)
  t.notOk(synced)
  api.delete('services', 'default', 'last')
  away.lift()
  await eventually(() => second.synced)
  // What was restored and is gone is a change; what is still there is none.
  t.equal(second.batches.reduce((bytes, batch) => bytes + batch.records.length, 0) < 100, true)
})

const unusable: readonly (readonly [
  name: string,
  damage: (path: string) => Promise<void> | undefined,
  options: Partial<ClusterOptions>,
])[] = [
  [
    'a damaged one',
    async (path) => {
      const bytes = await readFile(path)
      bytes[bytes.length >> 1]! ^= 0xff
      await writeFile(path, bytes)
    },
    {},
  ],
  ['one that is too old', () => undefined, { snapshot: { path: '', maxAgeMs: 0, ready: false } }],
  ['one of another cluster', () => undefined, { labels: 'team=other' }],
]
for (const [name, damage, options] of unusable)
  t.test(`a snapshot is ignored with a warning: ${name}`, async (t) => {
    const path = join(await folder(t), 'cluster')
    const snapshot = { path, maxAgeMs: 60_000, ready: false }
    const api = await startServer(t)
    const first = await startWatch(t, api, { snapshot })
    await first.watch.stop()
    await damage(path)
    await new Promise((resolve) => setTimeout(resolve, 5))
    const second = await startWatch(t, api, { ...options, snapshot: { ...snapshot, ...options.snapshot, path } })
    t.equal(second.restoredMs, null)
    t.equal(second.log.length, 1)
    t.match(second.log[0], /^warning the snapshot is not used: /)
  })

t.test('a snapshot does not hide that the configuration is wrong', async (t) => {
  const path = join(await folder(t), 'cluster')
  const snapshot = { path, maxAgeMs: 60_000, ready: false }
  const api = await startServer(t)
  const file = api.kubeconfig()
  const access = { kind: 'kubeconfig', file, context: '' } as const
  await (await startWatch(t, api, { access, snapshot })).watch.stop()
  await rm(file)
  const second = new ClusterWatchRig(api.url, { access, snapshot }, { connectPatienceMs: 60_000 })
  await t.rejects(second.start(t), { message: `stat ${file}: no such file or directory` })
  t.equal(second.restoredMs, null)
})

t.test('where a snapshot cannot be written, that is told and counted', async (t) => {
  const snapshot = { path: join(await folder(t), 'missing', 'cluster'), maxAgeMs: 60_000, ready: false }
  const rig = await startWatch(t, await startServer(t), { snapshot })
  await eventually(() => rig.counted('snapshots false') > 0)
  t.match(rig.log[0], /^warning the snapshot was not written: /)
})
