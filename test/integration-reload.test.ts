// Changes under a running process: reloads by SIGUSR1 and by the reload plugin, Corefiles that are wrong, and zone, hosts and manifest files that are wrong. What ran
// keeps running, and the log and a metric say what happened.

import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { decode, encode } from 'dns-packet'
import t from 'tap'
import { fillPorts, section, serveCommand, skipWithout } from './support/command.ts'
import { httpGet } from './support/http.ts'

const skip = skipWithout('dig', 'bind9-dnsutils')

const soa = (serial: number): string =>
  `@ 60 IN SOA ns host ${serial} 7200 1800 86400 60\n@ 60 IN NS ns\nns 60 IN A 192.0.2.53\n`
const namespace = 'apiVersion: v1\nkind: Namespace\nmetadata: { name: default }\n'
const service = (address: string): string =>
  `---\napiVersion: v1\nkind: Service\nmetadata: { name: web, namespace: default }\nspec: { clusterIP: ${address} }\n`

const corefile = (answer: string, more = '', reload = 'reload'): string => `(all) {
  bind 127.0.0.1
  prometheus 127.0.0.1:PORT1
}
.:PORT {
  import all
  ready 127.0.0.1:PORT2
  ${reload}
  template IN A test {
    answer "{{ .Name }} 60 IN A ${answer}"
  }
  ${more}
}
example.org:PORT {
  import all
  file db.example.org
}
names.test:PORT {
  import all
  hosts names
}
cluster.local:PORT {
  import all
  kubernetes {
    manifests cluster.yaml
  }
}
`
const files = {
  'db.example.org': `${soa(1)}www 60 IN A 192.0.2.80\n`,
  names: '192.0.2.7 a.names.test\n',
  'cluster.yaml': namespace + service('10.96.0.80'),
}

/** Starts the server, and gives what a test does with it. */
async function start(t: Teardown, reload?: string) {
  const server = await serveCommand(t, { corefile: corefile('192.0.2.1', '', reload), files })
  const { child, dig, folder, ports } = server
  return {
    ...server,
    /** Addresses of a name. */
    addresses: async (name: string) => section(await dig(name), 'ANSWER').map((line) => line.split(' ').at(-1)),
    write: (name: string, text: string) => writeFile(join(folder, name), text),
    writeCorefile: (text: string) => writeFile(join(folder, 'Corefile'), fillPorts(text, ports)),
    /** The series that begin with `start`. */
    metric: async (start: string) => {
      const { body } = await httpGet(`http://127.0.0.1:${ports[1]}/metrics`)
      return body.split('\n').filter((line) => line.startsWith(start))
    },
    /** Sends the signal and waits until the reload is over: its log lines. */
    async reload(): Promise<string> {
      const from = child.output.length
      child.signal('SIGUSR1')
      await child.said(/^\[INFO\] Reloading complete$|^\[ERROR\] Restart failed: /m, from)
      return child.output.slice(from)
    },
  }
}

interface Teardown {
  teardown(handler: () => unknown): void
}

t.test('SIGUSR1 loads the Corefile again; one that is wrong leaves everything as it was', { skip }, async (t) => {
  const server = await start(t)
  t.strictSame(await server.addresses('a.test'), ['192.0.2.1'])
  await server.writeCorefile(corefile('192.0.2.2'))
  const said = (await server.reload())
    .split('\n')
    .filter((line) => line !== '' && !line.includes('Running configuration'))
  t.strictSame(said, ['[INFO] SIGUSR1: Reloading', '[INFO] Reloading', '[INFO] Reloading complete'])
  t.strictSame(await server.addresses('a.test'), ['192.0.2.2'])
  const wrong: readonly (readonly [directive: string, error: RegExp])[] = [
    ['nothing', /: Corefile:12 - Error during parsing: Unknown directive 'nothing'$/m],
    ['health nowhere', /: plugin\/health: address nowhere: missing port in address$/m],
    ['file nowhere {\n reload 0\n }', /: plugin\/file: .*nowhere: no such file or directory$/m],
  ]
  for (const [directive, error] of wrong) {
    await server.writeCorefile(corefile('192.0.2.3', directive))
    const log = await server.reload()
    t.match(log, /^\[ERROR\] Restart failed: /m)
    t.match(log, error)
    t.strictSame(await server.addresses('a.test'), ['192.0.2.2'], directive)
    t.equal((await httpGet(`http://127.0.0.1:${server.ports[2]}/ready`)).status, 200)
  }
})

