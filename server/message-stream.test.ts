import t from 'tap'
import type { RecordStream } from '../plugins/response.ts'
import { respond } from '../plugins/response.ts'
import { EngineRig } from '../test/support/engine-rig.ts'
import { FakeClock } from '../test/support/fake-clock.ts'
import { clientAt, queryBytes, readReply } from '../test/support/questions.ts'
import { parseRecord } from '../wire/presentation.ts'
import type { ResourceRecord } from '../wire/record.ts'
import { streamMessageBytes } from './limits.ts'
import type { Messages } from './net/transport.ts'

const client = clientAt('192.0.2.100', 'tcp')

interface Ended {
  readonly sent: number
  readonly whole: boolean
}

/** An engine that answers every query with the records of `make`, and what became of each stream. */
function rigOf(make: () => Iterator<ResourceRecord | null>, clock = new FakeClock()) {
  const ends: Ended[] = []
  const chain = () => {
    const stream: RecordStream = { records: make(), ended: (sent, whole) => ends.push({ sent, whole }) }
    return respond('transfer', { aa: true, stream })
  }
  const rig = new EngineRig({ blocks: { '.': { chain } }, clock })
  const all = async (question: string, options: Parameters<typeof queryBytes>[1] = {}) =>
    (await rig.engine.injectStream(queryBytes(question, options), client)).map(readReply)
  return { rig, ends, all }
}

/** The messages as a transport gets them. */
function messagesOf({ engine }: EngineRig): Messages {
  const given: Messages[] = []
  engine.receive(
    queryBytes('example. AXFR'),
    client,
    () => {},
    (messages) => given.push(messages),
  )
  return given[0]!
}

const record = (index: number): ResourceRecord => parseRecord(`h${index}.example. 60 IN A 192.0.2.${index & 255}`)

function* many(count: number): Generator<ResourceRecord | null> {
  for (let i = 0; i < count; i++) {
    if (i % 10 === 0) yield null
    yield record(i)
  }
}

t.test('records fill messages that all have id, question, flags and OPT of the query', async (t) => {
  const { rig, ends, all } = rigOf(() => many(2000))
  const messages = await all('Example. AXFR', { id: 77, edns: { size: 1400 } })
  t.ok(messages.length > 2)
  for (const message of messages)
    t.match(message, { id: 77, rcode: 'NOERROR', flags: 'qr aa rd', questions: ['Example.'], edns: { size: 1400 } })
  t.strictSame(
    messages.flatMap(({ answer }) => answer),
    Array.from({ length: 2000 }, (_, i) => `h${i}.example. 60 IN A 192.0.2.${i & 255}`),
  )
  t.strictSame(ends, [{ sent: 2000, whole: true }])
  t.equal(rig.engine.pending, 0)
})

t.test('a message is full at 16 kB, and a record that no longer fits comes first in the next', async (t) => {
  const big = parseRecord(`big.example. 60 IN TYPE65280 \\# 60000 ${'00'.repeat(60_000)}`)
  const { rig, all } = rigOf(() => [record(1), ...Array.from(many(400)), big, record(2), big].values())
  const sizes = (await rig.engine.injectStream(queryBytes('example. AXFR'), client)).map(({ length }) => length)
  t.equal(sizes.length, 3)
  t.ok(sizes[0]! < streamMessageBytes && sizes[1]! > 60_000 && sizes[2]! > 60_000, String(sizes))
  t.equal((await all('example. AXFR')).flatMap(({ answer }) => answer).length, 404)
})

t.test('a response without records is one empty message', async (t) => {
  const { all, ends } = rigOf(() => many(0))
  t.match(await all('example. AXFR'), [{ rcode: 'NOERROR', answer: [] }])
  t.strictSame(ends, [{ sent: 0, whole: true }])
})

t.test('records that break off end with SERVFAIL, and the bug is told', async (t) => {
  const { rig, ends, all } = rigOf(function* () {
    yield* many(2000)
    throw new Error('no more')
  })
  const messages = await all('example. AXFR')
  t.match(messages.at(-1), { rcode: 'SERVFAIL', answer: [], questions: ['example.'] })
  t.ok(messages.slice(0, -1).every(({ rcode }) => rcode === 'NOERROR'))
  t.match(ends, [{ whole: false }])
  t.match(rig.bugs, [{ text: 'no more', name: 'example.' }])
  t.match(rig.seen, [{ error: 'no more' }])
})

t.test('a record that fits in no message breaks the transfer off', async (t) => {
  const huge = parseRecord(`huge.example. 60 IN TYPE65280 \\# 65535 ${'00'.repeat(65_535)}`)
  const { all, ends } = rigOf(() => [huge].values())
  t.match(await all('example. AXFR'), [{ rcode: 'SERVFAIL' }])
  t.match(ends, [{ sent: 0, whole: false }])
})

t.test('observers see one query when the last message is sent', async (t) => {
  const { rig } = rigOf(() => many(2000))
  const messages = messagesOf(rig)
  let size = 0
  for (let message = messages.next(); message; message = messages.next()) {
    t.strictSame(rig.seen, [])
    size += message.length
    await rig.clock.advance(500)
  }
  t.match(rig.seen, [
    { name: 'example.', rcode: 0, answered: true, from: 'transfer', responseSize: size, hasAnswer: true, error: null },
  ])
  t.equal(rig.seen[0]?.durationSeconds, Math.ceil(size / (streamMessageBytes + 50)) * 0.5)
  t.ok(rig.seen[0]!.uncompressedSize > size)
})

t.test('a client that leaves ends the stream where it is', async (t) => {
  let cleaned = false
  const { rig, ends } = rigOf(function* () {
    try {
      yield* many(2000)
    } finally {
      cleaned = true
    }
  })
  const messages = messagesOf(rig)
  t.ok(messages.next())
  t.equal(rig.engine.pending, 1, 'a reload waits for it')
  messages.abandon()
  t.ok(cleaned)
  t.equal(rig.engine.pending, 0)
  t.match(ends, [{ whole: false }])
  t.match(rig.seen, [{ error: 'the client left before the end of the transfer' }])
  t.equal(messages.next(), null)
  t.equal(ends.length, 1)
})

t.test('where an answer is one message, there is none', async (t) => {
  const { rig, ends } = rigOf(() => many(1))
  t.match(await rig.ask('example. AXFR'), { rcode: 'SERVFAIL' })
  t.strictSame(ends, [{ sent: 0, whole: false }])
})

/** A clock that moves while something works. */
class WorkingClock extends FakeClock {
  worked = 0

  override now(): number {
    return super.now() + this.worked
  }
}

t.test('transfers share a millisecond of each turn, whoever comes first', async (t) => {
  const clock = new WorkingClock()
  function* slow(): Generator<ResourceRecord> {
    for (let i = 0; i < 10_000; i++) {
      clock.worked += 0.1
      yield record(i % 200)
    }
  }
  const { rig } = rigOf(() => slow(), clock)
  const streams = [messagesOf(rig), messagesOf(rig)]
  const workOf = (messages: Messages): number => {
    const before = clock.worked
    t.equal(messages.next(), 'later')
    return Math.round((clock.worked - before) * 10)
  }
  // Sixteen records are taken between two looks at the clock.
  t.strictSame(streams.map(workOf), [16, 0])
  t.strictSame(streams.map(workOf), [0, 0])
  await new Promise(setImmediate)
  t.strictSame(streams.toReversed().map(workOf), [16, 0])
})
