import t from 'tap'
import type { Answered, Handler } from '../plugins/plugin.ts'
import { amendQuery, type Query } from '../plugins/query.ts'
import { type Response, respond, reuseWhile } from '../plugins/response.ts'
import { Version } from '../plugins/version.ts'
import { EngineRig } from '../test/support/engine-rig.ts'
import { clientAt, queryBytes, recordsOf } from '../test/support/questions.ts'
import { flagBits } from '../wire/message.ts'

const reusable = (fields: Partial<Response> = {}): Response =>
  respond('file', { aa: true, reuse: reuseWhile(), ...fields })
const address = (query: Query): Response =>
  reusable({ answer: recordsOf('x. 60 IN A 192.0.2.1').map((record) => record.withOwner(query.name)) })

/** A handler that counts how often it is asked. */
function counted(handler: Handler): Handler & { count: number } {
  const counting = Object.assign(
    (query: Query): Answered => {
      counting.count++
      return handler(query)
    },
    { count: 0 },
  )
  return counting
}

t.test('what cannot be a query gets no reply or a header', async (t) => {
  const chain = counted(address)
  const rig = new EngineRig({ blocks: { '.': { chain } } })
  const query = queryBytes('www.example.org. A', { id: 0x1234, flags: flagBits.rd | flagBits.cd })
  const with2 = (octet: number, at = 2): Uint8Array => query.map((value, index) => (index === at ? octet : value))
  t.equal(await rig.send(query.slice(0, 11)), null)
  t.equal(await rig.send(with2(0x81)), null, 'a reply')
  const cases: [name: string, bytes: Uint8Array, reply: object][] = [
    ['STATUS', with2(0x11), { rcode: 'NOTIMP', opcode: 2, flags: 'qr rd', questions: [] }],
    ['UPDATE', with2(0x29), { rcode: 'NOTIMP', opcode: 5, flags: 'qr rd', questions: [] }],
    ['two questions', with2(2, 5), { rcode: 'FORMERR', flags: 'qr rd', questions: [] }],
    ['a question cut short', query.slice(0, 20), { rcode: 'FORMERR', flags: 'qr rd cd', questions: [] }],
    [
      'an additional record cut short',
      new Uint8Array([...with2(1, 11), 0, 0]),
      { rcode: 'FORMERR', questions: ['www.example.org.'] },
    ],
  ]
  for (const [name, bytes, reply] of cases)
    t.match(await rig.send(bytes), { id: 0x1234, edns: null, answer: [], ...reply }, name)
  t.equal(chain.count, 0)
  t.same([rig.seen, rig.dropped], [[], []], 'nobody hears of what is no query')
})

t.test('other classes are refused unless a block takes them', async (t) => {
  const refusing = new EngineRig({ blocks: { '.': { chain: address } } })
  t.match(await refusing.ask('www.example.org. A', { class: 'CH' }), {
    rcode: 'REFUSED',
    questions: ['www.example.org.'],
  })
  t.match(refusing.dropped, [{ class: 3, rcode: 5, from: '', zone: '.' }])
  const taking = new EngineRig({
    blocks: { 'example.org.': { chain: address }, '.': { chain: address, settings: { anyClass: true } } },
  })
  t.match(await taking.ask('www.example.org. A', { class: 'CH' }), { rcode: 'NOERROR' })
})

t.test('an EDNS version that nobody knows gets BADVERS and no plugin', async (t) => {
  const chain = counted(address)
  const rig = new EngineRig({ blocks: { '.': { chain } } })
  const reply = await rig.ask('a. A', {
    edns: { version: 1, do: true, options: [{ code: 3, data: new Uint8Array(0) }] },
  })
  t.match(reply, { rcode: 'BADVERS', questions: ['a.'], answer: [], edns: { size: 0, do: false, options: [] } })
  t.equal(chain.count, 0)
})

t.test('no zone, or a block without plugins: REFUSED, counted as dropped', async (t) => {
  const rig = new EngineRig({ blocks: { 'example.org.': { chain: address }, 'empty.org.': { chain: null } } })
  for (const question of ['example.com. A', 'www.empty.org. A']) {
    t.match(await rig.ask(question, { edns: { size: 4096 } }), {
      rcode: 'REFUSED',
      flags: 'qr rd',
      edns: { size: 4096 },
    })
  }
  t.match(
    rig.dropped.map(({ name }) => name),
    ['example.com.', 'www.empty.org.'],
  )
  t.same(rig.seen, [])
})

