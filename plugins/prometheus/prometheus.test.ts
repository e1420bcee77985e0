import { spawnSync } from 'node:child_process'
import t from 'tap'
import { freePort, httpGet } from '../../test/support/http.ts'
import { serve, serveError } from '../../test/support/serve.ts'

const lines = (text: string, start: string) => text.split('\n').filter((line) => line.startsWith(start))

t.test('/metrics exports, other paths are not found', async (t) => {
  const port = await freePort()
  await serve(t, { corefile: `. {\n  prometheus 127.0.0.1:${port} {\n    runtime_metrics\n  }\n  whoami\n}` })
  const reply = await httpGet(`http://127.0.0.1:${port}/metrics`)
  t.equal(reply.status, 200)
  t.equal(reply.type, 'text/plain; version=0.0.4; charset=utf-8')
  t.match(reply.body, /^# TYPE coredns_plugin_enabled gauge$/m)
  t.strictSame(await httpGet(`http://127.0.0.1:${port}/`), {
    status: 404,
    type: 'text/plain; charset=utf-8',
    body: '404 page not found\n',
  })
})

t.test('queries are counted by server, zone, protocol, family and type', async (t) => {
  const server = await serve(t, {
    corefile: 'Example.org example.net {\n  prometheus 127.0.0.1:0\n  whoami\n}\nother.example {\n  whoami\n}',
  })
  await server.ask('www.EXAMPLE.org. A')
  await server.ask('www.example.org. A', { edns: { do: true } })
  await server.ask('www.example.org. HTTPS', { client: '2001:db8::1' })
  await server.ask('www.example.net. TYPE65280', { transport: 'tcp' })
  await server.ask('www.other.example. A')
  await server.ask('www.example.com. MX')
  const text = await server.metrics()
  const at = 'server="dns://:53"'
  t.strictSame(lines(text, 'coredns_dns_requests_total'), [
    `coredns_dns_requests_total{family="1",proto="udp",${at},type="MX",view="",zone="dropped"} 1`,
    `coredns_dns_requests_total{family="1",proto="tcp",${at},type="other",view="",zone="example.net."} 1`,
    `coredns_dns_requests_total{family="1",proto="udp",${at},type="A",view="",zone="example.org."} 2`,
    `coredns_dns_requests_total{family="2",proto="udp",${at},type="HTTPS",view="",zone="example.org."} 1`,
  ])
  t.strictSame(lines(text, 'coredns_dns_do_requests_total'), [
    `coredns_dns_do_requests_total{${at},view="",zone="example.org."} 1`,
  ])
  t.strictSame(lines(text, 'coredns_dns_responses_total'), [
    `coredns_dns_responses_total{plugin="",rcode="REFUSED",${at},view="",zone="dropped"} 1`,
    `coredns_dns_responses_total{plugin="whoami",rcode="NOERROR",${at},view="",zone="example.net."} 1`,
    `coredns_dns_responses_total{plugin="whoami",rcode="NOERROR",${at},view="",zone="example.org."} 3`,
  ])
  t.strictSame(
    lines(text, 'coredns_dns_request_size_bytes_sum{proto="udp"').at(-1)?.split(' ')[1],
    String(33 + 44 + 33),
  )
  const counts = (name: string) => lines(text, `coredns_dns_${name}_count`).map((line) => line.split(' ')[1])
  t.strictSame(counts('request_duration_seconds'), ['1', '1', '3'])
  t.strictSame(counts('response_size_bytes'), ['1', '1', '3'])
})

t.test('buckets are those of CoreDNS', async (t) => {
  const server = await serve(t, { corefile: '. {\n  prometheus 127.0.0.1:0\n  whoami\n}' })
  await server.ask('example.org. A')
  const text = await server.metrics()
  const bounds = (name: string) =>
    lines(text, `coredns_dns_${name}_bucket`)
      .map((line) => /le="([^"]*)"/.exec(line)?.[1])
      .join(' ')
  t.equal(
    bounds('request_duration_seconds'),
    '0.00025 0.0005 0.001 0.002 0.004 0.008 0.016 0.032 0.064 0.128 0.256 0.512 1.024 2.048 4.096 8.192 +Inf',
  )
  const sizes = '0 100 200 300 400 511 1023 2047 4095 8291 16000 32000 48000 64000 +Inf'
  t.equal(bounds('request_size_bytes'), sizes)
  t.equal(bounds('response_size_bytes'), sizes)
})

