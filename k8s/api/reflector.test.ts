import t, { type Test } from 'tap'
import { FakeClock } from '../../test/support/fake-clock.ts'
import { type Answer, bookmark, event, namespace, page, ScriptedApi, status } from '../../test/support/scripted-api.ts'
import { resources } from '../resources.ts'
import { ObjectStore } from '../store.ts'
import { Reflector } from './reflector.ts'
import type { Report } from './report.ts'
import { watchTiming } from './watch-timing.ts'

const trim = { endpoints: 'ready', targets: false, zones: false, podLabels: false } as const

/** A reflector of namespaces on a clock and a script. */
function setUp(
  t: Pick<Test, 'teardown'>,
  script: readonly Answer[],
  options: { essential?: boolean; labels?: string } = {},
) {
  const clock = new FakeClock()
  const api = new ScriptedApi(script, () => clock.now())
  const store = new ObjectStore({ wall: () => clock.wall() })
  const counts: string[] = []
  const log: string[] = []
  const told: string[] = []
  const report: Report = {
    batch: () => {},
    listed: () => told.push('listed'),
    reachable: () => told.push('reachable'),
    unavailable: (reason) => told.push(reason),
    heard: () => {},
    count: (name, label) => counts.push(`${name} ${label}`.trim()),
    programmed: () => {},
    info: (text) => log.push(text),
    warning: (text) => log.push(text),
  }
  const reflector = new Reflector({
    selection: { resource: resources.Namespace, labels: options.labels ?? '' },
    trim,
    essential: options.essential ?? true,
    api,
    store,
    clock,
    random: () => 0,
    timing: watchTiming,
    report,
  })
  const ended = reflector.run()
  t.teardown(() => {
    reflector.stop()
    return ended
  })
  const known = (): string =>
    [...store.names('Namespace')]
      .map(({ name }) => name)
      .sort()
      .join(' ')
  const errors = (): string[] => counts.filter((each) => each.startsWith('api_errors')).map((each) => each.slice(11))
  const lists = (): string[] => counts.filter((each) => each.startsWith('lists')).map((each) => each.slice(6))
  return { clock, api, store, counts, log, told, reflector, known, errors, lists }
}

const one = namespace('one', '1')
const two = namespace('two', '2')
const noWatchList: Answer = { status: 422, chunks: [JSON.stringify(status(422, 'sendInitialEvents is forbidden'))] }
/** A WatchList that has sent everything and stays open. */
const streaming = (...more: string[]): Answer => ({
  chunks: [event('ADDED', one), bookmark('5', true), ...more],
  ending: 'open',
})

/** What a server says, what is then asked for and known, and after how long. */
interface Script {
  readonly name: string
  readonly script: readonly Answer[]
  /** Milliseconds that pass. */
  readonly after?: number
  readonly asked: readonly string[]
  readonly known: string
  readonly errors?: readonly string[]
  readonly lists?: readonly string[]
  readonly essential?: boolean
}

