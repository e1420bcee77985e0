import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import t, { type Test } from 'tap'
import { queryBytes, readReply } from '../../test/support/questions.ts'
import { serve } from '../../test/support/serve.ts'
import { decodeMessage, encodeMessage, type Message } from '../../wire/message.ts'

/** A secondary on a loopback address that keeps what it is told and answers with `rcode`, or not at all. */
async function secondary(t: Test, rcode: () => number | null, host = '127.0.0.1') {
  const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4')
  const told: string[] = []
  const senders: string[] = []
  socket.on('message', (bytes, from) => {
    const { opcode, flags, questions } = readReply(bytes)
    told.push(`${opcode} ${flags} ${questions}`)
    senders.push(from.address)
    const code = rcode()
    if (code === null) return
    // What a stranger would send: another id, no response, another opcode.
    for (const forged of forgeries(bytes)) socket.send(forged, from.port, from.address)
    const message = decodeMessage(bytes) as Message
    socket.send(encodeMessage({ ...message, flags: message.flags | 0x8000, rcode: code }), from.port, from.address)
  })
  socket.bind(0, host)
  await once(socket, 'listening')
  t.teardown(() => new Promise<void>((resolve) => socket.close(() => resolve())))
  return { told, senders, port: socket.address().port }
}

function forgeries(bytes: Uint8Array): Uint8Array[] {
  const message = decodeMessage(bytes) as Message
  const response = { ...message, flags: message.flags | 0x8000 }
  return [
    encodeMessage({ ...response, id: message.id ^ 1 }),
    encodeMessage({ ...message, rcode: 0 }),
    encodeMessage({ ...response, opcode: 0 }),
    queryBytes('example.org. SOA').subarray(0, 9),
  ]
}

const zone = (serial: number): string => `$TTL 60\n@ SOA ns host ${serial} 2 3 4 5\n`
const corefile = (to: string, more = ''): string => `example.org {\n transfer {\n  to ${to}\n${more} }\n file db\n}`
const notice = '4 aa example.org.'

t.test('secondaries are told at the start and of each new serial, once however many threads serve', async (t) => {
  const one = await secondary(t, () => 0)
  const other = await secondary(t, () => 0, '::1')
  const server = await serve(t, {
    corefile: corefile(`* 127.0.0.1:${one.port} [::1]:${other.port}`),
    files: { db: zone(1) },
    threads: 2,
  })
  await t.resolves(server.until(() => one.told.length > 0 && other.told.length > 0))
  await server.write('db', zone(2))
  await t.resolves(server.until(() => one.told.length > 1 && other.told.length > 1))
  t.equal(await server.reload(), true, 'a reload changes no serial')
  await server.write('db', zone(3))
  await t.resolves(server.until(() => one.told.length > 2 && other.told.length > 2))
  await server.clock.advance(20_000)
  t.strictSame([one.told, other.told], [Array(3).fill(notice), Array(3).fill(notice)])
  t.match(await server.metrics(), /meridian_transfer_notify_total\{result="accepted"\} 6\n/)
})

t.test('a secondary that does not answer is told three times, and then the log', async (t) => {
  const silent = await secondary(t, () => null)
  const server = await serve(t, { corefile: corefile(`127.0.0.1:${silent.port}`), files: { db: zone(1) } })
  for (let tries = 1; tries <= 3; tries++) {
    await t.resolves(server.until(() => silent.told.length === tries))
    await server.clock.advance(2_000)
  }
  t.equal(silent.told.length, 3)
  const warning = `[WARNING] plugin/transfer: notify for zone "example.org." was not accepted by "127.0.0.1:${silent.port}": "i/o timeout"`
  t.ok(server.log.includes(warning), server.log.join('\n'))
  t.match(await server.metrics(), /meridian_transfer_notify_total\{result="failed"\} 1\n/)
})

t.test('a secondary that refuses is asked again, and may then accept', async (t) => {
  let answers = [5, 0]
  const busy = await secondary(t, () => answers.shift() ?? 5)
  const server = await serve(t, { corefile: corefile(`127.0.0.1:${busy.port}`), files: { db: zone(1) } })
  await t.resolves(server.until(() => busy.told.length === 1))
  await server.clock.advance(2_000)
  await t.resolves(server.until(async () => /result="accepted"\} 1\n/.test(await server.metrics())))
  answers = [5, 5, 5]
  await server.write('db', zone(2))
  for (let tries = 1; tries <= 3; tries++) {
    await t.resolves(server.until(() => busy.told.length === 2 + tries))
    await new Promise((resolve) => setTimeout(resolve, 20))
    await server.clock.advance(2_000)
  }
  t.match(server.log.at(-1), /was not accepted by "127\.0\.0\.1:\d+": rcode was "REFUSED"$/)
})

t.test('it comes from the address that the Corefile says', async (t) => {
  const one = await secondary(t, () => 0)
  const source = corefile(`127.0.0.1:${one.port}`, '  source 127.0.0.77\n')
  const server = await serve(t, { corefile: source, files: { db: zone(1) } })
  await t.resolves(server.until(() => one.told.length === 1))
  t.strictSame(one.senders, ['127.0.0.77'])
})

t.test('a source that this machine does not have is told in the log', async (t) => {
  const source = corefile('127.0.0.1:9', '  source 192.0.2.1\n')
  const server = await serve(t, { corefile: source, files: { db: zone(1) } })
  await server.until(async () => {
    await server.clock.advance(2_000)
    return server.log.some((line) => line.includes('was not accepted'))
  })
  t.match(server.log.at(-1), /was not accepted by "127\.0\.0\.1:9": "bind EADDRNOTAVAIL/)
})

t.test('each zone is announced to those of its own rule, when it comes', async (t) => {
  const one = await secondary(t, () => 0)
  const other = await secondary(t, () => 0)
  const rule = (zone: string, port: number): string => ` transfer ${zone} {\n  to 127.0.0.1:${port}\n }\n`
  const server = await serve(t, {
    corefile: `. {\n${rule('a.test', one.port)}${rule('b.test', other.port)} file a a.test\n file b b.test\n file a c.test\n}`,
    files: { a: zone(1) },
  })
  await t.resolves(server.until(() => one.told.length === 1))
  t.strictSame(other.told, [])
  await server.write('b', zone(1))
  await t.resolves(server.until(() => other.told.length === 1))
  t.strictSame([one.told, other.told], [['4 aa a.test.'], ['4 aa b.test.']])
})
