// For the tests of *kubernetes*: a small cluster for a whole server, and how its answers are checked.

import type { Test } from 'tap'

/** A cluster with one of each kind of Service. */
export const cluster = `
apiVersion: v1
kind: Namespace
metadata: { name: prod, labels: { env: live } }
---
apiVersion: v1
kind: Namespace
metadata: { name: vacant }
---
apiVersion: v1
kind: Service
metadata: { name: web, namespace: prod, labels: { tier: gold } }
spec: { clusterIPs: [10.96.0.7, "fd00:96::7"], ports: [{ name: http, port: 80 }, { name: dns, port: 53, protocol: UDP }] }
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: web-1, namespace: prod, labels: { kubernetes.io/service-name: web } }
addressType: IPv4
ports: [{ name: http, port: 8080 }]
endpoints:
  - { addresses: [10.244.0.1], targetRef: { kind: Pod, name: web-0 } }
---
apiVersion: v1
kind: Service
metadata: { name: noports, namespace: prod }
spec: { clusterIP: 10.96.0.8 }
---
apiVersion: v1
kind: Service
metadata: { name: db, namespace: prod, labels: { tier: gold } }
spec: { clusterIP: None, ports: [{ name: pg, port: 5432 }] }
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: db-1, namespace: prod, labels: { kubernetes.io/service-name: db, tier: gold } }
addressType: IPv4
ports: [{ name: pg, port: 5432 }]
endpoints:
  - { addresses: [10.244.1.1], hostname: db-0, zone: Zone-A }
  - { addresses: [10.244.1.2], hostname: db-1, zone: zone-b }
  - { addresses: [10.244.1.3], hostname: db-2, conditions: { ready: false } }
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: db-2, namespace: prod, labels: { kubernetes.io/service-name: db, tier: gold } }
addressType: IPv6
ports: [{ name: pg, port: 5432 }]
endpoints:
  - { addresses: ["fd00:244::"] }
---
apiVersion: v1
kind: Service
metadata: { name: empty, namespace: prod }
spec: { clusterIP: None, ports: [{ name: pg, port: 5432 }] }
---
apiVersion: v1
kind: Service
metadata: { name: inside, namespace: prod }
spec: { type: ExternalName, externalName: web.prod.svc.cluster.local }
---
apiVersion: v1
kind: Service
metadata: { name: outside, namespace: prod }
spec: { type: ExternalName, externalName: www.example.org }
---
apiVersion: v1
kind: Service
metadata: { name: nowhere, namespace: prod }
spec: { type: ExternalName, externalName: missing.prod.svc.cluster.local }
---
apiVersion: v1
kind: Service
metadata: { name: circle, namespace: prod }
spec: { type: ExternalName, externalName: circle.prod.svc.cluster.local }
---
apiVersion: v1
kind: Service
metadata: { name: address, namespace: prod }
spec: { type: ExternalName, externalName: 192.0.2.77 }
---
apiVersion: v1
kind: Pod
metadata: { name: web-0, namespace: prod, labels: { team: blue } }
status: { phase: Running, podIP: 10.244.0.1 }
`

const example = `
$ORIGIN example.org.
@ 60 IN SOA ns admin 1 2 3 4 60
@ 60 IN NS ns
ns 60 IN A 192.0.2.1
www 60 IN A 192.0.2.2
`

const reverse = `
$ORIGIN in-addr.arpa.
@ 60 IN SOA ns.example.org. admin.example.org. 1 2 3 4 60
@ 60 IN NS ns.example.org.
9.9.9.9 60 IN PTR nine.example.org.
`

/** What to serve: the cluster with `options` in the block of *kubernetes* and `more` after it. */
export const withCluster = (options = '', more = '') => ({
  corefile: `cluster.local in-addr.arpa ip6.arpa {
    kubernetes {
      manifests cluster
      ${options}
    }
    ${more}
  }
  example.org {
    file db.example.org
  }`,
  files: { 'cluster/all.yaml': cluster, 'db.example.org': example, 'db.in-addr': reverse },
})

export const soa =
  'cluster.local. 5 IN SOA ns.dns.cluster.local. hostmaster.cluster.local. 1767225600 7200 1800 86400 5'
export const nodata: Expected = { authority: [soa] }
export const nxdomain: Expected = { rcode: 'NXDOMAIN', authority: [soa] }

/** A reply's sections as records in presentation format; what is not given is empty. */
export interface Expected {
  rcode?: string
  answer?: string[]
  authority?: string[]
  additional?: string[]
}

interface Server {
  ask(question: string): Promise<Reply | null>
}

interface Reply {
  readonly rcode: string
  readonly flags: readonly string[]
  readonly answer: readonly string[]
  readonly authority: readonly string[]
  readonly additional: readonly string[]
}

/** Asks each question and compares the reply, which has AA set. */
export async function check(
  t: Test,
  server: Server,
  cases: readonly (readonly [question: string, expected: Expected])[],
): Promise<void> {
  for (const [question, { rcode = 'NOERROR', answer = [], authority = [], additional = [] }] of cases) {
    const reply = await server.ask(question)
    const got = reply && {
      rcode: reply.rcode,
      flags: reply.flags,
      answer: reply.answer.toSorted(),
      authority: reply.authority,
      additional: reply.additional.toSorted(),
    }
    const wanted = {
      rcode,
      flags: ['aa', 'rd'],
      answer: answer.toSorted(),
      authority,
      additional: additional.toSorted(),
    }
    t.strictSame(got, wanted, question)
  }
}
