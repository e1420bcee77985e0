import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import t from 'tap'
import { type ChangeBatch, changesOf } from './object-bytes.ts'
import type { ClusterObject, EndpointSliceObject, ImportedSliceObject, ObjectName, PodObject } from './objects.ts'
import { keyOf } from './objects.ts'
import { type Item, ObjectStore } from './store.ts'

const itemOf = (object: ClusterObject, resourceVersion = '1'): Item => ({
  name: { kind: object.kind, namespace: object.namespace, name: object.name },
  object,
  uid: 'u',
  resourceVersion,
})
const goneItem = ({ kind, namespace, name }: ObjectName): Item => ({
  name: { kind, namespace, name },
  object: null,
  uid: 'u',
  resourceVersion: '2',
})
const namespace = (name: string): ClusterObject => ({ kind: 'Namespace', namespace: '', name })
const pod = (name: string, address: string, labels = {}): PodObject => ({
  kind: 'Pod',
  namespace: 'a',
  name,
  address,
  labels,
})

/** `+NAME` for an object, `-NAME` for one that is gone. */
const textOf = (batch: ChangeBatch | null): string[] =>
  batch
    ? [...changesOf(batch)].map((change) => ('object' in change ? `+${change.object.name}` : `-${change.deleted.name}`))
    : []

const makeStore = () => {
  const clock = { seconds: 1_000 }
  return { clock, store: new ObjectStore({ wall: () => clock.seconds * 1_000 + 999 }) }
}

t.test('only what DNS shows differently is a change', async (t) => {
  const { clock, store } = makeStore()
  const first = store.put([itemOf(namespace('a'))])
  t.strictSame(textOf(first), ['+a'])
  t.match(first, { serial: 1_000, synced: false, whole: false })
  clock.seconds = 2_000
  t.equal(store.put([itemOf(namespace('a'), '2')]), null, 'the same object')
  t.equal(store.delete([namespace('b')]), null, 'nothing to delete')
  const last = store.delete([namespace('a')])
  t.strictSame([...changesOf(last!)], [{ deleted: { kind: 'Namespace', namespace: '', name: 'a' } }])
  t.equal(last?.serial, 2_000)
})

t.test('an object in a state that DNS does not show is known and gone at once', async (t) => {
  const { store } = makeStore()
  store.put([itemOf(pod('p', '10.0.0.1'))])
  t.strictSame(textOf(store.put([goneItem(pod('p', ''))])), ['-p'])
  t.equal(store.put([goneItem(pod('p', ''))]), null)
  t.equal(store.put([goneItem(pod('q', ''))]), null)
  t.equal(store.holds({ kind: 'Pod', namespace: 'a', name: 'p' }, 'u', '2'), true)
  t.equal(store.count('Pod'), 2)
  t.equal(store.snapshot().records.length, 0)
  t.equal(store.delete([pod('q', '')]), null)
  t.strictSame(textOf(store.put([itemOf(pod('p', '10.0.0.1'))])), ['+p'])
})

t.test('a listing replaces its kind by difference, page by page, and leaves the others alone', async (t) => {
  const { store } = makeStore()
  store.put([namespace('a'), namespace('b'), pod('p', '10.0.0.1')].map((each) => itemOf(each)))
  const listing = store.listing('Namespace')
  t.strictSame(textOf(listing.put([itemOf(namespace('b'))])), [])
  t.strictSame(textOf(listing.put([itemOf(namespace('c'))])), ['+c'])
  t.strictSame(textOf(listing.end()), ['-a'])
  t.strictSame(textOf(store.snapshot()).sort(), ['+b', '+c', '+p'])
  t.equal(store.snapshot().whole, true)
})

t.test('what a list has but cannot be read stays, and so does what a watch told meanwhile', async (t) => {
  const { store } = makeStore()
  store.put([itemOf(namespace('a')), itemOf(namespace('b'))])
  const listing = store.listing('Namespace')
  listing.keep({ kind: 'Namespace', namespace: '', name: 'a' })
  listing.keep({ kind: 'Namespace', namespace: '', name: 'unknown' })
  store.put([itemOf(namespace('c'))])
  t.strictSame(textOf(listing.end()), ['-b'])
})

