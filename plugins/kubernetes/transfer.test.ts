import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import t from 'tap'
import { batchOf } from '../../k8s/object-bytes.ts'
import type { ClusterObject, ServiceObject } from '../../k8s/objects.ts'
import { withCluster } from '../../test/support/cluster-server.ts'
import { FakeClock } from '../../test/support/fake-clock.ts'
import { type AskOptions, serve } from '../../test/support/serve.ts'
import { plainOptions, TestCluster } from '../../test/support/test-cluster.ts'
import { Name } from '../../wire/name.ts'
import { formatRecord } from '../../wire/presentation.ts'
import { octetsOf } from './addresses.ts'
import type { KubernetesOptions } from './options.ts'
import { ClusterZones } from './transfer.ts'

const tcp: AskOptions = { transport: 'tcp' }
const toAll = 'transfer {\n to *\n }'
const seconds = (clock: FakeClock): number => Math.floor(clock.wall() / 1000)

t.test('the zone of a cluster is its name servers, then its Services by name', async (t) => {
  const server = await serve(t, withCluster('', toAll))
  await server.clock.advance(2_000)
  const answer = (await server.ask('cluster.local. AXFR', tcp))?.answer ?? []
  const soa = 'cluster.local. 5 IN SOA ns.dns.cluster.local. hostmaster.cluster.local. 1767225600 7200 1800 86400 5'
  t.strictSame([answer[0], answer.at(-1)], [soa, soa])
  t.strictSame(
    answer.slice(1, -1).filter((record) => !/^(cluster\.local|ns\.dns)\./.test(record)),
    [
      'circle.prod.svc 5 IN CNAME circle.prod.svc',
      'db.prod.svc 5 IN A 10.244.1.1',
      'db-0.db.prod.svc 5 IN A 10.244.1.1',
      '_pg._tcp.db.prod.svc 5 IN SRV 0 50 5432 db-0.db.prod.svc',
      'db.prod.svc 5 IN A 10.244.1.2',
      'db-1.db.prod.svc 5 IN A 10.244.1.2',
      '_pg._tcp.db.prod.svc 5 IN SRV 0 50 5432 db-1.db.prod.svc',
      'db.prod.svc 5 IN AAAA fd00:244::',
      'fd00-244--0.db.prod.svc 5 IN AAAA fd00:244::',
      '_pg._tcp.db.prod.svc 5 IN SRV 0 100 5432 fd00-244--0.db.prod.svc',
      'inside.prod.svc 5 IN CNAME web.prod.svc',
      'noports.prod.svc 5 IN A 10.96.0.8',
      'nowhere.prod.svc 5 IN CNAME missing.prod.svc',
      'outside.prod.svc 5 IN CNAME www.example.org.',
      'web.prod.svc 5 IN A 10.96.0.7',
      'web.prod.svc 5 IN AAAA fd00:96::7',
      'web.prod.svc 5 IN SRV 0 100 80 web.prod.svc',
      '_http._tcp.web.prod.svc 5 IN SRV 0 100 80 web.prod.svc',
      'web.prod.svc 5 IN SRV 0 100 53 web.prod.svc',
      '_dns._udp.web.prod.svc 5 IN SRV 0 100 53 web.prod.svc',
    ].map((line) => line.replaceAll(/\.svc\b/g, '.svc.cluster.local.')),
  )
  t.match(await server.ask('cluster.local. IXFR', { ...tcp, serial: 1767225600 }), { answer: [soa] })
})

t.test('only the apex of a forward zone can be transferred, and only with transfer', async (t) => {
  const server = await serve(t, withCluster('', toAll))
  for (const name of ['svc.cluster.local.', 'web.prod.svc.cluster.local.', 'in-addr.arpa.', 'ip6.arpa.'])
    t.equal((await server.ask(`${name} AXFR`, tcp))?.rcode, 'REFUSED', name)
  const without = await serve(t, withCluster())
  t.equal((await without.ask('cluster.local. AXFR', tcp))?.rcode, 'REFUSED')
})