t.test('a NOTIFY goes down the chain: what it means is for the plugins', async (t) => {
  const rig = new EngineRig({ blocks: { '.': { chain: (query) => (query.opcode === 4 ? null : address(query)) } } })
  t.equal(await rig.ask('example.org. SOA', { opcode: 4 }), null)
  t.match(rig.seen, [{ opcode: 4, answered: false }])
})

t.test('silence is silence, at once and later', async (t) => {
  const rig = new EngineRig({ blocks: { 'now.': { chain: () => null }, 'later.': { chain: async () => null } } })
  t.equal(await rig.ask('a.now. A'), null)
  t.equal(await rig.ask('a.later. A'), null)
  t.match(rig.seen, [{ answered: false }, { answered: false }])
})

t.test('the second miss fills the table, the third ask is a hit', async (t) => {
  const chain = counted(address)
  const rig = new EngineRig({ blocks: { '.': { chain } } })
  const replies = [await rig.ask('www.example.org. A', { id: 1 }), await rig.ask('www.example.org. A', { id: 2 })]
  replies.push(await rig.ask('wWw.Example.org. A', { id: 3 }))
  t.equal(chain.count, 2)
  t.same(
    replies.map((reply) => [reply?.id, reply?.answer, reply?.flags]),
    [
      [1, ['www.example.org. 60 IN A 192.0.2.1'], 'qr aa rd'],
      [2, ['www.example.org. 60 IN A 192.0.2.1'], 'qr aa rd'],
      [3, ['wWw.Example.org. 60 IN A 192.0.2.1'], 'qr aa rd'],
    ],
  )
  const [miss, , hit] = rig.seen
  t.same([miss?.prepared, hit?.prepared], [false, true])
  const { id: _id, name: _name, prepared: _prepared, ...rest } = hit!
  t.match(miss, rest, 'all else is alike')
  t.equal(hit?.name, 'wWw.Example.org.')
})

t.test('a response that says nothing is asked for anew each time', async (t) => {
  const chain = counted(() => respond('x', { answer: recordsOf('a. 60 IN A 192.0.2.1') }))
  const rig = new EngineRig({ blocks: { '.': { chain } } })
  for (let i = 0; i < 5; i++) await rig.ask('a. A')
  t.equal(chain.count, 5)
  t.equal(rig.table.size, 0)
})

t.test('a change of the data ends every answer made from it, also one that was slow', async (t) => {
  let version = new Version()
  let value = '192.0.2.1'
  const waiting: (() => void)[] = []
  const slow: Handler = async () => {
    const made = reusable({ answer: recordsOf(`a. 60 IN A ${value}`), reuse: reuseWhile(version) })
    await new Promise<void>((resolve) => waiting.push(resolve))
    return made
  }
  const chain = counted(slow)
  const rig = new EngineRig({ blocks: { '.': { chain } } })
  const ask = async (): Promise<readonly string[] | undefined> => {
    const asked = rig.ask('a. A')
    for (const release of waiting.splice(0)) release()
    return (await asked)?.answer
  }
  await ask()
  await ask()
  t.same(await ask(), ['a. 60 IN A 192.0.2.1'])
  t.equal(chain.count, 2)
  // One more query leaves before the change and arrives after it.
  const late = rig.ask('a. A', { edns: { options: [{ code: 65_001, data: new Uint8Array(0) }] } })
  version.end()
  version = new Version()
  value = '192.0.2.2'
  for (const release of waiting.splice(0)) release()
  t.same((await late)?.answer, ['a. 60 IN A 192.0.2.1'])
  t.same(await ask(), ['a. 60 IN A 192.0.2.2'])
  await ask()
  t.same(await ask(), ['a. 60 IN A 192.0.2.2'])
  t.equal(chain.count, 4)
})

t.test('slow answers made before a change are not kept', async (t) => {
  const version = new Version()
  const release: ((response: Response) => void)[] = []
  const chain = counted(() => new Promise<Response>((resolve) => release.push(resolve)))
  const rig = new EngineRig({ blocks: { '.': { chain } } })
  const asked = [rig.ask('a. A'), rig.ask('a. A'), rig.ask('a. A')]
  const old = reusable({ reuse: reuseWhile(version) })
  version.end()
  for (const resolve of release) resolve(old)
  await Promise.all(asked)
  t.equal(rig.table.size, 0)
})

