import packet from 'dns-packet'
import t from 'tap'
import { upstreamAddress } from './scenarios.ts'
import { answerTo } from './upstream.ts'

const question = (type: packet.RecordType): packet.Question => ({ type, class: 'IN', name: 'www-1.site.example' })
const query = (type: packet.RecordType): Uint8Array =>
  packet.encode({ type: 'query', id: 7, flags: packet.RECURSION_DESIRED, questions: [question(type)] })
const decode = (reply: Uint8Array | null): packet.DecodedPacket => packet.decode(Buffer.from(reply ?? []))

t.test('an address is answered with the one record', async (t) => {
  const reply = decode(answerTo(query('A')))
  t.equal(reply.id, 7)
  t.ok(reply.flag_qr && reply.flag_rd && reply.flag_ra)
  t.match(reply.answers, [{ name: 'www-1.site.example', type: 'A', ttl: 3600, data: upstreamAddress }])
})

t.test('another type has no data', async (t) => {
  const reply = answerTo(query('AAAA'))
  t.equal(reply![3]! & 15, 0, 'NOERROR')
  t.same(decode(reply).answers, [])
})

t.test('EDNS is left out of the answer', async (t) => {
  const additionals = [
    { type: 'OPT', name: '.', udpPayloadSize: 1232, flags: 0, options: [] },
  ] as unknown as packet.Answer[]
  const reply = decode(answerTo(packet.encode({ type: 'query', id: 7, questions: [question('A')], additionals })))
  t.equal(reply.additionals?.length, 0)
  t.equal(reply.answers?.length, 1)
})

t.test('what is no query is not answered', async (t) => {
  t.equal(answerTo(new Uint8Array(0)), null)
  t.equal(answerTo(query('A').subarray(0, 20)), null)
  t.equal(answerTo(answerTo(query('A'))!), null)
})
