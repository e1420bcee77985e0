import t from 'tap'
import { manifestSteps, parseManifestFile } from './manifest-file.ts'

const parse = (text: string, file = 'x.yaml') => {
  const { objects, faults } = parseManifestFile(file, text)
  return { objects: objects.flatMap(({ object }) => object ?? []), faults }
}

t.test('objects are trimmed to what DNS shows', async (t) => {
  const { objects, faults } = parse(`
apiVersion: v1
kind: Namespace
metadata: { name: prod, labels: { env: live } }
---
apiVersion: v1
kind: Service
metadata: { name: web, namespace: prod }
spec:
  clusterIP: 10.96.0.7
  ports: [{ name: http, port: 80, targetPort: 8080 }, { port: 53, protocol: UDP }]
---
apiVersion: v1
kind: Service
metadata: { name: db, namespace: prod }
spec: { clusterIP: None, clusterIPs: [None] }
---
apiVersion: v1
kind: Service
metadata: { name: out }
spec: { type: ExternalName, externalName: db.example }
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: web-1, namespace: prod, labels: { kubernetes.io/service-name: web } }
addressType: IPv4
ports: [{ name: http, port: 8080 }, { name: any }]
endpoints:
  - { addresses: [10.0.0.1, 10.0.0.2], hostname: Web-0, zone: Zone-A, targetRef: { kind: Pod, name: web-0 } }
  - { addresses: [10.0.0.3], conditions: { ready: false } }
  - { addresses: [10.0.0.4], conditions: { ready: null } }
---
apiVersion: v1
kind: Pod
metadata: { name: web-0, namespace: prod, labels: { app: web } }
status: { phase: Running, podIP: 10.0.0.1 }
`)
  t.strictSame(faults, [])
  t.strictSame(objects, [
    { kind: 'Namespace', namespace: '', name: 'prod' },
    {
      kind: 'Service',
      namespace: 'prod',
      name: 'web',
      externalName: null,
      headless: false,
      clusterIPs: ['10.96.0.7'],
      external: [],
      ports: [
        { name: 'http', protocol: 'TCP', port: 80 },
        { name: '', protocol: 'UDP', port: 53 },
      ],
    },
    {
      kind: 'Service',
      namespace: 'prod',
      name: 'db',
      externalName: null,
      headless: true,
      clusterIPs: [],
      external: [],
      ports: [],
    },
    {
      kind: 'Service',
      namespace: 'default',
      name: 'out',
      externalName: 'db.example',
      headless: false,
      clusterIPs: [],
      external: [],
      ports: [],
    },
    {
      kind: 'EndpointSlice',
      namespace: 'prod',
      name: 'web-1',
      service: 'web',
      family: 4,
      ports: [
        { name: 'http', protocol: 'TCP', port: 8080 },
        { name: 'any', protocol: 'TCP', port: null },
      ],
      endpoints: [
        { address: '10.0.0.1', hostname: 'web-0', target: 'web-0', zone: 'zone-a' },
        { address: '10.0.0.2', hostname: 'web-0', target: 'web-0', zone: 'zone-a' },
        { address: '10.0.0.4', hostname: '', target: '', zone: '' },
      ],
    },
    { kind: 'Pod', namespace: 'prod', name: 'web-0', address: '10.0.0.1', labels: { app: 'web' } },
  ])
})

t.test('a slice from another cluster is a slice of this one, too, as an API server would list it', async (t) => {
  const { objects, faults } = parse(`
apiVersion: multicluster.x-k8s.io/v1alpha1
kind: ServiceImport
metadata: { name: web, namespace: prod }
spec: { type: ClusterSetIP, ips: [10.97.0.1], ports: [{ name: http, port: 80 }] }
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata:
  name: web-east
  namespace: prod
  labels: { multicluster.kubernetes.io/service-name: web, multicluster.kubernetes.io/source-cluster: east }
addressType: IPv4
endpoints: [{ addresses: [10.0.0.1], zone: a }]
`)
  const slice = { namespace: 'prod', name: 'web-east', family: 4, ports: [] }
  const endpoint = { address: '10.0.0.1', hostname: '', target: '' }
  t.strictSame(faults, [])
  t.strictSame(objects, [
    {
      kind: 'ServiceImport',
      namespace: 'prod',
      name: 'web',
      headless: false,
      addresses: ['10.97.0.1'],
      ports: [{ name: 'http', protocol: 'TCP', port: 80 }],
    },
    { kind: 'EndpointSlice', ...slice, service: '', endpoints: [{ ...endpoint, zone: 'a' }] },
    { kind: 'ImportedSlice', ...slice, service: 'web', cluster: 'east', endpoints: [{ ...endpoint, zone: '' }] },
  ])
})

