import t from 'tap'
import { FakeClock } from '../../test/support/fake-clock.ts'
import { parseRecord } from '../../wire/presentation.ts'
import type { Query } from '../query.ts'
import { type Response, respond, reuseWhile } from '../response.ts'
import { parseTtlRule } from './ttl-rule.ts'

/** What a rule with these bounds makes of a record that came from a cache `ageSeconds` ago. */
function bounded(bounds: string, ttl: number, ageSeconds: number): { ttl: number; now: number; untilSeconds: number } {
  const clock = new FakeClock()
  const now = clock.now()
  const record = parseRecord('a.test. IN A 192.0.2.1').withTtl(ttl, now - ageSeconds * 1000)
  const rewritten = parseTtlRule(['regex', '.*', bounds], clock).rewrite({ name: record.owner } as Query)
  if (!rewritten || !('undo' in rewritten)) throw new Error('the rule does not apply')
  const response = rewritten.undo[0]?.response?.(respond('test', { answer: [record], reuse: reuseWhile() })) as Response
  const [changed] = response.answer
  return { ttl: changed!.ttlAt(now), now, untilSeconds: (response.reuse.until - now) / 1000 }
}

t.test('an answer with a TTL that ages is used again only until it crosses a bound', async (t) => {
  const cases: [bounds: string, ttl: number, age: number, expected: number, untilSeconds: number][] = [
    ['-30', 300, 0, 30, 271],
    ['-30', 300, 200, 30, 71],
    ['-30', 20, 5, 15, 16],
    ['100-', 300, 0, 300, 201],
    ['100-', 300, 250, 100, Number.POSITIVE_INFINITY],
    ['60', 60, 0, 60, 1],
    ['10-20', 15, 2, 13, 4],
  ]
  for (const [bounds, ttl, age, expected, untilSeconds] of cases) {
    const result = bounded(bounds, ttl, age)
    t.equal(result.ttl, expected, `${ttl} s after ${age} s within ${bounds}`)
    t.equal(result.untilSeconds, untilSeconds, `${ttl} s after ${age} s within ${bounds}`)
  }
})
