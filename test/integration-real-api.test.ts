// The cluster live, at a real API server: only with MERIDIAN_TEST_KUBECONFIG. What is needed there is made in a namespace of its own, which goes at the end.

import t, { type Test } from 'tap'
import type { ApiAccess } from '../k8s/cluster-options.ts'
import type { KubernetesObject } from './support/api-server/kubernetes-object.ts'
import { ClusterWatchRig } from './support/cluster-watch-rig.ts'
import { eventually } from './support/eventually.ts'
import { RealApiServer } from './support/real-api-server.ts'
import { type AskedReply, serve, type TestServer } from './support/serve.ts'

const real = RealApiServer.fromEnvironment()
const skip = real ? false : 'MERIDIAN_TEST_KUBECONFIG names no API server'

// What is watched keeps no process alive; the tests must.
const alive = setInterval(() => {}, 1_000)
t.teardown(() => clearInterval(alive))

/** How long the API server may take to empty and remove a namespace, in milliseconds. */
const goneMsMax = 40_000

/** A namespace takes seconds to go, so each test has its own. */
let place = ''
let places = 0
const under = (name: string): string => `${name}.${place}.svc.cluster.local.`

const service = (name: string, spec: object): KubernetesObject => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, namespace: place },
  spec: { ports: [{ name: 'http', port: 80, protocol: 'TCP' }], ...spec },
})
const alias = (name: string, externalName: string) => service(name, { type: 'ExternalName', externalName })
const slice = (name: string, endpoints: Readonly<Record<string, boolean>>): KubernetesObject => ({
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: { name: `${name}-1`, namespace: place, labels: { 'kubernetes.io/service-name': name } },
  addressType: 'IPv4',
  endpoints: Object.entries(endpoints).map(([address, ready]) => ({ addresses: [address], conditions: { ready } })),
  ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
})

async function start(t: Test): Promise<RealApiServer> {
  const api = new RealApiServer(real!.kubeconfig)
  t.teardown(() => api.clean())
  place = `meridian-${process.pid}-${++places}`
  await api.put([{ apiVersion: 'v1', kind: 'Namespace', metadata: { name: place } }])
  return api
}

/** The address that the API server gave to a Service. */
async function addressOf(api: RealApiServer, name: string): Promise<string> {
  const { json } = await api.client.ask(`/api/v1/namespaces/${place}/services/${name}`)
  return (json as { spec: { clusterIP: string } }).spec.clusterIP
}

