import t from 'tap'
import { check, type Expected } from '../../test/support/cluster-server.ts'
import { serve } from '../../test/support/serve.ts'
import { TestCluster, textOf } from '../../test/support/test-cluster.ts'

// A cluster of a set: `web` and `db` are exported by clusters east and west and imported here, where a local `web` exists too. `derived` is what some implementations
// make of an import: a local Service with its addresses.
const imports = `
apiVersion: v1
kind: Namespace
metadata: { name: test }
---
apiVersion: v1
kind: Service
metadata: { name: web, namespace: test }
spec: { clusterIPs: [10.96.0.1], ports: [{ name: https, port: 443 }] }
---
apiVersion: v1
kind: Service
metadata: { name: derived, namespace: test }
spec: { clusterIPs: [10.42.42.43] }
---
apiVersion: multicluster.x-k8s.io/v1alpha1
kind: ServiceImport
metadata: { name: web, namespace: test }
spec:
  type: ClusterSetIP
  ips: [10.42.42.42, "2001:db8::42"]
  ports: [{ name: https, protocol: TCP, port: 443 }, { name: h3, protocol: UDP, port: 443 }]
---
apiVersion: multicluster.x-k8s.io/v1alpha1
kind: ServiceImport
metadata: { name: twin, namespace: test }
spec: { type: ClusterSetIP, ips: [10.42.42.43], ports: [{ port: 80 }] }
---
apiVersion: multicluster.x-k8s.io/v1alpha1
kind: ServiceImport
metadata: { name: db, namespace: test }
spec: { type: Headless, ports: [{ name: pg, protocol: TCP, port: 5432 }] }
---
apiVersion: multicluster.x-k8s.io/v1alpha1
kind: ServiceImport
metadata: { name: empty, namespace: test }
spec: { type: Headless, ports: [{ name: pg, protocol: TCP, port: 5432 }] }
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata:
  name: db-east-v4
  namespace: test
  labels: { multicluster.kubernetes.io/service-name: db, multicluster.kubernetes.io/source-cluster: east }
addressType: IPv4
ports: [{ name: pg, port: 5432, protocol: TCP }]
endpoints:
  - { addresses: [10.1.0.1], hostname: db-0 }
  - { addresses: [10.1.0.2], hostname: db-0 }
  - { addresses: [10.1.0.3], conditions: { ready: false }, hostname: db-1 }
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata:
  name: db-east-v6
  namespace: test
  labels: { multicluster.kubernetes.io/service-name: db, multicluster.kubernetes.io/source-cluster: east }
addressType: IPv6
ports: [{ name: pg, port: 5432, protocol: TCP }]
endpoints:
  - { addresses: ["2001:db8:1::1"], hostname: db-0 }
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata:
  name: db-west
  namespace: test
  labels: { multicluster.kubernetes.io/service-name: db, multicluster.kubernetes.io/source-cluster: west }
addressType: IPv4
ports: [{ name: pg, port: 5432, protocol: TCP }]
endpoints:
  - { addresses: [10.2.0.1], hostname: db-0 }
  - { addresses: [10.2.0.2] }
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata:
  name: db-west-again
  namespace: test
  labels: { multicluster.kubernetes.io/service-name: db, multicluster.kubernetes.io/source-cluster: west }
addressType: IPv4
ports: [{ name: pg, port: 5432, protocol: TCP }]
endpoints:
  - { addresses: [10.2.0.1], hostname: db-0 }
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata:
  name: web-east
  namespace: test
  labels: { multicluster.kubernetes.io/service-name: web, multicluster.kubernetes.io/source-cluster: east }
addressType: IPv4
ports: [{ name: https, port: 443, protocol: TCP }]
endpoints:
  - { addresses: [10.1.0.9], hostname: web-0 }
`

const served = (zones: string, more = '') => ({
  corefile: `. {
    kubernetes ${zones} {
      manifests cluster
      multicluster clusterset.local
      ${more}
    }
  }`,
  files: { 'cluster/all.yaml': imports },
})

const soa =
  'clusterset.local. 5 IN SOA ns.dns.clusterset.local. hostmaster.clusterset.local. 1767225600 7200 1800 86400 5'
const nodata = { authority: [soa] }
const nxdomain = { rcode: 'NXDOMAIN', authority: [soa] }
const record = (owner: string, rdata: string): string => `${owner}.test.svc.clusterset.local. 5 IN ${rdata}`

