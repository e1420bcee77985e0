import { once } from 'node:events'
import { connect as connectSocket, type Socket } from 'node:net'
import t, { type Test } from 'tap'
import type { Timer } from '../../plugins/plugin.ts'
import { FakeClock } from '../../test/support/fake-clock.ts'
import {
  echo,
  openListener,
  plainSettings,
  type TestClient,
  testTransport,
} from '../../test/support/transport-suite.ts'
import { FrameReader, frame } from './framing.ts'
import { tcpQueriesPerTurn } from './limits.ts'
import { tcpTransport } from './tcp.ts'
import type { Messages, OpenOptions } from './transport.ts'

const turn = () => new Promise(setImmediate)

/** A connection with its stream taken apart. */
async function connect({ host, port }: { host: string; port: number }): Promise<TestClient & { socket: Socket }> {
  const socket = connectSocket({ host, port, allowHalfOpen: true })
  const frames = new FrameReader()
  socket.on('data', (chunk: Buffer) => frames.push(chunk))
  socket.on('error', () => {})
  await once(socket, 'connect')
  return {
    socket,
    address: socket.localAddress!,
    port: socket.localPort!,
    send: (message) => void socket.write(frame(message)),
    async receive() {
      while (!frames.ready) await turn()
      return frames.next()!
    },
    close: () => void socket.destroy(),
  }
}

t.test('TCP', async (t) => testTransport(t, { name: 'tcp', transport: tcpTransport, messageBytesMax: 65_535, connect }))

const open = async (t: Test, options: Partial<OpenOptions> = {}) => {
  const opened = await openListener(t, tcpTransport, options)
  const client = await connect({ host: '127.0.0.1', port: opened.listener.port })
  t.teardown(() => client.close())
  return { ...opened, client }
}

const closed = (socket: Socket) => (socket.closed ? Promise.resolve() : once(socket, 'close'))
const ended = (socket: Socket) => (socket.readableEnded ? Promise.resolve() : once(socket, 'end'))

/** Knows when a connection has set its timer: a client is connected before the server has accepted it. */
class WatchedClock extends FakeClock {
  timers = 0

  override after(delayMs: number, task: () => void): Timer {
    this.timers++
    return super.after(delayMs, task)
  }
}

t.test('no more queries are taken than may be under way, and the rest after them', async (t) => {
  const { client, arrived, arrivals } = await open(t, { settings: () => ({ ...plainSettings, queriesMax: 3 }) })
  for (let i = 0; i < 10; i++) client.send(Buffer.from(String(i)))
  await arrivals(3)
  for (let i = 0; i < 20; i++) await turn()
  t.equal(arrived.length, 3)
  arrived[1]!.reply(null)
  arrived[0]!.reply(Buffer.from('zero'))
  await arrivals(5)
  for (let i = 0; i < 20; i++) await turn()
  t.equal(arrived.length, 5)
  t.equal(String(await client.receive()), 'zero')
})

t.test('many queries at once do not keep the thread', async (t) => {
  let inTurn = 0
  let most = 0
  const { client } = await open(t, {
    receive: (bytes, _client, reply) => {
      if (inTurn++ === 0) setImmediate(() => (inTurn = 0))
      most = Math.max(most, inTurn)
      reply(bytes)
    },
  })
  const queries = Array.from({ length: 1000 }, (_, i) => frame(Buffer.from(String(i))))
  client.socket.write(Buffer.concat(queries))
  for (let i = 0; i < 1000; i++) t.equal(String(await client.receive()), String(i))
  t.ok(most <= 2 * tcpQueriesPerTurn, `${most} in one turn`)
})

t.test('a client that half-closes still gets its answers, then the end', async (t) => {
  const { client, arrivals } = await open(t)
  client.send(Buffer.from('query'))
  client.socket.end(Uint8Array.of(0, 9, 1))
  const [query] = await arrivals(1)
  for (let i = 0; i < 20; i++) await turn()
  query!.reply(Buffer.from('answer'))
  t.equal(String(await client.receive()), 'answer')
  await closed(client.socket)
})

t.test('a client that does not take its answers is not read from, and cut off after the write timeout', async (t) => {
  const clock = new FakeClock()
  let count = 0
  const { client } = await open(t, {
    clock,
    receive: (_bytes, _client, reply) => {
      count++
      reply(new Uint8Array(65_000))
    },
  })
  client.socket.pause()
  for (let i = 0; i < 5000; i++) client.send(Buffer.from('query'))
  let before = -1
  while (before !== count || count === 0) {
    before = count
    for (let i = 0; i < 50; i++) await turn()
  }
  t.ok(count < 1000, `${count} queries were taken`)
  await clock.advance(plainSettings.writeMs + 1)
  client.socket.resume()
  await Promise.race([ended(client.socket), closed(client.socket)])
})

