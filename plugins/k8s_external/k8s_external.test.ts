import t from 'tap'
import { check, type Expected } from '../../test/support/cluster-server.ts'
import { serve, serveError } from '../../test/support/serve.ts'

const cluster = `
apiVersion: v1
kind: Namespace
metadata: { name: prod }
---
apiVersion: v1
kind: Namespace
metadata: { name: hidden }
---
apiVersion: v1
kind: Service
metadata: { name: lb, namespace: prod }
spec: { type: LoadBalancer, clusterIP: 10.96.0.1, ports: [{ name: http, port: 80 }, { name: https, port: 443 }] }
status: { loadBalancer: { ingress: [{ ip: 203.0.113.25 }, { ip: "2001:db8::25" }] } }
---
apiVersion: v1
kind: Service
metadata: { name: fixed, namespace: prod }
spec: { clusterIP: 10.96.0.2, externalIPs: [203.0.113.27], ports: [{ name: dns, port: 53, protocol: UDP }] }
---
apiVersion: v1
kind: Service
metadata: { name: fixed, namespace: hidden }
spec: { clusterIP: 10.96.0.3, externalIPs: [203.0.113.28], ports: [{ port: 53, protocol: UDP }] }
---
apiVersion: v1
kind: Service
metadata: { name: named, namespace: prod }
spec: { type: LoadBalancer, clusterIP: 10.96.0.4, ports: [{ name: http, port: 80 }] }
status: { loadBalancer: { ingress: [{ hostname: lb.example.org }, { hostname: other.example.org }] } }
---
apiVersion: v1
kind: Service
metadata: { name: both, namespace: prod }
spec: { type: LoadBalancer, clusterIP: 10.96.0.5, ports: [{ name: http, port: 80 }] }
status: { loadBalancer: { ingress: [{ hostname: lb.example.org }, { ip: 203.0.113.30 }] } }
---
apiVersion: v1
kind: Service
metadata: { name: portless, namespace: prod }
spec: { clusterIP: 10.96.0.6, externalIPs: [203.0.113.31] }
---
apiVersion: v1
kind: Service
metadata: { name: web, namespace: prod }
spec: { clusterIP: 10.96.0.7, ports: [{ port: 80 }] }
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: web-1, namespace: prod, labels: { kubernetes.io/service-name: web } }
addressType: IPv4
ports: [{ port: 80 }]
endpoints: [{ addresses: [10.244.0.7] }]
---
apiVersion: v1
kind: Service
metadata: { name: db, namespace: prod }
spec: { clusterIP: None, ports: [{ name: pg, port: 5432 }] }
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: db-1, namespace: prod, labels: { kubernetes.io/service-name: db } }
addressType: IPv4
ports: [{ name: pg, port: 5432 }]
endpoints: [{ addresses: [10.244.1.1], hostname: db-0 }, { addresses: [10.244.1.2], hostname: db-1 }]
`

const example = `
$ORIGIN example.org.
@ 60 IN SOA ns admin 1 2 3 4 60
lb 60 IN A 192.0.2.2
lb 60 IN AAAA 2001:db8::2
`

const serving = (words = '', more = '') => ({
  corefile: `. {
    kubernetes cluster.local {
      manifests cluster
      namespaces prod
    }
    k8s_external apps.test 203.0.113.0/24 {
      ${words}
    }
    file db.example.org example.org
    ${more}
  }`,
  files: { 'cluster/all.yaml': cluster, 'db.example.org': example },
})

const soaOf = (zone: string, ttl = 5, apex = 'dns'): string =>
  `${zone} ${ttl} IN SOA ns1.${apex}.${zone} hostmaster.${apex}.${zone} 0 7200 1800 86400 ${ttl}`
const soa = soaOf('apps.test.')
const nodata: Expected = { authority: [soa] }
const nxdomain: Expected = { rcode: 'NXDOMAIN', authority: [soa] }

