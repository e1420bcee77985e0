// The command line of the real process: CoreDNS's flags, the link called `coredns`, a Corefile from a pipe, a pid file, what cannot be loaded, and signals.

import { readFile, stat } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import {
  Child,
  dig,
  fillPorts,
  folderWith,
  freeDnsPort,
  linkCommand,
  meridian,
  run,
  section,
  serveCommand,
  skipWithout,
} from './support/command.ts'
import { httpGet } from './support/http.ts'

const examples = fileURLToPath(new URL('../examples', import.meta.url))
const cluster = join(examples, 'cluster')
const withoutDig = skipWithout('dig', 'bind9-dnsutils')
const whoami = '.:PORT {\n  bind 127.0.0.1\n  whoami\n}\n'

t.test('a link called coredns takes the flags without a subcommand', async (t) => {
  const folder = await folderWith(t, {})
  const coredns = await linkCommand(folder, 'coredns')
  const version = await run(coredns, ['-version'])
  t.match(version, { code: 0, output: /^Meridian-\d+\.\d+\.\d+\n\w+\/\w+, node 26\.\d+\.\d+\n$/ })
  const { code, output } = await run(coredns, ['-plugins'])
  t.equal(code, 0)
  const plugins = output.trim().split('\n')
  t.strictSame(plugins, plugins.toSorted())
  for (const name of ['cache', 'errors', 'file', 'forward', 'hosts', 'kubernetes']) t.ok(plugins.includes(name), name)
  t.notOk(plugins.includes('etcd'), 'what is not built is not listed')
})

t.test(
  'the link serves as CoreDNS does: banner, pid file, `-p`, and SIGTERM ends it with 0',
  { skip: withoutDig },
  async (t) => {
    const port = await freeDnsPort()
    const folder = await folderWith(t, { Corefile: 'b.test a.test {\n  bind 127.0.0.1\n  whoami\n}\n' })
    const coredns = await linkCommand(folder, 'coredns')
    const child = Child.start(t, coredns, ['-p', `${port}`, '-pidfile', 'pid'], { cwd: folder })
    await child.said(/^Meridian-/m)
    t.strictSame(child.lines.slice(0, 2), [`a.test.:${port} on 127.0.0.1`, `b.test.:${port} on 127.0.0.1`])
    t.equal(await readFile(join(folder, 'pid'), 'utf8'), `${child.pid}\n`)
    t.equal((await stat(join(folder, 'pid'))).mode & 0o777, 0o644)
    t.match(await dig(port, 'x.a.test'), /status: NOERROR/)
    t.match(await dig(port, 'x.c.test'), /status: REFUSED/)
    child.signal('SIGHUP')
    t.match(await dig(port, 'y.a.test'), /status: NOERROR/, 'SIGHUP is ignored')
    child.signal('SIGTERM')
    t.equal(await child.ended(), 0)
    t.equal(child.lines.at(-1), '[INFO] SIGTERM: Shutting down servers then terminating')
  },
)

t.test('-quiet says nothing; SIGQUIT ends at once', { skip: withoutDig }, async (t) => {
  const port = await freeDnsPort()
  const folder = await folderWith(t, { Corefile: fillPorts(whoami, [port]) })
  const child = Child.start(t, meridian, ['serve', '-quiet'], { cwd: folder })
  await child.until(async () => /NOERROR/.test(await dig(port, 'a.test', '+time=1')))
  t.equal(child.output, '')
  child.signal('SIGQUIT')
  t.equal(await child.ended(), 0)
  t.equal(child.output, '[INFO] SIGQUIT: Quitting process immediately\n')
})

t.test('a Corefile comes from a pipe, and a reload takes it again', { skip: withoutDig }, async (t) => {
  const port = await freeDnsPort()
  const child = Child.start(t, meridian, ['serve', '-conf', 'stdin'], { input: fillPorts(whoami, [port]) })
  await child.said(/^Meridian-/m)
  child.signal('SIGUSR1')
  await child.said(/^\[INFO\] Reloading complete$/m)
  t.match(await dig(port, 'a.test'), /status: NOERROR/)
})

