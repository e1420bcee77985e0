// After any sequence of changes what is told of the outside is that of a fresh index, and nothing told changes while all that it depends on stands.

import fc from 'fast-check'
import t from 'tap'
import { batchOf, type Change } from '../../k8s/object-bytes.ts'
import type { ClusterObject, ObjectPort } from '../../k8s/objects.ts'
import { plainOptions } from '../../test/support/test-cluster.ts'
import type { ExternalFound } from '../external-names.ts'
import type { Version } from '../version.ts'
import { octetsOf } from './addresses.ts'
import { ClusterIndex } from './cluster-index.ts'
import { External } from './external.ts'

const own = octetsOf('10.0.0.4')!
const outside = ['203.0.113.1', '203.0.113.2', 'fd00::9', 'lb.example', 'other.example']
const ports: ObjectPort[] = [
  { name: 'http', protocol: 'TCP', port: 80 },
  { name: 'dns', protocol: 'UDP', port: 53 },
]

const service = fc
  .record({
    name: fc.constantFrom('s', 't'),
    headless: fc.boolean(),
    external: fc.subarray(outside, { maxLength: 2 }),
    ports: fc.subarray(ports),
  })
  .map((fields): ClusterObject => ({ kind: 'Service', namespace: 'a', externalName: null, clusterIPs: [], ...fields }))

const endpoint = fc.record({
  address: fc.constantFrom('10.0.0.1', '10.0.0.2', '10.0.0.4'),
  hostname: fc.constantFrom('', 'h-0'),
  target: fc.constant(''),
  zone: fc.constant(''),
})

const slice = fc
  .record({
    name: fc.constantFrom('e1', 'e2'),
    service: fc.constantFrom('s', 't'),
    ports: fc.subarray(ports),
    endpoints: fc.array(endpoint, { maxLength: 2 }),
  })
  .map((fields): ClusterObject => ({ kind: 'EndpointSlice', namespace: 'a', family: 4, ...fields }))

const namespace = fc.constant<ClusterObject>({ kind: 'Namespace', namespace: '', name: 'a' })
const object = fc.oneof(
  { weight: 3, arbitrary: service },
  { weight: 3, arbitrary: slice },
  { weight: 1, arbitrary: namespace },
)
const change: fc.Arbitrary<Change> = fc.oneof(
  { weight: 4, arbitrary: object.map((object) => ({ object })) },
  { weight: 1, arbitrary: object.map(({ kind, namespace, name }) => ({ deleted: { kind, namespace, name } })) },
)

const below = ['', 'x.', 'h-0.', '10-0-0-1.', '_http._tcp.', 'dns.udp.', '_nope._tcp.', 'a.b.c.']
const names = ['a', 's.b', ...['s', 't'].flatMap((name) => below.map((labels) => `${labels}${name}.a`))]

/** Everything that can be asked: what is said, in an order of its own, and what it rests on. */
function askAll(external: External): Map<string, { text: string; depends: readonly Version[] }> {
  const said = new Map<string, { text: string; depends: readonly Version[] }>()
  for (const name of names) {
    for (const headless of [false, true]) {
      const found = external.find(name.split('.'), headless)
      said.set(`${name} ${headless}`, { text: textOf(found), depends: found.depends })
    }
  }
  for (const address of outside.slice(0, 3)) {
    const { names, depends } = external.namesOf(address)
    said.set(address, { text: JSON.stringify(names), depends })
  }
  for (const headless of [false, true]) {
    const { addresses, depends } = external.serverAddresses(headless)
    said.set(`servers ${headless}`, { text: [...new Set(addresses.map(String))].sort().join(), depends })
  }
  return said
}

function textOf({ exists, candidates, aliases, service }: ExternalFound): string {
  const lines = [
    ...candidates.map(({ octets, label, ports }) => `${octets} ${label} ${ports}`),
    ...aliases.map(({ target, ports }) => `${target} ${ports}`),
  ]
  return [exists, service.join('.'), ...lines.sort()].join('\n')
}

function makeExternal(changes: readonly Change[]): { external: External; apply: (changes: readonly Change[]) => void } {
  const index = new ClusterIndex({ podNames: false, zonal: false })
  const apply = (changes: readonly Change[]): void => {
    for (const _ of index.apply(batchOf(changes, { serial: 1, synced: true, whole: false })));
  }
  apply(changes)
  const parts = { options: plainOptions, index, localAddresses: () => [own], transferable: false }
  return { external: new External(parts), apply }
}

t.test('what is told of the outside is always right, or had been told to be stale', async (t) => {
  let stale = 0
  const property = fc.property(fc.array(change, { minLength: 1, maxLength: 25 }), (changes) => {
    const start: Change[] = [{ object: { kind: 'Namespace', namespace: '', name: 'a' } }]
    const { external, apply } = makeExternal(start)
    let kept = askAll(external)
    for (const [index, change] of changes.entries()) {
      apply([change])
      const now = askAll(external)
      const fresh = askAll(makeExternal([...start, ...changes.slice(0, index + 1)]).external)
      for (const [question, { text }] of fresh) {
        if (now.get(question)?.text !== text) throw new Error(`${question}: ${now.get(question)?.text}, fresh ${text}`)
        const before = kept.get(question)!
        if (before.text === text) continue
        if (before.depends.every((version) => version.stands))
          throw new Error(`${question} is stale: ${before.text}, now ${text}`)
        stale++
      }
      kept = now
    }
  })
  t.doesNotThrow(() => fc.assert(property, { numRuns: 150 }))
  t.ok(stale > 500, `${stale} answers did change`)
})

t.test('the serial is 0 until something changes, and that of the cluster where there are secondaries', async (t) => {
  const index = new ClusterIndex({ podNames: false, zonal: false })
  const parts = { options: plainOptions, index, localAddresses: () => [] }
  const [plain, transferable] = [false, true].map((transferable) => new External({ ...parts, transferable }))
  const serials = (): number[] => [plain!.serial.value, transferable!.serial.value]
  const apply = (serial: number, synced: boolean): void => {
    for (const _ of index.apply(batchOf([], { serial, synced, whole: false })));
  }
  t.strictSame(serials(), [0, 0])
  apply(7, false)
  t.strictSame(serials(), [0, 7])
  apply(8, true)
  t.strictSame(serials(), [0, 8])
  apply(9, true)
  t.strictSame(serials(), [9, 9])
})