t.test('KEP-1645: what is imported has names in the zone of the set of clusters', async (t) => {
  const server = await serve(t, served('clusterset.local in-addr.arpa ip6.arpa'))
  const db = (rdata: string): string => record('db', rdata)
  const target = (host: string): string =>
    `_pg._tcp.db.test.svc.clusterset.local. 5 IN SRV 0 25 5432 ${host}.db.test.svc.clusterset.local.`
  const pointer = (reverse: string, name: string): readonly [string, Expected] => [
    `${reverse} PTR`,
    { answer: [`${reverse} 5 IN PTR ${name}.test.svc.clusterset.local.`] },
  ]
  await check(t, server, [
    ['dns-version.clusterset.local. TXT', { answer: ['dns-version.clusterset.local. 28800 IN TXT "1.0.0"'] }],
    ['web.test.svc.clusterset.local. A', { answer: [record('web', 'A 10.42.42.42')] }],
    ['web.test.svc.clusterset.local. AAAA', { answer: [record('web', 'AAAA 2001:db8::42')] }],
    [
      '_https._tcp.web.test.svc.clusterset.local. SRV',
      {
        answer: [record('_https._tcp.web', 'SRV 0 50 443 web.test.svc.clusterset.local.')],
        additional: [record('web', 'A 10.42.42.42'), record('web', 'AAAA 2001:db8::42')],
      },
    ],
    ['_nope._tcp.web.test.svc.clusterset.local. SRV', nxdomain],
    ['_tcp.web.test.svc.clusterset.local. A', nodata],
    pointer('42.42.42.10.in-addr.arpa.', 'web'),
    pointer(`2.4.${'0.'.repeat(22)}8.b.d.0.1.0.0.2.ip6.arpa.`, 'web'),
    [
      'db.test.svc.clusterset.local. A',
      { answer: ['10.1.0.1', '10.1.0.2', '10.2.0.1', '10.2.0.2'].map((ip) => db(`A ${ip}`)) },
    ],
    ['db.test.svc.clusterset.local. AAAA', { answer: [db('AAAA 2001:db8:1::1')] }],
    ['empty.test.svc.clusterset.local. A', nxdomain],
    [
      'db-0.east.db.test.svc.clusterset.local. A',
      { answer: ['10.1.0.1', '10.1.0.2'].map((ip) => record('db-0.east.db', `A ${ip}`)) },
    ],
    ['db-0.east.db.test.svc.clusterset.local. AAAA', { answer: [record('db-0.east.db', 'AAAA 2001:db8:1::1')] }],
    ['db-0.west.db.test.svc.clusterset.local. A', { answer: [record('db-0.west.db', 'A 10.2.0.1')] }],
    ['db-0.west.db.test.svc.clusterset.local. AAAA', nodata],
    ['10-2-0-2.west.db.test.svc.clusterset.local. A', { answer: [record('10-2-0-2.west.db', 'A 10.2.0.2')] }],
    ['db-1.east.db.test.svc.clusterset.local. A', nxdomain],
    ['db-0.north.db.test.svc.clusterset.local. A', nxdomain],
    [
      '_pg._tcp.db.test.svc.clusterset.local. SRV',
      {
        // Six entries with the slice that repeats one.
        answer: ['db-0.east', 'db-0.west', '10-2-0-2.west'].map(target).map((line) => line.replace(' 25 ', ' 16 ')),
        additional: [
          record('db-0.east.db', 'A 10.1.0.1'),
          record('db-0.east.db', 'A 10.1.0.2'),
          record('db-0.east.db', 'AAAA 2001:db8:1::1'),
          record('db-0.west.db', 'A 10.2.0.1'),
          record('10-2-0-2.west.db', 'A 10.2.0.2'),
        ],
      },
    ],
    pointer('1.0.1.10.in-addr.arpa.', 'db-0.east.db'),
    pointer('2.0.2.10.in-addr.arpa.', '10-2-0-2.west.db'),
    pointer(`1.${'0.'.repeat(19)}1.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa.`, 'db-0.east.db'),
    ['east.web.test.svc.clusterset.local. A', nxdomain],
    ['east.db.test.svc.clusterset.local. A', nxdomain],
    ['db-0.db.test.svc.clusterset.local. A', nxdomain],
    ['x.db-0.east.db.test.svc.clusterset.local. A', nxdomain],
    ['derived.test.svc.clusterset.local. A', nxdomain],
  ])
})