const scripts: readonly Script[] = [
  {
    name: 'a WatchList is a list and a watch in one',
    script: [streaming(event('ADDED', two))],
    asked: ['+0 watchlist'],
    known: 'one two',
  },
  {
    name: 'where WatchList is not known, pages are listed and then watched from their version',
    script: [
      noWatchList,
      { chunks: [page([one], '5', 'more')] },
      { chunks: [page([two], '5')] },
      { chunks: [event('DELETED', namespace('one', '6'))], ending: 'open' },
    ],
    asked: ['+0 watchlist', '+0 list', '+0 list more', '+0 watch 5'],
    known: 'two',
    errors: ['unstreamable'],
    lists: ['start', 'start'],
  },
  {
    name: 'a WatchList whose initial events do not end is given up for pages',
    script: [{ chunks: [event('ADDED', one)], ending: 'open' }, { chunks: [page([one, two], '5')] }],
    after: 10_000,
    asked: ['+0 watchlist', '+10000 list', '+10000 watch 5'],
    known: 'one two',
    errors: ['silent'],
  },
  {
    name: 'a watch that ends by itself goes on from its last version, bookmarks included',
    script: [{ ...streaming(event('ADDED', two), bookmark('9')), ending: 'end' }],
    after: 800,
    asked: ['+0 watchlist', '+800 watch 9'],
    known: 'one two',
    lists: ['start'],
  },
  {
    name: 'a watch that breaks goes on from its last version at once',
    script: [{ ...streaming(event('ADDED', two), bookmark('9')), ending: 'reset' }],
    asked: ['+0 watchlist', '+0 watch 9'],
    known: 'one two',
    errors: ['connection'],
    lists: ['start'],
  },
  {
    name: 'what is expired is listed again, and what is gone meanwhile goes',
    script: [
      { ...streaming(event('ADDED', two), event('ERROR', status(410, 'too old resource version', 'Expired'))) },
      { chunks: [event('ADDED', two), bookmark('20', true)], ending: 'open' },
    ],
    asked: ['+0 watchlist', '+0 watchlist'],
    known: 'two',
    errors: ['expired'],
    lists: ['start', 'expired'],
  },
  {
    name: 'a 410 as the answer to a watch does the same',
    script: [
      { ...streaming(), ending: 'reset' },
      { status: 410, chunks: [JSON.stringify(status(410))] },
    ],
    asked: ['+0 watchlist', '+0 watch 5', '+0 watchlist'],
    known: 'one',
    errors: ['connection', 'expired'],
  },
  {
    name: 'a storage that was set back is listed again',
    script: [
      { ...streaming(), ending: 'reset' },
      { status: 504, chunks: [JSON.stringify(status(504, 'Too large resource version: 5, current: 2'))] },
    ],
    asked: ['+0 watchlist', '+0 watch 5', '+0 watchlist'],
    known: 'one',
    errors: ['connection', 'expired'],
  },
  {
    name: 'a continue token that expired is followed by a list in one piece',
    script: [
      noWatchList,
      { chunks: [page([one], '5', 'more')] },
      { status: 410, chunks: [JSON.stringify(status(410))] },
      { chunks: [page([one, two], '6')] },
    ],
    asked: ['+0 watchlist', '+0 list', '+0 list more', '+0 list whole', '+0 watch 6'],
    known: 'one two',
    errors: ['unstreamable', 'expired'],
  },
  {
    name: 'a server that is not there is asked again after longer and longer',
    script: [{ unreachable: true }, { unreachable: true }, { unreachable: true }, { unreachable: true }, streaming()],
    after: 6000,
    asked: ['+0 watchlist', '+0 watchlist', '+800 watchlist', '+2400 watchlist', '+5600 watchlist'],
    known: 'one',
    errors: ['connection', 'connection', 'connection', 'connection'],
  },
  {
    name: 'Retry-After is heeded',
    script: [{ status: 429, retryAfterSeconds: 7 }, { status: 503, retryAfterSeconds: 2 }, streaming()],
    after: 9000,
    asked: ['+0 watchlist', '+7000 watchlist', '+9000 watchlist'],
    known: 'one',
    errors: ['throttled', 'server_error'],
  },
  {
    name: 'a server error keeps the place of a watch',
    script: [{ ...streaming(), ending: 'reset' }, { status: 500 }, { chunks: [event('ADDED', two)], ending: 'open' }],
    after: 800,
    asked: ['+0 watchlist', '+0 watch 5', '+800 watch 5'],
    known: 'one two',
    errors: ['connection', 'server_error'],
    lists: ['start'],
  },
  {
    name: 'garbage in a watch keeps its place; garbage again and again is got around by a list',
    script: [
      streaming('garbage\n'),
      { chunks: ['garbage\n'], ending: 'open' },
      { chunks: ['garbage\n'], ending: 'open' },
      streaming(event('ADDED', two)),
    ],
    after: 2400,
    asked: ['+0 watchlist', '+0 watch 5', '+800 watch 5', '+2400 watchlist'],
    known: 'one two',
    errors: ['garbage', 'garbage', 'garbage'],
    lists: ['start', 'garbage'],
  },
  {
    name: 'a list that breaks off takes nothing away',
    script: [
      streaming(event('ADDED', two), event('ERROR', status(410))),
      { chunks: [event('ADDED', namespace('three', '8'))], ending: 'reset' },
    ],
    asked: ['+0 watchlist', '+0 watchlist'],
    known: 'one three two',
    errors: ['expired', 'connection'],
  },
  {
    name: 'a silent watch is cut and goes on from its last version',
    script: [streaming(), { chunks: [event('ADDED', two)], ending: 'open' }],
    after: 180_000,
    asked: ['+0 watchlist', '+180000 watch 5'],
    known: 'one two',
    errors: ['silent'],
    lists: ['start'],
  },
  {
    name: 'an essential resource that is forbidden is asked for with the backoff',
    script: [{ status: 403, chunks: [JSON.stringify(status(403, 'no'))] }, streaming()],
    after: 800,
    asked: ['+0 watchlist', '+800 watchlist'],
    known: 'one',
    errors: ['forbidden'],
  },
]

for (const { name, script, after = 0, asked, known, errors = [], lists, essential } of scripts)
  t.test(name, async (t) => {
    const rig = setUp(t, script, essential === undefined ? {} : { essential })
    await rig.clock.advance(after)
    t.same(rig.api.asked.slice(0, asked.length), asked)
    t.equal(rig.known(), known)
    t.same(rig.errors(), errors)
    if (lists) t.same(rig.lists(), lists)
  })