t.test('secondaries are told of a new serial every ten seconds at most', async (t) => {
  const socket = createSocket('udp4')
  const told: number[] = []
  socket.on('message', (bytes, from) => {
    told.push(bytes.length)
    const reply = Buffer.from(bytes)
    reply[2]! |= 0x80
    socket.send(reply, from.port, from.address)
  })
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  t.teardown(() => socket.close())
  const server = await serve(t, withCluster('', `transfer {\n to 127.0.0.1:${socket.address().port}\n }`))
  await server.clock.advance(2_000)
  await t.resolves(server.until(() => told.length > 0))
  const before = told.length
  await server.clock.advance(60_000)
  t.ok(told.length <= before + 1, 'what does not change is not told again')
  await server.write(
    'cluster/more.yaml',
    'apiVersion: v1\nkind: Service\nmetadata: { name: more, namespace: prod }\nspec: { clusterIP: 10.96.0.99 }\n',
  )
  await t.resolves(server.until(async () => (await server.ask('more.prod.svc.cluster.local. A'))?.answer.length === 1))
  const known = told.length
  await server.clock.advance(12_000)
  await t.resolves(server.until(() => told.length === known + 1))
})

// ---- one index, step by step -------------------------------------------------------------------------------------------------------

function zonesOver(changes: Partial<KubernetesOptions> = {}, { compat = false, local = ['10.244.9.9'] } = {}) {
  const cluster = new TestCluster(changes, local)
  const clock = new FakeClock()
  const host = { clock, onStop: () => {}, block: { settings: { compat } } }
  const options = { ...plainOptions, ...changes }
  const zones = new ClusterZones({
    options,
    index: cluster.index,
    host: host as unknown as ConstructorParameters<typeof ClusterZones>[0]['host'],
    localAddresses: () => local.flatMap((text) => octetsOf(text) ?? []),
  })
  const open = (name = 'cluster.local.') => {
    const zone = zones.open(Name.parse(name))
    if (zone === null || zone === 'unready') throw new Error(String(zone))
    return zone
  }
  const records = (name?: string): string[] =>
    [...open(name).records()].flatMap((record) => (record ? formatRecord(record) : []))
  return { cluster, clock, zones, open, records }
}

const service = (name: string, address: string): ServiceObject => ({
  kind: 'Service',
  namespace: 'prod',
  name,
  externalName: null,
  headless: address === '',
  clusterIPs: address === '' ? [] : [address],
  external: [],
  ports: [],
})
const namespace: ClusterObject = { kind: 'Namespace', namespace: '', name: 'prod' }

t.test('a cluster that is not known yet cannot be transferred', async (t) => {
  const { zones, cluster } = zonesOver()
  t.equal(zones.open(Name.parse('cluster.local.')), 'unready')
  t.equal(zones.open(Name.parse('example.')), null)
  cluster.load([namespace])
  t.type(zones.open(Name.parse('cluster.local.')), 'object')
})

t.test('name servers are the Services that this server is an endpoint of, or ns.dns', async (t) => {
  const { cluster, records } = zonesOver()
  cluster.load([namespace])
  t.strictSame(records(), ['cluster.local. 5 IN NS ns.dns.cluster.local.', 'ns.dns.cluster.local. 5 IN A 10.244.9.9'])
  cluster.load([
    service('dns', '10.96.0.10'),
    {
      kind: 'EndpointSlice',
      namespace: 'prod',
      name: 'dns-1',
      service: 'dns',
      family: 4,
      ports: [],
      endpoints: [{ address: '10.244.9.9', hostname: '', target: '', zone: '' }],
    },
  ])
  t.strictSame(records(), [
    'cluster.local. 5 IN NS dns.prod.svc.cluster.local.',
    'dns.prod.svc.cluster.local. 5 IN A 10.96.0.10',
    'dns.prod.svc.cluster.local. 5 IN A 10.96.0.10',
  ])
  const alone = zonesOver({}, { local: [] })
  alone.cluster.load([namespace])
  t.strictSame(alone.records(), ['cluster.local. 5 IN NS ns.dns.cluster.local.'])
  const compat = zonesOver({}, { compat: true })
  compat.cluster.load([namespace])
  t.strictSame(compat.records()[1], 'ns.dns.cluster.local. 0 IN A 10.244.9.9', 'CoreDNS gives their addresses TTL 0')
})

