import { readFile } from 'node:fs/promises'
import t from 'tap'
import { check, cluster, type Expected, nodata, nxdomain, soa, withCluster } from '../../test/support/cluster-server.ts'
import { serve } from '../../test/support/serve.ts'
import { TestCluster, textOf } from '../../test/support/test-cluster.ts'

t.test('Services, their ports and their endpoints have names', async (t) => {
  const server = await serve(t, withCluster())
  await check(t, server, [
    ['web.prod.svc.cluster.local. A', { answer: ['web.prod.svc.cluster.local. 5 IN A 10.96.0.7'] }],
    ['web.prod.svc.cluster.local. AAAA', { answer: ['web.prod.svc.cluster.local. 5 IN AAAA fd00:96::7'] }],
    ['WEB.prod.SVC.cluster.local. A', { answer: ['WEB.prod.SVC.cluster.local. 5 IN A 10.96.0.7'] }],
    [
      '_http._tcp.web.prod.svc.cluster.local. A',
      { answer: ['_http._tcp.web.prod.svc.cluster.local. 5 IN A 10.96.0.7'] },
    ],
    [
      '_http._tcp.web.prod.svc.cluster.local. SRV',
      {
        answer: ['_http._tcp.web.prod.svc.cluster.local. 5 IN SRV 0 50 80 web.prod.svc.cluster.local.'],
        additional: [
          'web.prod.svc.cluster.local. 5 IN A 10.96.0.7',
          'web.prod.svc.cluster.local. 5 IN AAAA fd00:96::7',
        ],
      },
    ],
    ['_http._udp.web.prod.svc.cluster.local. A', nxdomain],
    ['_tcp.web.prod.svc.cluster.local. A', nodata],
    ['_sctp.web.prod.svc.cluster.local. A', nxdomain],
    ['_tcp.db.prod.svc.cluster.local. A', nodata],
    [
      '10-244-0-1.web.prod.svc.cluster.local. A',
      { answer: ['10-244-0-1.web.prod.svc.cluster.local. 5 IN A 10.244.0.1'] },
    ],
    ['noports.prod.svc.cluster.local. SRV', nodata],
    ['web.prod.svc.cluster.local. MX', nodata],
    ['web.prod.svc.cluster.local. SOA', nodata],
    ['missing.prod.svc.cluster.local. MX', nxdomain],
    ['x.y.z.web.prod.svc.cluster.local. A', nxdomain],
    ['x.cluster.local. A', nxdomain],
  ])
})

t.test('an alias is answered though nobody answers for its target', async (t) => {
  const { corefile, files } = withCluster()
  const silent = corefile.replace('file db.example.org', 'acl {\n drop\n }\n file db.example.org')
  const server = await serve(t, { corefile: silent, files })
  t.equal(await server.ask('www.example.org. A'), null)
  await check(t, server, [
    ['outside.prod.svc.cluster.local. A', { answer: ['outside.prod.svc.cluster.local. 5 IN CNAME www.example.org.'] }],
  ])
})

t.test('a headless Service is its ready endpoints', async (t) => {
  const server = await serve(t, withCluster())
  const endpoint = (name: string, rdata: string): string => `${name}.db.prod.svc.cluster.local. 5 IN ${rdata}`
  await check(t, server, [
    [
      'db.prod.svc.cluster.local. A',
      { answer: ['10.244.1.1', '10.244.1.2'].map((ip) => `db.prod.svc.cluster.local. 5 IN A ${ip}`) },
    ],
    ['db.prod.svc.cluster.local. AAAA', { answer: ['db.prod.svc.cluster.local. 5 IN AAAA fd00:244::'] }],
    [
      '_pg._tcp.db.prod.svc.cluster.local. SRV',
      {
        answer: ['db-0', 'db-1', 'fd00-244--0'].map(
          (name) => `_pg._tcp.db.prod.svc.cluster.local. 5 IN SRV 0 33 5432 ${name}.db.prod.svc.cluster.local.`,
        ),
        additional: [
          endpoint('db-0', 'A 10.244.1.1'),
          endpoint('db-1', 'A 10.244.1.2'),
          endpoint('fd00-244--0', 'AAAA fd00:244::'),
        ],
      },
    ],
    ['db-0.db.prod.svc.cluster.local. A', { answer: [endpoint('db-0', 'A 10.244.1.1')] }],
    ['fd00-244--0.db.prod.svc.cluster.local. AAAA', { answer: [endpoint('fd00-244--0', 'AAAA fd00:244::')] }],
    ['10-244-1-1.db.prod.svc.cluster.local. A', nxdomain],
    ['db-2.db.prod.svc.cluster.local. A', nxdomain],
    ['empty.prod.svc.cluster.local. A', nxdomain],
    ['zone-a.pin._zone.db.prod.svc.cluster.local. A', nxdomain],
  ])
})

