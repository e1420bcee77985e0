import t from 'tap'
import { batchOf } from '../../k8s/object-bytes.ts'
import type { ClusterObject, PodObject } from '../../k8s/objects.ts'
import type { ChangeBatch } from '../../k8s/store.ts'
import { octetsOf, textKey } from './addresses.ts'
import { ClusterIndex } from './cluster-index.ts'

const trim = { podNames: false, zonal: false }
const namespace = (name: string): ClusterObject => ({ kind: 'Namespace', namespace: '', name })
const pod = (name: string, address: string, labels = {}): PodObject => ({
  kind: 'Pod',
  namespace: 'n',
  name,
  address,
  labels,
})
const service = (name: string, clusterIPs: string[], external: string[] = []): ClusterObject => ({
  kind: 'Service',
  namespace: 'n',
  name,
  externalName: null,
  headless: false,
  clusterIPs,
  external,
  ports: [],
})
const slice = (name: string, service: string, addresses: string[], cluster = ''): ClusterObject => {
  const endpoints = addresses.map((address) => ({ address, hostname: '', target: '', zone: '' }))
  const fields = { namespace: 'n', name, service, ports: [], endpoints }
  const family = addresses[0]?.includes(':') ? 6 : 4
  return cluster === ''
    ? { kind: 'EndpointSlice', family, ...fields }
    : { kind: 'ImportedSlice', cluster, family, ...fields }
}

const batch = (objects: readonly ClusterObject[], whole: boolean): ChangeBatch =>
  batchOf(
    objects.map((object) => ({ object })),
    { serial: 1, synced: true, whole },
  )

function makeIndex(...objects: ClusterObject[]): ClusterIndex {
  const index = new ClusterIndex(trim)
  for (const _ of index.apply(batch(objects, false)));
  return index
}

const services = (index: ClusterIndex): string[] => [...(index.namespaces.get('n')?.services.keys() ?? [])].sort()
const imports = (index: ClusterIndex): string[] => [...(index.namespaces.get('n')?.imports.keys() ?? [])].sort()

t.test(
  'a whole batch takes away what it does not name, and nothing that it names is missing in any step',
  async (t) => {
    const imported: ClusterObject = {
      kind: 'ServiceImport',
      namespace: 'n',
      name: 'i',
      headless: false,
      addresses: [],
      ports: [],
    }
    const kept = [
      namespace('n'),
      service('a', ['10.0.0.1']),
      slice('a-1', 'a', ['10.1.0.1']),
      imported,
      slice('i-1', 'i', ['10.2.0.1'], 'east'),
      pod('p', '10.1.0.1'),
    ]
    const dropped = [
      namespace('m'),
      service('b', ['10.0.0.2'], ['192.0.2.1']),
      slice('b-1', 'b', ['10.1.0.2', 'x']),
      slice('c-1', 'c', ['10.1.0.3']),
      { ...imported, name: 'j' },
      slice('j-1', 'k', ['10.2.0.2'], 'east'),
      pod('q', '10.1.0.2'),
    ]
    const index = makeIndex(...kept, ...dropped)
    t.strictSame(
      [services(index), imports(index)],
      [
        ['a', 'b', 'c'],
        ['i', 'j', 'k'],
      ],
    )
    const missing = (): boolean =>
      !index.namespaces.get('n')?.exists ||
      index.clusterAddresses.get(textKey('10.0.0.1')).length === 0 ||
      index.endpointAddresses.get(textKey('10.1.0.1')).length === 0 ||
      index.imports.endpointAddresses.get(textKey('10.2.0.1')).length === 0 ||
      index.podsByAddress.get(textKey('10.1.0.1')).length === 0 ||
      !index.service('n', 'a')?.view ||
      !index.import('n', 'i')?.view
    let steps = 0
    for (const _ of index.apply(batch(kept, true))) {
      steps++
      if (missing()) t.fail('something was missing')
    }
    t.ok(steps > kept.length)
    t.strictSame([services(index), imports(index)], [['a'], ['i']])
    t.equal(index.namespaces.has('m'), false)
    for (const address of ['10.0.0.2', '10.1.0.2', '10.1.0.3', '10.2.0.2', '192.0.2.1']) {
      const key = textKey(address)
      const owners = [index.services, index.imports].flatMap((tree) => [
        ...tree.clusterAddresses.get(key),
        ...tree.externalAddresses.get(key),
        ...tree.endpointAddresses.get(key),
      ])
      t.strictSame([owners, index.podsByAddress.get(key)], [[], []], address)
    }
  },
)

