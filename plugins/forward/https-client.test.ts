import { createSecureServer, type ServerHttp2Stream } from 'node:http2'
import t from 'tap'
import { FakeClock } from '../../test/support/fake-clock.ts'
import { testCertificate } from '../../test/support/tls-fixture.ts'
import { Name } from '../../wire/name.ts'
import { types } from '../../wire/registry.ts'
import { HttpsClient } from './https-client.ts'
import { plainQuestion } from './question.ts'
import { systemUnpredictable } from './question-id.ts'

t.test('a DoH server may push nothing, as nobody would read it', async (t) => {
  const server = createSecureServer(testCertificate)
  const allowed = new Promise<boolean>((resolve) => {
    server.on('stream', (request: ServerHttp2Stream) => {
      resolve(request.pushAllowed)
      request.respond({ ':status': 404 }, { endStream: true })
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.close())
  const { port } = server.address() as { port: number }
  const tools = {
    clock: new FakeClock(),
    unpredictable: systemUnpredictable(),
    sourceAddress: null,
    connection: () => {},
    mismatched: () => {},
  }
  const tls = { serverName: 'dns.test', ca: testCertificate.cert, cert: null, key: null }
  const target = {
    address: '127.0.0.1',
    port,
    label: `127.0.0.1:${port}`,
    method: 'POST' as const,
    tls,
    expireMs: 1_000,
  }
  const client = new HttpsClient(target, tools)
  const question = plainQuestion(Name.parse('a.test.'), types.A, true)
  const outcome = await new Promise((done) => client.ask({ question, timeoutMs: 2_000, done }))
  t.match(outcome, { kind: 'network', text: /status 404$/ })
  t.equal(await allowed, false)
  client.close()
})
