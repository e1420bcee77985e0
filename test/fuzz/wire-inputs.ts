// Inputs for the fuzzer of wire/: a seeded random source, messages and texts to start from, and mutations that keep much of their structure.

import fc from 'fast-check'
import { encodeMessage } from '../../wire/message.ts'
import { messages } from '../support/wire-generators.ts'

/** A random source that its seed determines. */
export interface Random {
  /** An integer from 0 to `count` - 1. */
  below(count: number): number
}

/** Mulberry32: 32 bits of state are plenty for choosing mutations. */
export function randomFrom(seed: number): Random {
  let state = seed >>> 0
  return {
    below(count) {
      state = (state + 0x6d2b79f5) >>> 0
      let mixed = Math.imul(state ^ (state >>> 15), state | 1)
      mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
      return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * count)
    },
  }
}

/** Well-formed messages of all kinds. */
export function seedMessages(random: Random): Uint8Array[] {
  return fc.sample(messages, { numRuns: 40, seed: random.below(2 ** 31) }).map((message) => encodeMessage(message))
}

/** Records in text, one for each kind of field. */
export const seedTexts: readonly string[] = [
  'www.example.org. 300 IN A 192.0.2.1',
  'a AAAA 2001:db8::1',
  'a SOA ns.a. h.a. 1 2h 30m 2w 1d',
  'a MX 10 mail\\.x.a.',
  'a TXT "a b" c "d\\"e" ( "\\000" ) ; comment',
  'a RRSIG A 8 2 300 20450101000000 20250101000000 1 a. AQID',
  'a NSEC b. A MX TYPE1234',
  'a NSEC3 1 0 10 aabb 2t7b4g4vsa5smi47k61mv5bv1a22bojr A',
  'a LOC 52 22 23.000 N 4 53 32.000 E -2.00m 1m 10000m 10m',
  'a APL 1:192.168.32.0/21 !2:ff00::/8',
  'a SVCB 1 . mandatory=alpn alpn="h2,h3\\\\," port=53 ipv4hint=192.0.2.1 key667="x"',
  'a IPSECKEY 10 1 2 192.0.2.38 AQID',
  'a HIP 2 2001 AQID a. b.',
  'a CAA 0 issue "ca.example"',
  'a EUI48 00-00-5e-00-53-2a',
  'a NID 10 0014:4fff:ff20:ee64',
  'a TYPE65280 \\# 4 0a000001',
  'a HINFO "a b"',
  'a TSIG hmac-sha256. 1 300 AQID 1 NOERROR -',
]

const interesting = [0, 1, 0x3f, 0x40, 0x7f, 0x80, 0xbf, 0xc0, 0xc1, 0xff, 0x22, 0x28, 0x29, 0x3b, 0x5c] as const
/** Octets of the longest message. */
const messageBytesMax = 65_535

/** One of the inputs, changed in one to eight places; now and then nothing but noise. */
export function mutated(random: Random, inputs: readonly Uint8Array[]): Buffer {
  if (random.below(50) === 0) return Buffer.from(Array.from({ length: random.below(80) }, () => random.below(256)))
  let bytes: Buffer = Buffer.from(pick(random, inputs))
  for (let changes = 1 + random.below(8); changes > 0; changes--) bytes = change(random, bytes, inputs)
  return bytes.subarray(0, messageBytesMax)
}

const pick = <T>(random: Random, values: readonly T[]): T => values[random.below(values.length)]!

function change(random: Random, bytes: Buffer, inputs: readonly Uint8Array[]): Buffer {
  const at = random.below(bytes.length + 1)
  const end = Math.min(bytes.length, at + 1 + random.below(16))
  const head = bytes.subarray(0, at)
  const tail = bytes.subarray(at)
  switch (random.below(11)) {
    case 0:
      return put(bytes, at, random.below(256))
    case 1:
      return put(bytes, at, pick(random, interesting))
    case 2:
      return put(bytes, at, (bytes[at] ?? 0) ^ (1 << random.below(8)))
    case 3:
      return put(bytes, at, (bytes[at] ?? 0) + random.below(3) - 1)
    case 4:
      // A pointer, to anywhere within reach.
      return put(put(bytes, at, 0xc0 | (random.below(4) === 0 ? random.below(64) : 0)), at + 1, random.below(256))
    case 5:
      return Buffer.concat([head, bytes.subarray(end)])
    case 6:
      return Buffer.concat([head, bytes.subarray(at, end), tail])
    case 7:
      return Buffer.concat([head, Buffer.from(pick(random, inputs)).subarray(at)])
    case 8:
      return withOpt(bytes)
    case 9:
      return Buffer.concat([head, longLabel, longLabel, longLabel, longLabel, tail])
    default:
      return Buffer.from(head)
  }
}

// 63 times the same octet behind their length.
const longLabel = Buffer.alloc(64, 0x3f)

/** The message with one more OPT record at its end, counted. */
function withOpt(bytes: Buffer): Buffer {
  if (bytes.length < 12) return bytes
  bytes.writeUInt16BE((bytes.readUInt16BE(10) + 1) & 0xffff, 10)
  return Buffer.concat([bytes, Buffer.from('0000290200000000000000', 'hex')])
}

function put(bytes: Buffer, at: number, octet: number): Buffer {
  if (at < bytes.length) bytes[at] = octet
  return bytes
}
