import fc from 'fast-check'
import t from 'tap'
import { DamagedBytes, SharedStrings } from './byte-text.ts'
import { batchOf, type Change, changesOf, packedChangesOf } from './object-bytes.ts'
import type { ClusterObject } from './objects.ts'

const plain = { serial: 7, synced: true, whole: false } as const

const objects: readonly ClusterObject[] = [
  { kind: 'Namespace', namespace: '', name: 'n' },
  {
    kind: 'Service',
    namespace: 'n',
    name: 'web',
    externalName: null,
    headless: false,
    clusterIPs: ['10.0.0.1', 'fd00::1'],
    external: ['192.0.2.1', 'lb.example'],
    ports: [{ name: 'http', protocol: 'TCP', port: 80 }],
  },
  {
    kind: 'Service',
    namespace: 'n',
    name: 'alias',
    externalName: '',
    headless: true,
    clusterIPs: [],
    external: [],
    ports: [],
  },
  {
    kind: 'EndpointSlice',
    namespace: 'n',
    name: 'web-1',
    service: '',
    family: 4,
    ports: [{ name: '', protocol: 'UDP', port: null }],
    endpoints: [
      { address: '10.0.0.255', hostname: '', target: 'p', zone: '' },
      { address: '0.0.0.0', hostname: 'h-1', target: '', zone: 'z' },
    ],
  },
  {
    kind: 'ImportedSlice',
    namespace: 'n',
    name: 'web-2',
    service: 'web',
    cluster: 'east',
    family: 6,
    ports: [],
    endpoints: [{ address: 'FD00:0::1', hostname: '', target: '', zone: '' }],
  },
  { kind: 'EndpointSlice', namespace: 'n', name: 'none', service: 'web', family: 6, ports: [], endpoints: [] },
  {
    kind: 'ServiceImport',
    namespace: 'n',
    name: 'web',
    headless: true,
    addresses: ['10.9.9.9'],
    ports: [{ name: 'x', protocol: 'TCP', port: 65_535 }],
  },
  {
    kind: 'Pod',
    namespace: 'n',
    name: 'ünïcode',
    address: '10.0.0.1',
    labels: { b: '2', a: 'x'.repeat(300), ['__proto__']: 'y' },
  },
]

t.test('objects come back as they went in', async (t) => {
  const changes: Change[] = [
    ...objects.map((object) => ({ object })),
    { deleted: { kind: 'ServiceImport', namespace: 'n', name: 'gone' } },
  ]
  const batch = batchOf(changes, plain)
  t.match(batch, plain)
  t.strictSame([...changesOf(batch)], changes)
  t.equal(batch.records.byteLength, batch.records.buffer.byteLength, 'nothing else is copied with it')
})

t.test('equal labels in another order are equal bytes', async (t) => {
  const pod = (labels: Record<string, string>) =>
    batchOf([{ object: { kind: 'Pod', namespace: 'n', name: 'p', address: '', labels } }], plain).records
  t.strictSame(pod({ a: '1', b: '2' }), pod({ b: '2', a: '1' }))
  t.notSame(pod({ a: '1', b: '2' }), pod({ a: '2', b: '1' }))
})

t.test('names that repeat are one string, and no two names are taken for one', async (t) => {
  const strings = new SharedStrings()
  const texts = Array.from({ length: 20_000 }, (_, i) => `name-${i}`)
  t.strictSame(
    texts.map((text) => strings.get(Buffer.from(`<${text}>`), 1, text.length + 1)),
    texts,
  )
  t.equal(strings.get(Buffer.from('ö'), 0, 2), 'ö')
  t.equal(strings.get(Buffer.from('Ã¶'), 0, 4), 'Ã¶')
})

t.test('damaged bytes are told as such, wherever they are damaged', async (t) => {
  const { records } = batchOf(
    objects.map((object) => ({ object })),
    plain,
  )
  const read = (bytes: Uint8Array): boolean => {
    try {
      for (const _ of packedChangesOf(bytes, new SharedStrings()));
      return true
    } catch (error) {
      if (error instanceof DamagedBytes) return false
      throw error
    }
  }
  const cuts = Array.from({ length: records.length }, (_, length) => read(records.slice(0, length)))
  t.equal(cuts.filter(Boolean).length, objects.length, 'only a cut between two objects is none')
  const damage = fc.record({ at: fc.nat(records.length - 1), octet: fc.nat(255) })
  const property = fc.property(fc.array(damage, { minLength: 1, maxLength: 3 }), (damages) => {
    const bytes = records.slice()
    for (const { at, octet } of damages) bytes[at] = octet
    read(bytes)
  })
  t.doesNotThrow(() => fc.assert(property, { numRuns: 5_000 }))
})
