import t from 'tap'
import { cluster } from '../../test/support/cluster-server.ts'
import { serve } from '../../test/support/serve.ts'
import { plainOptions } from '../../test/support/test-cluster.ts'
import type { Host } from '../plugin.ts'
import { ClusterIndex } from './cluster-index.ts'
import { podLabelsMax } from './limits.ts'
import { offerMetadata } from './metadata.ts'

const labels = [
  'namespace',
  'service',
  'endpoint',
  'kind',
  'port-name',
  'protocol',
  'zone',
  'parse-error',
  'client-namespace',
  'client-pod-name',
  'client-label/team',
]

t.test('what a name asks for and which pod asks is known to other plugins', async (t) => {
  const server = await serve(t, {
    corefile: `. {
      metadata
      log . "${labels.map((label) => `{/kubernetes/${label}}`).join('|')}"
      kubernetes cluster.local {
        manifests cluster
        pods verified
        zonal
      }
      whoami
    }`,
    files: { 'cluster/all.yaml': cluster },
  })
  // A part that the name does not have is empty; what is not known at all is a hyphen.
  const cases: [name: string, client: string, told: string][] = [
    ['_http._tcp.web.prod.svc.cluster.local.', '10.244.0.1', 'prod|web||svc|http|tcp||-|prod|web-0|blue'],
    ['db-0.db.prod.svc.cluster.local.', '192.0.2.1', 'prod|db|db-0|svc||||-|-|-|-'],
    ['A.pin._zone.db.prod.svc.cluster.local.', '192.0.2.1', 'prod|db||svc|||a|-|-|-|-'],
    ['10-244-0-1.prod.pod.cluster.local.', '192.0.2.1', 'prod|10-244-0-1||pod||||-|-|-|-'],
    ['x.cluster.local.', '192.0.2.1', '-|-|-|-|-|-|-|invalid query name|-|-|-'],
    ['elsewhere.example.', '10.244.0.1', '-|-|-|-|-|-|-|-|prod|web-0|blue'],
  ]
  for (const [name, client, told] of cases) {
    await server.ask(`${name} A`, { client })
    t.equal(server.log.at(-1), `[INFO] ${told}`, name)
  }
})

t.test('a label that a pod does not have is not known, whatever its key', async (t) => {
  const server = await serve(t, {
    corefile: `. {
      metadata
      log . "{/kubernetes/client-label/constructor}"
      kubernetes cluster.local {
        manifests cluster
        pods verified
      }
      whoami
    }`,
    files: {
      'cluster/all.yaml': `${cluster}---
apiVersion: v1
kind: Pod
metadata: { name: built, namespace: prod, labels: { constructor: acme } }
status: { phase: Running, podIP: 10.244.0.2 }
`,
    },
  })
  for (const [client, told] of [
    ['10.244.0.2', 'acme'],
    ['10.244.0.1', '-'],
  ] as const) {
    await server.ask('elsewhere.example. A', { client })
    t.equal(server.log.at(-1), `[INFO] ${told}`)
  }
})

t.test('in a zone of a set of clusters the name tells the cluster', async (t) => {
  const server = await serve(t, {
    corefile: `. {
      metadata
      log . "{/kubernetes/endpoint}|{/kubernetes/cluster}|{/kubernetes/service}|{/kubernetes/port-name}"
      kubernetes cluster.local clusterset.local {
        manifests cluster
        multicluster clusterset.local
      }
    }`,
    files: { 'cluster/all.yaml': cluster },
  })
  const cases: [name: string, told: string][] = [
    ['db-0.East.db.prod.svc.clusterset.local.', 'db-0|east|db|'],
    ['_pg._tcp.db.prod.svc.clusterset.local.', '||db|pg'],
    ['db-0.east.db.prod.svc.cluster.local.', '|-|db|db-0'],
  ]
  for (const [name, told] of cases) {
    await server.ask(`${name} A`)
    t.equal(server.log.at(-1), `[INFO] ${told}`, name)
  }
})

t.test('however many labels pods have, a bounded number is known', (t) => {
  const offered = new Set<string>()
  const warnings: string[] = []
  const host = {
    offerMetadata: (label: string) => void offered.add(label),
    log: { warning: (text: string) => void warnings.push(text) },
  } as unknown as Host
  const index = new ClusterIndex({ podNames: false, zonal: false })
  const podSeen = offerMetadata(host, { ...plainOptions, pods: 'verified' }, index)
  const pod = { kind: 'Pod', namespace: 'a', name: 'p', address: '10.0.0.1' } as const
  for (let i = 0; i < podLabelsMax + 10; i++) podSeen({ ...pod, labels: { [`key-${i}`]: 'x' } })
  t.equal([...offered].filter((label) => label.startsWith('kubernetes/client-label/')).length, podLabelsMax)
  t.equal(warnings.length, 1)
  t.end()
})