t.test('Services have the addresses under which they are reached from outside', async (t) => {
  const server = await serve(t, serving())
  const lb = (name: string, rdata: string): [question: string, expected: Expected] => [
    `${name} ${rdata.split(' ')[0]}`,
    { answer: [`${name} 5 IN ${rdata}`] },
  ]
  const glue = ['lb.prod.apps.test. 5 IN A 203.0.113.25', 'lb.prod.apps.test. 5 IN AAAA 2001:db8::25']
  await check(t, server, [
    lb('lb.prod.apps.test.', 'A 203.0.113.25'),
    lb('LB.prod.apps.test.', 'AAAA 2001:db8::25'),
    lb('x.lb.prod.apps.test.', 'A 203.0.113.25'),
    lb('_http._tcp.lb.prod.apps.test.', 'A 203.0.113.25'),
    lb('http.tcp.lb.prod.apps.test.', 'A 203.0.113.25'),
    lb('both.prod.apps.test.', 'A 203.0.113.30'),
    lb('portless.prod.apps.test.', 'A 203.0.113.31'),
    [
      '_http._tcp.lb.prod.apps.test. SRV',
      { answer: ['_http._tcp.lb.prod.apps.test. 5 IN SRV 0 50 80 lb.prod.apps.test.'], additional: glue },
    ],
    [
      'lb.prod.apps.test. SRV',
      {
        answer: [80, 443].map((port) => `lb.prod.apps.test. 5 IN SRV 0 25 ${port} lb.prod.apps.test.`),
        additional: glue,
      },
    ],
    ['portless.prod.apps.test. SRV', nodata],
    ['lb.prod.apps.test. TXT', nodata],
    ['fixed.prod.apps.test. AAAA', nodata],
    ['prod.apps.test. A', nodata],
    ['_nope._tcp.lb.prod.apps.test. SRV', nxdomain],
    ['a.b.c.lb.prod.apps.test. A', nxdomain],
    ['web.prod.apps.test. A', nxdomain],
    ['db.prod.apps.test. A', nxdomain],
    ['fixed.hidden.apps.test. A', nxdomain],
    ['hidden.apps.test. A', nxdomain],
    ['missing.prod.apps.test. SOA', nxdomain],
  ])
})

t.test('a load balancer that only has host names is an alias of the first', async (t) => {
  const server = await serve(t, serving())
  const named = 'named.prod.apps.test.'
  const alias = `${named} 5 IN CNAME lb.example.org.`
  const addresses = ['lb.example.org. 60 IN A 192.0.2.2', 'lb.example.org. 60 IN AAAA 2001:db8::2']
  await check(t, server, [
    [`${named} A`, { answer: [alias, addresses[0]!] }],
    [`${named} AAAA`, { answer: [alias, addresses[1]!] }],
    [`${named} CNAME`, { answer: [alias] }],
    [`${named} TXT`, nodata],
    ['both.prod.apps.test. CNAME', nodata],
    [
      `_http._tcp.${named} SRV`,
      {
        answer: ['lb', 'other'].map((host) => `_http._tcp.${named} 5 IN SRV 0 50 80 ${host}.example.org.`),
        additional: addresses,
      },
    ],
  ])
})

t.test('an alias is answered though nobody answers for its target', async (t) => {
  const { corefile, files } = serving()
  const server = await serve(t, { corefile: `${corefile}\nlb.example.org {\n acl {\n drop\n }\n whoami\n}`, files })
  const alias = 'named.prod.apps.test. 5 IN CNAME lb.example.org.'
  t.strictSame((await server.ask('named.prod.apps.test. A'))?.answer, [alias])
  t.match((await server.ask('named.prod.apps.test. SRV'))?.answer, [/ SRV .* lb\.example\.org\.$/])
})

