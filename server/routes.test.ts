import t from 'tap'
import type { Query } from '../plugins/query.ts'
import { fail } from '../plugins/response.ts'
import { queryOf } from '../test/support/query.ts'
import { clientAt } from '../test/support/questions.ts'
import { Name } from '../wire/name.ts'
import { defaultSettings, type ServedBlock } from './block.ts'
import { Routes } from './routes.ts'

function blockOf(changes: Partial<ServedBlock> = {}): ServedBlock {
  return {
    zones: [],
    settings: defaultSettings(''),
    chain: () => fail(0),
    observers: [],
    offers: new Map(),
    ...changes,
  }
}

function routesOf(...zones: readonly string[]): Routes {
  const routes = new Routes()
  for (const zone of zones) routes.add(Name.parse(zone), blockOf())
  return routes
}

t.test('the longest matching zone answers', async (t) => {
  const zones = ['.', 'org.', 'example.org.', 'a.b.example.org.', '10.in-addr.arpa.']
  const cases: [question: string, zone: string | null][] = [
    ['example.org. A', 'example.org.'],
    ['www.example.org. A', 'example.org.'],
    ['WWW.EXAMPLE.ORG. A', 'example.org.'],
    ['a.b.example.org. A', 'a.b.example.org.'],
    ['x.a.b.example.org. A', 'a.b.example.org.'],
    ['b.example.org. A', 'example.org.'],
    ['notexample.org. A', 'org.'],
    ['org. A', 'org.'],
    ['1.2.3.10.in-addr.arpa. PTR', '10.in-addr.arpa.'],
    ['1.2.3.11.in-addr.arpa. PTR', '.'],
    ['. NS', '.'],
    ['com. A', '.'],
  ]
  for (const [question, zone] of cases)
    t.equal(
      routesOf(...zones)
        .find(queryOf(question))
        ?.zone.toString(),
      zone,
      question,
    )
})

t.test('a name outside every zone has no route', async (t) => {
  t.equal(routesOf('example.org.').find(queryOf('example.com. A')), null)
  t.equal(routesOf('example.org.').find(queryOf('. NS')), null)
  t.equal(new Routes().find(queryOf('example.org. A')), null)
  // The octets of a label may look like a name's.
  t.equal(routesOf('example.org.').find(queryOf('x\\007example\\003org. A')), null)
})

t.test('DS goes to the side of the parent if it is served too, but never to the root', async (t) => {
  const cases: [zones: string[], question: string, zone: string][] = [
    [['.', 'org.', 'example.org.'], 'example.org. DS', 'org.'],
    [['.', 'example.org.'], 'example.org. DS', 'example.org.'],
    [['.', 'org.', 'example.org.', 'sub.example.org.'], 'sub.example.org. DS', 'org.'],
    [['.'], 'example.org. DS', '.'],
    [['.', 'org.', 'example.org.'], 'example.org. DNSKEY', 'example.org.'],
  ]
  for (const [zones, question, zone] of cases)
    t.equal(
      routesOf(...zones)
        .find(queryOf(question))
        ?.zone.toString(),
      zone,
      zones.join(' '),
    )
})

t.test('among blocks of one zone the first whose filters agree answers', async (t) => {
  const routes = new Routes()
  const inside = {
    ...defaultSettings(''),
    view: 'inside',
    filters: [(query: Query) => query.client.address.startsWith('10.')],
  }
  routes.add(Name.parse('example.org.'), blockOf({ settings: inside }))
  t.ok(routes.hasViews)
  t.equal(routes.find(queryOf('example.org. A')), null)
  routes.add(Name.parse('example.org.'), blockOf())
  routes.add(Name.root, blockOf())
  t.equal(routes.find(queryOf('example.org. A', { client: clientAt('10.0.0.1') }))?.block.settings.view, 'inside')
  t.equal(routes.find(queryOf('example.org. A'))?.block.settings.view, '')
})

t.test('one block that takes any class lets them in on its listener', async (t) => {
  const routes = routesOf('example.org.')
  t.equal(routes.anyClass, false)
  routes.add(Name.root, blockOf({ settings: { ...defaultSettings(''), anyClass: true } }))
  routes.add(Name.parse('org.'), blockOf())
  t.equal(routes.anyClass, true)
  t.same(routes.zones.sort(), ['.', 'example.org.', 'org.'])
})
