import t from 'tap'
import type { ClusterObject, PodObject } from './objects.ts'
import { ObjectStore } from './store.ts'

const namespace = (name: string): ClusterObject => ({ kind: 'Namespace', namespace: '', name })
const pod = (name: string, address: string, labels = {}): PodObject => ({
  kind: 'Pod',
  namespace: 'a',
  name,
  address,
  labels,
})

const makeStore = () => {
  const clock = { seconds: 1_000 }
  return { clock, store: new ObjectStore(() => clock.seconds * 1_000 + 999) }
}

t.test('only what DNS shows differently is a change', async (t) => {
  const { clock, store } = makeStore()
  t.match(store.apply([namespace('a')], []), { upserts: [{ name: 'a' }], deletes: [], serial: 1_000 })
  clock.seconds = 2_000
  t.equal(store.apply([namespace('a')], []), null, 'the same object')
  t.equal(store.apply([], [namespace('b')]), null, 'nothing to delete')
  t.match(store.apply([], [namespace('a')]), {
    upserts: [],
    deletes: [{ kind: 'Namespace', namespace: '', name: 'a' }],
    serial: 2_000,
  })
})

t.test('a list replaces its kinds by difference and leaves the others alone', async (t) => {
  const { store } = makeStore()
  store.apply([namespace('a'), namespace('b'), pod('p', '10.0.0.1')], [])
  const batch = store.replace(new Set(['Namespace'] as const), [namespace('b'), namespace('c')])
  t.match(batch, { upserts: [namespace('c')], deletes: [namespace('a')] })
  t.equal(store.replace(new Set(['Namespace'] as const), [namespace('c'), namespace('b')]), null)
  t.strictSame(new Set(store.snapshot().upserts.map(({ name }) => name)), new Set(['b', 'c', 'p']))
})

t.test('the serial stands still where only the labels of a pod change', async (t) => {
  const { clock, store } = makeStore()
  store.apply([pod('p', '10.0.0.1')], [])
  clock.seconds = 2_000
  t.match(store.apply([pod('p', '10.0.0.1', { team: 'red' })], []), {
    upserts: [{ labels: { team: 'red' } }],
    serial: 1_000,
  })
  t.match(store.apply([pod('p', '10.0.0.2', { team: 'red' })], []), { serial: 2_000 })
})

t.test('being synced is said once, and by every snapshot after', async (t) => {
  const { store } = makeStore()
  t.equal(store.snapshot().synced, false)
  t.match(store.markSynced(), { upserts: [], synced: true })
  t.equal(store.markSynced(), null)
  t.equal(store.snapshot().synced, true)
})