t.test('the zone has a SOA, a name server, and names for its addresses', async (t) => {
  const server = await serve(t, serving('apex admin\n ttl 60'))
  const own = soaOf('apps.test.', 60, 'admin')
  const reverse = soaOf('113.0.203.in-addr.arpa.', 60, 'admin')
  await check(t, server, [
    ['apps.test. SOA', { answer: [own] }],
    ['apps.test. A', { authority: [own] }],
    ['admin.apps.test. A', { authority: [own] }],
    ['ns1.admin.apps.test. TXT', { authority: [own] }],
    ['ns2.admin.apps.test. A', { rcode: 'NXDOMAIN', authority: [own] }],
    ['dns.apps.test. A', { rcode: 'NXDOMAIN', authority: [own] }],
    ['lb.prod.apps.test. A', { answer: ['lb.prod.apps.test. 60 IN A 203.0.113.25'] }],
    ['25.113.0.203.in-addr.arpa. PTR', { answer: ['25.113.0.203.in-addr.arpa. 60 IN PTR lb.prod.apps.test.'] }],
    ['28.113.0.203.in-addr.arpa. PTR', { rcode: 'NXDOMAIN', authority: [reverse] }],
    ['25.113.0.203.in-addr.arpa. A', { rcode: 'NXDOMAIN', authority: [reverse] }],
  ])
  t.match((await server.ask('apps.test. NS'))?.answer, ['apps.test. 60 IN NS ns1.admin.apps.test.'])
  t.equal((await server.ask('apps.test. AXFR', { transport: 'tcp' }))?.rcode, 'REFUSED')
})

t.test('the name server has the external addresses of the Service that it is an endpoint of', async (t) => {
  const own = '10.244.0.53'
  const dns = `
apiVersion: v1
kind: Service
metadata: { name: dns, namespace: prod }
spec: { clusterIP: 10.96.0.10, externalIPs: [203.0.113.53, "2001:db8::53"], ports: [{ port: 53 }] }
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: dns-1, namespace: prod, labels: { kubernetes.io/service-name: dns } }
addressType: IPv4
ports: [{ port: 53 }]
endpoints: [{ addresses: [${own}] }]
`
  const options = serving('', `bind ${own}`)
  const server = await serve(t, { ...options, files: { ...options.files, 'cluster/dns.yaml': dns } })
  const glue = ['A 203.0.113.53', 'AAAA 2001:db8::53'].map((rdata) => `ns1.dns.apps.test. 5 IN ${rdata}`)
  await check(t, server, [
    ['apps.test. NS', { answer: ['apps.test. 5 IN NS ns1.dns.apps.test.'], additional: glue }],
    ['ns1.dns.apps.test. AAAA', { answer: [glue[1]!] }],
  ])
})

t.test('headless Services are their endpoints if that is asked for', async (t) => {
  const server = await serve(t, serving('headless'))
  const target = (host: string): string => `${host}.db.prod.apps.test.`
  await check(t, server, [
    ['db.prod.apps.test. A', { answer: [1, 2].map((last) => `db.prod.apps.test. 5 IN A 10.244.1.${last}`) }],
    ['db-1.db.prod.apps.test. A', { answer: [`${target('db-1')} 5 IN A 10.244.1.2`] }],
    ['db-2.db.prod.apps.test. A', nxdomain],
    [
      '_pg._tcp.db.prod.apps.test. SRV',
      {
        answer: [0, 1].map((n) => `_pg._tcp.db.prod.apps.test. 5 IN SRV 0 50 5432 ${target(`db-${n}`)}`),
        additional: [0, 1].map((n) => `${target(`db-${n}`)} 5 IN A 10.244.1.${n + 1}`),
      },
    ],
    ['web.prod.apps.test. A', nxdomain],
    ['10-244-0-7.web.prod.apps.test. A', { answer: ['10-244-0-7.web.prod.apps.test. 5 IN A 10.244.0.7'] }],
    ['lb.prod.apps.test. A', { answer: ['lb.prod.apps.test. 5 IN A 203.0.113.25'] }],
  ])
})

