// After any sequence of changes the index answers as one that is built from scratch, and no answer changes while all that it depends on stands.

import fc from 'fast-check'
import t from 'tap'
import { changesOf } from '../../k8s/object-bytes.ts'
import type {
  ClusterObject,
  Endpoint,
  EndpointSliceObject,
  ImportedSliceObject,
  ObjectName,
  ObjectPort,
} from '../../k8s/objects.ts'
import { type Item, ObjectStore } from '../../k8s/store.ts'
import { TestCluster, textOf } from '../../test/support/test-cluster.ts'
import type { Response } from '../response.ts'
import type { KubernetesOptions } from './options.ts'

const namespaces = ['a', 'b'] as const
const services = ['s', 't'] as const
const ipv4 = ['10.0.0.1', '10.0.0.2', '10.0.0.3', '10.0.0.4']
const ipv6 = ['fd00::1', 'fd00::2']
const ports: ObjectPort[] = [
  { name: 'http', protocol: 'TCP', port: 80 },
  { name: 'dns', protocol: 'UDP', port: 53 },
  { name: '', protocol: 'TCP', port: 9 },
]

const somePorts = fc.subarray(ports)
const externalNames = [
  's.a.svc.cluster.local',
  't.b.svc.cluster.local',
  'x.example',
  '192.0.2.7',
  'missing.a.svc.cluster.local',
]

const service = fc
  .record({
    namespace: fc.constantFrom(...namespaces),
    name: fc.constantFrom(...services),
    type: fc.constantFrom('address', 'headless', 'external'),
    addresses: fc.subarray([...ipv4, ...ipv6], { maxLength: 2 }),
    external: fc.constantFrom(...externalNames),
    outside: fc.subarray([ipv4[3]!, ipv6[0]!, 'lb.example']),
    ports: somePorts,
  })
  .map(
    ({ namespace, name, type, addresses, external, outside, ports }): ClusterObject => ({
      kind: 'Service',
      namespace,
      name,
      externalName: type === 'external' ? external : null,
      headless: type === 'headless',
      clusterIPs: type === 'address' ? addresses : [],
      external: outside,
      ports,
    }),
  )

const serviceImport = fc
  .record({
    namespace: fc.constantFrom(...namespaces),
    name: fc.constantFrom(...services),
    headless: fc.boolean(),
    addresses: fc.subarray([...ipv4, ...ipv6], { maxLength: 2 }),
    ports: somePorts,
  })
  .map(
    ({ headless, addresses, ...fields }): ClusterObject => ({
      kind: 'ServiceImport',
      headless,
      addresses: headless ? [] : addresses,
      ...fields,
    }),
  )

const endpoints = (addresses: readonly string[]): fc.Arbitrary<Endpoint[]> =>
  fc.array(
    fc.record({
      address: fc.constantFrom(...addresses),
      hostname: fc.constantFrom('', '', 'h-0', 'h-1'),
      target: fc.constantFrom('', 'pod-0'),
      zone: fc.constantFrom('', 'z1'),
    }),
    { maxLength: 3 },
  )

const slice = fc.constantFrom<4 | 6>(4, 6).chain((family) =>
  fc
    .record({
      namespace: fc.constantFrom(...namespaces),
      name: fc.constantFrom('e1', 'e2'),
      service: fc.constantFrom(...services, ...services, ''),
      ports: somePorts,
      endpoints: endpoints(family === 4 ? ipv4 : ipv6),
      imported: fc.boolean(),
      cluster: fc.constantFrom('east', 'West'),
    })
    .map(
      ({ imported, cluster, ...fields }): ClusterObject =>
        imported ? { kind: 'ImportedSlice', cluster, family, ...fields } : { kind: 'EndpointSlice', family, ...fields },
    ),
)

const namespace = fc
  .constantFrom(...namespaces)
  .map((name): ClusterObject => ({ kind: 'Namespace', namespace: '', name }))

const pod = fc
  .record({
    namespace: fc.constantFrom(...namespaces),
    name: fc.constantFrom('p1', 'p2'),
    address: fc.constantFrom(...ipv4),
  })
  .map((fields): ClusterObject => ({ kind: 'Pod', labels: {}, ...fields }))

const object = fc.oneof(namespace, service, serviceImport, slice, slice, slice, pod)

/** A slice that is there already, different in one respect. */
const tweak = fc.record({
  at: fc.nat(100),
  what: fc.constantFrom('ports', 'zone', 'cluster', 'hostname', 'empty', 'half'),
  ports: somePorts,
})

