import fc from 'fast-check'
import t from 'tap'
import { FrameReader, frame } from './framing.ts'

const messages = fc.array(
  fc.oneof(
    fc.uint8Array({ maxLength: 40 }),
    fc.nat(0xffff).map((length) => new Uint8Array(length).fill(length & 0xff)),
  ),
  { maxLength: 6 },
)

const join = (parts: readonly Uint8Array[]) => new Uint8Array(Buffer.concat(parts))

/** Cuts a stream at the given places. */
function cut(stream: Uint8Array, places: readonly number[]): Uint8Array[] {
  const at = [...new Set([0, ...places.map((place) => place % (stream.length + 1)), stream.length])].sort(
    (a, b) => a - b,
  )
  return at.slice(1).map((end, i) => stream.slice(at[i], end))
}

t.test('messages come out as they went in, however the stream is cut', async () => {
  fc.assert(
    fc.property(messages, fc.array(fc.nat(), { maxLength: 30 }), fc.boolean(), (sent, places, eager) => {
      const reader = new FrameReader()
      const received: Uint8Array[] = []
      const take = () => {
        for (let message = reader.next(); message; message = reader.next()) received.push(message)
      }
      for (const chunk of cut(join(sent.map(frame)), places)) {
        reader.push(chunk)
        if (eager) take()
      }
      take()
      const same =
        received.length === sent.length && received.every((message, i) => Buffer.from(message).equals(sent[i]!))
      return same && !reader.partial && !reader.ready
    }),
  )
})

t.test('octets that come one by one make messages', async (t) => {
  const reader = new FrameReader()
  const message = new Uint8Array(65_535).fill(7)
  for (const octet of frame(message)) reader.push(Uint8Array.of(octet))
  t.ok(Buffer.from(message).equals(reader.next()!))
  t.equal(reader.partial, false)
})

t.test('an empty message is a message', async (t) => {
  const reader = new FrameReader()
  reader.push(Uint8Array.of(0, 0, 0))
  t.equal(reader.next()?.length, 0)
  t.equal(reader.next(), null)
  t.equal(reader.partial, true)
})

t.test('a message that its length cannot express is refused', async (t) => {
  t.equal(frame(new Uint8Array(65_535)).length, 65_537)
  t.throws(() => frame(new Uint8Array(65_536)), { message: 'message of 65536 octets' })
})
