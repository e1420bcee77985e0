import t from 'tap'
import { serve } from '../../test/support/serve.ts'

const cluster = `
apiVersion: v1
kind: Namespace
metadata: { name: prod }
---
apiVersion: v1
kind: Service
metadata: { name: lb, namespace: prod }
spec: { clusterIP: 10.96.0.1, externalIPs: [203.0.113.25, "2001:db8::25"], ports: [{ name: http, port: 80 }, { port: 443 }] }
---
apiVersion: v1
kind: Service
metadata: { name: named, namespace: prod }
spec: { type: LoadBalancer, clusterIP: 10.96.0.4, ports: [{ name: http, port: 80 }] }
status: { loadBalancer: { ingress: [{ hostname: a.b.lb.example.org }] } }
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
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: dns, namespace: prod, labels: { kubernetes.io/service-name: lb } }
addressType: IPv4
ports: [{ name: http, port: 80 }]
endpoints: [{ addresses: [10.0.0.53] }]
`

const serving = (words: string) => ({
  corefile: `. {
    bind 10.0.0.53
    transfer apps.test {
      to *
    }
    kubernetes cluster.local {
      manifests cluster
    }
    k8s_external apps.test {
      ${words}
    }
  }`,
  files: { 'cluster/all.yaml': cluster },
})

const soa = (serial: number): string =>
  `apps.test. 5 IN SOA ns1.dns.apps.test. hostmaster.dns.apps.test. ${serial} 7200 1800 86400 5`
const apex = [
  'apps.test. 5 IN NS ns1.dns.apps.test.',
  'ns1.dns.apps.test. 5 IN A 203.0.113.25',
  'ns1.dns.apps.test. 5 IN AAAA 2001:db8::25',
]
/** As CoreDNS sends them: once for each port, and the host name's own labels taken for the port's. */
const external = [
  'lb.prod.apps.test. 5 IN A 203.0.113.25',
  'lb.prod.apps.test. 5 IN A 203.0.113.25',
  'lb.prod.apps.test. 5 IN AAAA 2001:db8::25',
  'lb.prod.apps.test. 5 IN AAAA 2001:db8::25',
  'lb.prod.apps.test. 5 IN SRV 0 100 80 lb.prod.apps.test.',
  '_http._tcp.lb.prod.apps.test. 5 IN SRV 0 100 80 lb.prod.apps.test.',
  'named.prod.apps.test. 5 IN CNAME a.b.lb.example.org.',
  'named.prod.apps.test. 5 IN CNAME a.b.lb.example.org.',
  'named.prod.apps.test. 5 IN SRV 0 100 80 a.b.lb.example.org.',
  '_http._tcp.named.prod.apps.test. 5 IN SRV 0 100 80 lb.example.org.',
]
const headless = [
  'db.prod.apps.test. 5 IN A 10.244.1.1',
  'db.prod.apps.test. 5 IN A 10.244.1.2',
  'db.prod.apps.test. 5 IN SRV 0 50 5432 db-0.db.prod.apps.test.',
  'db.prod.apps.test. 5 IN SRV 0 50 5432 db-1.db.prod.apps.test.',
  'db-0.db.prod.apps.test. 5 IN A 10.244.1.1',
  'db-0.db.prod.apps.test. 5 IN SRV 0 100 5432 db-0.db.prod.apps.test.',
  'db-1.db.prod.apps.test. 5 IN A 10.244.1.2',
  'db-1.db.prod.apps.test. 5 IN SRV 0 100 5432 db-1.db.prod.apps.test.',
  '_pg._tcp.db.prod.apps.test. 5 IN SRV 0 50 5432 db-0.db.prod.apps.test.',
  '_pg._tcp.db.prod.apps.test. 5 IN SRV 0 50 5432 db-1.db.prod.apps.test.',
]

t.test('a zone is transferred whole, with the serial of its last finished second', async (t) => {
  const cases: [words: string, records: string[]][] = [
    ['', [...apex, ...external]],
    ['headless', [...apex, ...external, ...headless]],
  ]
  for (const [words, records] of cases) {
    const server = await serve(t, serving(words))
    const transfer = async (): Promise<string[]> =>
      (await server.ask('apps.test. AXFR', { transport: 'tcp' }))?.answer.slice() ?? []
    const first = await transfer()
    t.strictSame(first.slice(1, -1).toSorted(), records.toSorted(), words)
    t.strictSame([first[0], first.at(-1)], [soa(1_767_225_598), soa(1_767_225_598)], 'more may change in this second')
    await server.clock.advance(3_000)
    const second = await transfer()
    t.strictSame([second[0], second.at(-1)], [soa(1_767_225_600), soa(1_767_225_600)])
    t.strictSame((await server.ask('apps.test. SOA'))?.answer, [soa(1_767_225_600)])
  }
})

t.test('only zones of the plugin are transferred', async (t) => {
  const server = await serve(t, serving(''))
  for (const question of ['prod.apps.test. AXFR', 'other.test. AXFR'])
    t.strictSame((await server.ask(question, { transport: 'tcp' }))?.answer, [], question)
})