t.test('names of the cluster itself are left alone, and its PTR records come first', async (t) => {
  const server = await serve(t, served('cluster.local clusterset.local in-addr.arpa'))
  const local = soa.replaceAll('clusterset', 'cluster')
  await check(t, server, [
    ['web.test.svc.cluster.local. A', { answer: ['web.test.svc.cluster.local. 5 IN A 10.96.0.1'] }],
    ['web.test.svc.clusterset.local. A', { answer: [record('web', 'A 10.42.42.42')] }],
    ['db.test.svc.cluster.local. A', { rcode: 'NXDOMAIN', authority: [local] }],
    ['db-0.east.db.test.svc.cluster.local. A', { rcode: 'NXDOMAIN', authority: [local] }],
    ['1.0.96.10.in-addr.arpa. PTR', { answer: ['1.0.96.10.in-addr.arpa. 5 IN PTR web.test.svc.cluster.local.'] }],
    [
      '43.42.42.10.in-addr.arpa. PTR',
      { answer: ['43.42.42.10.in-addr.arpa. 5 IN PTR derived.test.svc.cluster.local.'] },
    ],
    [
      '42.42.42.10.in-addr.arpa. PTR',
      { answer: ['42.42.42.10.in-addr.arpa. 5 IN PTR web.test.svc.clusterset.local.'] },
    ],
    ['dns-version.cluster.local. TXT', { answer: ['dns-version.cluster.local. 28800 IN TXT "1.1.0"'] }],
  ])
})

// kubernetes-sigs/mcs-api, conformance/{clusterip,headless}_service_dns.go: what the tests there ask, of a Service with two ports of one number, dual-stack.
const hello = (type: 'ClusterSetIP' | 'Headless') => `
apiVersion: v1
kind: Namespace
metadata: { name: mcs }
---
apiVersion: v1
kind: Service
metadata: { name: hello, namespace: mcs }
spec: { clusterIPs: [${type === 'Headless' ? 'None' : '10.96.0.42'}], ports: [{ name: tcp, port: 42 }, { name: udp, port: 42, protocol: UDP }] }
---
apiVersion: multicluster.x-k8s.io/v1alpha1
kind: ServiceImport
metadata: { name: hello, namespace: mcs }
spec:
  type: ${type}
  ${type === 'Headless' ? '' : 'ips: [10.42.0.1, "fd00:42::1"]'}
  ports: [{ name: tcp, port: 42, protocol: TCP }, { name: udp, port: 42, protocol: UDP }]
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata:
  name: hello-v4
  namespace: mcs
  labels: { multicluster.kubernetes.io/service-name: hello, multicluster.kubernetes.io/source-cluster: c1 }
addressType: IPv4
ports: [{ name: tcp, port: 42, protocol: TCP }, { name: udp, port: 42, protocol: UDP }]
endpoints: [{ addresses: [10.244.0.1] }, { addresses: [10.244.0.2], hostname: hello-0 }]
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata:
  name: hello-v6
  namespace: mcs
  labels: { multicluster.kubernetes.io/service-name: hello, multicluster.kubernetes.io/source-cluster: c1 }
addressType: IPv6
ports: [{ name: tcp, port: 42, protocol: TCP }, { name: udp, port: 42, protocol: UDP }]
endpoints: [{ addresses: ["fd00:244::1"] }]
`

t.test('the questions of the conformance tests of the Multi-Cluster Services API have their answers', async (t) => {
  const ask = async (type: 'ClusterSetIP' | 'Headless', question: string): Promise<string[]> => {
    const server = await serve(t, {
      corefile:
        '. {\n kubernetes cluster.local clusterset.local {\n manifests c\n multicluster clusterset.local\n }\n}',
      files: { 'c/all.yaml': hello(type) },
    })
    const reply = await server.ask(question)
    return reply!.answer.map((line) => line.replace(/^.* IN [A-Z]+ /, '')).sort()
  }
  const name = 'hello.mcs.svc.clusterset.local.'
  const cases: [type: 'ClusterSetIP' | 'Headless', question: string, answer: string[]][] = [
    ['ClusterSetIP', `${name} A`, ['10.42.0.1']],
    ['ClusterSetIP', `${name} AAAA`, ['fd00:42::1']],
    ['ClusterSetIP', `${name} SRV`, [`0 25 42 ${name}`]],
    ['ClusterSetIP', 'hello.mcs.svc.cluster.local. A', ['10.96.0.42']],
    ['Headless', `${name} A`, ['10.244.0.1', '10.244.0.2']],
    ['Headless', `${name} AAAA`, ['fd00:244::1']],
    ['Headless', `hello-0.c1.${name} A`, ['10.244.0.2']],
    ['Headless', `10-244-0-1.c1.${name} A`, ['10.244.0.1']],
    ['Headless', `${name} SRV`, ['10-244-0-1', 'fd00-244--1', 'hello-0'].map((host) => `0 16 42 ${host}.c1.${name}`)],
  ]
  for (const [type, question, answer] of cases) t.strictSame(await ask(type, question), answer, `${type} ${question}`)
})