t.test('a listing that was given up takes nothing away, not even when it ends late', async (t) => {
  const { store } = makeStore()
  store.put([itemOf(namespace('a')), itemOf(namespace('b'))])
  const givenUp = store.listing('Namespace')
  givenUp.put([itemOf(namespace('b'))])
  const listing = store.listing('Namespace')
  listing.put([itemOf(namespace('a'))])
  t.equal(givenUp.end(), null)
  t.strictSame(textOf(listing.end()), ['-b'])
})

t.test('what was restored counts until a listing does not have it, and is held in no version', async (t) => {
  const before = makeStore().store
  before.put([itemOf(namespace('a')), itemOf(namespace('b')), itemOf(pod('p', '10.0.0.1'))])
  const { clock, store } = makeStore()
  clock.seconds = 5_000
  store.put([itemOf(pod('p', '10.0.0.2'))])
  store.restore(before.snapshot())
  t.strictSame(textOf(store.snapshot()).sort(), ['+a', '+b', '+p'])
  t.match(store.snapshot(), { serial: 5_000, synced: false })
  t.match([...changesOf(store.snapshot())].at(-1), { object: { address: '10.0.0.2' } }, 'news are not undone')
  t.equal(store.holds({ kind: 'Namespace', namespace: '', name: 'a' }, 'u', '1'), false)
  const listing = store.listing('Namespace')
  t.equal(listing.put([itemOf(namespace('a'))]), null)
  t.equal(store.holds({ kind: 'Namespace', namespace: '', name: 'a' }, 'u', '1'), true)
  t.strictSame(textOf(listing.end()), ['-b'])
})

t.test('the serial stands still where only the labels of a pod change', async (t) => {
  const { clock, store } = makeStore()
  store.put([itemOf(pod('p', '10.0.0.1'))])
  clock.seconds = 2_000
  const labels = store.put([itemOf(pod('p', '10.0.0.1', { team: 'red', __proto__: 'x' }))])
  t.match([...changesOf(labels!)], [{ object: { labels: { team: 'red' } } }])
  t.equal(labels?.serial, 1_000)
  t.equal(store.put([itemOf(pod('p', '10.0.0.1', { team: 'red' }))]), null)
  t.equal(store.put([itemOf(pod('p', '10.0.0.2', { team: 'red' }))])?.serial, 2_000)
})

t.test('being synced is said once, and by every snapshot after', async (t) => {
  const { store } = makeStore()
  t.equal(store.snapshot().synced, false)
  t.match(store.markSynced(), { synced: true, whole: false })
  t.equal(store.markSynced(), null)
  t.equal(store.snapshot().synced, true)
})

t.test('a version is held only as uid and resource version together', async (t) => {
  const { store } = makeStore()
  const name: ObjectName = { kind: 'Namespace', namespace: '', name: 'a' }
  store.put([{ name, object: namespace('a'), uid: 'one', resourceVersion: '12' }])
  t.equal(store.holds(name, 'one', '12'), true)
  t.equal(store.holds(name, 'one', '13'), false)
  t.equal(store.holds(name, 'one1', '2'), false)
  t.equal(store.holds({ ...name, name: 'b' }, 'one', '12'), false)
  t.equal(store.holds({ ...name, kind: 'Service' }, 'one', '12'), false)
})

// ---- against a plain Map -----------------------------------------------------------------------------------------------------------