t.test('without a Corefile whoami and log answer on the port that was asked for', { skip: withoutDig }, async (t) => {
  const port = await freeDnsPort()
  const child = Child.start(t, meridian, ['serve', `-dns.port=${port}`], { cwd: await folderWith(t, {}) })
  await child.said(/^Meridian-/m)
  t.equal(child.lines[0], `.:${port}`)
  t.match(await dig(port, 'a.test'), /^a\.test\.\s+0\s+IN\s+A\s+127\.0\.0\.1$/m)
  await child.said(/ "A IN a\.test\. udp /)
})

t.test(
  '`npm start -- -conf FILE --manifests PATH` serves a default Corefile without an API server',
  { skip: withoutDig },
  async (t) => {
    const kubeadm = await readFile(join(examples, 'corefiles/kubeadm.Corefile'), 'utf8')
    const corefile = kubeadm
      .replace(':53 {', ':PORT {\n    bind 127.0.0.1')
      .replace('prometheus :9153', 'prometheus 127.0.0.1:PORT1')
      .replace('health {', 'health 127.0.0.1:PORT2 {')
      .replace(/^ *ready$/m, 'ready 127.0.0.1:PORT3')
      .replace('/etc/resolv.conf', 'resolv.conf')
      .replace('lameduck 5s', 'lameduck 0s')
    const { dig, child } = await serveCommand(t, {
      corefile: `${corefile}\nother.local:PORT {\n bind 127.0.0.1\n kubernetes\n}\n`,
      files: { 'resolv.conf': 'nameserver 127.0.0.1\n' },
      subcommand: 'demo',
      args: ['--manifests', join(examples, 'cluster')],
    })
    for (const zone of ['cluster.local.', 'other.local.']) {
      const name = `kubernetes.default.svc.${zone}`
      t.match(section(await dig(name), 'ANSWER'), [new RegExp(`^${name} \\d+ IN A 10\\.96\\.0\\.1$`)])
    }
    t.match(section(await dig('-x', '10.96.0.1'), 'ANSWER'), [/ IN PTR kubernetes\.default\.svc\.cluster\.local\.$/])
    t.notMatch(child.output, /^Try:/m, 'what is not the demo is not introduced as the demo')
  },
)

t.test('what cannot be loaded is said on one line, with exit code 1', async (t) => {
  const folder = await folderWith(t, {
    unknown: '. {\n  whoami\n  nothing\n}\n',
    open: '. {\n',
    argument: '.:0 {\n  any x\n}\n',
    unbuilt: '.:0 {\n  etcd\n}\n',
  })
  const cases: readonly (readonly [args: readonly string[], output: string])[] = [
    [['-conf', 'missing'], 'loading Caddyfile via flag: open missing: no such file or directory\n'],
    [['extra'], 'extra command line arguments: [extra]\n'],
    [['-conf', 'unknown'], "unknown:3 - Error during parsing: Unknown directive 'nothing'\n"],
  ]
  for (const [args, output] of cases)
    t.strictSame(await run(meridian, ['serve', ...args], { cwd: folder }), { code: 1, output })
  for (const file of ['open', 'argument', 'unbuilt']) {
    const { code, output } = await run(meridian, ['check', file], { cwd: folder })
    t.equal(code, 1, file)
    t.match(output, new RegExp(`^[^\\n]*${file}:\\d+[^\\n]*\\n$`), '`check` names file and line')
  }
})

t.test('a port that is taken is named, with exit code 1', async (t) => {
  const taken = await freeDnsPort()
  const server = createServer().listen(taken, '127.0.0.1')
  t.teardown(() => new Promise((resolve) => server.close(resolve)))
  await new Promise((resolve) => server.once('listening', resolve))
  const port = await freeDnsPort()
  const cases: readonly (readonly [corefile: string, output: string])[] = [
    [`.:${taken} {\n bind 127.0.0.1\n whoami\n}\n`, `listen tcp 127.0.0.1:${taken}: bind: address already in use\n`],
    [
      `.:${port} {\n bind 127.0.0.1\n prometheus 127.0.0.1:${taken}\n whoami\n}\n`,
      `plugin/prometheus: listen tcp 127.0.0.1:${taken}: bind: address already in use\n`,
    ],
  ]
  for (const [corefile, output] of cases) {
    const folder = await folderWith(t, { Corefile: corefile })
    t.strictSame(await run(meridian, ['serve'], { cwd: folder }), { code: 1, output })
  }
})

t.test(
  'health, readiness and metrics answer on their ports, and lameduck keeps them and DNS up',
  { skip: withoutDig },
  async (t) => {
    const corefile = `cluster.local:PORT {
    bind 127.0.0.1
    health 127.0.0.1:PORT1 {
      lameduck 1s
    }
    ready 127.0.0.1:PORT2
    prometheus 127.0.0.1:PORT3
    kubernetes {
      manifests ${cluster}
    }
  }`
    const { child, ports, dig } = await serveCommand(t, { corefile })
    const get = (index: number, path: string) => httpGet(`http://127.0.0.1:${ports[index]}${path}`)
    t.match(await get(1, '/health'), { status: 200, type: /^text\/plain/, body: /^OK$/ })
    t.match(await get(2, '/ready'), { status: 200, body: /^OK$/ })
    t.match(await get(3, '/metrics'), {
      status: 200,
      type: /^text\/plain; version=0\.0\.4/,
      body: /^coredns_build_info\{/m,
    })
    for (const index of [1, 2, 3]) t.equal((await get(index, '/')).status, 404)
    const asked = Date.now()
    child.signal('SIGTERM')
    await child.said(/Going into lameduck mode for 1s/)
    t.match(await get(1, '/health'), { status: 200 })
    t.match(await dig('kubernetes.default.svc.cluster.local'), /status: NOERROR/)
    t.equal(await child.ended(), 0)
    t.ok(Date.now() - asked >= 1000)
  },
)