t.test('the zone and what has only names below it exists', async (t) => {
  const server = await serve(t, withCluster('pods insecure'))
  await check(t, server, [
    ['cluster.local. SOA', { answer: [soa] }],
    ...[
      'cluster.local. A',
      'cluster.local. TXT',
      'svc.cluster.local. A',
      'pod.cluster.local. A',
      'dns.cluster.local. A',
    ].map((question) => [question, nodata] as const),
    ['vacant.svc.cluster.local. A', nodata],
    ['vacant.pod.cluster.local. A', nodata],
    ['nope.svc.cluster.local. A', nxdomain],
    ['dns-version.cluster.local. TXT', { answer: ['dns-version.cluster.local. 28800 IN TXT "1.1.0"'] }],
  ])
  t.equal((await server.ask('cluster.local. AXFR', { transport: 'tcp' }))?.rcode, 'REFUSED')
})

t.test('an ExternalName is an alias, followed inside the zone and out of it', async (t) => {
  const server = await serve(t, withCluster())
  const alias = (name: string, target: string): string => `${name}.prod.svc.cluster.local. 5 IN CNAME ${target}.`
  const web = 'web.prod.svc.cluster.local'
  await check(t, server, [
    ['inside.prod.svc.cluster.local. A', { answer: [alias('inside', web), `${web}. 5 IN A 10.96.0.7`] }],
    ['inside.prod.svc.cluster.local. CNAME', { answer: [alias('inside', web)] }],
    ['inside.prod.svc.cluster.local. TXT', nodata],
    [
      'outside.prod.svc.cluster.local. A',
      { answer: [alias('outside', 'www.example.org'), 'www.example.org. 60 IN A 192.0.2.2'] },
    ],
    ['outside.prod.svc.cluster.local. AAAA', { answer: [alias('outside', 'www.example.org')] }],
    ['x.outside.prod.svc.cluster.local. A', nxdomain],
    ['nowhere.prod.svc.cluster.local. A', nodata],
    ['circle.prod.svc.cluster.local. A', nodata],
    ['address.prod.svc.cluster.local. A', nodata],
    ['address.prod.svc.cluster.local. CNAME', nodata],
  ])
})

t.test('addresses have names, in the first zone that is no reverse zone', async (t) => {
  const server = await serve(t, withCluster())
  const arpa = 'in-addr.arpa. 5 IN SOA ns.dns.in-addr.arpa. hostmaster.in-addr.arpa. 1767225600 7200 1800 86400 5'
  await check(t, server, [
    ['7.0.96.10.in-addr.arpa. PTR', { answer: ['7.0.96.10.in-addr.arpa. 5 IN PTR web.prod.svc.cluster.local.'] }],
    ['1.1.244.10.in-addr.arpa. PTR', { answer: ['1.1.244.10.in-addr.arpa. 5 IN PTR db-0.db.prod.svc.cluster.local.'] }],
    ['3.1.244.10.in-addr.arpa. PTR', { rcode: 'NXDOMAIN', authority: [arpa] }],
    ['7.0.96.10.in-addr.arpa. A', { rcode: 'NXDOMAIN', authority: [arpa] }],
    ['7.0.96.10.in-addr.arpa. SOA', { authority: [arpa] }],
    ['in-addr.arpa. A', { authority: [arpa] }],
  ])
})

