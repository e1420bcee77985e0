import t from 'tap'
import { type Response, type Reuse, respond } from '../plugins/response.ts'
import { Version } from '../plugins/version.ts'
import { clientAt, recordsOf } from '../test/support/questions.ts'
import { Name } from '../wire/name.ts'
import { AnswerTable } from './answer-table.ts'
import { defaultSettings, type ServedBlock } from './block.ts'
import { FrequencySketch } from './frequency-sketch.ts'
import { tableVariantsMax } from './limits.ts'
import { Prepared } from './prepared.ts'

const block: ServedBlock = {
  zones: [Name.root],
  settings: defaultSettings(''),
  chain: null,
  observers: [],
  offers: new Map(),
}
const always: Reuse = { until: Number.POSITIVE_INFINITY, depends: [], vary: [], used: null }
const positive = respond('file', { answer: recordsOf('www.example.org. 60 IN A 192.0.2.1') })
const nodata = respond('file', {})
const nxdomain = respond('file', { rcode: 3 })

/** Offers `response` under `key` as often as it takes to enter. */
interface Offer {
  readonly response?: Response
  readonly reuse?: Partial<Reuse>
  readonly client?: string
  readonly now?: number
  readonly times?: number
}

function offer(
  table: AnswerTable,
  key: string,
  { response = positive, reuse, client, now = 0, times = 2 }: Offer = {},
): void {
  const question = { name: Name.parse('www.example.org.'), type: 1, class: 1 }
  const prepared = new Prepared(question, response, 0, () => 0)
  const answer = { prepared, reuse: { ...always, ...reuse }, block, zone: Name.root }
  for (let i = 0; i < times; i++) table.offer(key, answer, clientAt(client), now)
}

const holds = (table: AnswerTable, key: string, now = 0, client?: string): boolean =>
  table.get(key, clientAt(client), now) !== null

t.test('a question enters on its second ask', async (t) => {
  const table = new AnswerTable()
  offer(table, 'a', { times: 1 })
  t.notOk(holds(table, 'a'))
  offer(table, 'b', { times: 1 })
  offer(table, 'a', { times: 1 })
  t.ok(holds(table, 'a'))
  t.notOk(holds(table, 'b'))
})

t.test('an answer is given before `until` and while every version stands', async (t) => {
  const table = new AnswerTable()
  const versions = [new Version(), new Version()]
  offer(table, 'a', { reuse: { until: 1000, depends: versions } })
  t.ok(holds(table, 'a', 999))
  t.notOk(holds(table, 'a', 1000))
  offer(table, 'a', { reuse: { until: 3000, depends: versions } })
  t.ok(holds(table, 'a', 2000))
  versions[1]!.end()
  t.notOk(holds(table, 'a', 2000))
  t.equal(table.size, 0, 'what has ended takes no place')
})

t.test('what may not be used again never enters', async (t) => {
  const ended = new Version()
  ended.end()
  const cases: [name: string, Offer][] = [
    ['a response that says nothing', { reuse: { until: 0 } }],
    ['one whose time is over', { reuse: { until: 500 }, now: 500 }],
    ['one made from data that changed meanwhile', { reuse: { depends: [new Version(), ended] } }],
    ['one cut by an upstream', { response: { ...positive, tc: true } }],
  ]
  for (const [name, what] of cases) {
    const table = new AnswerTable()
    offer(table, 'a', { ...what, times: 3 })
    t.equal(table.size, 0, name)
  }
})

t.test('a response that comes after the change of its data does not replace a newer one', async (t) => {
  const table = new AnswerTable()
  const before = new Version()
  before.end()
  offer(table, 'a', { response: nodata, reuse: { depends: [new Version()] } })
  offer(table, 'a', { reuse: { depends: [before] } })
  t.equal(table.get('a', clientAt(), 0)?.prepared.response, nodata)
})

t.test('a negative answer replaces a positive one and the other way round', async (t) => {
  const table = new AnswerTable()
  for (const response of [positive, nxdomain, positive, nodata]) {
    offer(table, 'a', { response })
    t.equal(table.get('a', clientAt(), 0)?.prepared.response, response)
    t.equal(table.size, 1)
  }
})

const byAddress = { name: 'address', of: (client: { address: string }) => client.address }
const byFamily = { name: 'family', of: (client: { family: number }) => String(client.family) }