/** Resolves when the namespace has gone. */
async function gone(api: RealApiServer): Promise<void> {
  const end = performance.now() + goneMsMax
  while ((await api.client.ask(`/api/v1/namespaces/${place}`)).status !== 404) {
    if (performance.now() > end) throw new Error(`the namespace ${place} does not go`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

const textOf = (reply: AskedReply | null): string =>
  reply ? [reply.rcode, ...reply.answer.map((record) => record.split(' ').at(-1))].join(' ') : 'silence'

/** Asks all the time until `happens` is over and the answer is there; milliseconds from the one to the other. */
async function visible(server: TestServer, question: string, happens: () => Promise<string>): Promise<number> {
  let expected = ''
  let at = 0
  const happening = happens().then((answer) => {
    expected = answer
    at = performance.now()
  })
  for (;;) {
    const got = textOf(await server.ask(question))
    if (at > 0 && got === expected) break
    if (at > 0 && performance.now() - at > 5000) throw new Error(`${question} is ${got} and not ${expected}`)
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
  await happening
  return performance.now() - at
}

const caches = ['cache 30', 'cache 30 {\n disable success cluster.local\n disable denial cluster.local\n }']

for (const cache of caches)
  t.test(
    `under ${cache.replaceAll('\n', '')} an answer is right as soon as the API server says so`,
    { skip },
    async (t) => {
      const api = await start(t)
      const corefile = `cluster.local in-addr.arpa {
      kubernetes cluster.local in-addr.arpa {
        kubeconfig ${api.kubeconfig}
        apiserver_qps 1000
        apiserver_burst 1000
      }
      ${cache}
    }`
      const server = await serve(t, { corefile })
      const times: number[] = []
      const seen = async (question: string, was: string, happens: () => Promise<string>): Promise<void> => {
        for (let i = 0; i < 3; i++) t.equal(textOf(await server.ask(question)), was, question)
        times.push(await visible(server, question, happens))
      }
      await api.put([alias('alias', under('web').slice(0, -1))])
      await eventually(async () => textOf(await server.ask(`${under('alias')} A`)) === 'NOERROR')
      await seen(`${under('web')} A`, 'NXDOMAIN', async () => {
        await api.put([service('web', {})])
        return `NOERROR ${await addressOf(api, 'web')}`
      })
      const address = await addressOf(api, 'web')
      const reverse = `${address.split('.').reverse().join('.')}.in-addr.arpa. PTR`
      await seen(`${under('alias')} A`, `NOERROR ${under('web')} ${address}`, async () => {
        await api.delete('services', place, 'web')
        return 'NOERROR'
      })
      await seen(reverse, 'NXDOMAIN', async () => {
        await api.put([service('web', { clusterIP: address })])
        return `NOERROR ${under('web')}`
      })
      await seen(`${under('alias')} CNAME`, `NOERROR ${under('web')}`, async () => {
        await api.put([service('alias', { type: 'ClusterIP' })])
        return 'NOERROR'
      })
      await seen(`${under('db')} A`, 'NXDOMAIN', async () => {
        await api.put([service('db', { clusterIP: 'None' }), slice('db', { '10.244.0.1': true, '10.244.0.2': false })])
        return 'NOERROR 10.244.0.1'
      })
      await seen(`${under('10-244-0-1.db')} A`, 'NOERROR 10.244.0.1', async () => {
        await api.put([slice('db', { '10.244.0.1': false, '10.244.0.2': true })])
        return 'NXDOMAIN'
      })
      await seen(`${place}.svc.cluster.local. A`, 'NOERROR', async () => {
        await api.clean()
        await gone(api)
        return 'NXDOMAIN'
      })
      t.comment(`visible after ${times.map((ms) => ms.toFixed(1)).join(' ')} ms`)
      t.ok(times.toSorted((a, b) => a - b)[times.length >> 1]! < 100, 'the median is below 100 ms')
    },
  )

/** Its first bookmark comes after a minute, and its initial events may wait for its storage. */
const slow = { listSilenceMs: 10_000, silenceUnknownMs: 90_000 }
const kinds = ['Service', 'Namespace', 'EndpointSlice', 'Pod'] as const
const plurals = {
  Service: '/api/v1/services',
  Namespace: '/api/v1/namespaces',
  EndpointSlice: '/apis/discovery.k8s.io/v1/endpointslices',
} as const

t.test('what is known is what the API server has, and its checks say so', { skip }, async (t) => {
  const api = await start(t)
  const access: ApiAccess = { kind: 'kubeconfig', file: api.kubeconfig, context: '' }
  const rig = new ClusterWatchRig('', { access, kinds }, { checkEveryMs: 50, pageObjects: 5, ...slow })
  await rig.start(t)
  await eventually(() => rig.synced)
  for (let i = 0; i < 5; i++) {
    await api.put([service(`s${i}`, {}), slice(`s${i}`, { [`10.244.0.${i + 1}`]: true })])
    if (i > 0) await api.delete('services', place, `s${i - 1}`)
  }
  for (const [kind, path] of Object.entries(plurals)) {
    const { json } = await api.client.ask(path)
    const there = (json.items as unknown as KubernetesObject[]).map(({ metadata: { namespace, name } }) =>
      namespace === undefined ? name : `${namespace}/${name}`,
    )
    await eventually(() => rig.names(kind as keyof typeof plurals).join() === there.sort().join())
  }
  for (const plural of ['services', 'namespaces', 'endpointslices', 'pods'])
    await eventually(() => rig.counted(`consistency_checks ${plural} consistent`) > 2)
  t.same(
    [...rig.counts.keys()].filter((name) =>
      /^(undecodable|lists \w+ (?!start)|consistency_checks \w+ (?!consistent))/.test(name),
    ),
    [],
  )
  t.same(rig.log, [])
})