t.test('an answer is used again until its time and not after', async (t) => {
  const chain = counted(() => reusable({ reuse: { ...reuseWhile(), until: 1_000_000 + 5000 } }))
  const rig = new EngineRig({ blocks: { '.': { chain } } })
  for (let i = 0; i < 5; i++) await rig.ask('a. A')
  t.equal(chain.count, 2)
  await rig.clock.advance(4999)
  await rig.ask('a. A')
  t.equal(chain.count, 2)
  await rig.clock.advance(1)
  await rig.ask('a. A')
  t.equal(chain.count, 3)
})

t.test('clients that differ by a fact get their own answers', async (t) => {
  const fact = { name: 'address', of: (client: { address: string }) => client.address }
  const chain = counted((query) =>
    reusable({ answer: recordsOf(`a. 60 IN A ${query.client.address}`), reuse: { ...reuseWhile(), vary: [fact] } }),
  )
  const rig = new EngineRig({ blocks: { '.': { chain } } })
  for (let i = 0; i < 4; i++) {
    for (const client of ['192.0.2.1', '192.0.2.2']) {
      t.same((await rig.ask('a. A', { client: clientAt(client) }))?.answer, [`a. 60 IN A ${client}`])
    }
  }
  t.equal(chain.count, 3, 'the sketch knows the question after the first')
})

t.test('a client that the kept answer does not fit gets a cut one; others still get the whole', async (t) => {
  const records = recordsOf(...Array.from({ length: 60 }, (_, i) => `a. 60 IN A 192.0.2.${i}`))
  const rig = new EngineRig({ blocks: { '.': { chain: () => reusable({ answer: records }) } } })
  for (let i = 0; i < 3; i++) {
    t.match(await rig.ask('a. A'), { flags: 'qr aa tc rd' })
    const whole = await rig.ask('a. A', { client: clientAt('192.0.2.1', 'tcp') })
    t.match([whole?.flags, whole?.answer.length], ['qr aa rd', 60])
  }
  t.match(
    rig.seen.at(-2),
    { flags: 0x8700, uncompressedSize: 12 + 3 + 4 + 60 * (3 + 14) },
    'the log knows the whole length',
  )
})

t.test('each hit tells whoever counts it', async (t) => {
  const used: string[] = []
  const chain = counted(() => reusable({ reuse: { ...reuseWhile(), used: (server) => used.push(server) } }))
  const rig = new EngineRig({ blocks: { '.': { chain } } })
  for (let i = 0; i < 5; i++) await rig.ask('a. A')
  t.same([chain.count, used], [2, ['dns://:53', 'dns://:53', 'dns://:53']])
})

t.test('a bug in a plugin is SERVFAIL, counted and told, at once and later', async (t) => {
  const boom = (): never => {
    throw new Error('boom')
  }
  const unwritable = reusable({ answer: [{ ...recordsOf('a. 1 IN A 192.0.2.1')[0], owner: null } as never] })
  const rig = new EngineRig({
    blocks: {
      'sync.': { chain: boom },
      'async.': { chain: async () => boom() },
      'debug.': { chain: async () => boom(), settings: { debug: true } },
      'encode.': { chain: () => unwritable },
    },
  })
  for (const zone of ['sync', 'async', 'debug', 'encode']) {
    t.match(await rig.ask(`a.${zone}. A`), { rcode: 'SERVFAIL', flags: 'qr rd' }, zone)
  }
  t.match(rig.bugs, [
    { text: 'boom', name: 'a.sync.', debug: false },
    { text: 'boom', name: 'a.async.', debug: false },
    { text: 'boom', name: 'a.debug.', debug: true },
    { name: 'a.encode.', debug: false },
  ])
  t.match(rig.seen, [
    { rcode: 2, error: 'boom', from: '' },
    { error: 'boom' },
    { error: 'boom' },
    { rcode: 2, from: '' },
  ])
  t.equal(rig.engine.pending, 0)
})

t.test('a bug in an observer, or in what counts hits, takes nothing from the client', async (t) => {
  const boom = (): never => {
    throw new Error('observer')
  }
  const chain = counted((query) => ({ ...address(query), reuse: { ...reuseWhile(), used: boom } }))
  const rig = new EngineRig({ blocks: { '.': { chain, observers: [boom] }, 'none.': { chain: null } } })
  for (let i = 0; i < 3; i++) t.match(await rig.ask('a. A'), { answer: ['a. 60 IN A 192.0.2.1'] })
  t.equal(chain.count, 2)
  t.equal(rig.bugs.length, 4, 'an observer each time, and the one hit')
})

