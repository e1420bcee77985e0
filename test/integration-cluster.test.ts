// A whole server on an API server: what is asked and answered while the cluster changes, fails and comes back.

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { order } from '../plugins/order.ts'
import { configurationProblems } from '../server/check.ts'
import { ApiServer, type ApiServerOptions } from './support/api-server/api-server.ts'
import { eventually } from './support/eventually.ts'
import { FakeClock } from './support/fake-clock.ts'
import { type AskedReply, serve, serveError, type TestServer } from './support/serve.ts'

// What is watched keeps no process alive; the tests must.
const alive = setInterval(() => {}, 1_000)
t.teardown(() => clearInterval(alive))

const zones = 'cluster.local in-addr.arpa'

/** The Corefiles whose cache makes CoreDNS late: EKS, k3s and AKS, then kubeadm. */
const caches = ['cache 30', 'cache 30 {\n disable success cluster.local\n disable denial cluster.local\n }']

const corefile = (api: ApiServer, more = '', cache = ''): string => `
${zones} {
  kubernetes ${zones} {
    endpoint ${api.url}
    ${more}
  }
  ${cache}
}`

const service = (name: string, spec: object) => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, namespace: 'default' },
  spec: { ports: [{ name: 'http', port: 80, protocol: 'TCP' }], ...spec },
})
const clusterIP = (name: string, address: string) =>
  service(name, { type: 'ClusterIP', clusterIP: address, clusterIPs: [address] })
const headless = (name: string) => service(name, { clusterIP: 'None', clusterIPs: ['None'] })
const alias = (name: string, to: string) => service(name, { type: 'ExternalName', externalName: to })
const slice = (name: string, endpoints: Readonly<Record<string, boolean>>) => ({
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: { name: `${name}-1`, namespace: 'default', labels: { 'kubernetes.io/service-name': name } },
  addressType: 'IPv4',
  endpoints: Object.entries(endpoints).map(([address, ready]) => ({ addresses: [address], conditions: { ready } })),
  ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
})

async function startServer(t: Test, options: ApiServerOptions = {}): Promise<ApiServer> {
  const api = await ApiServer.start(options)
  t.teardown(() => api.close())
  return api
}

const textOf = (reply: AskedReply | null): string =>
  reply ? [reply.rcode, ...reply.answer.map((record) => record.split(' ').at(-1))].join(' ') : 'silence'

const ask = async (server: TestServer, question: string): Promise<string> => textOf(await server.ask(question))

