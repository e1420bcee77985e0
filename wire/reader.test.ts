import t from 'tap'
import { isFault } from './fault.ts'
import { decodeMessage, type Message } from './message.ts'
import { formatRecord } from './presentation.ts'
import { joinBytes, Reader } from './reader.ts'

const bytes = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex.replaceAll(' ', ''), 'hex'))

/** A response to `a. A` (octets 12-18) with one answer record of the given octets. */
const withAnswer = (hex: string): Uint8Array => bytes(`1234 8000 0001 0001 0000 0000 016100 0001 0001 ${hex}`)

function faultOf(message: Uint8Array): string | null {
  const decoded = decodeMessage(message)
  return isFault(decoded) ? decoded.fault : null
}

t.test('compressed names are followed, and names inside rdata come out uncompressed', async (t) => {
  const cases: [hex: string, record: string][] = [
    ['c00c 0001 0001 00000005 0004 0a000001', 'a. 5 IN A 10.0.0.1'],
    ['c00c 0005 0001 00000005 0004 0162c00c', 'a. 5 IN CNAME b.a.'],
    ['c00c 000f 0001 00000005 0004 000ac00c', 'a. 5 IN MX 10 a.'],
    ['c00c 0021 0001 00000005 0008 000100020003c00c', 'a. 5 IN SRV 1 2 3 a.'],
    [
      'c00c 0006 0001 00000005 0018 c00cc00c 00000001 00000002 00000003 00000004 00000005',
      'a. 5 IN SOA a. a. 1 2 3 4 5',
    ],
    ['c00c 0023 0001 00000005 000b 00010002 0175 0173 00 c00c', 'a. 5 IN NAPTR 1 2 "u" "s" "" a.'],
    ['c00c 0041 0001 00000005 000a 0001c00c 0003 0002 0035', 'a. 5 IN HTTPS 1 a. port="53"'],
    ['c00c ff00 0001 00000005 0002 c00c', 'a. 5 IN TYPE65280 \\# 2 c00c'],
    ['c00c 0001 00ff 00000000 0000', 'a. 0 ANY A \\# 0'],
    ['c00c 0005 00fe 00000000 0000', 'a. 0 NONE CNAME \\# 0'],
    ['c00c 0001 0001 ffffffff 0004 0a000001', 'a. 0 IN A 10.0.0.1'],
  ]
  for (const [hex, record] of cases) {
    const decoded = decodeMessage(withAnswer(hex))
    t.same((decoded as Message).answer.map(formatRecord), [record], hex)
  }
})

t.test('what is no message is a fault that says why', async (t) => {
  const cases: [message: Uint8Array, fault: string][] = [
    [bytes(''), 'message ends early'],
    [bytes('1234 8000 0001 0000 0000 00'), 'message ends early'],
    [bytes('1234 8000 0001 0000 0000 0000'), 'name runs past the end'],
    [bytes('1234 8000 0001 0000 0000 0000 0361'), 'name runs past the end'],
    [bytes('1234 8000 0001 0000 0000 0000 016100 00'), 'message ends early'],
    [bytes('1234 8000 0001 0000 0000 0000 c0'), 'name runs past the end'],
    [bytes('1234 8000 0001 0000 0000 0000 c00c 0001 0001'), 'compression pointer does not point back'],
    [bytes('1234 8000 0001 0000 0000 0000 0161c00c 0001 0001'), 'compression pointer does not point back'],
    [bytes('1234 8000 0001 0000 0000 0000 c0ff 0001 0001'), 'compression pointer does not point back'],
    [bytes('1234 8000 0001 0000 0000 0000 4161 00 0001 0001'), 'unknown label type'],
    [bytes('1234 8000 0001 0000 0000 0000 8161 00 0001 0001'), 'unknown label type'],
    [
      bytes(`1234 8000 0001 0000 0000 0000 ${`3f${'61'.repeat(63)}`.repeat(4)}00 0001 0001`),
      'name longer than 255 octets',
    ],
    [bytes('1234 8000 0000 ffff 0000 0000 01'), 'name runs past the end'],
    [withAnswer('c00c 0001 0001 00000005 0005 0a000001'), 'rdata runs past the end'],
    [withAnswer('c00c 0001 0001 00000005 0003 0a0000'), 'rdata does not fit its type'],
    [withAnswer('c00c 0001 0001 00000005 0000'), 'rdata does not fit its type'],
    [withAnswer('c00c 001c 0001 00000005 0004 0a000001'), 'rdata does not fit its type'],
    [withAnswer('c00c 0005 0001 00000005 0000'), 'rdata does not fit its type'],
    [withAnswer('c00c 0005 0001 00000005 0001 0161'), 'rdata does not fit its type'],
    [withAnswer('c00c 0005 0001 00000005 0003 c00c00'), 'rdata does not fit its type'],
    [withAnswer('c00c 0006 0001 00000005 0008 c00cc00c 00000001'), 'rdata does not fit its type'],
    [withAnswer('c00c 0023 0001 00000005 0005 00010002ff'), 'rdata does not fit its type'],
  ]
  for (const [message, fault] of cases) t.equal(faultOf(message), fault, Buffer.from(message).toString('hex').slice(24))
  t.equal(faultOf(withAnswer('c00c 0001 0001 00000005 0004 0a000001 ff')), null, 'octets behind the message do no harm')
  t.equal(
    faultOf(bytes('1234 8000 0000 ffff 0000 0000')),
    null,
    'a count that promises more than there is does no harm',
  )
})

t.test('a long chain of pointers is refused', async (t) => {
  const chain = (length: number): Uint8Array => {
    const pointers = Array.from({ length }, (_, i) => {
      const target = i === 0 ? 12 : 13 + 2 * (i - 1)
      return Uint8Array.of(0xc0 | (target >> 8), target & 0xff)
    })
    return joinBytes([new Uint8Array(12), Uint8Array.of(0), ...pointers])
  }
  const read = (length: number): Reader => {
    const message = chain(length)
    const reader = new Reader(message, message.length - 2)
    reader.name()
    return reader
  }
  t.equal(read(127).fault, null)
  t.equal(read(128).fault?.fault, 'too many compression pointers in one name')
})

t.test('a name of 255 octets is the longest, in one piece or by pointers', async (t) => {
  const labels = `3f${'61'.repeat(63)}`.repeat(3)
  const fits = bytes(`${'00'.repeat(12)} ${labels} 3d${'61'.repeat(61)} 00`)
  t.equal(new Reader(fits, 12).name().wire.length, 255)
  const pieces = bytes(`${'00'.repeat(12)} ${labels} 3d${'61'.repeat(61)} 00 0161 c00c`)
  const reader = new Reader(pieces, fits.length)
  t.ok(reader.name().isRoot)
  t.equal(reader.fault?.fault, 'name longer than 255 octets')
})

t.test('a reader stays at its first fault and gives nothing more', async (t) => {
  const reader = new Reader(bytes('01'))
  t.equal(reader.u16(), 0)
  t.equal(reader.u8(), 0)
  t.equal(reader.take(1).length, 0)
  t.equal(reader.record(), null)
  t.ok(reader.question().name.isRoot)
  t.equal(reader.fault?.fault, 'message ends early')
})