t.test('queries that wait are counted, and idle tells when none does', async (t) => {
  const release: (() => void)[] = []
  const chain: Handler = () => new Promise((resolve) => release.push(() => resolve(reusable())))
  const rig = new EngineRig({ blocks: { '.': { chain } } })
  await rig.engine.idle()
  const asked = [rig.ask('a. A'), rig.ask('b. A')]
  t.equal(rig.engine.pending, 2)
  let idle = false
  const waiting = rig.engine.idle().then(() => {
    idle = true
  })
  release.shift()?.()
  await asked[0]
  t.equal(idle, false)
  release.shift()?.()
  await Promise.all([asked[1], waiting])
  t.equal(rig.engine.pending, 0)
})

t.test('a transport may hand over the next query while it takes a reply', async (t) => {
  const release: (() => void)[] = []
  const slow: Handler = (query) => new Promise((resolve) => release.push(() => resolve(address(query))))
  const rig = new EngineRig({ blocks: { 'slow.': { chain: slow }, 'fast.': { chain: address } } })
  const replies: (Uint8Array | null)[] = []
  rig.engine.receive(queryBytes('a.slow. A', { id: 1 }), clientAt(), (bytes) => {
    replies.push(bytes)
    rig.engine.receive(queryBytes('b.fast. AAAA', { id: 2 }), clientAt(), (next) => replies.push(next))
  })
  release[0]?.()
  await rig.engine.idle()
  t.match(rig.seen, [
    { id: 1, name: 'a.slow.', type: 1, zone: 'slow.' },
    { id: 2, name: 'b.fast.', type: 28, zone: 'fast.' },
  ])
  t.equal(replies.length, 2)
})

t.test('an internal look-up goes through the block that owns the name and is seen as a query', async (t) => {
  let rig: EngineRig
  const alias: Handler = (query) =>
    rig.engine.resolve(amendQuery(query, { name: recordsOf('target.other. 1 IN A 192.0.2.1')[0]!.owner }))
  const later: Handler = async (query) => address(query)
  rig = new EngineRig({
    blocks: {
      'alias.': { chain: alias },
      'other.': { chain: later },
      'bug.': { chain: async () => Promise.reject(new Error('x')) },
    },
  })
  t.match(await rig.ask('a.alias. A'), { answer: ['target.other. 60 IN A 192.0.2.1'] })
  t.match(rig.seen, [
    {
      name: 'target.other.',
      zone: 'other.',
      from: 'file',
      answered: true,
      flags: flagBits.qr | flagBits.aa | flagBits.rd,
    },
    { name: 'a.alias.', zone: 'alias.' },
  ])
})

t.test('what observers see of a query and its answer', async (t) => {
  const chain: Handler = (query) =>
    query.name.labelCount > 1
      ? respond('hosts', { rcode: 3, authority: recordsOf('b. 5 IN SOA a. b. 1 2 3 4 5') })
      : address(query)
  const offers = new Map([['test/name', (query: Query) => query.name.toString()]])
  const rig = new EngineRig({
    blocks: { '.': { chain, offers, settings: { metadataZones: [recordsOf('. 1 IN A 192.0.2.1')[0]!.owner] } } },
  })
  const client = clientAt('2001:db8::1', 'tcp')
  for (let i = 0; i < 3; i++) await rig.ask('b. A', { id: 9, edns: { size: 4096, do: true }, client })
  const expected = {
    id: 9,
    name: 'b.',
    type: 1,
    class: 1,
    zone: '.',
    client: 'tcp 2001:db8::1',
    do: true,
    bufferSize: 65_535,
    querySize: 12 + 7 + 11,
    responseSize: 12 + 7 + 16 + 11,
    uncompressedSize: 12 + 7 + 17,
    rcode: 0,
    flags: flagBits.qr | flagBits.aa | flagBits.rd,
    hasAnswer: true,
    negative: false,
    from: 'file',
    error: null,
    durationSeconds: 0,
    metadata: { 'test/name': 'b.' },
  }
  t.match(rig.seen, [
    { ...expected, prepared: false },
    { ...expected, prepared: false },
    { ...expected, prepared: true },
  ])
  await rig.ask('a.b. A', { edns: { size: 700 } })
  t.match(rig.seen[3], { rcode: 3, negative: true, hasAnswer: false, from: 'hosts', bufferSize: 700, do: false })
  await rig.ask('a.b. A')
  t.match(rig.seen[4], { bufferSize: 512 })
})