t.test('credentials that are refused are had anew', async (t) => {
  const { clock, api, known, errors } = setUp(t, [{ status: 401 }, streaming()])
  await clock.advance(0)
  t.equal(api.refusals, 1)
  t.same(api.asked, ['+0 watchlist', '+0 watchlist'])
  t.equal(known(), 'one')
  t.same(errors(), ['unauthorized'])
})

t.test(
  'what is not essential is told to be unavailable, with the rule that lacks, and asked for every minute',
  async (t) => {
    const forbidden: Answer = { status: 403, chunks: [JSON.stringify(status(403, 'namespaces is forbidden'))] }
    const { clock, api, log, told, known } = setUp(t, [forbidden, forbidden, streaming()], { essential: false })
    await clock.advance(120_000)
    t.same(api.asked, ['+0 watchlist', '+60000 watchlist', '+120000 watchlist'])
    t.same(log, [
      'cannot list namespaces: the API server says 403: namespaces is forbidden; only what needs it is off; the ClusterRole lacks the rule apiGroups: [""] resources: ["namespaces"] verbs: ["list", "watch"]',
      'following namespaces again',
    ])
    t.same(told, ['forbidden', 'forbidden', 'listed'])
    t.equal(known(), 'one')
  },
)

t.test('a resource that is not installed is unavailable too', async (t) => {
  const { clock, log, told } = setUp(t, [{ status: 404, chunks: ['404 page not found'] }], { essential: false })
  await clock.advance(0)
  t.same(told, ['missing'])
  t.same(log, ['cannot list namespaces: v1 is not served there; only what needs it is off'])
})

t.test('an object of a wrong shape is told once and leaves what was known', async (t) => {
  const wrong = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'One!', uid: 'u', resourceVersion: '6' } }
  const { clock, counts, log, known, errors } = setUp(t, [
    streaming(event('MODIFIED', wrong), event('MODIFIED', wrong), event('ADDED', two)),
  ])
  await clock.advance(0)
  t.equal(known(), 'one two')
  t.equal(counts.filter((each) => each === 'undecodable').length, 2)
  t.equal(log.length, 1)
  t.match(log[0]!, /^cannot read an object, what was known of it stays: /)
  t.same(errors(), [])
})

t.test('the longer bookmarks let one wait, the longer silence is borne', async (t) => {
  const { clock, api, errors } = setUp(t, [streaming()])
  await clock.advance(60_000)
  api.say(bookmark('6'))
  await clock.advance(60_000)
  api.say(bookmark('7'))
  // Three times the longest gap.
  await clock.advance(179_999)
  t.same(errors(), [])
  await clock.advance(1)
  t.same(errors(), ['silent'])
  t.equal(api.asked.at(-1), '+300000 watch 7')
})

t.test('events are signs of life', async (t) => {
  const { clock, api, errors } = setUp(t, [streaming()])
  for (let version = 6; version < 12; version++) {
    await clock.advance(100_000)
    api.say(event('MODIFIED', namespace('one', String(version))))
  }
  await clock.advance(0)
  t.same(errors(), [])
  t.same(api.asked, ['+0 watchlist'])
})

t.test('a watch that has been found wrong is cut, and everything is listed again', async (t) => {
  const { clock, api, reflector, known, lists, errors } = setUp(t, [streaming(event('ADDED', two)), streaming()])
  await clock.advance(0)
  t.ok(reflector.following)
  reflector.relist('inconsistent')
  t.notOk(reflector.following)
  await clock.advance(0)
  t.same(api.asked, ['+0 watchlist', '+0 watchlist'])
  t.same(lists(), ['start', 'inconsistent'])
  t.same(errors(), [])
  t.equal(known(), 'one')
})

t.test('who waits for a server that is not there is woken when somebody else has reached it', async (t) => {
  const { clock, api, reflector, told, known } = setUp(t, [{ unreachable: true }, { unreachable: true }, streaming()])
  await clock.advance(100)
  reflector.wake()
  await clock.advance(0)
  t.same(api.asked, ['+0 watchlist', '+0 watchlist', '+100 watchlist'])
  t.equal(known(), 'one')
  t.same(told, ['reachable', 'listed'])
})

t.test('a server that ends each watch at once is not asked at once for ever', async (t) => {
  const ended: Answer = { chunks: [] }
  const { clock, api } = setUp(t, [{ ...streaming(), ending: 'end' }, ended, ended, ended])
  await clock.advance(5600)
  t.same(api.asked, ['+0 watchlist', '+800 watch 5', '+2400 watch 5', '+5600 watch 5'])
})

t.test('selectors are sent along', async (t) => {
  const { clock, api } = setUp(t, [noWatchList], { labels: 'team in (blue,green)' })
  await clock.advance(0)
  t.same(api.paths, [
    '/api/v1/namespaces?labelSelector=team+in+%28blue%2Cgreen%29&watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&timeoutSeconds=300',
    '/api/v1/namespaces?labelSelector=team+in+%28blue%2Cgreen%29&limit=5000',
  ])
})
