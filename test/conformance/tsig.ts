// TSIG (RFC 8945): signs a query and checks the signature of its reply.
import { createHmac, timingSafeEqual } from 'node:crypto'
import type { TsigKey } from './case.ts'
import { sectionCounts } from './wire/decode.ts'
import { counted16, encodeName, encodeRecord, u16, u32, u48 } from './wire/encode.ts'
import { Reader } from './wire/reader.ts'

const digests: Readonly<Record<string, string>> = {
  'hmac-md5.sig-alg.reg.int.': 'md5',
  'hmac-sha1.': 'sha1',
  'hmac-sha224.': 'sha224',
  'hmac-sha256.': 'sha256',
  'hmac-sha384.': 'sha384',
  'hmac-sha512.': 'sha512',
}

function hmac(algorithm: string, secret: string, parts: readonly Buffer[]): Buffer | null {
  const digest = digests[algorithm.toLowerCase()]
  if (digest === undefined) return null
  return createHmac(digest, Buffer.from(secret, 'base64')).update(Buffer.concat(parts)).digest()
}

export interface SignedQuery {
  readonly message: Buffer
  readonly mac: Buffer
}

/** The query with a TSIG record at its end, signed at `nowSeconds`; an algorithm that nobody knows gets a MAC of zeros. */
export function signQuery(query: Buffer, key: TsigKey, nowSeconds: number): SignedQuery {
  const time = u48(nowSeconds + (key.skew ?? 0))
  const fudge = u16(key.fudge ?? 300)
  const algorithm = encodeName(key.algorithm)
  const name = encodeName(key.name.toLowerCase())
  const noErrorNoOther = u32(0)
  const variables = [name, u16(255), u32(0), algorithm, time, fudge, noErrorNoOther]
  const mac = hmac(key.algorithm, key.secret, [query, ...variables]) ?? Buffer.alloc(32)
  if (key.badSig) mac.writeUInt8(mac.readUInt8() ^ 0xff)
  const rdata = Buffer.concat([algorithm, time, fudge, counted16(mac), query.subarray(0, 2), noErrorNoOther])
  const record = encodeRecord({ name: key.name, type: 'TSIG', class: 'ANY', ttl: 0, rdata })
  const message = Buffer.concat([query, record])
  message.writeUInt16BE(message.readUInt16BE(10) + 1, 10)
  return { message, mac }
}

/** Whether the reply's signature is right; undefined when it does not end with a TSIG record that carries a MAC. */
export function checkReply(reply: Buffer, key: TsigKey, queryMac: Buffer): boolean | undefined {
  const start = lastRecord(reply)
  if (start === undefined) return undefined
  const reader = new Reader(reply, start)
  const owner = reader.name()
  if (reader.u16() !== 250) return undefined
  reader.bytes(8)
  const algorithm = reader.name()
  const timeAndFudge = reader.bytes(8)
  const mac = reader.counted16()
  if (mac.length === 0) return undefined
  const originalId = reader.bytes(2)
  const error = reader.bytes(2)
  const other = counted16(reader.counted16())
  const signed = Buffer.from(reply.subarray(0, start))
  signed.writeUInt16BE(signed.readUInt16BE(10) - 1, 10)
  originalId.copy(signed)
  const variables = [
    encodeName(owner.toLowerCase()),
    u16(255),
    u32(0),
    encodeName(algorithm.toLowerCase()),
    timeAndFudge,
    error,
    other,
  ]
  const wanted = hmac(algorithm, key.secret, [counted16(queryMac), signed, ...variables])
  return wanted !== null && wanted.length === mac.length && timingSafeEqual(wanted, mac)
}

/** Where the last record of a message starts. */
function lastRecord(message: Buffer): number | undefined {
  const [questions = 0, ...records] = sectionCounts(message)
  const reader = new Reader(message, 12)
  for (let index = 0; index < questions; index++) {
    reader.name()
    reader.bytes(4)
  }
  let start: number | undefined
  for (let index = records.reduce((sum, count) => sum + count, 0); index > 0; index--) {
    start = reader.offset
    reader.name()
    reader.bytes(8)
    reader.counted16()
  }
  return start
}
