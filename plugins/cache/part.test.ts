import t from 'tap'
import { directiveOf, responseOf } from '../../test/support/cache-under-test.ts'
import { Name } from '../../wire/name.ts'
import { parseCache } from './config.ts'
import { Entry } from './entry.ts'
import { Part } from './part.ts'

const config = parseCache(directiveOf('cache'), [])

/** An entry with `octets` of text. */
function entry(octets = 1): Entry {
  const strings = Array.from({ length: Math.ceil(octets / 250) }, () => `"${'x'.repeat(Math.min(octets, 250))}"`)
  const response = responseOf({ answer: [`www.example. 60 IN TXT ${strings.join(' ')}`] })
  const name = Name.parse('www.example.')
  const fields = {
    name,
    part: 'success' as const,
    failure: false,
    answering: true,
    response,
    storedAt: 1,
    keptMs: 60_000,
  }
  return new Entry(fields, config, () => {})
}

t.test('what was not asked for longest goes first', async (t) => {
  const part = new Part(3)
  for (const key of ['a', 'b', 'c']) t.equal(part.set(key, entry()), 0)
  part.get('a')
  t.equal(part.set('d', entry()), 1)
  t.strictSame(
    ['a', 'b', 'c', 'd'].map((key) => part.get(key) !== undefined),
    [true, false, true, true],
  )
  t.equal(part.set('a', entry()), 0, 'a new entry for the same key drives nothing out')
  t.equal(part.size, 3)
})

t.test('memory is bounded as well', async (t) => {
  const part = new Part(1_000, 100_000)
  let evicted = 0
  for (let i = 0; i < 100; i++) evicted += part.set(`key${i}`, entry(10_000))
  t.ok(part.size >= 5 && part.size <= 10, `${part.size} entries of 10 kB in 100 kB`)
  t.equal(evicted, 100 - part.size)
  const small = new Part(1_000, 5_000)
  small.set('key', entry(10_000))
  t.equal(small.size, 0, 'what is larger than all of it is not kept')
})
