import t from 'tap'
import { queryOf } from '../../test/support/query.ts'
import { Name } from '../../wire/name.ts'
import { edeCodes, rcodes } from '../../wire/registry.ts'
import type { ExternalNames } from '../external-names.ts'
import { Versioned } from '../version.ts'
import { Fallthrough } from '../zones.ts'
import { Denial, ExternalAnswerer } from './external-answerer.ts'

const zone = Name.parse('apps.test.')

t.test('until the cluster is known a missing name is a failure, not a denial', (t) => {
  const answerer = new ExternalAnswerer(
    { zones: [zone], primaryZone: zone, apex: ['dns'], ttlSeconds: 5, headless: false, fallthrough: Fallthrough.none },
    () => null,
  )
  const completion = new Versioned()
  const cluster = { synced: false }
  const nothing: ExternalNames = {
    ttlSeconds: 5,
    serial: { value: 0 },
    get synced() {
      return cluster.synced
    },
    get completion() {
      return completion.version
    },
    find: () => ({ exists: false, candidates: [], aliases: [], service: [], depends: [] }),
    namesOf: () => ({ names: [], depends: [] }),
    serverAddresses: () => ({ addresses: [], depends: [] }),
    services: () => [],
  }
  answerer.source = nothing
  const ask = (question: string) => {
    const query = queryOf(question)
    const verdict = answerer.answer(query, zone)
    return verdict instanceof Denial ? answerer.deny(query, zone, verdict) : null
  }
  const failed = ask('web.prod.apps.test. A')
  t.match(failed, { rcode: rcodes.SERVFAIL, aa: true, ede: [{ code: edeCodes.NOT_READY }] })
  t.equal(failed?.reuse.until, 0, 'not to be used again')
  t.equal(ask('ns2.dns.apps.test. A')?.rcode, rcodes.NXDOMAIN, 'what is not in the cluster is known')
  completion.changed()
  cluster.synced = true
  t.ok(
    failed?.reuse.depends.some((version) => !version.stands),
    'and nobody may keep it once the cluster is known',
  )
  t.equal(ask('web.prod.apps.test. A')?.rcode, rcodes.NXDOMAIN)
  t.end()
})
