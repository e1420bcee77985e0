import t from 'tap'
import { queryOf } from '../../test/support/query.ts'
import { isFault } from '../../wire/fault.ts'
import { decodeMessage, encodeMessage, type Message } from '../../wire/message.ts'
import { Name } from '../../wire/name.ts'
import { ResourceRecord } from '../../wire/record.ts'
import { opcodes, types } from '../../wire/registry.ts'
import type { Query, QueryFields } from '../query.ts'
import { flightKey, questionOf } from './question.ts'

const queryFor = (changes: Partial<QueryFields>): Query => queryOf('wWw.example.org. A', { id: 77, ...changes })

const sent = (changes: Partial<QueryFields>): Message => {
  const message = decodeMessage(questionOf(queryFor(changes)).bytes)
  if (isFault(message)) throw new Error(message.fault)
  return message
}

t.test('what goes up says what the client said, with id 0', (t) => {
  const edns = {
    udpSize: 1400,
    version: 0,
    do: true,
    z: 1,
    extendedRcode: 0,
    options: [{ code: 10, data: Uint8Array.of(1, 2) }],
  }
  const plain = sent({})
  t.match(plain, { id: 0, flags: 0x0100, opcode: 0, rcode: 0, answer: [], authority: [], additional: [], edns: null })
  t.equal(String(plain.questions[0]?.name), 'wWw.example.org.')
  t.strictSame(sent({ edns }).edns, edns)
  t.equal(sent({ rd: false, ad: true, cd: true, flags: 0x0440 }).flags, 0x0470)
  t.match(sent({ type: 65_280, class: 3 }).questions, [{ type: 65_280, class: 3 }])
  t.end()
})

t.test('a NOTIFY or IXFR keeps its records, under the question that the layers above made of it', (t) => {
  const zone = Name.parse('example.org.')
  const soa = new ResourceRecord(zone, types.SOA, 1, 0, Uint8Array.of(0, 0, ...new Uint8Array(20)))
  const bytes = encodeMessage({
    id: 9,
    flags: 0,
    opcode: opcodes.NOTIFY,
    rcode: 0,
    questions: [{ name: zone, type: types.SOA, class: 1 }],
    answer: [soa],
    authority: [],
    additional: [],
    edns: null,
  })
  const name = Name.parse('rewritten.example.')
  const message = sent({ opcode: opcodes.NOTIFY, name, type: types.SOA, bytes })
  t.match(message, { id: 0, opcode: opcodes.NOTIFY, answer: [{ type: types.SOA }] })
  t.equal(String(message.questions[0]?.name), 'rewritten.example.')
  t.strictSame(sent({ bytes: bytes.subarray(0, 20) }).answer, [])
  t.end()
})

t.test('only what is the same upstream shares an exchange', (t) => {
  const key = (changes: Partial<QueryFields>): string => {
    const query = queryFor(changes)
    return flightKey(query, questionOf(query))
  }
  const edns = { udpSize: 1232, version: 0, do: false, z: 0, extendedRcode: 0, options: [] }
  const tcp = { ...queryFor({}).client, transport: 'tcp' as const }
  const different: Partial<QueryFields>[] = [
    {},
    { type: types.AAAA },
    { class: 3 },
    { rd: false },
    { cd: true },
    { ad: true },
    { name: Name.parse('www.example.org.') },
    { edns },
    { edns: { ...edns, do: true } },
    { edns: { ...edns, options: [{ code: 8, data: Uint8Array.of(1) }] } },
    { client: tcp },
  ]
  t.equal(new Set(different.map(key)).size, different.length)
  t.equal(key({ id: 5, client: { ...tcp, transport: 'tls' } }), key({ client: tcp }))
  t.end()
})
