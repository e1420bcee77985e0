// The service that watches a cluster, with its real thread: how a start waits for it, who joins when, and what happens when the thread dies.

import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { MessagePort } from 'node:worker_threads'
import t, { type Test } from 'tap'
import type { ClusterOptions } from '../k8s/cluster-options.ts'
import { changesOf } from '../k8s/object-bytes.ts'
import { type ClusterServiceOptions, type ClusterUpdate, cluster } from '../plugins/kubernetes/cluster-service.ts'
import type { RunningService, ServiceContext } from '../plugins/plugin.ts'
import { MetricsRegistry } from '../server/metrics/registry.ts'
import { ThreadMetrics } from '../server/metrics/thread-metrics.ts'
import { ServiceThreads } from '../server/service-threads.ts'
import { ApiServer } from './support/api-server/api-server.ts'
import { eventually } from './support/eventually.ts'
import { FakeClock } from './support/fake-clock.ts'

// What is watched keeps no process alive; the tests must.
const alive = setInterval(() => {}, 1_000)
t.teardown(() => clearInterval(alive))

const service = (name: string) => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, namespace: 'default' },
  spec: { clusterIP: '10.96.0.9', clusterIPs: ['10.96.0.9'], ports: [{ port: 80, protocol: 'TCP' }] },
})

const wanted: Omit<ClusterOptions, 'access'> = {
  limits: { queriesPerSecond: 0, burst: 0, maxInflight: 0 },
  kinds: ['Service', 'Namespace'],
  labels: '',
  namespaceLabels: '',
  trim: { endpoints: 'ready', targets: false, zones: false, podLabels: false },
  snapshot: null,
}

const at = (url: string, changes: Partial<ClusterOptions> = {}): ClusterServiceOptions => ({
  cluster: { ...wanted, access: { kind: 'endpoint', url, tls: null }, ...changes },
  startupTimeoutMs: 5000,
})

async function startServer(t: Test): Promise<ApiServer> {
  const api = await ApiServer.start()
  t.teardown(() => api.close())
  api.put([service('web')])
  return api
}

/** A place for the service to run in. */
function setUp(t: Test, isReload = false) {
  const clock = new FakeClock()
  const registry = new MetricsRegistry()
  const deaths: unknown[] = []
  const threads = new ServiceThreads((error) => deaths.push(error))
  const log: string[] = []
  const published: ClusterUpdate[] = []
  const lines: MessagePort[] = []
  const level = (name: string) => (text: string) => void log.push(`${name} ${text}`)
  const context = {
    clock,
    isReload,
    random: Math.random,
    log: {
      info: level('info'),
      warning: level('warning'),
      error: level('error'),
      debug: level('debug'),
      line: level(''),
    },
    metrics: new ThreadMetrics(registry.attach('main')),
    publish: (batch: object) => published.push(batch as ClusterUpdate),
    thread: (module: URL) => {
      const line = threads.connect(module)
      lines.push(line)
      return line
    },
  } as unknown as ServiceContext
  const start = async (options: ClusterServiceOptions): Promise<RunningService> => {
    const running = await cluster.start(options as never, context)
    t.teardown(() => running.stop())
    return running
  }
  const metric = async (line: string): Promise<boolean> => (await registry.text()).split('\n').includes(line)
  return { clock, context, deaths, log, lines, published, start, metric }
}

const names = ({ batch }: ClusterUpdate): string[] =>
  [...changesOf(batch)]
    .flatMap((change) => ('object' in change && change.object.kind === 'Service' ? [change.object.name] : []))
    .sort()

const snapshotOf = async (running: RunningService): Promise<ClusterUpdate> =>
  (await running.snapshot()) as ClusterUpdate

t.test('a start waits until everything is known, and says nothing if that is soon', async (t) => {
  const { log, published, start } = setUp(t)
  const running = await start(at((await startServer(t)).url))
  const update = await snapshotOf(running)
  t.match(update, { ready: false, batch: { synced: true, whole: true } })
  t.same(names(update), ['web'])
  t.same(log, [])
  t.same(published, [])
})

t.test('who has a snapshot gets every change after it', async (t) => {
  const api = await startServer(t)
  const { published, start } = setUp(t)
  const running = await start(at(api.url))
  api.put([service('before')])
  await snapshotOf(running)
  api.put([service('after')])
  await eventually(() => published.some((update) => names(update).includes('after')))
  t.same(names(await snapshotOf(running)), ['after', 'before', 'web'])
})