/** Asks until the answer is there; milliseconds that it took. */
async function visible(server: TestServer, question: string, answer: string): Promise<number> {
  const from = performance.now()
  for (;;) {
    const got = await ask(server, question)
    if (got === answer) return performance.now() - from
    if (performance.now() - from > 10_000) throw new Error(`${question} is ${got} and not ${answer}`)
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
}

/** One thing that happens, and what is asked from before to after. */
interface Change {
  readonly what: string
  readonly before?: (api: ApiServer) => void
  readonly happens: (api: ApiServer) => void
  readonly question: string
  readonly was: string
  readonly becomes: string
}

const changes: readonly Change[] = [
  {
    what: 'a Service is created',
    happens: (api) => api.put([clusterIP('web', '10.96.0.80')]),
    question: 'web.default.svc.cluster.local. A',
    was: 'NXDOMAIN',
    becomes: 'NOERROR 10.96.0.80',
  },
  {
    what: 'a Service is created, seen from its address',
    happens: (api) => api.put([clusterIP('web', '10.96.0.80')]),
    question: '80.0.96.10.in-addr.arpa. PTR',
    was: 'NXDOMAIN',
    becomes: 'NOERROR web.default.svc.cluster.local.',
  },
  {
    what: 'a Service is created that an ExternalName points to',
    before: (api) => api.put([alias('alias', 'web.default.svc.cluster.local')]),
    happens: (api) => api.put([clusterIP('web', '10.96.0.80')]),
    question: 'alias.default.svc.cluster.local. A',
    // An alias whose target is missing has nothing to show.
    was: 'NOERROR',
    becomes: 'NOERROR web.default.svc.cluster.local. 10.96.0.80',
  },
  {
    what: 'a Service gets another address',
    before: (api) => api.put([clusterIP('web', '10.96.0.80')]),
    happens: (api) => api.put([clusterIP('web', '10.96.0.81')]),
    question: 'web.default.svc.cluster.local. A',
    was: 'NOERROR 10.96.0.80',
    becomes: 'NOERROR 10.96.0.81',
  },
  {
    what: 'an ExternalName becomes a ClusterIP',
    before: (api) => api.put([alias('web', 'www.example.org')]),
    happens: (api) => api.put([clusterIP('web', '10.96.0.80')]),
    question: 'web.default.svc.cluster.local. CNAME',
    was: 'NOERROR www.example.org.',
    becomes: 'NOERROR',
  },
  {
    what: 'a Service is deleted',
    before: (api) => api.put([clusterIP('web', '10.96.0.80')]),
    happens: (api) => void api.delete('services', 'default', 'web'),
    question: 'web.default.svc.cluster.local. A',
    was: 'NOERROR 10.96.0.80',
    becomes: 'NXDOMAIN',
  },
  {
    what: 'an endpoint turns not-ready',
    before: (api) => api.put([headless('web'), slice('web', { '10.244.0.1': true, '10.244.0.2': true })]),
    happens: (api) => api.put([slice('web', { '10.244.0.1': true, '10.244.0.2': false })]),
    question: '10-244-0-2.web.default.svc.cluster.local. A',
    was: 'NOERROR 10.244.0.2',
    becomes: 'NXDOMAIN',
  },
]

for (const cache of caches)
  t.test(`under ${cache.replaceAll('\n', '')} an answer is right the moment the API server says so`, async (t) => {
    const api = await startServer(t)
    const server = await serve(t, { corefile: corefile(api, '', cache) })
    const times: number[] = []
    for (const { what, before, happens, question, was, becomes } of changes) {
      for (const [plural, name] of [
        ['services', 'web'],
        ['services', 'alias'],
        ['endpointslices', 'web-1'],
      ] as const)
        api.delete(plural, 'default', name)
      before?.(api)
      await visible(server, question, was)
      // A prepared answer is made on the second ask.
      for (let i = 0; i < 3; i++) t.equal(await ask(server, question), was, `before ${what}`)
      happens(api)
      times.push(await visible(server, question, becomes))
    }
    times.sort((a, b) => a - b)
    t.comment(`visible after ${times.map((time) => time.toFixed(1)).join(' ')} ms`)
    t.ok(times[times.length >> 1]! < 100, 'the median is below 100 ms')
  })

t.test('a list that has to be made again is no moment of denial', async (t) => {
  const api = await startServer(t)
  api.put(['a', 'b', 'c'].map((name, index) => clusterIP(name, `10.96.0.${index + 1}`)))
  const server = await serve(t, { corefile: corefile(api) })
  const wrong: string[] = []
  let asking = true
  const asked = (async () => {
    while (asking) {
      const answer = await ask(server, 'b.default.svc.cluster.local. A')
      if (answer !== 'NOERROR 10.96.0.2') wrong.push(answer)
      await new Promise((resolve) => setImmediate(resolve))
    }
  })()
  for (let round = 1; round <= 2; round++) {
    const away = api.faults.refuseConnections()
    api.put([clusterIP(`round-${round}`, `10.96.1.${round}`)])
    api.faults.compact()
    away.lift()
    await visible(server, `round-${round}.default.svc.cluster.local. A`, `NOERROR 10.96.1.${round}`)
  }
  asking = false
  await asked
  t.same(wrong, [])
  await server.until(async () =>
    /lists_total\{reason="expired",resource="services"\} [1-9]/.test(await server.metrics()),
  )
})

/** A server whose start has to wait in vain: its clock runs until it has started. */
async function serveLate(t: Test, text: string): Promise<TestServer> {
  const clock = new FakeClock()
  let started = false
  const starting = serve(t, { corefile: text, clock }).finally(() => {
    started = true
  })
  while (!started) {
    await clock.advance(500)
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
  return starting
}

t.test('a server that starts before its API server denies nothing, and is right when that comes', async (t) => {
  const api = await startServer(t)
  api.put([clusterIP('web', '10.96.0.80')])
  const away = api.faults.refuseConnections()
  const server = await serveLate(t, corefile(api))
  t.equal(
    server.log.filter((line) => line === '[INFO] plugin/kubernetes: waiting for Kubernetes API before starting server')
      .length,
    9,
  )
  t.ok(server.log.includes('[WARNING] plugin/kubernetes: starting server with unsynced Kubernetes API'))
  t.equal(await ask(server, 'web.default.svc.cluster.local. A'), 'SERVFAIL')
  away.lift()
  await visible(server, 'web.default.svc.cluster.local. A', 'NOERROR 10.96.0.80')
  await visible(server, 'other.default.svc.cluster.local. A', 'NXDOMAIN')
})

t.test('a restarted server answers from its snapshot, and denies nothing until it has listed', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'meridian-'))
  t.teardown(() => rm(folder, { recursive: true }))
  const path = join(folder, 'state')
  const api = await startServer(t)
  api.put([clusterIP('web', '10.96.0.80')])
  const first = await serve(t, { corefile: corefile(api, `snapshot ${path}`) })
  await first.close()
  const away = api.faults.refuseConnections()
  const second = await serve(t, { corefile: corefile(api, `snapshot ${path}`) })
  t.equal(await ask(second, 'web.default.svc.cluster.local. A'), 'NOERROR 10.96.0.80')
  t.equal(await ask(second, 'other.default.svc.cluster.local. A'), 'SERVFAIL')
  api.put([clusterIP('other', '10.96.0.81')])
  away.lift()
  await visible(second, 'other.default.svc.cluster.local. A', 'NOERROR 10.96.0.81')
  await visible(second, 'third.default.svc.cluster.local. A', 'NXDOMAIN')
  await second.close()
  // A damaged one is told and of no effect.
  const bytes = await readFile(path)
  bytes[bytes.length >> 1]! ^= 0xff
  await writeFile(path, bytes)
  const third = await serve(t, { corefile: corefile(api, `snapshot ${path}`) })
  t.match(third.log, [/^\[WARNING\] plugin\/kubernetes: the snapshot is not used: /])
  t.equal(await ask(third, 'web.default.svc.cluster.local. A'), 'NOERROR 10.96.0.80')
})