t.test('a zone of sets of clusters has their imports, each endpoint below its cluster', async (t) => {
  const { cluster, records } = zonesOver()
  const ports = [{ name: 'pg', protocol: 'TCP', port: 5432 }]
  const endpoints = [{ address: '10.1.0.1', hostname: 'db-0', target: '', zone: '' }]
  cluster.load([
    namespace,
    service('own', '10.96.0.1'),
    { kind: 'ServiceImport', namespace: 'prod', name: 'web', headless: false, addresses: ['10.42.0.1'], ports },
    { kind: 'ServiceImport', namespace: 'prod', name: 'db', headless: true, addresses: [], ports },
    {
      kind: 'ImportedSlice',
      namespace: 'prod',
      name: 'db-1',
      service: 'db',
      family: 4,
      cluster: 'east',
      ports,
      endpoints,
    },
  ])
  const below = (line: string): string => line.replaceAll(/\.svc\b/g, '.svc.clusterset.local.')
  t.strictSame(
    records('clusterset.local.').slice(2),
    [
      'db.prod.svc 5 IN A 10.1.0.1',
      'db-0.east.db.prod.svc 5 IN A 10.1.0.1',
      '_pg._tcp.db.prod.svc 5 IN SRV 0 100 5432 db-0.east.db.prod.svc',
      'web.prod.svc 5 IN A 10.42.0.1',
      'web.prod.svc 5 IN SRV 0 100 5432 web.prod.svc',
      '_pg._tcp.web.prod.svc 5 IN SRV 0 100 5432 web.prod.svc',
    ].map(below),
  )
  t.notOk(records().some((record) => record.includes('web')))
})

t.test('what queries do not find is not in the zone', async (t) => {
  const limited = zonesOver({ namespaces: new Set(['other']) })
  limited.cluster.load([namespace, service('web', '10.96.0.1')])
  t.equal(limited.records().length, 2)
  const filled = zonesOver({ ignoreEmptyService: true })
  filled.cluster.load([namespace, service('web', '10.96.0.1')])
  t.equal(filled.records().length, 2)
})

t.test('changes while a zone is sent do no harm, and have a later serial', async (t) => {
  const { cluster, clock, open } = zonesOver()
  const now = seconds(clock)
  const names = Array.from({ length: 1000 }, (_, i) => `s${String(i).padStart(4, '0')}`)
  cluster.load([namespace, ...names.map((name, i) => service(name, `10.97.${i >> 8}.${i & 255}`))])
  cluster.apply(batchOf([], { serial: now - 100, synced: true, whole: false }))
  const zone = open()
  const records: string[] = []
  let step = 0
  for (const record of zone.records()) {
    if (record) records.push(formatRecord(record))
    if (++step !== 1500) continue
    const changes = [
      { deleted: { kind: 'Service', namespace: 'prod', name: 's0999' } as const },
      { object: service('s0998', '10.99.0.1') },
      { object: service('s0997x', '10.99.0.2') },
    ]
    cluster.apply(batchOf(changes, { serial: now, synced: true, whole: false }))
  }
  t.equal(zone.serial, now - 100)
  t.equal(records.length, 2 + 1000 - 1)
  t.ok(records.includes('s0998.prod.svc.cluster.local. 5 IN A 10.99.0.1'))
  t.notOk(records.some((record) => record.startsWith('s0997x') || record.startsWith('s0999.')))
  t.ok(open().serial > zone.serial)
})

t.test('a second that more changes may still come in is not given as the serial', async (t) => {
  const { cluster, clock, open } = zonesOver()
  const now = seconds(clock)
  cluster.load([namespace])
  const serialAt = async (serial: number): Promise<string[]> => {
    cluster.apply(batchOf([], { serial, synced: true, whole: false }))
    const zone = open()
    return [formatRecord(zone.soa).split(' ')[6]!, String(zone.serial)]
  }
  t.strictSame(await serialAt(now - 100), [String(now - 100), String(now - 100)])
  t.strictSame(await serialAt(now), [String(now - 2), String(now)], 'a secondary has to come back')
  await clock.advance(2_000)
  t.strictSame(await serialAt(now), [String(now), String(now)])
})