t.test('what nobody asked for is left out, labels for selectors stay', async (t) => {
  const text = `
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: s, labels: { app: web } }
addressType: IPv4
endpoints: [{ addresses: [10.0.0.1], conditions: { ready: false }, zone: a, targetRef: { name: p } }]
`
  const trim = { endpoints: 'all', targets: false, zones: false, podLabels: false } as const
  const { objects } = parseManifestFile('x.yaml', text, trim)
  t.match(objects, [
    {
      name: { kind: 'EndpointSlice', namespace: 'default', name: 's' },
      labels: { app: 'web' },
      object: { endpoints: [{ address: '10.0.0.1', target: '', zone: '' }] },
    },
  ])
  t.match(parseManifestFile('x.yaml', text).objects, [{ object: { endpoints: [] } }])
})

t.test('kinds and pods that DNS does not show are passed over', async (t) => {
  const pod = (metadata: string, status: string): string =>
    `{ apiVersion: v1, kind: Pod, metadata: { name: p${metadata} }, status: { ${status} } }`
  const texts = [
    '{ apiVersion: apps/v1, kind: Deployment, metadata: { name: web } }',
    '{ apiVersion: serving.knative.dev/v1, kind: Service, metadata: { name: web }, spec: 7 }',
    '{ apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, metadata: { name: x }, addressType: FQDN, endpoints: [{ addresses: [a.example] }] }',
    pod('', 'phase: Succeeded, podIP: 10.0.0.1'),
    pod('', 'phase: Pending'),
    pod(', deletionTimestamp: 2026-01-01T00:00:00Z', 'phase: Running, podIP: 10.0.0.1'),
    '',
    '# only a comment',
  ]
  for (const text of texts) t.strictSame(parse(text), { objects: [], faults: [] }, text)
})

t.test('a List is its items, in YAML and in JSON', async (t) => {
  const list = {
    apiVersion: 'v1',
    kind: 'List',
    items: [{ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'a' } }],
  }
  const expected = { objects: [{ kind: 'Namespace', namespace: '', name: 'a' }], faults: [] }
  t.strictSame(parse(JSON.stringify(list)), expected)
  t.strictSame(parse(JSON.stringify(list), 'x.json'), expected)
  t.strictSame(parse('{', 'x.json').faults.length, 1)
})

t.test('a wrong document is reported with its place, the others still count', async (t) => {
  const good = '{ apiVersion: v1, kind: Namespace, metadata: { name: a } }'
  const cases: [document: string, fault: RegExp][] = [
    ['kind: Service', /^x\.yaml:3: document 2: apiVersion: is required$/],
    ['apiVersion: v1', /^x\.yaml:3: document 2: kind: is required$/],
    ['[1, 2]', /^x\.yaml:3: document 2: must be a mapping$/],
    ['{ apiVersion: v1, kind: Service, metadata: {} }', /metadata\.name: is required$/],
    [
      '{ apiVersion: v1, kind: Service, metadata: { name: A_b } }',
      /Service default\/A_b: metadata\.name: must be a lower-case DNS name$/,
    ],
    [
      '{ apiVersion: v1, kind: Service, metadata: { name: s, namespace: n }, spec: { ports: [{ port: 1 }, { port: "80" }] } }',
      /Service n\/s: spec\.ports\[1\]\.port: must be an integer from 1 to 65535$/,
    ],
    [
      '{ apiVersion: v1, kind: Service, metadata: { name: s }, spec: { clusterIP: 10.0.0.256 } }',
      /Service default\/s: spec\.clusterIP: must be an IP address or None$/,
    ],
    [
      '{ apiVersion: v1, kind: List, items: [{ apiVersion: v1, kind: Service, metadata: { name: s }, spec: { ports: [{}] } }] }',
      /document 2: Service default\/s: spec\.ports\[0\]\.port: is required$/,
    ],
    [
      '{ apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, metadata: { name: e }, addressType: IPv4, endpoints: [{ addresses: ["fd00::1"] }] }',
      /EndpointSlice default\/e: endpoints\[0\]\.addresses\[0\]: must be an IPv4 address$/,
    ],
    ['a: b: c', /^x\.yaml:3: document 2: .*mapping/],
    ['&a [*b]', /^x\.yaml:3: document 2: /],
  ]
  for (const [document, fault] of cases) {
    const { objects, faults } = parse(`${good}\n---\n${document}\n---\n${good.replace('a }', 'b }')}\n`)
    t.strictSame(
      objects.map(({ name }) => name),
      ['a', 'b'],
      document,
    )
    t.equal(faults.length, 1, document)
    t.match(faults[0], fault)
  }
})