t.test('answers that vary are for clients with the same facts only', async (t) => {
  const table = new AnswerTable()
  offer(table, 'a', { reuse: { vary: [byFamily] }, client: '192.0.2.1' })
  t.ok(holds(table, 'a', 0, '192.0.2.200'))
  t.notOk(holds(table, 'a', 0, '2001:db8::1'))
  offer(table, 'a', { reuse: { vary: [byFamily] }, client: '2001:db8::1', response: nodata })
  t.notOk(holds(table, 'a', 0, '192.0.2.1'), 'a name is positive or negative for all: the last answer decides')
  offer(table, 'a', { reuse: { vary: [byFamily] }, client: '2001:db8::1' })
  offer(table, 'a', { reuse: { vary: [byFamily] }, client: '192.0.2.1' })
  t.ok(holds(table, 'a', 0, '192.0.2.1') && holds(table, 'a', 0, '2001:db8::1'))
  offer(table, 'a', { reuse: { vary: [byFamily, byAddress] }, client: '192.0.2.1' })
  t.notOk(holds(table, 'a', 0, '2001:db8::1'), 'other facts, other entry')
  t.notOk(holds(table, 'a', 0, '192.0.2.2'))
})

t.test('a question has a limited number of variants; the oldest goes', async (t) => {
  const table = new AnswerTable()
  const addresses = Array.from({ length: tableVariantsMax + 3 }, (_, i) => `192.0.2.${i}`)
  for (const client of addresses) offer(table, 'a', { reuse: { vary: [byAddress] }, client })
  t.same(
    addresses.filter((client) => holds(table, 'a', 0, client)),
    addresses.slice(3),
  )
})

t.test('entries and octets are bounded, variants included', async (t) => {
  const byEntries = new AnswerTable({ entries: 8, bytes: 1e9 })
  for (let i = 0; i < 50; i++) offer(byEntries, `k${i}`)
  t.equal(byEntries.size, 6, 'three quarters are for positive answers')
  const large = respond('file', {
    answer: recordsOf(...Array.from({ length: 100 }, (_, i) => `www.example.org. 60 IN A 192.0.2.${i}`)),
  })
  const byBytes = new AnswerTable({ entries: 1000, bytes: 400_000 })
  for (let i = 0; i < 50; i++) offer(byBytes, `k${i}`, { response: large })
  t.ok(byBytes.size > 5 && byBytes.size < 20, String(byBytes.size))
  for (let i = 0; i < 5; i++) {
    for (let client = 0; client < tableVariantsMax; client++) {
      offer(byBytes, `v${i}`, { response: large, reuse: { vary: [byAddress] }, client: `192.0.2.${client}` })
    }
  }
  t.ok(byBytes.size <= 1, 'sixteen variants of one name take most of it')
})

t.test('negative answers have a quarter to themselves', async (t) => {
  const table = new AnswerTable({ entries: 400, bytes: 1e9 })
  for (let i = 0; i < 300; i++) offer(table, `good${i}`)
  for (let i = 0; i < 5000; i++) offer(table, `bad${i}`, { response: i % 2 ? nxdomain : nodata })
  t.equal(table.size, 400)
  t.ok(Array.from({ length: 300 }, (_, i) => holds(table, `good${i}`)).every(Boolean))
})

t.test('a flood of names that are asked once evicts nothing that is asked twice', async (t) => {
  const table = new AnswerTable({ entries: 400, bytes: 1e9 })
  const known = Array.from({ length: 300 }, (_, i) => `known${i}`)
  for (const key of known) offer(table, key)
  for (let i = 0; i < 200_000; i++) offer(table, `flood${i}`, { times: 1 })
  t.same(
    known.filter((key) => !holds(table, key)),
    [],
  )
  t.ok(table.size < 320, `${table.size - 300} strangers were let in`)
})

t.test('the sketch knows what was asked lately and forgets what was asked long ago', async (t) => {
  const sketch = new FrequencySketch(1024)
  t.notOk(sketch.seenBefore('a'))
  t.ok(sketch.seenBefore('a'))
  for (let i = 0; i < 20_000; i++) sketch.seenBefore(`other${i}`)
  t.notOk(sketch.seenBefore('a'))
})
