// The judges of the fake API server: clients that were written for the real one. kubectl writes and reads; CoreDNS (its path in COREDNS) lists and watches.

import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { Child, dig, folderWith, freeDnsPort, programPath, run, skipWithout } from '../command.ts'
import { eventually } from '../eventually.ts'
import { ApiServer, type ApiServerOptions } from './api-server.ts'
import type { JsonObject } from './kubernetes-object.ts'

const withoutKubectl = skipWithout('kubectl', 'kubernetes-client')
const corednsPath = process.env.COREDNS ?? ''
const withoutCoreDns =
  corednsPath === '' ? 'COREDNS does not name the executable of CoreDNS' : skipWithout('dig', 'bind9-dnsutils')
const cluster = fileURLToPath(new URL('../../conformance/cluster.yaml', import.meta.url))

async function start(t: Test, options: ApiServerOptions = {}) {
  const api = await ApiServer.start({ tls: true, clientCertificates: true, tokens: ['one'], ...options })
  t.teardown(() => api.close())
  const home = await folderWith(t, {})
  const environment = { KUBECONFIG: api.kubeconfig(), HOME: home }
  /** Runs kubectl with the words of a line; what it prints if it succeeds. */
  const kubectl = async (words: string, input = ''): Promise<string> => {
    const { code, output } = await run('kubectl', words.split(' '), { environment, input })
    if (code !== 0) throw new Error(output)
    return output.trim()
  }
  const service = (name: string) =>
    api.objects('services').find(({ metadata }) => metadata.name === name) as
      | (JsonObject & { spec: JsonObject })
      | undefined
  return { api, kubectl, service, environment }
}

const manifest = (ports: string, more = '') => `
apiVersion: v1
kind: Service
metadata: { name: web, namespace: default }
spec: { selector: { app: web }, ports: [${ports}]${more} }
`

t.test('kubectl creates, shows, labels, patches and deletes', { skip: withoutKubectl }, async (t) => {
  const { api, kubectl, service } = await start(t)
  t.equal(await kubectl('create namespace prod'), 'namespace/prod created')
  t.equal(await kubectl('create service clusterip web --tcp=80:8080 -n prod'), 'service/web created')
  t.match(service('web'), { spec: { clusterIP: /^10\.9/, ports: [{ port: 80, targetPort: 8080 }] } })
  await kubectl('create service externalname alias --external-name example.org -n prod')
  t.match(await kubectl('get services -n prod'), /^NAME +AGE\nalias .*\nweb /)
  t.equal(await kubectl('get service alias -n prod -o jsonpath={.spec.externalName}'), 'example.org')
  await kubectl('label service web -n prod tier=gold')
  t.equal(await kubectl('get services -A -l tier=gold -o name'), 'service/web')
  await kubectl(`patch service web -n prod --type=json -p [{"op":"replace","path":"/spec/ports/0/port","value":81}]`)
  await kubectl(`patch service web -n prod --type=merge -p {"spec":{"externalIPs":["192.0.2.1"]}}`)
  await kubectl(`patch service web -n prod -p {"spec":{"ports":[{"port":82,"name":"more"}]}}`)
  await kubectl(
    `patch service web -n prod --subresource=status --type=merge -p {"status":{"loadBalancer":{"ingress":[{"ip":"192.0.2.9"}]}}}`,
  )
  t.match(service('web'), {
    spec: { externalIPs: ['192.0.2.1'], ports: [{ port: 81 }, { port: 82, name: 'more' }] },
    status: { loadBalancer: { ingress: [{ ip: '192.0.2.9' }] } },
  })
  t.equal(await kubectl('delete service web -n prod'), 'service "web" deleted')
  await t.rejects(kubectl('get service web -n prod'), /services "web" not found/)
  t.equal(await kubectl('delete namespace prod'), 'namespace "prod" deleted')
  t.same(api.objects('services'), [])
  await t.rejects(kubectl('create service clusterip web --tcp=80 -n prod'), /namespaces "prod" not found/)
})

t.test('kubectl applies, on its own side and on the server', { skip: withoutKubectl }, async (t) => {
  const { kubectl, service } = await start(t)
  const one = '{ name: http, port: 80 }, { name: https, port: 443 }'
  const other = '{ name: http, port: 81 }, { name: https, port: 443 }'
  t.equal(await kubectl('apply -f -', manifest(one)), 'service/web created')
  t.equal(await kubectl('apply -f -', manifest(one)), 'service/web unchanged')
  const address = service('web')?.spec.clusterIP
  t.equal(await kubectl('apply -f -', manifest(other)), 'service/web configured')
  t.match(service('web')?.spec, { clusterIP: address, ports: [{ port: 81 }, { port: 443 }] })
  const alias = ', type: ExternalName, externalName: example.org'
  await kubectl('apply -f -', manifest(other, alias))
  t.match(service('web')?.spec, { type: 'ExternalName', clusterIP: undefined })
  await kubectl('delete -f -', manifest(one))
  t.equal(await kubectl('apply --server-side -f -', manifest(one)), 'service/web serverside-applied')
  await kubectl('apply --server-side -f -', manifest(other))
  t.match(service('web')?.spec.ports, [{ port: 443 }, { port: 81 }])
})

