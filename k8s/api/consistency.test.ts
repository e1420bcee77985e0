import t from 'tap'
import { FakeClock } from '../../test/support/fake-clock.ts'
import { type Answer, namespace, page, ScriptedApi, status } from '../../test/support/scripted-api.ts'
import { type ClusterObject, keyOf } from '../objects.ts'
import { resources } from '../resources.ts'
import { ObjectStore } from '../store.ts'
import { ConsistencyCheck } from './consistency.ts'
import type { Report } from './report.ts'
import { watchTiming } from './watch-timing.ts'

/** A check of namespaces against a script; `known` are names with their versions. */
function setUp(script: readonly Answer[], known: Readonly<Record<string, string>>) {
  const clock = new FakeClock()
  const api = new ScriptedApi(script, () => clock.now())
  const store = new ObjectStore({ wall: () => clock.wall() })
  const touched = new Set<string>()
  const put = (name: string, resourceVersion: string): void => {
    touched.add(keyOf({ kind: 'Namespace', namespace: '', name }))
    const object: ClusterObject = { kind: 'Namespace', namespace: '', name }
    store.put([{ name: object, object, uid: `uid-${name}`, resourceVersion }])
  }
  for (const [name, version] of Object.entries(known)) put(name, version)
  const told: string[] = []
  const reflector = {
    selection: { resource: resources.Namespace, labels: '' },
    following: true,
    relist: (reason: string) => told.push(`relist ${reason}`),
    undecodableCount: 0,
    undecodable: ({ name }: { name: string }) => name === 'unreadable',
    track: () => {
      touched.clear()
      return touched
    },
    untrack: () => {},
  }
  const report: Report = {
    batch: () => {},
    listed: () => {},
    reachable: () => {},
    unavailable: () => {},
    heard: () => told.push('heard'),
    count: (name, label) => told.push(`${name} ${label}`),
    programmed: () => {},
    info: () => {},
    warning: (text) => told.push(text),
  }
  const check = new ConsistencyCheck({
    ...{ reflector, api, store, clock, report },
    random: () => 0.5,
    timing: watchTiming,
  })
  return { clock, api, store, put, told, check, reflector }
}

const answer = (...pages: string[]): Answer[] => pages.map((chunk) => ({ chunks: [chunk] }))
const consistent = ['consistency_checks consistent', 'heard']
const stale = (name: string): string[] => [
  'consistency_checks stale',
  `the watch on namespaces missed a change of ${name}; listing again`,
  'relist inconsistent',
]

t.test('what is the same is confirmed, page by page', async (t) => {
  const script = answer(page([namespace('one', '1')], '5', 'more'), page([namespace('two', '2')], '5'))
  const { api, check, told } = setUp(script, { one: '1', two: '2' })
  await check.check()
  t.same(told, consistent)
  t.same(api.asked, ['+0 metadata', '+0 metadata more'])
})

const differences: readonly (readonly [what: string, known: Record<string, string>])[] = [
  ['an object that was never heard of', {}],
  ['an object of another version', { one: '0' }],
]
for (const [what, known] of differences)
  t.test(`${what} is looked at again for five seconds, then everything is listed`, async (t) => {
    const { check, clock, told } = setUp(answer(page([namespace('one', '1')], '5')), known)
    const done = check.check()
    await clock.advance(4_999)
    t.same(told, [])
    await clock.advance(1)
    await done
    t.same(told, stale('one'))
  })

t.test('an object that is gone is a difference too', async (t) => {
  const { check, clock, told } = setUp(answer(page([namespace('one', '1')], '5')), { one: '1', two: '2' })
  const done = check.check()
  await clock.advance(5_000)
  await done
  t.same(told, stale('two'))
})

t.test('an event on its way is no difference, even if another follows it', async (t) => {
  const { check, clock, put, store, told } = setUp(answer(page([namespace('one', '3')], '5')), { one: '1', two: '2' })
  const done = check.check()
  await clock.advance(5)
  put('one', '3')
  await clock.advance(20)
  put('one', '4')
  store.delete([{ kind: 'Namespace', namespace: '', name: 'two' }])
  await clock.advance(5_000)
  await done
  t.same(told, consistent)
})

t.test('an object that turns unreadable during a check is not missed', async (t) => {
  const { check, told } = setUp(answer(page([namespace('unreadable', '3')], '5')), {})
  await check.check()
  t.same(told, consistent)
})

t.test('objects that could not be read are listed again, for they may be readable now', async (t) => {
  const { api, check, reflector, told } = setUp([], {})
  reflector.undecodableCount = 1
  await check.check()
  t.same(told, ['relist undecodable'])
  t.same(api.asked, [])
})

t.test('a check that fails says nothing about the watch', async (t) => {
  const broken: Answer[] = [
    { unreachable: true },
    { status: 500, chunks: [JSON.stringify(status(500))] },
    { chunks: ['garbage'] },
    { chunks: ['{"kind":"NamespaceList","items":['], ending: 'reset' },
  ]
  for (const each of broken) {
    const { check, told } = setUp([each], { one: '1' })
    await check.check()
    t.same(told, ['consistency_checks failed'])
  }
})

t.test('credentials that are refused are had anew', async (t) => {
  const { api, check } = setUp([{ status: 401 }], {})
  await check.check()
  t.equal(api.refusals, 1)
})

t.test('a list that falls silent is given up', async (t) => {
  const { check, clock, told } = setUp([{ chunks: ['{"kind":"NamespaceList",'], ending: 'open' }], {})
  const done = check.check()
  await clock.advance(10_000)
  await done
  t.same(told, ['consistency_checks failed'])
})

t.test('nothing is compared while a list is under way', async (t) => {
  const { api, check, reflector, told } = setUp([], {})
  reflector.following = false
  await check.check()
  t.same(told, [])
  t.same(api.asked, [])
})

t.test('checks come every three minutes until they are stopped', async (t) => {
  const { api, check, clock } = setUp(answer(page([], '5'), page([], '6'), page([], '7')), {})
  check.start()
  await clock.advance(540_000)
  t.same(api.asked, ['+180000 metadata', '+360000 metadata', '+540000 metadata'])
  check.stop()
  await clock.advance(540_000)
  t.equal(api.asked.length, 3)
})

t.test('an object that events told of meanwhile is not missed, whatever the list says of it', async (t) => {
  const { check, clock, put, told } = setUp(answer(page([namespace('one', '3'), namespace('two', '3')], '5')), {
    one: '1',
    two: '1',
  })
  const checked = check.check()
  await clock.advance(5)
  for (const version of ['3', '4']) put('one', version)
  put('two', '4')
  await clock.advance(6_000)
  await checked
  t.same(told, consistent)
})