t.test('time limits', async (t) => {
  const settings = { ...plainSettings, readMs: 3000, idleMs: 10_000 }
  const script = async (
    t: Test,
    steps: (given: Awaited<ReturnType<typeof open>>, clock: FakeClock) => Promise<void>,
  ) => {
    const clock = new WatchedClock()
    const given = await open(t, { clock, settings: () => settings })
    while (clock.timers === 0) await turn()
    await steps(given, clock)
  }
  const alive = async (socket: Socket) => {
    for (let i = 0; i < 20; i++) await turn()
    return !socket.destroyed && !socket.readableEnded
  }

  t.test('a connection without a query ends after the read timeout', (t) =>
    script(t, async ({ client }, clock) => {
      await clock.advance(2999)
      t.ok(await alive(client.socket))
      await clock.advance(2)
      await ended(client.socket)
    }),
  )

  t.test('an incomplete message ends it too, however often octets come', (t) =>
    script(t, async ({ client, arrivals }, clock) => {
      client.send(Buffer.from('query'))
      const [query] = await arrivals(1)
      query!.reply(Buffer.from('answer'))
      await client.receive()
      await clock.advance(9000)
      for (let sent = 0; sent < 5; sent++) {
        t.ok(await alive(client.socket), `after ${sent} octets`)
        client.socket.write(Uint8Array.of(0))
        await alive(client.socket)
        if (sent === 0) client.socket.write(Uint8Array.of(200))
        await clock.advance(700)
      }
      await ended(client.socket)
    }),
  )

  t.test('between queries the idle timeout counts, while one is under way nothing', (t) =>
    script(t, async ({ client, arrivals }, clock) => {
      client.send(Buffer.from('query'))
      const [query] = await arrivals(1)
      await clock.advance(60_000)
      t.ok(await alive(client.socket))
      query!.reply(Buffer.from('answer'))
      t.equal(String(await client.receive()), 'answer')
      await clock.advance(9999)
      t.ok(await alive(client.socket))
      await clock.advance(2)
      await ended(client.socket)
    }),
  )
})

t.test('random octets never do harm', async (t) => {
  const { listener, client: patient } = await open(t, { receive: echo })
  const seed = Number(process.env.FUZZ_SEED ?? Date.now() % 2 ** 31)
  t.comment(`FUZZ_SEED=${seed}`)
  let state = seed
  const random = (below: number) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
  for (let connection = 0; connection < 50; connection++) {
    const { socket } = await connect({ host: '127.0.0.1', port: listener.port })
    for (let write = random(20); write > 0; write--) {
      socket.write(Uint8Array.from({ length: random(300) }, () => random(4) * 85))
      if (random(3) === 0) await turn()
    }
    if (random(2) === 0) socket.resetAndDestroy()
    else socket.destroySoon()
  }
  patient.send(Buffer.from('still here'))
  t.equal(String(await patient.receive()), 'still here')
})

/** Messages of `size` octets that count how many were made. */
class Counted implements Messages {
  made = 0
  abandoned = 0
  ended = 0
  readonly #count: number
  readonly #size: number

  constructor(count: number, size = 16_384) {
    this.#count = count
    this.#size = size
  }

  next(): Uint8Array | 'later' | null {
    // Every other time something else has its turn.
    if (this.made < this.#count) return this.made++ % 2 === 0 ? new Uint8Array(this.#size).fill(this.made) : 'later'
    this.ended++
    return null
  }

  abandon(): void {
    this.abandoned++
  }
}

const streamOf = (messages: Messages): OpenOptions['receive'] => {
  return (bytes, _client, reply, stream) => {
    if (String(Buffer.from(bytes)) === 'stream') stream!(messages)
    else reply(Buffer.from(bytes))
  }
}

t.test('an answer of several messages comes in order, other queries are answered in between', async (t) => {
  const messages = new Counted(40, 60_000)
  const { client } = await open(t, { receive: streamOf(messages) })
  client.send(Buffer.from('stream'))
  client.send(Buffer.from('other'))
  const sizes: number[] = []
  for (let i = 0; i < 21; i++) sizes.push((await client.receive()).length)
  t.strictSame(
    sizes.filter((size) => size !== 5),
    Array(20).fill(60_000),
  )
  t.ok(sizes.indexOf(5) < 20, 'before the last message')
  while (messages.ended === 0) await turn()
  t.equal(messages.abandoned, 0)
  client.send(Buffer.from('again'))
  t.equal(String(await client.receive()), 'again')
})

t.test('a client that does not read keeps one message of an answer waiting, and is cut off', async (t) => {
  const clock = new FakeClock()
  const messages = new Counted(1_000_000)
  const { client } = await open(t, { clock, receive: streamOf(messages) })
  client.socket.pause()
  client.send(Buffer.from('stream'))
  let before = -1
  while (before !== messages.made || before === 0) {
    before = messages.made
    for (let i = 0; i < 50; i++) await turn()
  }
  // What the kernel holds for a loopback connection is some megabytes.
  t.ok(messages.made * 8192 < 32 * 1024 * 1024, `${messages.made} messages were made`)
  await clock.advance(plainSettings.writeMs + 1)
  while (messages.abandoned === 0) await turn()
  t.equal(messages.ended, 0)
})

t.test('a client that leaves ends an answer of several messages', async (t) => {
  const messages = new Counted(1_000_000)
  const { client } = await open(t, { receive: streamOf(messages) })
  client.send(Buffer.from('stream'))
  await client.receive()
  client.close()
  while (messages.abandoned === 0) await turn()
  t.equal(messages.abandoned, 1)
})

t.test('draining waits for the last message', async (t) => {
  const messages = new Counted(400)
  const { client, listener } = await open(t, { receive: streamOf(messages) })
  client.send(Buffer.from('stream'))
  await client.receive()
  const drained = listener.drain().then(() => messages.ended)
  for (let i = 1; i < 200; i++) await client.receive()
  t.equal(await drained, 1)
})
