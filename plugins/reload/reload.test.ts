import t from 'tap'
import { serve, serveError } from '../../test/support/serve.ts'

const corefile = (times: string, more = '') => `example.org {\n  reload ${times}\n  whoami\n${more}}`

const running = /^\[INFO\] plugin\/reload: Running configuration SHA512 = [0-9a-f]{128}$/

const metric = async (server: { metrics(): Promise<string> }, name: string) =>
  (await server.metrics()).split('\n').filter((line) => line.startsWith(name))

t.test('a changed Corefile is loaded within interval and jitter', async (t) => {
  // With this number the interval is lengthened by the most that it can be.
  const server = await serve(t, { corefile: corefile('10s 4s'), random: () => 0.999999 })
  await server.clock.advance(100)
  t.match(server.log, [running])
  await server.write('Corefile', corefile('10s 4s', '  minimal\n'))
  await server.clock.advance(11_998)
  t.equal(server.log.length, 1)
  await server.clock.advance(2)
  await server.until(() => server.log.length >= 3)
  await server.clock.advance(100)
  t.match(server.log.slice(1), ['[INFO] Reloading', '[INFO] Reloading complete', running])
  t.not(server.log[3], server.log[0], 'another hash')
  const hash = server.log[3]!.split(' = ')[1]!
  t.strictSame(await metric(server, 'coredns_reload_version_info'), [
    `coredns_reload_version_info{hash="sha512",value="${hash}"} 1`,
  ])
  t.strictSame(await metric(server, 'coredns_reload_failed_total'), ['coredns_reload_failed_total 0'])
})

t.test('a Corefile that cannot be parsed is told and counted once, what runs stays', async (t) => {
  const server = await serve(t, { corefile: corefile('2s 0s') })
  await server.clock.advance(100)
  await server.write('Corefile', 'example.org {\n  nonsense\n}')
  await server.clock.advance(2000)
  await server.until(() => server.log.length === 2)
  for (let look = 0; look < 5; look++) await server.clock.advance(2000)
  t.strictSame(server.log.slice(1), [
    "[WARNING] plugin/reload: Corefile parse failed: Corefile:2 - Error during parsing: Unknown directive 'nonsense'",
  ])
  t.strictSame(await metric(server, 'coredns_reload_failed_total'), ['coredns_reload_failed_total 1'])
  t.equal((await server.ask('www.example.org. A'))?.rcode, 'NOERROR')
})

t.test('a Corefile that cannot be loaded is tried once, counted, and again when it changes', async (t) => {
  const server = await serve(t, { corefile: corefile('2s 0s') })
  await server.clock.advance(100)
  const wrong = corefile('2s 0s', '  bind nope0\n')
  await server.write('Corefile', wrong)
  await server.clock.advance(2000)
  await server.until(() => server.log.length >= 4)
  await server.clock.advance(20_000)
  t.strictSame(server.log.slice(1), [
    '[INFO] Reloading',
    '[ERROR] Restart failed: plugin/bind: not a valid IP address or interface name: "nope0"',
    '[ERROR] plugin/reload: Corefile changed but reload failed: starting with listener file descriptors: plugin/bind: not a valid IP address or interface name: "nope0"',
  ])
  t.strictSame(await metric(server, 'coredns_reload_failed_total'), ['coredns_reload_failed_total 1'])
  t.equal((await server.ask('www.example.org. A'))?.rcode, 'NOERROR')
  await server.write('Corefile', `${wrong}\n`.replace('  bind nope0\n', ''))
  await server.clock.advance(2000)
  await server.until(() => server.log.includes('[INFO] Reloading complete'))
})

t.test('without the directive nobody looks any more', async (t) => {
  const server = await serve(t, { corefile: corefile('2s 0s') })
  await server.clock.advance(100)
  t.ok(await server.reload('example.org {\n  whoami\n}'))
  await server.write('Corefile', 'nonsense {')
  await server.clock.advance(60_000)
  t.equal(server.log.at(-1), '[INFO] Reloading complete')
})

t.test('the times have bounds', async (t) => {
  const cases: readonly (readonly [string, string])[] = [
    ['10s 5s 1s', "Corefile:2 - Error during parsing: Wrong argument count or unexpected line ending after '1s'"],
    ['1s', 'interval value must be greater or equal to 2s'],
    ['10', 'time: missing unit in duration "10"'],
    ['10s x', 'time: invalid duration "x"'],
    ['10s 10ms', 'jitter value must be 0 or greater or equal to 1s'],
    ['10s -5s', 'jitter value must be 0 or greater or equal to 1s'],
  ]
  for (const [times, message] of cases)
    t.equal(await serveError({ corefile: corefile(times) }), `plugin/reload: ${message}`)
})