t.test('what does not exist falls through where it is told to', async (t) => {
  const server = await serve(t, withCluster('fallthrough in-addr.arpa', 'file db.in-addr in-addr.arpa'))
  await check(t, server, [
    ['7.0.96.10.in-addr.arpa. PTR', { answer: ['7.0.96.10.in-addr.arpa. 5 IN PTR web.prod.svc.cluster.local.'] }],
    ['missing.prod.svc.cluster.local. A', nxdomain],
  ])
  t.strictSame((await server.ask('9.9.9.9.in-addr.arpa. PTR'))?.answer, [
    '9.9.9.9.in-addr.arpa. 60 IN PTR nine.example.org.',
  ])
})

t.test('names of pods are denied, answered, or verified', async (t) => {
  const name = '10-244-0-1.prod.pod.cluster.local.'
  const answer = { answer: [`${name} 5 IN A 10.244.0.1`] }
  await check(t, await serve(t, withCluster()), [
    [`${name} A`, nxdomain],
    ['prod.pod.cluster.local. A', nxdomain],
  ])
  await check(t, await serve(t, withCluster('pods insecure')), [
    [`${name} A`, answer],
    [`${name} AAAA`, nodata],
    [`${name} SRV`, { answer: [`${name} 5 IN SRV 0 100 0 ${name}`], additional: [`${name} 5 IN A 10.244.0.1`] }],
    [
      '2001-db8--1.vacant.pod.cluster.local. AAAA',
      { answer: ['2001-db8--1.vacant.pod.cluster.local. 5 IN AAAA 2001:db8::1'] },
    ],
    ['10-244-0-256.prod.pod.cluster.local. A', nxdomain],
    ['10-244-0-1.nope.pod.cluster.local. A', nxdomain],
  ])
  await check(t, await serve(t, withCluster('pods verified')), [
    [`${name} A`, answer],
    ['10-244-0-2.prod.pod.cluster.local. A', nxdomain],
    ['10-244-0-1.vacant.pod.cluster.local. A', nxdomain],
  ])
})

t.test('options decide what is served', async (t) => {
  const web = ['web.prod.svc.cluster.local. 5 IN A 10.96.0.7']
  const one = async (options: string, question: string, expected: Expected): Promise<void> => {
    await check(t, await serve(t, withCluster(options)), [[question, expected]])
  }
  await one('namespaces vacant', 'web.prod.svc.cluster.local. A', nxdomain)
  await one('namespaces prod', 'web.prod.svc.cluster.local. A', { answer: web })
  await one('namespace_labels env=live', 'vacant.svc.cluster.local. A', nxdomain)
  await one('namespace_labels env in (live)', 'web.prod.svc.cluster.local. A', { answer: web })
  await one('labels tier=gold', 'noports.prod.svc.cluster.local. A', nxdomain)
  await one('labels tier=gold', 'db-0.db.prod.svc.cluster.local. AAAA', nodata)
  await one('noendpoints', 'db.prod.svc.cluster.local. A', nxdomain)
  await one('ignore empty_service', 'noports.prod.svc.cluster.local. A', nxdomain)
  await one('ignore empty_service', 'web.prod.svc.cluster.local. A', { answer: web })
  await one('endpoint_pod_names', 'web-0.web.prod.svc.cluster.local. AAAA', nodata)
  await one('ttl 0', 'web.prod.svc.cluster.local. A', { answer: ['web.prod.svc.cluster.local. 0 IN A 10.96.0.7'] })
  await one('ttl 3600', 'web.prod.svc.cluster.local. MX', {
    authority: [soa.replace(' 5 IN', ' 300 IN').replace(/5$/, '3600')],
  })
  const zonal = await serve(t, withCluster('zonal'))
  const inZone = (name: string, ...ips: string[]) =>
    [`${name} A`, { answer: ips.map((ip) => `${name} 5 IN A ${ip}`) }] as const
  await check(t, zonal, [
    inZone('zone-a.pin._zone.db.prod.svc.cluster.local.', '10.244.1.1'),
    inZone('zone-x.prefer._zone.db.prod.svc.cluster.local.', '10.244.1.1', '10.244.1.2'),
    ['zone-x.pin._zone.db.prod.svc.cluster.local. A', nodata],
    ['zone-a.pin._zone.web.prod.svc.cluster.local. A', nxdomain],
  ])
})