t.test('the reload plugin sees a changed Corefile, and counts one that cannot be loaded', { skip }, async (t) => {
  const quick = 'reload 2s 0s'
  const server = await start(t, quick)
  await server.child.said(/^\[INFO\] plugin\/reload: Running configuration SHA512 = [0-9a-f]{128}$/m)
  t.strictSame(await server.metric('coredns_reload_failed_total '), ['coredns_reload_failed_total 0'])
  await server.writeCorefile(corefile('192.0.2.2', 'health nowhere', quick))
  await server.child.said(/^\[ERROR\] Restart failed: plugin\/health: /m)
  await server.child.said(/^\[ERROR\] plugin\/reload: Corefile changed but reload failed: /m)
  t.strictSame(await server.metric('coredns_reload_failed_total '), ['coredns_reload_failed_total 1'])
  t.strictSame(await server.addresses('a.test'), ['192.0.2.1'])
  await server.writeCorefile(corefile('192.0.2.2', '', quick))
  await server.child.said(/^\[INFO\] Reloading complete$/m)
  t.strictSame(await server.addresses('a.test'), ['192.0.2.2'])
  t.match(await server.metric('coredns_reload_version_info'), [
    /^coredns_reload_version_info\{hash="sha512",value="[0-9a-f]{128}"\} 1$/,
  ])
  t.strictSame(await server.metric('coredns_reload_failed_total '), ['coredns_reload_failed_total 1'])
})

t.test(
  'a zone, hosts or manifest file that is wrong is named with its line and counted; the old data stay',
  { skip },
  async (t) => {
    const server = await start(t)
    const { child } = server
    const old: readonly (readonly [name: string, address: string])[] = [
      ['www.example.org', '192.0.2.80'],
      ['a.names.test', '192.0.2.7'],
      ['web.default.svc.cluster.local', '10.96.0.80'],
    ]
    await server.write('db.example.org', `${soa(2)}www 60 IN A 192.0.2.256\n`)
    await child.said(/^\[ERROR\] plugin\/file: .*db\.example\.org.*\b4\b/m)
    t.strictSame(await server.metric('meridian_file_reload_failed_total'), [
      'meridian_file_reload_failed_total{file="db.example.org"} 1',
    ])
    await server.write('names', '192.0.2.7 a.names.test\n192.0.2.777 b.names.test\n')
    await child.said(/^\[WARNING\] plugin\/hosts: Hosts file ".*names": skipped line 2: /m)
    t.match(await server.metric('meridian_hosts_skipped_lines_total'), [
      /^meridian_hosts_skipped_lines_total\{hostsfile=".*names"\} 1$/,
    ])
    await server.write('cluster.yaml', `${namespace}---\nkind: [\n`)
    await child.said(/^\[WARNING\] plugin\/kubernetes: .*cluster\.yaml:[0-9]+: document 2: /m)
    t.match(await server.metric('meridian_kubernetes_manifest_errors_total'), [/ [1-9][0-9]*$/])
    for (const [name, address] of old) t.strictSame(await server.addresses(name), [address], name)

    await server.write('db.example.org', `${soa(3)}www 60 IN A 192.0.2.81\n`)
    await server.write('names', '192.0.2.8 a.names.test\n')
    await server.write('cluster.yaml', namespace + service('10.96.0.82'))
    const fresh = ['192.0.2.81', '192.0.2.8', '10.96.0.82']
    for (const [index, [name]] of old.entries()) {
      await child.until(async () => String(await server.addresses(name)) === fresh[index], `${name} ${fresh[index]}`)
    }
  },
)

t.test('no query is lost and readiness never false while the Corefile is loaded again and again', async (t) => {
  const server = await start(t)
  const socket = createSocket('udp4')
  t.teardown(() => socket.close())
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  const answered = new Set<number>()
  let wrong = 0
  socket.on('message', (bytes) => {
    const { id = 0, rcode, answers = [] } = decode(bytes) as ReturnType<typeof decode> & { rcode: string }
    answered.add(id)
    if (rcode !== 'NOERROR' || answers.length !== 1) wrong++
  })
  let sent = 0
  let reloading = true
  const asking = (async () => {
    while (reloading) {
      for (let i = 0; i < 20; i++) {
        const query = encode({ type: 'query', id: ++sent, questions: [{ type: 'A', name: `n${sent % 50}.test` }] })
        socket.send(query, server.port, '127.0.0.1')
      }
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
  })()
  const unready: number[] = []
  const probing = (async () => {
    while (reloading) {
      const { status } = await httpGet(`http://127.0.0.1:${server.ports[2]}/ready`)
      if (status !== 200) unready.push(status)
    }
  })()
  for (let i = 2; i <= 6; i++) {
    await server.writeCorefile(corefile(`192.0.2.${i}`, i % 2 === 0 ? '' : 'nothing'))
    t.match(await server.reload(), i % 2 === 0 ? /Reloading complete/ : /Restart failed/)
  }
  reloading = false
  await Promise.all([asking, probing])
  await server.child.until(() => answered.size === sent, 'every answer')
  t.ok(sent > 100, `${sent} queries`)
  t.equal(wrong, 0)
  t.strictSame(unready, [])
})