function tweaked(slice: EndpointSliceObject | ImportedSliceObject, { what, ports }: Tweak): ClusterObject {
  const [first, ...rest] = slice.endpoints
  switch (what) {
    case 'ports':
      return { ...slice, ports }
    case 'cluster':
      return slice.kind === 'ImportedSlice' ? { ...slice, cluster: slice.cluster === 'east' ? 'west' : 'east' } : slice
    case 'empty':
      return { ...slice, endpoints: [] }
    case 'half':
      return { ...slice, endpoints: rest }
    case 'zone':
      return first ? { ...slice, endpoints: [{ ...first, zone: first.zone === '' ? 'z1' : '' }, ...rest] } : slice
    case 'hostname':
      return first
        ? { ...slice, endpoints: [{ ...first, hostname: first.hostname === '' ? 'h-0' : '' }, ...rest] }
        : slice
  }
}
type Tweak = { what: 'ports' | 'zone' | 'cluster' | 'hostname' | 'empty' | 'half'; ports: ObjectPort[] }

/** What namespace `name` has at first: a headless Service, one with an address, and an import, each with a slice. */
function startOf(name: string): ClusterObject[] {
  const service = { kind: 'Service', namespace: name, externalName: null, external: [], ports } as const
  const endpoints = [
    { address: '10.0.0.1', hostname: 'h-0', target: 'pod-0', zone: 'z1' },
    { address: '10.0.0.2', hostname: '', target: '', zone: '' },
  ]
  const slice = { kind: 'EndpointSlice', namespace: name, family: 4, ports, endpoints } as const
  return [
    { kind: 'Namespace', namespace: '', name },
    { ...service, name: 's', headless: true, clusterIPs: [] },
    { ...slice, name: 'e1', service: 's' },
    { ...service, name: 't', headless: false, clusterIPs: ['10.0.0.3'] },
    { ...slice, name: 'e2', service: 't' },
    { kind: 'ServiceImport', namespace: name, name: 's', headless: true, addresses: [], ports },
    { ...slice, kind: 'ImportedSlice', name: 'e1', service: 's', cluster: 'east' },
  ]
}

const change = fc.record({
  /** Everything is told anew, as after a failure of the thread that watches. */
  whole: fc.boolean(),
  upserts: fc.array(object, { maxLength: 2 }),
  tweaks: fc.array(tweak, { maxLength: 2 }),
  deletes: fc.array(object, { maxLength: 1 }) as fc.Arbitrary<ObjectName[]>,
})

const options: fc.Arbitrary<Partial<KubernetesOptions>> = fc.record({
  namespaces: fc.constantFrom(new Set<string>(), new Set<string>(), new Set(['a'])),
  pods: fc.constantFrom('disabled', 'insecure', 'verified'),
  endpointPodNames: fc.boolean(),
  ignoreEmptyService: fc.boolean(),
  zonal: fc.constantFrom(true, true, false),
})

const belowService = [
  '',
  'h-0.',
  '10-0-0-1.',
  'pod-0.',
  'fd00--1.',
  '_tcp.',
  '_http._tcp.',
  'dns.udp.',
  'z1.pin._zone.',
  'z1.prefer._zone.',
]

const belowImport = ['', 'h-0.east.', '10-0-0-1.west.', 'fd00--1.east.', 'east.', '_http._tcp.', '_tcp.']

const questions = [
  ...[
    'cluster.local. NS',
    'cluster.local. A',
    'ns.dns.cluster.local. A',
    'svc.cluster.local. TXT',
    'pod.cluster.local. A',
  ],
  ...namespaces.flatMap((ns) => [
    `${ns}.svc.cluster.local. A`,
    `${ns}.svc.cluster.local. TXT`,
    `${ns}.pod.cluster.local. A`,
  ]),
  ...namespaces.flatMap((ns) => ipv4.map((ip) => `${ip.replaceAll('.', '-')}.${ns}.pod.cluster.local. A`)),
  ...namespaces.flatMap((ns) =>
    services.flatMap((name) =>
      belowService.flatMap((below) =>
        ['A', 'AAAA', 'SRV', 'CNAME', 'TXT'].map((type) => `${below}${name}.${ns}.svc.cluster.local. ${type}`),
      ),
    ),
  ),
  ...namespaces.flatMap((ns) =>
    services.flatMap((name) =>
      belowImport.flatMap((below) =>
        ['A', 'AAAA', 'SRV'].map((type) => `${below}${name}.${ns}.svc.clusterset.local. ${type}`),
      ),
    ),
  ),
  ...ipv4.map((ip) => `${ip.split('.').reverse().join('.')}.in-addr.arpa. PTR`),
  `1.${'0.'.repeat(27)}0.0.d.f.ip6.arpa. PTR`,
]