t.test('what does not exist falls through where it is told to, and comes back the moment it does', async (t) => {
  const options = serving('fallthrough', 'cache 30\n file db.apps apps.test')
  const below = '$ORIGIN apps.test.\n@ 60 IN SOA ns admin 1 2 3 4 60\n* 60 IN A 192.0.2.99\n'
  const server = await serve(t, { ...options, files: { ...options.files, 'db.apps': below } })
  const addressOf = async (name: string): Promise<string | undefined> =>
    (await server.ask(`${name} A`))?.answer[0]?.split(' ').at(-1)
  // Asked until every answer is a prepared one.
  for (let i = 0; i < 4; i++) {
    t.equal(await addressOf('late.prod.apps.test.'), '192.0.2.99')
    t.equal(await addressOf('lb.prod.apps.test.'), '203.0.113.25')
  }
  await server.clock.advance(7_000)
  await server.write(
    'cluster/late.yaml',
    'apiVersion: v1\nkind: Service\nmetadata: { name: late, namespace: prod }\nspec: { clusterIP: 10.96.0.99, externalIPs: [203.0.113.99] }\n',
  )
  await server.until(async () => (await addressOf('late.prod.apps.test.')) === '203.0.113.99')
  t.equal((await server.ask('apps.test. SOA'))?.answer[0]?.split(' ')[6], '1767225607', 'the serial has moved')
  await server.write('cluster/late.yaml', '# nothing\n')
  await server.until(async () => (await addressOf('late.prod.apps.test.')) === '192.0.2.99')
})

t.test(
  'a Service that gets or loses its external address is right at once, in prepared answers and their SOA too',
  async (t) => {
    const server = await serve(t, serving())
    const questions = ['web.prod.apps.test. A', '40.113.0.203.in-addr.arpa. PTR']
    const rcodes = async (): Promise<string> =>
      [...new Set(await Promise.all(questions.map(async (question) => (await server.ask(question))?.rcode)))].join()
    const serial = async (): Promise<string | undefined> =>
      (await server.ask('missing.prod.apps.test. A'))?.authority[0]?.split(' ')[6]
    for (let i = 0; i < 4; i++) t.equal(await rcodes(), 'NXDOMAIN')
    for (let i = 0; i < 4; i++) t.equal(await serial(), '0')
    await server.clock.advance(9_000)
    const without =
      'apiVersion: v1\nkind: Service\nmetadata: { name: web, namespace: prod }\nspec: { clusterIP: 10.96.0.7, ports: [{ port: 80 }]'
    await server.write('cluster/more.yaml', `${without}, externalIPs: [203.0.113.40] }\n`)
    await server.until(async () => (await rcodes()) === 'NOERROR')
    t.equal(await serial(), '1767225609')
    await server.write('cluster/more.yaml', `${without} }\n`)
    await server.until(async () => (await rcodes()) === 'NXDOMAIN')
  },
)

t.test('a Corefile that cannot be served is refused in the words of CoreDNS', async (t) => {
  const external = (words: string): string =>
    `. {\n kubernetes cluster.local {\n manifests c\n }\n k8s_external apps.test {\n ${words}\n }\n}`
  const parsing = (reason: string): string => `plugin/k8s_external: Corefile:6 - Error during parsing: ${reason}`
  const count = (word: string): string => parsing(`Wrong argument count or unexpected line ending after '${word}'`)
  const cases: [corefile: string, error: string][] = [
    ['. {\n k8s_external apps.test\n}', 'plugin/k8s_external: kubernetes plugin not loaded'],
    [external('nope'), parsing("unknown property 'nope'")],
    [external('ttl'), count('ttl')],
    [external('ttl x'), 'plugin/k8s_external: strconv.Atoi: parsing "x": invalid syntax'],
    [external('ttl 3601'), parsing('ttl must be in range [0, 3600]: 3601')],
    [external('ttl -1'), parsing('ttl must be in range [0, 3600]: -1')],
    [external('apex'), count('apex')],
    [external('apex a..b'), parsing('apex must be a domain name: "a..b"')],
  ]
  for (const [corefile, error] of cases)
    t.equal(await serveError({ corefile, files: { 'c/all.yaml': cluster } }), error, corefile)
})