t.test('services are found by the addresses under which they are reached from outside', async (t) => {
  const index = makeIndex(service('a', [], ['192.0.2.1', 'lb.example', '2001:db8::1']), service('b', [], ['192.0.2.1']))
  const names = (address: string): string[] =>
    index.services.externalAddresses.get(textKey(address)).map(({ name }) => name)
  t.strictSame(names('192.0.2.1'), ['a', 'b'])
  t.strictSame(names('2001:db8::1'), ['a'])
  const { view } = index.service('n', 'a')!
  t.strictSame(view?.externalAddresses, [octetsOf('192.0.2.1'), octetsOf('2001:db8::1')])
  t.strictSame(view?.externalNames.map(String), ['lb.example.'])
  const version = index.addresses.version(textKey('192.0.2.1'))
  for (const _ of index.apply(batch([service('b', [], [])], false)));
  t.equal(version.stands, false)
  t.strictSame(names('192.0.2.1'), ['a'])
})

t.test(
  'an import is a Service apart from that of the same name, and its endpoints are named with their cluster',
  async (t) => {
    const index = makeIndex(namespace('n'), service('a', ['10.0.0.1']))
    const absent = index.imports.absent.version('n/a')
    const endpoint = index.imports.endpointNames.version('n/a/10-2-0-1.east')
    const other = index.imports.endpointNames.version('n/a/10-2-0-1.west')
    const own = index.service('n', 'a')!.endpoints.version
    for (const _ of index.apply(batch([slice('a-1', 'a', ['10.2.0.1', '10.2.0.2'], 'East')], false)));
    t.strictSame([absent.stands, endpoint.stands, other.stands, own.stands], [true, false, true, true])
    const node = index.import('n', 'a')!
    t.strictSame([node.view, node.endpointCount, node.slices[0]?.cluster], [null, 2, 'east'])
    const west = index.imports.endpointNames.version('n/a/10-2-0-1.west')
    for (const _ of index.apply(batch([slice('a-1', 'a', ['10.2.0.1', '10.2.0.2'], 'west')], false)));
    t.equal(west.stands, false)
  },
)

t.test('pods are found by address, whatever changed about them, and told once for each change', async (t) => {
  const index = new ClusterIndex(trim)
  const seen: string[] = []
  const put = (...pods: PodObject[]): void => {
    for (const _ of index.apply(batch(pods, false), ({ name }) => seen.push(name)));
  }
  const at = (address: string): string[] =>
    index.podsByAddress
      .get(textKey(address))
      .map(({ name }) => name)
      .sort()
  // More than one slab, so that pods move while others go.
  for (let i = 0; i < 3_000; i++) put(pod(`p-${i}`, `10.0.${i >> 8}.${i & 255}`, { n: String(i) }))
  t.equal(seen.length, 3_000)
  const version = index.podAddresses.version(textKey('10.0.0.7'))
  put(pod('p-7', '10.9.9.9'), pod('p-8', '10.9.9.9'))
  t.equal(version.stands, false)
  t.strictSame([at('10.0.0.7'), at('10.9.9.9')], [[], ['p-7', 'p-8']])
  const rest = Array.from({ length: 300 }, (_, i) => pod(`p-${i * 10}`, `10.0.${(i * 10) >> 8}.${(i * 10) & 255}`))
  for (const _ of index.apply(batch(rest, true)));
  for (let i = 0; i < 3_000; i++)
    if (String(at(`10.0.${i >> 8}.${i & 255}`)) !== (i % 10 === 0 ? `p-${i}` : '')) t.fail(`pod ${i}`)
  t.strictSame(index.podsByAddress.get(textKey('10.0.0.10')), [rest[1]])
})

t.test('an IPv6 slice holds IPv6 addresses only', async (t) => {
  const index = makeIndex(namespace('n'), slice('a-1', 'a', ['fd00::1', '::ffff:10.0.0.1', 'fd00::2']))
  const { view } = index.service('n', 'a')!.slices[0]!
  t.strictSame([view.label(0), view.label(1), view.count], ['fd00--1', 'fd00--2', 2])
  t.equal(index.endpointAddresses.get(textKey('fd00::2')).length, 1)
  t.equal(index.endpointAddresses.get(textKey('10.0.0.1')).length, 0)
})
