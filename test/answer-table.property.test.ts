// Two engines over the same changing data, one with its answer table and one without: whatever is asked, changed and waited for, they answer the same.

import { deepStrictEqual } from 'node:assert'
import fc from 'fast-check'
import t from 'tap'
import type { Handler } from '../plugins/plugin.ts'
import { depend, type Response, respond, reuseWhile, useOnce, vary } from '../plugins/response.ts'
import { Versioned } from '../plugins/version.ts'
import { AnswerTable } from '../server/answer-table.ts'
import { EngineRig } from './support/engine-rig.ts'
import { FakeClock } from './support/fake-clock.ts'
import { clientAt, queryBytes, readReply, recordsOf } from './support/questions.ts'

const names = ['a.', 'b.', 'A.', 'c.', 'x.a.', 'alias.'] as const
const types = ['A', 'AAAA', 'TXT'] as const
const clients = [clientAt('192.0.2.1'), clientAt('192.0.2.2'), clientAt('2001:db8::1'), clientAt('192.0.2.1', 'tcp')]
const hourMs = 1500
const fact = { name: 'family', of: (client: { family: number }) => String(client.family) }

/** Data of a made-up plugin: for each name a value, how its answer may be used again, and whether what is missing falls through. */
class World {
  readonly clock = new FakeClock()
  readonly #values = new Map<string, number>()
  readonly #versions = new Map<string, Versioned>()
  readonly handler: Handler = (query) => {
    const key = query.name.toString().toLowerCase()
    const value = this.#values.get(key)
    const below = this.#versions.get(key) ?? this.#track(key)
    if (value === undefined) return this.#missing(key, below)
    const born = value % 3 === 0 ? this.clock.now() - 500 : 0
    // Some answers are of an hour of their own.
    const hour = value % 5 === 1 ? Math.floor(this.clock.now() / hourMs) : 0
    const lines = Array.from({ length: 1 + (value % 40) }, (_, i) => `x. 60 IN TXT "${value} ${i} ${hour}"`)
    const records = recordsOf(...lines).map((record) => record.withOwner(query.name).withTtl(60, born))
    const response = respond('world', {
      aa: value % 2 === 0,
      answer: query.type === 16 ? records : [],
      reuse: reuseWhile(below.version),
    })
    if (hour > 0) return { ...response, reuse: { ...response.reuse, until: (hour + 1) * hourMs } }
    if (value % 5 === 2) return useOnce(response)
    if (value % 5 === 3)
      return vary({ ...response, rcode: query.client.family === 4 ? 0 : 5, ede: [{ code: value, text: '' }] }, fact)
    return response
  }

  #track(key: string): Versioned {
    const versioned = new Versioned()
    this.#versions.set(key, versioned)
    return versioned
  }

  // As with fallthrough: another layer answers only because this one has nothing.
  #missing(key: string, below: Versioned): Response {
    const other = respond('other', { rcode: key === 'alias.' ? 0 : 3, reuse: reuseWhile() })
    return depend(other, [below.version])
  }

  change(name: string, value: number | undefined): void {
    const key = name.toLowerCase()
    if (value === undefined) this.#values.delete(key)
    else this.#values.set(key, value)
    this.#versions.get(key)?.changed()
  }
}

const ask = fc.record({
  kind: fc.constant('ask' as const),
  name: fc.constantFrom(...names),
  type: fc.constantFrom('TXT', ...types),
  client: fc.constantFrom(...clients),
  flags: fc.constantFrom(0x0100, 0x0100, 0x0100, 0, 0x0110, 0x0120),
  edns: fc.option(fc.record({ size: fc.constantFrom(512, 1232, 4096), do: fc.boolean() }), { freq: 1 }),
})
const change = fc.record({
  kind: fc.constant('change' as const),
  name: fc.constantFrom(...names),
  value: fc.option(fc.nat(60), { nil: undefined }),
})
const wait = fc.record({ kind: fc.constant('wait' as const), ms: fc.constantFrom(1, 400, 700, 1500) })
const steps = fc.array(
  fc.oneof({ weight: 20, arbitrary: ask }, { weight: 1, arbitrary: change }, { weight: 1, arbitrary: wait }),
  {
    minLength: 150,
    maxLength: 300,
    size: 'max',
  },
)

// An answer that is used again keeps the age that its records had: their TTL may have been computed half a second apart.
const withoutTtls = (lines: readonly string[]): string[] => lines.map((line) => line.replace(/^(\S+) \d+ /, '$1 '))

t.test('with and without the answer table the answers are the same', async (t) => {
  let hits = 0
  await fc.assert(
    fc.asyncProperty(steps, async (script) => {
      const world = new World()
      const blocks = { '.': { chain: world.handler } }
      const kept = new EngineRig({ blocks, clock: world.clock })
      const plain = new EngineRig({ blocks, clock: world.clock, table: new NoTable() })
      for (const [id, step] of script.entries()) {
        if (step.kind === 'change') world.change(step.name, step.value)
        else if (step.kind === 'wait') await world.clock.advance(step.ms)
        else {
          const bytes = queryBytes(`${step.name} ${step.type}`, {
            id,
            flags: step.flags,
            ...(step.edns ? { edns: step.edns } : {}),
          })
          const [one, other] = await Promise.all([kept, plain].map((rig) => rig.engine.inject(bytes, step.client)))
          const [first, second] = [readReply(one!), readReply(other!)]
          deepStrictEqual(
            { ...first, answer: withoutTtls(first.answer) },
            { ...second, answer: withoutTtls(second.answer) },
          )
        }
      }
      hits += kept.seen.filter(({ prepared }) => prepared).length
    }),
    { numRuns: 100 },
  )
  t.ok(hits > 1000, `${hits} answers came from the table`)
})

/** Keeps nothing. */
class NoTable extends AnswerTable {
  override offer(): void {}
}
