// TSIG of the judge: what it signs it accepts, and nothing else.
import { createHmac } from 'node:crypto'
import t from 'tap'
import { checkReply, signQuery } from './tsig.ts'
import { decodeMessage } from './wire/decode.ts'
import { counted16, encodeQuery } from './wire/encode.ts'

const key = { name: 'Key.test.', secret: Buffer.from('a secret').toString('base64'), algorithm: 'hmac-sha256.' }
const query = encodeQuery({ name: 'a.test.', type: 'A' }, 1)

/** A reply signed by a server that has the key (RFC 8945 section 5.4.1), over the MAC of its query. */
function signedReply(queryMac: Buffer): Buffer {
  const { message } = signQuery(query, key, 1_800_000_000)
  const reader = message.subarray(query.length)
  const nameAndHeader = 10 + 10
  const algorithm = reader.subarray(nameAndHeader, nameAndHeader + 13)
  const timeAndFudge = reader.subarray(nameAndHeader + 13, nameAndHeader + 21)
  const owner = Buffer.from('\x03key\x04test\x00', 'latin1')
  const variables = [owner, Buffer.from('00ff00000000', 'hex'), algorithm, timeAndFudge, Buffer.alloc(4)]
  const mac = createHmac('sha256', 'a secret')
    .update(Buffer.concat([counted16(queryMac), query, ...variables]))
    .digest()
  const macStart = query.length + nameAndHeader + 21 + 2
  return Buffer.concat([message.subarray(0, macStart), mac, message.subarray(macStart + mac.length)])
}

t.test('a signed query carries the key, the time and a MAC', async (t) => {
  const { message, mac } = signQuery(query, { ...key, skew: -10 }, 1_800_000_000)
  t.same(decodeMessage(message).additional, [
    {
      name: 'Key.test.',
      type: 'TSIG',
      ttl: 0,
      class: 'ANY',
      rdata: `hmac-sha256. 1799999990 300 ${mac.toString('base64')} 1 NOERROR -`,
    },
  ])
})

t.test('a bad signature differs from the good one', async (t) => {
  const good = signQuery(query, key, 1_800_000_000).mac
  const bad = signQuery(query, { ...key, badSig: true }, 1_800_000_000).mac
  t.not(good.toString('hex'), bad.toString('hex'))
})

t.test('a reply is right only if it is signed with the key over the MAC of the query', async (t) => {
  const mac = Buffer.alloc(32, 7)
  const reply = signedReply(mac)
  t.equal(checkReply(reply, key, mac), true)
  t.equal(checkReply(reply, key, Buffer.alloc(32, 8)), false)
  t.equal(checkReply(reply, { ...key, secret: 'AAAA' }, mac), false)
  const changed = Buffer.from(reply)
  changed.writeUInt8(changed.readUInt8(3) ^ 1, 3)
  t.equal(checkReply(changed, key, mac), false)
})

t.test('a reply without a signature is neither right nor wrong', async (t) => {
  t.equal(checkReply(query, key, Buffer.alloc(32)), undefined)
})