t.test('a new configuration joins the watch that there is', async (t) => {
  const api = await startServer(t)
  api.put([clusterIP('web', '10.96.0.80')])
  const server = await serve(t, { corefile: corefile(api) })
  const requests = api.requests.length
  t.ok(await server.reload(`# the same cluster\n${corefile(api)}`))
  t.equal(await ask(server, 'web.default.svc.cluster.local. A'), 'NOERROR 10.96.0.80')
  t.equal(api.requests.length, requests)
  api.put([clusterIP('later', '10.96.0.81')])
  await visible(server, 'later.default.svc.cluster.local. A', 'NOERROR 10.96.0.81')
})

t.test('several serving threads share one watch', async (t) => {
  const api = await startServer(t)
  const server = await serve(t, { corefile: corefile(api), threads: 2 })
  t.equal(api.openWatches('services'), 1)
  api.put([clusterIP('web', '10.96.0.80')])
  for (const thread of [0, 1])
    await eventually(
      async () => textOf(await server.ask('web.default.svc.cluster.local. A', { thread })) === 'NOERROR 10.96.0.80',
    )
})

t.test('without the right to list ServiceImports everything else works, and the server is ready', async (t) => {
  const api = await startServer(t, { forbidden: (_verb, resource) => resource === 'serviceimports' })
  api.put([clusterIP('web', '10.96.0.80')])
  const text = `cluster.local clusterset.local {\n kubernetes cluster.local clusterset.local {\n endpoint ${api.url}\n multicluster clusterset.local\n }\n}`
  const server = await serve(t, { corefile: text })
  t.equal(await ask(server, 'web.default.svc.cluster.local. A'), 'NOERROR 10.96.0.80')
  t.equal(server.log.length, 1)
  t.match(
    server.log[0],
    /serviceimports.*apiGroups: \["multicluster\.x-k8s\.io"\] resources: \["serviceimports"\] verbs: \["list", "watch"\]/,
  )
})

t.test('credentials that are not there stop the load, in CoreDNS’s words', async (t) => {
  const missing = 'cluster.local {\n kubernetes {\n kubeconfig /no/such/file\n }\n}'
  t.equal(await serveError({ corefile: missing }), 'plugin/kubernetes: stat /no/such/file: no such file or directory')
})

t.test('a check of a configuration asks no API server', async (t) => {
  const api = await startServer(t)
  const problemsOf = (text: string): Promise<string[]> =>
    configurationProblems({
      file: 'Corefile',
      port: 53,
      manifests: '',
      environment: {},
      plugins: order,
      read: async () => text,
    })
  t.same(await problemsOf(corefile(api)), [])
  t.same(await problemsOf(corefile(api, 'tls /no/cert /no/key /no/ca')).then((problems) => problems.length), 1)
  t.same(await problemsOf('cluster.local {\n kubernetes {\n kubeconfig /no/such/file\n }\n}'), [
    'plugin/kubernetes: stat /no/such/file: no such file or directory',
  ])
  t.equal(api.requests.length, 0)
})
