import t from 'tap'
import type { KubernetesObject } from '../support/api-server/kubernetes-object.ts'
import { objectsOf } from '../support/api-server/manifests.ts'
import { Oracle, replyText } from './oracle.ts'

const manifests = `
{ apiVersion: v1, kind: Namespace, metadata: { name: a } }
---
{ apiVersion: v1, kind: Namespace, metadata: { name: b } }
---
apiVersion: v1
kind: Service
metadata: { name: web, namespace: a }
spec: { clusterIPs: [10.0.0.1, "fd00::1"], ports: [{ name: http, port: 80 }, { name: dns, port: 53, protocol: UDP }] }
---
apiVersion: v1
kind: Service
metadata: { name: db, namespace: a }
spec: { clusterIPs: [None] }
---
apiVersion: v1
kind: Service
metadata: { name: idle, namespace: a }
spec: { clusterIPs: [None] }
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: db-x, namespace: a, labels: { kubernetes.io/service-name: db } }
endpoints:
  - { addresses: [10.1.0.1], hostname: db-0 }
  - { addresses: [10.1.0.2], conditions: { ready: true } }
  - { addresses: [10.1.0.3], conditions: { ready: false } }
ports: [{ name: pg, port: 5432 }]
---
{ apiVersion: v1, kind: Service, metadata: { name: in, namespace: b }, spec: { type: ExternalName, externalName: web.a.svc.cluster.local } }
---
{ apiVersion: v1, kind: Service, metadata: { name: in2, namespace: b }, spec: { type: ExternalName, externalName: in.b.svc.cluster.local } }
---
{ apiVersion: v1, kind: Service, metadata: { name: out, namespace: b }, spec: { type: ExternalName, externalName: www.example.org } }
---
{ apiVersion: v1, kind: Service, metadata: { name: lost, namespace: b }, spec: { type: ExternalName, externalName: none.a.svc.cluster.local } }
---
{ apiVersion: v1, kind: Service, metadata: { name: ring, namespace: b }, spec: { type: ExternalName, externalName: ring2.b.svc.cluster.local } }
---
{ apiVersion: v1, kind: Service, metadata: { name: ring2, namespace: b }, spec: { type: ExternalName, externalName: ring.b.svc.cluster.local } }
---
{ apiVersion: v1, kind: Service, metadata: { name: orphan, namespace: gone }, spec: { clusterIPs: [10.0.0.9] } }
`

/** Names below svc.cluster.local; \`~\` in an answer stands for it. */
const cases: readonly (readonly [question: string, answer: string])[] = [
  ['web.a A', 'NOERROR web.a~ A 10.0.0.1'],
  ['web.a AAAA', 'NOERROR web.a~ AAAA fd00::1'],
  ['web.a CNAME', 'NOERROR'],
  ['web.a SRV', 'NOERROR web.a~ SRV 53 web.a~, web.a~ SRV 80 web.a~'],
  ['_dns._udp.web.a SRV', 'NOERROR _dns._udp.web.a~ SRV 53 web.a~'],
  ['_dns._tcp.web.a SRV', 'NXDOMAIN'],
  ['db.a A', 'NOERROR db.a~ A 10.1.0.1, db.a~ A 10.1.0.2'],
  ['db.a AAAA', 'NOERROR'],
  ['db.a SRV', 'NOERROR db.a~ SRV 5432 10-1-0-2.db.a~, db.a~ SRV 5432 db-0.db.a~'],
  ['db-0.db.a A', 'NOERROR db-0.db.a~ A 10.1.0.1'],
  ['10-1-0-1.db.a A', 'NXDOMAIN'],
  ['10-1-0-2.db.a A', 'NOERROR 10-1-0-2.db.a~ A 10.1.0.2'],
  ['10-1-0-3.db.a A', 'NXDOMAIN'],
  ['idle.a A', 'NXDOMAIN'],
  ['none.a A', 'NXDOMAIN'],
  ['a A', 'NOERROR'],
  ['gone A', 'NXDOMAIN'],
  ['orphan.gone A', 'NXDOMAIN'],
  ['in.b CNAME', 'NOERROR in.b~ CNAME web.a~'],
  ['in.b A', 'NOERROR in.b~ CNAME web.a~, web.a~ A 10.0.0.1'],
  ['in2.b A', 'NOERROR in.b~ CNAME web.a~, in2.b~ CNAME in.b~, web.a~ A 10.0.0.1'],
  ['out.b A', 'NOERROR out.b~ CNAME www.example.org., www.example.org. A 192.0.2.1'],
  ['out.b AAAA', 'NOERROR out.b~ CNAME www.example.org.'],
  ['lost.b A', 'NOERROR'],
  ['ring.b A', 'NOERROR'],
]

t.test('the oracle says what the specification says', async (t) => {
  const objects = await objectsOf(manifests)
  const kinds: Readonly<Record<string, string>> = {
    namespaces: 'Namespace',
    services: 'Service',
    endpointslices: 'EndpointSlice',
  }
  const of = (plural: string): KubernetesObject[] => objects.filter(({ kind }) => kind === kinds[plural])
  const oracle = new Oracle({ objects: of })
  for (const [question, answer] of cases) {
    const [name, type] = question.split(' ')
    t.equal(
      oracle.answer(`${name}.svc.cluster.local. ${type}`),
      answer.replaceAll('~', '.svc.cluster.local.'),
      question,
    )
  }
  for (const [address, answer] of [
    ['1.0.0.10', 'web.a'],
    ['1.0.1.10', 'db-0.db.a'],
    ['2.0.1.10', '10-1-0-2.db.a'],
  ] as const) {
    const name = `${address}.in-addr.arpa.`
    t.equal(oracle.answer(`${name} PTR`), `NOERROR ${name} PTR ${answer}.svc.cluster.local.`)
  }
  t.equal(oracle.answer('3.0.1.10.in-addr.arpa. PTR'), 'NXDOMAIN')
})

t.test('a reply reads as an expectation does, whatever its order, TTLs and weights', async (t) => {
  t.equal(
    replyText('NOERROR', ['X.test. 5 IN SRV 0 33 80 B.test.', 'x.test. 7 IN SRV 0 50 53 a.test.']),
    'NOERROR x.test. SRV 53 a.test., x.test. SRV 80 b.test.',
  )
  t.equal(replyText('NOERROR', []), 'NOERROR')
  t.equal(replyText('NXDOMAIN', []), 'NXDOMAIN')
})