t.test('the plugins of each chain are told, and follow a reload', async (t) => {
  const block = (plugins: string) =>
    `example.org:1053 example.net {\n  bind 127.0.0.1 ::1\n  prometheus 127.0.0.1:0\n  reload\n${plugins}\n}`
  const server = await serve(t, { corefile: block('  errors\n  whoami'), threads: 2 })
  const enabled = async () =>
    lines(await server.metrics(), 'coredns_plugin_enabled').map((line) => line.replace('coredns_plugin_enabled', ''))
  const expected = (...names: string[]) =>
    ['127.0.0.1', '[::1]'].flatMap((host) =>
      names.map((name) => `{name="${name}",server="dns://${host}:1053",view="",zone="example.org."} 1`),
    )
  t.strictSame(await enabled(), expected('errors', 'prometheus', 'whoami'))
  t.ok(await server.reload(block('  whoami\n  log')))
  await server.until(
    async () => (await enabled()).length === 6 && !(await enabled()).some((line) => line.includes('errors')),
  )
  t.strictSame(await enabled(), expected('log', 'prometheus', 'whoami'))
  t.notOk(await server.reload(block('  whoami\n  bind nope0')))
  t.strictSame(await enabled(), expected('log', 'prometheus', 'whoami'), 'a refused configuration leaves no trace')
})

t.test('counters go on over a reload', async (t) => {
  const server = await serve(t, { corefile: '. {\n  prometheus 127.0.0.1:0\n  whoami\n}' })
  await server.ask('example.org. A')
  t.ok(await server.reload())
  await server.ask('example.org. A')
  t.match(lines(await server.metrics(), 'coredns_dns_responses_total'), [/ 2$/])
})

const promtool = spawnSync('promtool', ['--version']).error === undefined

t.test(
  'promtool accepts all',
  { skip: promtool ? false : 'promtool is not installed (Debian: prometheus)' },
  async (t) => {
    const server = await serve(t, {
      corefile: '. {\n  prometheus 127.0.0.1:0\n  health 127.0.0.1:0\n  reload\n  errors\n  whoami\n}',
    })
    await server.ask('example.org. A')
    const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], { input: await server.metrics() })
    t.equal(`${stdout}${stderr}`, '')
    t.equal(status, 0)
  },
)

t.test('a wrong directive is refused', async (t) => {
  const wrong = (line: number, reason: string) => `Corefile:${line} - Error during parsing: ${reason}`
  const cases: readonly (readonly [string, string])[] = [
    ['x', 'address x: missing port in address'],
    [':1 :2', wrong(2, "Wrong argument count or unexpected line ending after ':2'")],
    ['{\n runtime_metrics x\n }', wrong(3, "Wrong argument count or unexpected line ending after 'x'")],
    ['{\n tls\n }', wrong(3, "Wrong argument count or unexpected line ending after 'tls'")],
    ['{\n tls web.yml\n }', wrong(3, "option 'tls' is not built yet in Meridian")],
    ['{\n nope\n }', wrong(3, 'unknown option: nope')],
    ['\n  prometheus', 'this plugin can only be used once per Server Block'],
  ]
  for (const [text, message] of cases) {
    t.equal(await serveError({ corefile: `. {\n  prometheus ${text}\n  whoami\n}` }), `plugin/prometheus: ${message}`)
  }
})