t.test('an import, its endpoints and its addresses are right the moment they come and go', async (t) => {
  const server = await serve(t, served('clusterset.local in-addr.arpa'))
  const more = `
apiVersion: multicluster.x-k8s.io/v1alpha1
kind: ServiceImport
metadata: { name: late, namespace: test }
spec: { type: ClusterSetIP, ips: [10.42.42.99], ports: [{ port: 80 }] }
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata:
  name: empty-east
  namespace: test
  labels: { multicluster.kubernetes.io/service-name: empty, multicluster.kubernetes.io/source-cluster: east }
addressType: IPv4
ports: [{ name: pg, port: 5432, protocol: TCP }]
endpoints: [{ addresses: [10.1.0.77], hostname: e-0 }]
`
  const questions = [
    'late.test.svc.clusterset.local. A',
    'empty.test.svc.clusterset.local. A',
    'e-0.east.empty.test.svc.clusterset.local. A',
    '99.42.42.10.in-addr.arpa. PTR',
    '77.0.1.10.in-addr.arpa. PTR',
  ]
  const rcodes = async (): Promise<string> =>
    [...new Set(await Promise.all(questions.map(async (question) => (await server.ask(question))?.rcode)))].join()
  // Asked until every answer is a prepared one.
  for (let i = 0; i < 4; i++) t.equal(await rcodes(), 'NXDOMAIN')
  await server.write('cluster/more.yaml', more)
  await server.until(async () => (await rcodes()) === 'NOERROR')
  await server.write('cluster/more.yaml', '# nothing\n')
  await server.until(async () => (await rcodes()) === 'NXDOMAIN')
})

t.test('until the cluster is known a missing import is a failure, not a denial', (t) => {
  const cluster = new TestCluster()
  const missing = 'web.test.svc.clusterset.local. A'
  t.equal(textOf(cluster.ask(missing))[0], 'SERVFAIL')
  const { reuse } = cluster.ask(missing)!
  t.equal(reuse.until, 0, 'not to be used again')
  cluster.load([])
  t.ok(
    reuse.depends.some((version) => !version.stands),
    'and nobody may keep it once the cluster is known',
  )
  t.equal(textOf(cluster.ask(missing))[0], 'NXDOMAIN')
  t.end()
})

t.test('an endpoint whose slice belongs to no Service has no name to tell, but its address has an owner', (t) => {
  const cluster = new TestCluster()
  const endpoints = [{ address: '10.0.0.9', hostname: '', target: '', zone: '' }]
  cluster.load([
    { kind: 'Namespace', namespace: '', name: 'test' },
    { kind: 'EndpointSlice', namespace: 'test', name: 'imported', service: '', family: 4, ports: [], endpoints },
  ])
  t.strictSame(textOf(cluster.ask('9.0.0.10.in-addr.arpa. PTR')), ['silence'])
  t.strictSame(textOf(cluster.ask('9.0.0.10.in-addr.arpa. SOA')).slice(0, 1), ['NOERROR'])
  t.end()
})

t.test('the name server of a zone of a set of clusters has a name there', (t) => {
  const cluster = new TestCluster({}, ['10.0.0.53'])
  const service = { kind: 'Service', namespace: 'kube-system', externalName: null, external: [], ports: [] } as const
  cluster.load([
    { ...service, name: 'kube-dns', headless: false, clusterIPs: ['10.96.0.10'] },
    {
      kind: 'EndpointSlice',
      namespace: 'kube-system',
      name: 'kube-dns-1',
      service: 'kube-dns',
      family: 4,
      ports: [],
      endpoints: [{ address: '10.0.0.53', hostname: '', target: '', zone: '' }],
    },
  ])
  t.strictSame(textOf(cluster.ask('clusterset.local. NS')), [
    'NOERROR',
    'answer clusterset.local. 5 IN NS ns.dns.clusterset.local.',
    'additional ns.dns.clusterset.local. 5 IN A 10.96.0.10',
  ])
  t.strictSame(textOf(cluster.ask('ns.dns.clusterset.local. A')).slice(1), [
    'answer ns.dns.clusterset.local. 5 IN A 10.96.0.10',
  ])
  t.end()
})