const ownAddress = '10.0.0.4'

const itemOf = (object: ClusterObject): Item => ({ name: object, object, uid: '', resourceVersion: '' })

function tweakedOf(store: ObjectStore, tweaks: readonly (Tweak & { at: number })[]): Item[] {
  const slices = [...changesOf(store.snapshot())].flatMap((change) =>
    'object' in change && (change.object.kind === 'EndpointSlice' || change.object.kind === 'ImportedSlice')
      ? [change.object]
      : [],
  )
  return slices.length === 0 ? [] : tweaks.map((each) => itemOf(tweaked(slices[each.at % slices.length]!, each)))
}

t.test(
  'after any changes every answer is that of a fresh index, and each one that changed had been told to be stale',
  async (t) => {
    let staleChecked = 0
    const property = fc.property(options, fc.array(change, { minLength: 1, maxLength: 12 }), (options, changes) => {
      const store = new ObjectStore({ wall: () => 1_000 })
      store.markSynced()
      store.put(namespaces.flatMap(startOf).map(itemOf))
      const cluster = new TestCluster(options, [ownAddress])
      cluster.apply(store.snapshot())
      const kept = new Map<string, Response | null>()
      for (const { whole, upserts, tweaks, deletes } of changes) {
        const batches = [store.put(upserts.map(itemOf)), store.put(tweakedOf(store, tweaks)), store.delete(deletes)]
        for (const batch of whole ? [store.snapshot()] : batches) if (batch) cluster.apply(batch)
        const fresh = new TestCluster(options, [ownAddress])
        fresh.apply(store.snapshot())
        for (const question of questions) {
          const now = cluster.ask(question)
          const expected = textOf(fresh.ask(question))
          if (String(textOf(now)) !== String(expected))
            throw new Error(`${question}\n  kept:  ${textOf(now).join('\n    ')}\n  fresh: ${expected.join('\n    ')}`)
          const before = kept.get(question)
          if (before?.reuse.depends.every((version) => version.stands)) {
            if (String(textOf(before)) !== String(expected))
              throw new Error(
                `${question} is stale\n  had: ${textOf(before).join('\n    ')}\n  now: ${expected.join('\n    ')}`,
              )
          } else {
            if (before) staleChecked++
            kept.set(question, now)
          }
        }
      }
    })
    t.doesNotThrow(() => fc.assert(property, { numRuns: 100 }))
    t.ok(staleChecked > 1000, 'answers did change')
  },
)

t.test('a change of endpoints leaves what a ClusterIP and other endpoints answer untouched', async (t) => {
  const cluster = new TestCluster()
  const store = new ObjectStore({ wall: () => 1_000 })
  store.markSynced()
  const put = (...objects: ClusterObject[]): void => cluster.apply(store.put(objects.map(itemOf))!)
  const endpoint = (address: string, hostname: string): Endpoint => ({ address, hostname, target: '', zone: '' })
  const endpointSlice = (...endpoints: Endpoint[]): ClusterObject => ({
    kind: 'EndpointSlice',
    namespace: 'a',
    name: 'e1',
    service: 's',
    family: 4,
    ports: [ports[0]!],
    endpoints,
  })
  put(
    { kind: 'Namespace', namespace: '', name: 'a' },
    {
      kind: 'Service',
      namespace: 'a',
      name: 's',
      externalName: null,
      headless: false,
      clusterIPs: ['10.9.9.9'],
      external: [],
      ports,
    },
    endpointSlice(endpoint('10.0.0.1', 'h-0'), endpoint('10.0.0.2', 'h-1')),
  )
  const untouched = [
    's.a.svc.cluster.local. A',
    's.a.svc.cluster.local. AAAA',
    'h-0.s.a.svc.cluster.local. A',
    '1.0.0.10.in-addr.arpa. PTR',
  ]
  const touched = [
    'h-1.s.a.svc.cluster.local. A',
    'h-2.s.a.svc.cluster.local. A',
    '2.0.0.10.in-addr.arpa. PTR',
    '3.0.0.10.in-addr.arpa. PTR',
  ]
  const asked = new Map([...untouched, ...touched].map((question) => [question, cluster.ask(question)!]))
  put(endpointSlice(endpoint('10.0.0.1', 'h-0'), endpoint('10.0.0.3', 'h-2')))
  const stands = (question: string): boolean => asked.get(question)!.reuse.depends.every((version) => version.stands)
  for (const question of untouched) t.equal(stands(question), true, question)
  for (const question of touched) t.equal(stands(question), false, question)
})