t.test('a reload that would know less than what runs is refused', async (t) => {
  const api = await startServer(t)
  api.faults.refuseConnections()
  const { clock, start } = setUp(t, true)
  const refused = t.rejects(start(at(api.url)), {
    name: 'ConfigError',
    message: 'the Kubernetes API has not been listed within the startup timeout',
  })
  await clock.advance(5000)
  await refused
})

t.test('a start that takes too long goes on without, in CoreDNS’s words', async (t) => {
  const api = await startServer(t)
  const away = api.faults.refuseConnections()
  const { clock, log, published, start } = setUp(t)
  const starting = start(at(api.url))
  await clock.advance(5000)
  const running = await starting
  const waiting = 'info waiting for Kubernetes API before starting server'
  t.same(
    log.filter((line) => !line.includes('cannot list')),
    [...Array.from({ length: 9 }, () => waiting), 'warning starting server with unsynced Kubernetes API'],
  )
  t.match(await snapshotOf(running), { batch: { synced: false, whole: true } })
  away.lift()
  await eventually(() => published.some((update) => update.batch.synced))
  t.same(published.flatMap(names), ['web'])
})

t.test('what can never work stops the load', async (t) => {
  const { context, start } = setUp(t)
  const missing = at('', { access: { kind: 'kubeconfig', file: '/no/such/file', context: '' } })
  const expected = { name: 'ConfigError', message: 'stat /no/such/file: no such file or directory' }
  await t.rejects(start(missing), expected)
  const checking = {
    ...context,
    checking: true,
    thread: () => t.fail('a check asks nobody'),
  } as unknown as ServiceContext
  await t.rejects(async () => cluster.start(missing as never, checking), expected)
  const running = await cluster.start(at('https://192.0.2.1:6443') as never, checking)
  t.equal(await running.snapshot(), undefined)
})

t.test(
  'a thread that dies is replaced; what changed meanwhile comes in one piece, when all of it is known',
  async (t) => {
    const api = await startServer(t)
    const { deaths, lines, log, metric, published, start } = setUp(t)
    const running = await start(at(api.url))
    await snapshotOf(running)
    const [line] = lines
    api.faults.delay(150)
    line!.postMessage(null)
    await once(line!, 'close')
    api.delete('services', 'default', 'web')
    api.put([service('other')])
    await eventually(() => published.length > 0)
    t.match(published, [{ batch: { synced: true, whole: true } }])
    t.same(names(published[0]!), ['other'])
    t.equal(deaths.length, 1)
    t.same(log, ['error the thread that watches the cluster died; another one lists it anew, what is known stays'])
    t.ok(await metric('meridian_kubernetes_thread_restarts_total 1'))
    api.faults.lift()
    api.put([service('later')])
    await eventually(() => published.length > 1)
    t.match(published[1], { batch: { whole: false } })
  },
)

t.test('who joins while a thread is being replaced waits for the new one', async (t) => {
  const api = await startServer(t)
  const { lines, start } = setUp(t)
  const running = await start(at(api.url))
  lines[0]!.postMessage(null)
  await once(lines[0]!, 'close')
  t.match(await snapshotOf(running), { batch: { synced: true, whole: true } })
})

t.test('a snapshot of an earlier run is served at once, and makes ready only if that was said', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'meridian-'))
  t.teardown(() => rm(folder, { recursive: true }))
  const api = await startServer(t)
  for (const ready of [false, true]) {
    const options = at(api.url, {
      snapshot: { path: join(folder, `state-${ready}`), maxAgeMs: Number.POSITIVE_INFINITY, ready },
    })
    const first = setUp(t)
    await (await first.start(options)).stop()
    const away = api.faults.refuseConnections()
    const second = setUp(t)
    const update = await snapshotOf(await second.start(options))
    t.match(update, { ready, batch: { synced: false, whole: true } })
    t.same(names(update), ['web'])
    t.match(second.log[0], /^info answering from a snapshot \d+ s old until the API server has been listed$/)
    away.lift()
    await eventually(() => second.published.some(({ batch }) => batch.synced))
  }
})

t.test('the age of what is known is a metric', async (t) => {
  const { clock, metric, start } = setUp(t)
  await start(at((await startServer(t)).url))
  await eventually(() => metric('meridian_kubernetes_objects{resource="services"} 1'))
  await clock.advance(10_000)
  t.notOk(await metric('meridian_kubernetes_staleness_seconds{resource="services"} 0'))
})
