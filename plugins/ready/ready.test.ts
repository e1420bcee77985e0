import t from 'tap'
import { freePort, httpGet } from '../../test/support/http.ts'
import { serve, serveError } from '../../test/support/serve.ts'
import type { HttpHandler, ServiceContext } from '../plugin.ts'
import { Monitor, ready } from './ready.ts'

const plain = 'text/plain; charset=utf-8'

t.test('/ready says OK when nobody is unready, other paths are not found', async (t) => {
  const port = await freePort()
  await serve(t, { corefile: `. {\n  ready 127.0.0.1:${port}\n  whoami\n}` })
  t.strictSame(await httpGet(`http://127.0.0.1:${port}/ready`), { status: 200, type: plain, body: 'OK' })
  t.strictSame(await httpGet(`http://127.0.0.1:${port}/readyz`), {
    status: 404,
    type: plain,
    body: '404 page not found\n',
  })
})

t.test('it stays open over a reload, and closes at once when the process is told to end', async (t) => {
  const port = await freePort()
  const corefile = `. {\n  ready 127.0.0.1:${port}\n  health 127.0.0.1:0 {\n    lameduck 5s\n  }\n  whoami\n}`
  const server = await serve(t, { corefile })
  t.ok(await server.reload(corefile.replace('whoami', 'any\n  whoami')))
  t.equal((await httpGet(`http://127.0.0.1:${port}/ready`)).body, 'OK')
  const draining = server.drain()
  await server.until(() =>
    httpGet(`http://127.0.0.1:${port}/ready`).then(
      () => false,
      () => true,
    ),
  )
  t.equal((await server.ask('example.org. A'))?.rcode, 'NOERROR', 'queries are answered on')
  await server.clock.advance(5000)
  await draining
})

t.test(
  'names of plugins that are not ready are told, and nothing is ready before the first configuration serves',
  async (t) => {
    const handlers: HttpHandler[] = []
    const ask = () => handlers[0]?.()
    const lines: string[] = []
    let notReady: readonly string[] = []
    const context = {
      http: {
        async route(address: string, path: string, handle: HttpHandler) {
          t.strictSame([address, path], [':8181', '/ready'])
          handlers.push(handle)
          return { address, close: async () => {} }
        },
      },
      log: { info: (line: string) => lines.push(line) },
      process: { notReady: () => notReady, runningHash: () => '' },
    } as unknown as ServiceContext
    const options = { address: ':8181', continuously: false }
    const service = await ready.services.endpoint.start(options as never, context)
    t.teardown(() => service.stop())
    t.strictSame(ask(), { status: 503, body: 'starting' })
    notReady = ['erratic', 'kubernetes']
    service.receive?.({})
    t.strictSame(ask(), { status: 503, body: 'erratic,kubernetes' })
    t.strictSame(lines, ['Plugins not ready: "erratic,kubernetes"'])
    notReady = []
    t.strictSame(ask(), { status: 200, body: 'OK' })
  },
)

t.test('whoever was ready once counts as ready, unless it is monitored continuously', async (t) => {
  let notReady: string[] = []
  const once = new Monitor(() => notReady, false)
  const always = new Monitor(() => notReady, true)
  const steps: readonly (readonly [now: string[], once: string[], always: string[]])[] = [
    [
      ['erratic', 'kubernetes'],
      ['erratic', 'kubernetes'],
      ['erratic', 'kubernetes'],
    ],
    [['kubernetes', 'nomad'], ['kubernetes'], ['kubernetes', 'nomad']],
    [['erratic', 'kubernetes'], ['kubernetes'], ['erratic', 'kubernetes']],
    [['erratic'], [], ['erratic']],
    [['kubernetes'], [], ['kubernetes']],
  ]
  for (const [now, expectedOnce, expectedAlways] of steps) {
    notReady = now
    t.strictSame(once.notReady(), expectedOnce)
    t.strictSame(always.notReady(), expectedAlways)
  }
})

t.test('a wrong directive is refused', async (t) => {
  const wrong = (line: number, reason: string) => `plugin/ready: Corefile:${line} - Error during parsing: ${reason}`
  const cases: readonly (readonly [string, string])[] = [
    ['x', 'plugin/ready: address x: missing port in address'],
    [':1 :2', wrong(2, "Wrong argument count or unexpected line ending after ':2'")],
    ['{\n monitor\n }', wrong(3, "Wrong argument count or unexpected line ending after 'monitor'")],
    ['{\n monitor often\n }', wrong(3, "monitor type 'often' not supported")],
    ['{\n moniter\n }', wrong(3, "unknown property 'moniter'")],
    ['\n  ready', 'plugin/ready: this plugin can only be used once per Server Block'],
  ]
  for (const [text, message] of cases)
    t.equal(await serveError({ corefile: `. {\n  ready ${text}\n  whoami\n}` }), message)
})
