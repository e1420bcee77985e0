import t from 'tap'
import { batchOf } from '../../k8s/object-bytes.ts'
import type { ClusterObject } from '../../k8s/objects.ts'
import { cluster, soa, withCluster } from '../../test/support/cluster-server.ts'
import { serve } from '../../test/support/serve.ts'
import { TestCluster, textOf } from '../../test/support/test-cluster.ts'
import { Name } from '../../wire/name.ts'

t.test(
  'a name, an address and a pod that were denied are right when they come, and denied again when they go, in every thread',
  async (t) => {
    const server = await serve(t, {
      corefile: 'cluster.local 10.0.0.0/8 {\n kubernetes {\n manifests cluster\n pods verified\n }\n}',
      files: { 'cluster/all.yaml': cluster },
      threads: 2,
    })
    const more = `
apiVersion: v1
kind: Service
metadata: { name: late, namespace: prod }
spec: { clusterIP: 10.96.0.99 }
---
apiVersion: v1
kind: Pod
metadata: { name: late, namespace: prod }
status: { podIP: 10.244.0.99 }
`
    const questions = [
      'late.prod.svc.cluster.local. A',
      '99.0.96.10.in-addr.arpa. PTR',
      '10-244-0-99.prod.pod.cluster.local. A',
    ]
    const rcodes = async (): Promise<string> => {
      const replies = [0, 1].flatMap((thread) => questions.map((question) => server.ask(question, { thread })))
      return [...new Set((await Promise.all(replies)).map((reply) => reply?.rcode))].join()
    }
    // Asked until every answer is a prepared one.
    for (let i = 0; i < 4; i++) t.equal(await rcodes(), 'NXDOMAIN')
    await server.write('cluster/more.yaml', more)
    await server.until(async () => (await rcodes()) === 'NOERROR')
    await server.write('cluster/more.yaml', '# nothing\n')
    await server.until(async () => (await rcodes()) === 'NXDOMAIN')
  },
)

t.test('the serial follows the last change, in prepared answers too', async (t) => {
  const server = await serve(t, withCluster())
  const serial = async (): Promise<number> => Number((await server.ask('cluster.local. SOA'))?.answer[0]?.split(' ')[6])
  for (let i = 0; i < 3; i++) t.equal(await serial(), 1_767_225_600)
  await server.clock.advance(7_000)
  await server.write('cluster/more.yaml', 'apiVersion: v1\nkind: Namespace\nmetadata: { name: new }\n')
  await server.until(async () => (await serial()) === 1_767_225_607)
})

t.test('a broken manifest is logged with its place and counted, and takes nothing away', async (t) => {
  const server = await serve(t, withCluster())
  await server.write(
    'cluster/all.yaml',
    `${cluster}---\napiVersion: v1\nkind: Service\nmetadata: { name: bad }\nspec: 7\n`,
  )
  await server.until(() => server.log.some((line) => line.includes('spec: must be a mapping')))
  t.match(
    server.log.join('\n'),
    /\[WARNING\] plugin\/kubernetes: cluster\/all\.yaml:\d+: document 16: Service default\/bad: spec: must be a mapping/,
  )
  t.match(await server.metrics(), /^meridian_kubernetes_manifest_errors_total 1$/m)
  t.equal((await server.ask('web.prod.svc.cluster.local. A'))?.rcode, 'NOERROR')
})

t.test('until the cluster is known an alias whose target is missing is a failure, too', async (t) => {
  const unsynced = new TestCluster()
  const alias: ClusterObject = {
    kind: 'Service',
    namespace: 'prod',
    name: 'alias',
    externalName: 'late.prod.svc.cluster.local',
    headless: false,
    clusterIPs: [],
    external: [],
    ports: [],
  }
  const objects: ClusterObject[] = [{ kind: 'Namespace', namespace: '', name: 'prod' }, alias]
  const changes = objects.map((object) => ({ object }))
  unsynced.apply(batchOf(changes, { serial: 0, synced: false, whole: false }))
  t.equal(textOf(unsynced.ask('alias.prod.svc.cluster.local. A'))[0], 'SERVFAIL')
  t.equal(textOf(unsynced.ask('alias.prod.svc.cluster.local. MX'))[0], 'NOERROR', 'nothing else is known of an alias')
  unsynced.load([])
  t.equal(textOf(unsynced.ask('alias.prod.svc.cluster.local. A'))[0], 'NOERROR')
})

t.test('the serial is that of changes which are all there', async (t) => {
  const { index } = new TestCluster()
  const changes = ['a', 'b'].map((name) => ({ object: { kind: 'Namespace', namespace: '', name } as const }))
  const steps = index.apply(batchOf(changes, { serial: 7, synced: true, whole: false }))
  while (!steps.next().done && index.namespaces.size < 2) t.equal(index.serial.value, 0)
  for (const _ of steps);
  t.equal(index.serial.value, 7)
})

t.test('until the cluster is known a missing name is a failure, not a denial', async (t) => {
  const unsynced = new TestCluster()
  const serial0 = soa.replace('1767225600', '0')
  t.strictSame(textOf(unsynced.ask('cluster.local. SOA')), ['NOERROR', `answer ${serial0}`])
  t.strictSame(textOf(unsynced.ask('web.prod.svc.cluster.local. A')), ['SERVFAIL', `authority ${serial0}`])
  const { reuse } = unsynced.ask('web.prod.svc.cluster.local. A')!
  t.equal(reuse.until, 0, 'not to be used again')
  unsynced.load([])
  t.ok(
    reuse.depends.some((version) => !version.stands),
    'and nobody may keep it once the cluster is known',
  )
})

t.test('what this server may not list is unknown, not missing, until it may', async (t) => {
  const zones = ['cluster.local.', 'clusterset.local.'].map((zone) => Name.parse(zone))
  const cluster = new TestCluster({ zones, multiclusterZones: [zones[1]!], pods: 'verified' })
  const rcodes = (): (string | undefined)[] =>
    ['web.prod.svc.clusterset.local. A', '10-1-2-3.prod.pod.cluster.local. A', 'web.prod.svc.cluster.local. A'].map(
      (question) => textOf(cluster.ask(question))[0],
    )
  cluster.load([{ kind: 'Namespace', namespace: '', name: 'prod' }])
  t.same(rcodes(), ['NXDOMAIN', 'NXDOMAIN', 'NXDOMAIN'])
  const denial = cluster.ask('web.prod.svc.clusterset.local. A')!
  const known = { serial: 1, synced: true, whole: false } as const
  cluster.apply(batchOf([], { ...known, unlisted: ['ServiceImport'] }))
  t.same(rcodes(), ['SERVFAIL', 'NXDOMAIN', 'NXDOMAIN'])
  t.notOk(
    denial.reuse.depends.every((version) => version.stands),
    'the old denial is used no more',
  )
  cluster.apply(batchOf([], { ...known, unlisted: ['Pod'] }))
  t.same(rcodes(), ['NXDOMAIN', 'SERVFAIL', 'NXDOMAIN'])
  cluster.apply(batchOf([], known))
  t.same(rcodes(), ['NXDOMAIN', 'NXDOMAIN', 'NXDOMAIN'])
})