t.test('manifests of the command line stand in for every API server', async (t) => {
  const server = await serve(t, {
    corefile: '. {\n kubernetes cluster.local {\n kubeconfig nowhere\n }\n}',
    files: { 'all.yaml': cluster },
    manifests: 'all.yaml',
  })
  t.equal((await server.ask('web.prod.svc.cluster.local. A'))?.rcode, 'NOERROR')
})

t.test('the name servers are the Services that this server is an endpoint of, or itself', async (t) => {
  const own = ['10.0.0.53', 'fd00::53']
  const nameServers = (cluster: TestCluster): string[] => textOf(cluster.ask('cluster.local. NS'))
  const alone = new TestCluster({}, own)
  alone.load([])
  t.strictSame(nameServers(alone), [
    'NOERROR',
    'answer cluster.local. 5 IN NS ns.dns.cluster.local.',
    'additional ns.dns.cluster.local. 5 IN A 10.0.0.53',
    'additional ns.dns.cluster.local. 5 IN AAAA fd00::53',
  ])
  t.strictSame(textOf(alone.ask('NS.dns.cluster.LOCAL. AAAA')), [
    'NOERROR',
    'answer NS.dns.cluster.LOCAL. 5 IN AAAA fd00::53',
  ])

  const service = { kind: 'Service', namespace: 'kube-system', externalName: null, external: [], ports: [] } as const
  const slice = { kind: 'EndpointSlice', namespace: 'kube-system', family: 4, ports: [] } as const
  const endpoints = [{ address: '10.0.0.53', hostname: 'dns-0', target: '', zone: '' }]
  const inCluster = new TestCluster({}, own)
  inCluster.load([
    { ...service, name: 'kube-dns', headless: false, clusterIPs: ['10.96.0.10'] },
    { ...slice, name: 'a', service: 'kube-dns', endpoints },
    { ...service, name: 'pods', headless: true, clusterIPs: [] },
    { ...slice, name: 'b', service: 'pods', endpoints },
  ])
  t.strictSame(nameServers(inCluster), [
    'NOERROR',
    'answer cluster.local. 5 IN NS dns-0.pods.kube-system.svc.cluster.local.',
    'answer cluster.local. 5 IN NS kube-dns.kube-system.svc.cluster.local.',
    'additional dns-0.pods.kube-system.svc.cluster.local. 5 IN A 10.0.0.53',
    'additional kube-dns.kube-system.svc.cluster.local. 5 IN A 10.96.0.10',
  ])
})

t.test("the demo's cluster can be read whole", async (t) => {
  const folder = new URL('../../examples/cluster/', import.meta.url)
  const names = ['10-namespaces', '20-kubernetes', '30-ai-kernel', '40-ai-kernel-data']
  const texts = await Promise.all(names.map((name) => readFile(new URL(`${name}.yaml`, folder), 'utf8')))
  const server = await serve(t, {
    corefile: '. {\n kubernetes cluster.local {\n manifests cluster\n }\n}',
    files: Object.fromEntries(names.map((name, index) => [`cluster/${name}.yaml`, texts[index]!])),
  })
  t.strictSame(
    server.log.filter((line) => line.includes('WARNING')),
    [],
  )
  for (const name of ['kubernetes.default', 'scheduler.ai-kernel', 'vector-store-0.vector-store.ai-kernel-data'])
    t.equal((await server.ask(`${name}.svc.cluster.local. A`))?.answer.length, 1, name)
})
