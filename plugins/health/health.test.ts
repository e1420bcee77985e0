import { createServer } from 'node:http'
import t from 'tap'
import { freePort, httpGet } from '../../test/support/http.ts'
import { serve, serveError } from '../../test/support/serve.ts'

const plain = 'text/plain; charset=utf-8'

t.test('/health says OK, other paths are not found', async (t) => {
  const port = await freePort()
  await serve(t, { corefile: `. {\n  health 127.0.0.1:${port}\n  whoami\n}` })
  t.strictSame(await httpGet(`http://127.0.0.1:${port}/health`), { status: 200, type: plain, body: 'OK' })
  for (const path of ['/', '/healthz', '/health/']) {
    t.strictSame(await httpGet(`http://127.0.0.1:${port}${path}`), {
      status: 404,
      type: plain,
      body: '404 page not found\n',
    })
  }
})

t.test('it stays over reloads, moves with its address, and goes with its directive', async (t) => {
  const [one, two] = [await freePort(), await freePort()]
  const corefile = (port: number) => `. {\n  health 127.0.0.1:${port}\n  whoami\n}`
  const server = await serve(t, { corefile: corefile(one) })
  const alive = (port: number) =>
    httpGet(`http://127.0.0.1:${port}/health`).then(
      ({ status }) => status === 200,
      () => false,
    )
  t.ok(await server.reload(corefile(one).replace('whoami', 'whoami\n  any')))
  t.ok(await alive(one))
  t.ok(await server.reload(corefile(two)))
  t.ok(await alive(two))
  await server.until(async () => !(await alive(one)))
  t.ok(await server.reload('. {\n  whoami\n}'))
  await server.until(async () => !(await alive(two)))
})

t.test('a lameduck keeps everything as it is for its time', async (t) => {
  const port = await freePort()
  const server = await serve(t, { corefile: `. {\n  health 127.0.0.1:${port} {\n    lameduck 3s\n  }\n  whoami\n}` })
  let drained = false
  const draining = server.drain().then(() => {
    drained = true
  })
  await server.clock.advance(2999)
  t.ok(server.log.includes('[INFO] plugin/health: Going into lameduck mode for 3s'))
  t.notOk(drained)
  t.equal((await httpGet(`http://127.0.0.1:${port}/health`)).body, 'OK')
  t.equal((await server.ask('example.org. A'))?.rcode, 'NOERROR')
  await server.clock.advance(1)
  await draining
})

t.test('the process asks itself once a second', async (t) => {
  const port = await freePort()
  const server = await serve(t, { corefile: `. {\n  health :${port}\n  whoami\n}` })
  const count = async () =>
    Number(/^coredns_health_request_duration_seconds_count (\d+)$/m.exec(await server.metrics())?.[1])
  t.equal(await count(), 0)
  for (const expected of [1, 2]) {
    await server.clock.advance(1000)
    await server.until(async () => (await count()) === expected)
  }
  t.match(await server.metrics(), /^coredns_health_request_failures_total 0$/m)
})

t.test('an address that is taken stops the start', async (t) => {
  const taken = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => taken.once('listening', resolve))
  t.teardown(() => taken.close())
  const { port } = taken.address() as { port: number }
  t.equal(
    await serveError({ corefile: `. {\n  health 127.0.0.1:${port}\n  whoami\n}` }),
    `plugin/health: listen tcp 127.0.0.1:${port}: bind: address already in use`,
  )
})

t.test('a wrong directive is refused', async (t) => {
  const wrong = (line: number, reason: string) => `plugin/health: Corefile:${line} - Error during parsing: ${reason}`
  const cases: readonly (readonly [string, string])[] = [
    ['bla', 'plugin/health: address bla: missing port in address'],
    [':1 :2', wrong(2, "Wrong argument count or unexpected line ending after ':2'")],
    ['{\n lamduck 5s\n }', wrong(3, "unknown property 'lamduck'")],
    ['{\n lameduck\n }', wrong(3, "Wrong argument count or unexpected line ending after 'lameduck'")],
    [
      '{\n lameduck 5\n }',
      `plugin/health: unable to parse lameduck duration value: '5' : time: missing unit in duration "5"`,
    ],
  ]
  for (const [text, message] of cases)
    t.equal(await serveError({ corefile: `. {\n  health ${text}\n  whoami\n}` }), message)
})
