import t from 'tap'
import { serve, serveError } from '../../test/support/serve.ts'

t.test('a client learns its address, port and transport', async (t) => {
  const server = await serve(t, { corefile: '. {\n whoami\n}' })
  const table = [
    {
      client: '192.0.2.7',
      transport: 'udp',
      additional: ['a.example. 0 IN A 192.0.2.7', '_udp.a.example. 0 IN SRV 0 0 4242 .'],
    },
    {
      client: '2001:db8::7',
      transport: 'tcp',
      additional: ['a.example. 0 IN AAAA 2001:db8::7', '_tcp.a.example. 0 IN SRV 0 0 4242 .'],
    },
  ] as const
  for (const { client, transport, additional } of table) {
    const reply = await server.ask('a.example. TXT', { client, transport, port: 4242 })
    t.match(reply, { rcode: 'NOERROR', flags: ['aa', 'rd'], answer: [], additional })
  }
})

t.test('the root has a service name too, a name that is too long has none', async (t) => {
  const server = await serve(t, { corefile: '. {\n whoami\n}' })
  t.equal((await server.ask('. A'))?.additional[1], '_udp. 0 IN SRV 0 0 40000 .')
  const long = `${'a'.repeat(63)}.${'b'.repeat(63)}.${'c'.repeat(63)}.${'d'.repeat(60)}.`
  t.same((await server.ask(`${long} A`))?.additional, [`${long} 0 IN A 192.0.2.100`])
})

t.test('the answer to one client is never given to another', async (t) => {
  const server = await serve(t, { corefile: '. {\n whoami\n}' })
  for (const client of ['192.0.2.1', '192.0.2.2', '192.0.2.3', '192.0.2.4']) {
    t.equal((await server.ask('a.example. A', { client }))?.additional[0], `a.example. 0 IN A ${client}`)
  }
})

t.test('arguments are refused', async (t) => {
  t.equal(
    await serveError({ corefile: '. {\n whoami x\n}' }),
    "plugin/whoami: Corefile:2 - Error during parsing: Wrong argument count or unexpected line ending after 'x'",
  )
})