t.test('anchors are followed, and mappings merged as kubectl merges them', async (t) => {
  const { objects, faults } = parse(`
kind: List
items:
  - apiVersion: v1
    kind: Service
    metadata: { name: a }
    spec: &spec { clusterIP: 10.96.0.1, ports: [{ port: 80 }] }
  - apiVersion: v1
    kind: Service
    metadata: { name: b }
    spec: { <<: *spec, clusterIP: 10.96.0.2 }
`)
  t.strictSame(faults, [])
  t.match(objects, [
    { name: 'a', clusterIPs: ['10.96.0.1'], ports: [{ port: 80 }] },
    { name: 'b', clusterIPs: ['10.96.0.2'], ports: [{ port: 80 }] },
  ])
})

t.test('a bomb of aliases is a fault, not a burst', async (t) => {
  const levels = Array.from({ length: 12 }, (_, i) => `l${i + 1}: &l${i + 1} [${Array(9).fill(`*l${i}`).join(', ')}]`)
  const { faults } = parse(`l0: &l0 x\n${levels.join('\n')}\nkind: List\nitems: *l12\n`)
  t.equal(faults.length, 1)
})

t.test('names in complaints cannot write log lines of their own', async (t) => {
  const { faults } = parse('apiVersion: v1\nkind: Service\nmetadata: { name: "a\\n[ERROR] b" }\n')
  t.strictSame(faults, [
    'x.yaml:1: document 1: Service default/a\\n[ERROR] b: metadata.name: must be a lower-case DNS name',
  ])
})

t.test('what cannot be part of an answer is refused with its place', async (t) => {
  const slice = (endpoint: string): string =>
    `apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: { name: s }\naddressType: IPv6\nendpoints: [${endpoint}]\n`
  const cases: readonly [text: string, fault: string][] = [
    [slice('{ addresses: ["fd00::1"], hostname: "\\u0141" }'), 'endpoints[0].hostname: must be a DNS label'],
    [slice('{ addresses: ["fd00::1"], hostname: a.b }'), 'endpoints[0].hostname: must be a DNS label'],
    [slice('{ addresses: ["fe80::1%eth0"] }'), 'endpoints[0].addresses[0]: must be an IPv6 address'],
  ]
  for (const [text, fault] of cases)
    t.strictSame(parse(text).faults, [`x.yaml:1: document 1: EndpointSlice default/s: ${fault}`])
  const service = 'apiVersion: v1\nkind: Service\nmetadata: { name: s }\nspec: { clusterIP: "fe80::1%eth0" }\n'
  t.match(parse(service).faults, [/spec\.clusterIP: must be an IP address or None/])
})

t.test('a file of many documents is read a document a step', async (t) => {
  const text = Array.from({ length: 50 }, (_, i) => `apiVersion: v1\nkind: Namespace\nmetadata: { name: n${i} }\n`)
  const steps = manifestSteps('x.yaml', text.join('---\n'))
  let count = 0
  let step = steps.next()
  for (; !step.done; step = steps.next()) count++
  t.ok(count >= 50, `${count} steps`)
  t.equal(step.value.objects.length, 50)
})