t.test('kubectl knows every resource and accepts the conformance cluster', { skip: withoutKubectl }, async (t) => {
  const { api, kubectl } = await start(t)
  const resources = (await kubectl('api-resources --no-headers -o name')).split('\n')
  t.ok(resources.includes('endpointslices.discovery.k8s.io') && resources.includes('services'))
  const printed = await kubectl(`apply --server-side -f ${cluster}`)
  t.equal(printed.split('\n').length, 133)
  const loaded = await start(t, { manifests: cluster })
  const names = (from: ApiServer, plural: string) =>
    from.objects(plural).map(({ metadata }) => `${metadata.namespace}/${metadata.name}`)
  for (const plural of ['services', 'endpointslices', 'pods', 'serviceimports'])
    t.same(names(api, plural), names(loaded.api, plural), plural)
})

t.test('a watch of kubectl sees what happens', { skip: withoutKubectl }, async (t) => {
  const { api, kubectl, environment } = await start(t)
  const child = Child.start(t, programPath('kubectl') ?? '', 'get namespaces --watch -o name'.split(' '), {
    environment,
  })
  await eventually(() => api.openWatches('namespaces') === 1)
  await kubectl('create namespace fresh')
  await child.said(/^namespace\/fresh$/m)
  t.match(child.lines, ['namespace/default'])
})

t.test(
  'CoreDNS syncs and follows, with WatchList and without, in protobuf and JSON',
  { skip: withoutCoreDns },
  async (t) => {
    const cases: ApiServerOptions[] = [
      {},
      { watchList: false },
      { protobuf: false },
      { watchList: false, protobuf: false, pageLimitMax: 7 },
    ]
    for (const options of cases) {
      const { api } = await start(t, { manifests: cluster, ...options })
      const port = await freeDnsPort()
      const corefile = `.:${port} {\n bind 127.0.0.1\n kubernetes cluster.local in-addr.arpa {\n kubeconfig ${api.kubeconfig()}\n pods verified\n }\n}\n`
      const folder = await folderWith(t, { Corefile: corefile })
      Child.start(t, corednsPath, ['-conf', join(folder, 'Corefile')], {})
      const answer = (name: string) => dig(port, '+short', '+noedns', name).then((text) => text.trim())
      const isAnswered = (name: string, text: string) => eventually(async () => (await answer(name)) === text)
      const what = JSON.stringify(options)
      await isAnswered('web.prod.svc.cluster.local', '10.96.20.10')
      const spec = { clusterIP: '10.96.200.1', clusterIPs: ['10.96.200.1'], type: 'ClusterIP', ports: [{ port: 80 }] }
      const fresh = { apiVersion: 'v1', kind: 'Service', metadata: { name: 'fresh', namespace: 'prod' }, spec }
      api.put([fresh])
      await isAnswered('fresh.prod.svc.cluster.local', '10.96.200.1')
      api.put([{ ...fresh, spec: { type: 'ExternalName', externalName: 'example.org' } }])
      await isAnswered('fresh.prod.svc.cluster.local', 'example.org.')
      api.delete('services', 'prod', 'fresh')
      await isAnswered('fresh.prod.svc.cluster.local', '')
      api.compact()
      api.faults.dropConnections()
      api.put([fresh])
      await isAnswered('fresh.prod.svc.cluster.local', '10.96.200.1')
      t.pass(what)
    }
  },
)

t.test('it runs as a process of its own', async (t) => {
  const main = fileURLToPath(new URL('./main.ts', import.meta.url))
  const child = Child.start(t, process.execPath, [main, '--manifests', cluster, '--token', 'one'], {})
  await child.said(/^\{.*\}$/m)
  const { url } = JSON.parse(child.lines[0] ?? '') as { url: string }
  const reply = await fetch(`${url}/api/v1/services`, { headers: { authorization: 'Bearer one' } })
  t.equal(((await reply.json()) as { items: unknown[] }).items.length, 63)
  child.signal('SIGTERM')
  t.equal(await child.ended(), 0)
})