const text = fc.constantFrom('', 'a', 'b', 'web-0', 'ä', 'x'.repeat(200))
const address = fc.constantFrom('10.0.0.1', '255.255.255.255', 'fd00::1', '::ffff:10.0.0.1')
const ports = fc.array(
  fc.record({
    name: text,
    protocol: fc.constantFrom('TCP', 'UDP'),
    port: fc.option(fc.integer({ min: 1, max: 65535 })),
  }),
  { maxLength: 2 },
)
const where = { namespace: fc.constantFrom('n', 'm'), name: fc.constantFrom('a', 'b', 'c', 'd') }
const sliceFields = {
  ...where,
  service: text,
  family: fc.constantFrom<4 | 6>(4, 6),
  ports,
  endpoints: fc.array(fc.record({ address, hostname: text, target: text, zone: text }), { maxLength: 3 }),
}
const object: fc.Arbitrary<ClusterObject> = fc.oneof(
  fc.record({ kind: fc.constant('Namespace' as const), namespace: fc.constant(''), name: where.name }),
  fc.record({
    kind: fc.constant('Service' as const),
    ...where,
    externalName: fc.option(text),
    headless: fc.boolean(),
    clusterIPs: fc.array(address, { maxLength: 2 }),
    external: fc.array(text, { maxLength: 2 }),
    ports,
  }),
  fc.record({ kind: fc.constant('EndpointSlice' as const), ...sliceFields }) as fc.Arbitrary<EndpointSliceObject>,
  fc.record({
    kind: fc.constant('ImportedSlice' as const),
    ...sliceFields,
    cluster: text,
  }) as fc.Arbitrary<ImportedSliceObject>,
  fc.record({
    kind: fc.constant('ServiceImport' as const),
    ...where,
    headless: fc.boolean(),
    addresses: fc.array(address, { maxLength: 2 }),
    ports,
  }),
  fc.record({ kind: fc.constant('Pod' as const), ...where, address, labels: fc.dictionary(text, text) }),
)
const kind = fc.constantFrom<ClusterObject['kind']>('Service', 'EndpointSlice', 'Pod', 'Namespace')
const step = fc.oneof(
  fc.record({ do: fc.constant('put' as const), objects: fc.array(object, { maxLength: 5 }) }),
  fc.record({ do: fc.constant('hide' as const), objects: fc.array(object, { maxLength: 2 }) }),
  fc.record({ do: fc.constant('delete' as const), objects: fc.array(object, { maxLength: 3 }) }),
  fc.record({
    do: fc.constant('list' as const),
    kind,
    objects: fc.array(object, { maxLength: 6 }),
    complete: fc.boolean(),
  }),
  fc.record({ do: fc.constant('restart' as const), objects: fc.constant([]) }),
)

function apply(model: Map<string, ClusterObject>, batch: ChangeBatch | null): void {
  if (!batch) return
  if (batch.whole) model.clear()
  for (const change of changesOf(batch)) {
    if ('object' in change) model.set(keyOf(change.object), change.object)
    else model.delete(keyOf(change.deleted))
  }
}

/** Without the prototypes that generators leave out. */
const plain = (object: ClusterObject): ClusterObject => JSON.parse(JSON.stringify(object)) as ClusterObject

const same = (one: Map<string, ClusterObject>, other: Map<string, ClusterObject>): boolean =>
  one.size === other.size &&
  [...one].every(([key, each]) => {
    const there = other.get(key)
    return there !== undefined && isDeepStrictEqual(plain(each), plain(there))
  })

t.test(
  'after any sequence of news the store, and whoever followed its batches, has the state of a plain map',
  async (t) => {
    const property = fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      let { store } = makeStore()
      const model = new Map<string, ClusterObject>()
      const follower = new Map<string, ClusterObject>()
      for (const step of steps) {
        if (step.do === 'put') {
          for (const each of step.objects) model.set(keyOf(each), each)
          apply(follower, store.put(step.objects.map((each) => itemOf(each))))
        } else if (step.do === 'hide') {
          for (const each of step.objects) model.delete(keyOf(each))
          apply(follower, store.put(step.objects.map(goneItem)))
        } else if (step.do === 'delete') {
          for (const each of step.objects) model.delete(keyOf(each))
          apply(follower, store.delete(step.objects))
        } else if (step.do === 'list') {
          const listed = step.objects.filter((each) => each.kind === step.kind)
          const listing = store.listing(step.kind)
          apply(follower, listing.put(listed.map((each) => itemOf(each))))
          const keys = new Set(listed.map(keyOf))
          if (step.complete) {
            for (const [key, each] of model) if (each.kind === step.kind && !keys.has(key)) model.delete(key)
            apply(follower, listing.end())
          }
          for (const each of listed) model.set(keyOf(each), each)
        } else {
          const next = makeStore().store
          next.restore(store.snapshot())
          store = next
        }
        const state = new Map<string, ClusterObject>()
        apply(state, store.snapshot())
        if (!same(state, model)) throw new Error('the store differs')
        if (!same(follower, model)) throw new Error('the follower differs')
      }
    })
    t.doesNotThrow(() => fc.assert(property, { numRuns: 300 }))
  },
)

t.test('batches name the kinds that may not be listed, until a listing ends', async (t) => {
  const store = new ObjectStore({ wall: () => 0 })
  t.same(store.markUnlisted('Pod')?.unlisted, ['Pod'])
  t.equal(store.markUnlisted('Pod'), null)
  t.same(store.markSynced()?.unlisted, ['Pod'])
  t.same(store.snapshot().unlisted, ['Pod'])
  const ended = store.listing('Pod').end()
  t.ok(ended, 'that it is known now is news')
  t.equal(ended?.unlisted, undefined)
})
