// The cases that every transport passes: what the server may rely on, whatever the wire (server/net/transport.ts).

import { setImmediate as turn } from 'node:timers/promises'
import type { Test } from 'tap'
import type { Client } from '../../plugins/query.ts'
import type { Listener, OpenOptions, Reply, Transport } from '../../server/net/transport.ts'

/** A client's end of a transport. */
export interface TestClient {
  readonly address: string
  readonly port: number
  send(message: Uint8Array): void
  /** The next answer. */
  receive(): Promise<Uint8Array>
  close(): void
}

export interface TransportUnderTest {
  readonly name: Client['transport']
  readonly transport: Transport
  readonly messageBytesMax: number
  connect(to: { host: string; port: number }): Promise<TestClient>
}

/** A query as the receiver got it. */
interface Arrived {
  readonly bytes: Uint8Array
  readonly client: Client
  readonly reply: Reply
}

export const plainSettings = { readMs: 3000, writeMs: 5000, idleMs: 10_000, queriesMax: 64 }

/** Opens a listener on loopback that keeps what arrives, closed with the test. */
export async function openListener(t: Test, transport: Transport, options: Partial<OpenOptions> = {}) {
  const arrived: Arrived[] = []
  const listener = await transport.open({
    host: '127.0.0.1',
    port: 0,
    receive: (bytes, client, reply) => arrived.push({ bytes: bytes.slice(), client, reply }),
    settings: () => plainSettings,
    ...options,
  })
  t.teardown(() => listener.close())
  const arrivals = async (count: number) => {
    while (arrived.length < count) await turn()
    return arrived
  }
  return { listener, arrived, arrivals }
}

const text = (bytes: Uint8Array) => Buffer.from(bytes).toString()
const bytesOf = (string: string) => Buffer.from(string)

/** Answers each query with its own bytes, at once. */
export const echo: OpenOptions['receive'] = (bytes, _client, reply) => reply(bytes.slice())

/** Runs the cases for one transport. */
export function testTransport(t: Test, under: TransportUnderTest): void {
  const connected = async (t: Test, listener: Listener, host = '127.0.0.1') => {
    const client = await under.connect({ host, port: listener.port })
    t.teardown(() => client.close())
    return client
  }

  t.test('tells who asks and what was asked', async (t) => {
    const { listener, arrivals } = await openListener(t, under.transport)
    t.equal(listener.address, '127.0.0.1')
    const client = await connected(t, listener)
    client.send(bytesOf('query'))
    const [query] = await arrivals(1)
    t.equal(text(query!.bytes), 'query')
    t.strictSame(query!.client, {
      address: '127.0.0.1',
      port: client.port,
      family: 4,
      transport: under.name,
      localAddress: '127.0.0.1',
      localPort: listener.port,
    })
  })

  t.test('sends answers whenever they are ready, in any order, or never', async (t) => {
    const { listener, arrivals } = await openListener(t, under.transport)
    const client = await connected(t, listener)
    for (const name of ['one', 'two', 'three']) client.send(bytesOf(name))
    const queries = new Map((await arrivals(3)).map((query) => [text(query.bytes), query.reply]))
    queries.get('two')!(null)
    queries.get('three')!(bytesOf('THREE'))
    t.equal(text(await client.receive()), 'THREE')
    queries.get('one')!(bytesOf('ONE'))
    t.equal(text(await client.receive()), 'ONE')
  })

  t.test('passes every size on as it is', async (t) => {
    const { listener } = await openListener(t, under.transport, { receive: echo })
    const client = await connected(t, listener)
    for (const size of [0, 1, 11, 12, 512, 513, 1500, 4096, under.messageBytesMax]) {
      const message = new Uint8Array(size).fill(size & 0xff)
      client.send(message)
      t.ok(Buffer.from(message).equals(await client.receive()), `${size} octets`)
    }
  })

  t.test('an IPv4 client of the wildcard is IPv4', async (t) => {
    const { listener, arrivals } = await openListener(t, under.transport, { host: '' })
    t.match(listener.address, /^(::|0\.0\.0\.0)$/)
    const client = await connected(t, listener)
    client.send(bytesOf('query'))
    const [query] = await arrivals(1)
    t.match(query!.client, { address: '127.0.0.1', family: 4 })
    query!.reply(bytesOf('answer'))
    t.equal(text(await client.receive()), 'answer')
    if (listener.address !== '::') return
    const six = await connected(t, listener, '::1')
    six.send(bytesOf('query'))
    t.match((await arrivals(2))[1]!.client, { address: '::1', family: 6 })
  })

  t.test('an address that cannot be bound is refused in words', async (t) => {
    const { listener } = await openListener(t, under.transport, { reusePort: false })
    const open = (host: string, port: number) =>
      under.transport.open({ host, port, receive: echo, settings: () => plainSettings, reusePort: false })
    const where = `127.0.0.1:${listener.port}`
    await t.rejects(open('127.0.0.1', listener.port), {
      name: 'ConfigError',
      message: `listen ${under.name} ${where}: bind: address already in use`,
    })
    await t.rejects(open('203.0.113.9', 5341), {
      name: 'ConfigError',
      message: `listen ${under.name} 203.0.113.9:5341: bind: cannot assign requested address`,
    })
  })

  t.test('draining answers what was sent before it, however late', async (t) => {
    const { listener, arrived, arrivals } = await openListener(t, under.transport)
    const client = await connected(t, listener)
    client.send(bytesOf('first'))
    await arrivals(1)
    for (let i = 0; i < 100; i++) client.send(bytesOf(`query ${i}`))
    let drained = false
    const draining = listener.drain().then(() => {
      drained = true
    })
    await arrivals(plainSettings.queriesMax)
    t.notOk(drained, 'waits for answers')
    let next = 0
    const answering = (async () => {
      for (; next < 101; next++) {
        await arrivals(next + 1)
        arrived[next]!.reply(arrived[next]!.bytes)
      }
    })()
    const received = new Set<string>()
    for (let i = 0; i < 101; i++) received.add(text(await client.receive()))
    await Promise.all([draining, answering])
    t.equal(received.size, 101)
  })

  t.test('closes at once, twice without harm, and drops what is replied later', async (t) => {
    const { listener, arrivals } = await openListener(t, under.transport)
    const client = await connected(t, listener)
    client.send(bytesOf('query'))
    const [query] = await arrivals(1)
    await listener.close()
    await listener.close()
    query!.reply(bytesOf('late'))
    const again = await openListener(t, under.transport, { port: listener.port, reusePort: false })
    t.equal(again.listener.port, listener.port, 'the port is free')
  })
}
