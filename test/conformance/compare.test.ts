// The judge's comparison: what is a difference and what is not. Each case changes one thing in a reply that is right.
import t from 'tap'
import type { Reply } from './ask.ts'
import type { Comparison, Expectation } from './case.ts'
import { compareRaw, compareReply } from './compare.ts'
import type { ResourceRecord } from './wire/decode.ts'

/** `OWNER TTL TYPE RDATA`. */
function record(text: string): ResourceRecord {
  const [name = '', ttl, type = '', ...rdata] = text.split(' ')
  return { name, type, ttl: Number(ttl), rdata: rdata.join(' ') }
}

const flags = { aa: true, tc: false, ra: false, ad: false, rd: true, cd: false }
const question = [{ name: 'a.test.', type: 'A', class: 'IN' }]

function reply(answer: string[], changes: Partial<Reply> = {}): Reply {
  const sections = { answer: answer.map(record), authority: [], additional: [] }
  return { rcode: 'NOERROR', opcode: 'QUERY', flags, question, ...sections, ...changes }
}

const expectation = (answer: string[], changes: Partial<Expectation> = {}): Expectation => {
  const { opcode: _, ...expected } = reply(answer)
  return { ...expected, ...changes }
}

interface Trial {
  readonly expected: Expectation
  readonly got: Reply
  readonly rule?: Comparison
  /** Beginnings of the differences; none if the reply is right. */
  readonly differences: readonly string[]
}

const two = ['a.test. 60 A 192.0.2.1', 'a.test. 60 A 192.0.2.2']
const swapped = [...two].reverse()
const alias = 'a.test. 60 CNAME b.test.'
const target = 'b.test. 60 A 192.0.2.1'

const trials: Record<string, Trial> = {
  'the same reply passes': { expected: expectation(two), got: reply(two), differences: [] },
  'records may come in any order': { expected: expectation(two), got: reply(swapped), differences: [] },
  'unless the order is exact': {
    expected: expectation(two),
    got: reply(swapped),
    rule: { order: 'exact' },
    differences: ['answer[0]', 'answer[1]'],
  },
  'a missing record is a difference': {
    expected: expectation(two),
    got: reply(two.slice(1)),
    differences: ['answer: missing'],
  },
  'a record too many is a difference': {
    expected: expectation(two),
    got: reply([...two, two[0] ?? '']),
    differences: ['answer: extra'],
  },
  'a CNAME comes before what it leads to': {
    expected: expectation([alias, target]),
    got: reply([target, alias]),
    differences: ['answer: b.test. before'],
  },
  'names in owners and rdata are compared without case': {
    expected: expectation([alias]),
    got: reply(['A.test. 60 CNAME B.TEST.']),
    differences: [],
  },
  'text is compared with case': {
    expected: expectation(['a.test. 60 TXT "x"']),
    got: reply(['a.test. 60 TXT "X"']),
    differences: ['answer: missing', 'answer: extra'],
  },
  'the question is compared with case': {
    expected: expectation([]),
    got: reply([], { question: [{ name: 'A.test.', type: 'A', class: 'IN' }] }),
    differences: ['question'],
  },
  'a star stands for one word': {
    expected: expectation(['a.test. 60 SOA ns. mail. * 1 2 3 4']),
    got: reply(['a.test. 60 SOA ns. mail. 77 1 2 3 4']),
    differences: [],
  },
  'a star does not stand for two words': {
    expected: expectation(['a.test. 60 TXT *']),
    got: reply(['a.test. 60 TXT "x" "y"']),
    differences: ['answer: missing', 'answer: extra'],
  },
  'a TTL is exact': {
    expected: expectation([target]),
    got: reply(['b.test. 59 A 192.0.2.1']),
    differences: ['answer: missing', 'answer: extra'],
  },
  'a TTL that may count down may be 5 s less': {
    expected: expectation([target]),
    got: reply(['b.test. 55 A 192.0.2.1']),
    rule: { ttl: 'max' },
    differences: [],
  },
  'but not more': {
    expected: expectation([target]),
    got: reply(['b.test. 61 A 192.0.2.1']),
    rule: { ttl: 'max' },
    differences: ['answer: missing', 'answer: extra'],
  },
  'flags, rcode and opcode count': {
    expected: expectation([]),
    got: reply([], { rcode: 'NXDOMAIN', opcode: 'NOTIFY', flags: { ...flags, aa: false } }),
    differences: ['rcode', 'opcode', 'flag aa'],
  },
  'an OPT record that was not expected is a difference': {
    expected: expectation([]),
    got: reply([], { edns: { size: 1232, do: false } }),
    differences: ['edns'],
  },
  'a truncated reply holds a part of the records': {
    expected: expectation([], { answer: { subsetOf: ['a.test. A 192.0.2.1', 'a.test. A 192.0.2.2'] } }),
    got: reply([two[0] ?? '', 'a.test. 60 A 192.0.2.3']),
    differences: ['answer: unexpected a.test. A 192.0.2.3'],
  },
  'a truncated reply keeps within the limit': {
    expected: expectation([], { size: 500 }),
    got: reply([], { size: 513 }),
    rule: { limit: 512 },
    differences: ['size'],
  },
  'records of ignored owners do not count': {
    expected: expectation([]),
    got: reply(['ns.dns.test. 5 A 192.0.2.1']),
    rule: { ignore: '^NS\\.dns' },
    differences: [],
  },
  'an unchecked section may hold anything': {
    expected: expectation([], { answer: 'unchecked' }),
    got: reply(two),
    differences: [],
  },
  'a signature must be right': {
    expected: expectation([], { tsigValid: true }),
    got: reply([], { tsigValid: false }),
    differences: ['tsig signature'],
  },
}

for (const [name, { expected, got, rule = {}, differences }] of Object.entries(trials)) {
  t.test(name, async (t) => {
    const found = compareReply(rule, expected, got)
    t.equal(found.length, differences.length, found.join('\n'))
    for (const [index, beginning] of differences.entries())
      t.equal(found[index]?.startsWith(beginning), true, found.join(' '))
  })
}

t.test('silence is right only where silence is expected', async (t) => {
  const silent = expectation([], { silence: true })
  t.same(compareReply({}, silent, { silence: true }), [])
  t.same(compareReply({}, silent, reply([])), ['expected silence, got a reply'])
  t.same(compareReply({}, expectation([]), { silence: true }), ['no reply'])
  t.match(compareReply({}, expectation([]), { undecodable: 'x' }), [/^undecodable/])
})

t.test('a raw reply is compared by every field but its size', async (t) => {
  const got = { id: 1, flags: '8400', counts: [1, 0, 0, 0] }
  t.same(compareRaw({ ...got, size: 12 }, got), [])
  t.match(compareRaw({ ...got, flags: '8401' }, got), [/^flags/])
  t.match(compareRaw({ ...got, rcode: 'FORMERR' }, got), [/^rcode/])
  t.same(compareRaw({ silence: true }, { silence: true }), [])
  t.same(compareRaw({ silence: true }, got), ['expected silence, got a reply'])
})
