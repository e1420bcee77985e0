import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import t from 'tap'
import { echo, openListener, type TestClient, testTransport } from '../../test/support/transport-suite.ts'
import { udpTransport } from './udp.ts'

async function connect({ host, port }: { host: string; port: number }): Promise<TestClient> {
  const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4')
  const answers: Uint8Array[] = []
  socket.on('message', (bytes) => answers.push(bytes))
  socket.connect(port, host)
  await once(socket, 'connect')
  return {
    address: socket.address().address,
    port: socket.address().port,
    send: (message) => socket.send(message),
    async receive() {
      if (answers.length === 0) await once(socket, 'message')
      return answers.shift()!
    },
    close: () => void socket.close(),
  }
}

t.test('UDP', async (t) => testTransport(t, { name: 'udp', transport: udpTransport, messageBytesMax: 65_507, connect }))

t.test('an answer that cannot be sent is counted, and the socket goes on', async (t) => {
  const failures: Error[] = []
  let answer: Uint8Array = new Uint8Array(65_535)
  const { listener } = await openListener(t, udpTransport, {
    failed: (error) => failures.push(error),
    receive: (_bytes, _client, reply) => reply(answer),
  })
  const client = await connect({ host: '127.0.0.1', port: listener.port })
  t.teardown(() => client.close())
  client.send(Buffer.from('query'))
  while (failures.length === 0) await new Promise(setImmediate)
  t.match(failures, [{ code: 'EMSGSIZE' }])
  answer = Buffer.from('fits')
  client.send(Buffer.from('query'))
  t.equal(String(await client.receive()), 'fits')
})

t.test('two sockets can share a port', { skip: process.platform !== 'linux' }, async (t) => {
  const one = await openListener(t, udpTransport, { receive: echo })
  const two = await openListener(t, udpTransport, { receive: echo, port: one.listener.port })
  t.equal(two.listener.port, one.listener.port)
})
