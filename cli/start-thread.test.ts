// Two real serving threads on one port: what a process with `multisocket 2` is.

import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { order } from '../plugins/order.ts'
import { systemClock } from '../server/clock.ts'
import { SharedHttpListeners } from '../server/http/listeners.ts'
import { MetricsRegistry } from '../server/metrics/registry.ts'
import { Supervisor } from '../server/supervisor.ts'
import { folderWith, freeDnsPort } from '../test/support/command.ts'
import { queryBytes, readReply } from '../test/support/questions.ts'
import { workerThreads } from './start-thread.ts'

const clientCount = 40

const manifest = (address: string): string => `apiVersion: v1
kind: Service
metadata: { name: web, namespace: default }
spec: { clusterIP: ${address}, clusterIPs: [${address}], ports: [{ port: 80 }] }
---
apiVersion: v1
kind: Namespace
metadata: { name: default }
`

/** Asks from many sockets, so that the kernel gives both threads their share; the answers' addresses, each once. */
async function askAll(clients: readonly Socket[], question: string): Promise<string[]> {
  const ask = async (client: Socket, id: number): Promise<string> => {
    client.send(queryBytes(question, { id }))
    const [bytes] = (await once(client, 'message')) as [Buffer]
    const { rcode, answer } = readReply(bytes)
    return answer[0]?.split(' ').at(-1) ?? rcode
  }
  return [...new Set(await Promise.all(clients.map(ask)))].sort()
}

t.test('two serving threads share a port and are right together', { skip: process.platform !== 'linux' }, async (t) => {
  const port = await freeDnsPort()
  const corefile = (address: string): string =>
    `cluster.local:${port} {\n  bind 127.0.0.1\n  prometheus 127.0.0.1:0\n  kubernetes {\n    manifests FOLDER/web.yaml\n  }\n  cache 30\n}\n` +
    `.:${port} {\n  bind 127.0.0.1\n  hosts FOLDER/hosts {\n    ${address} inline.test\n  }\n  cache 30\n}\n`
  const folder = await folderWith(t, { hosts: '192.0.2.10 host.test\n', 'web.yaml': manifest('10.96.0.10') })
  const write = (name: string, text: string): Promise<void> =>
    writeFile(join(folder, name), text.replaceAll('FOLDER', folder))
  await write('Corefile', corefile('192.0.2.1'))
  const log: string[] = []
  const counting = new Set<number>()
  let threads = 0
  const startThread = workerThreads((reason) => log.push(`died: ${reason}`))
  const supervisor = new Supervisor({
    source: {
      file: join(folder, 'Corefile'),
      port,
      manifests: '',
      environment: {},
      directives: new Set(order.map((plugin) => (typeof plugin === 'string' ? plugin : plugin.name))),
    },
    plugins: order,
    threads: 2,
    startThread: (hear) => {
      const number = threads++
      return startThread((notice) => {
        if (notice.kind === 'metrics' && notice.announcement.news === 'series') counting.add(number)
        hear(notice)
      })
    },
    clock: systemClock,
    random: Math.random,
    sink: (line) => log.push(line),
    http: new SharedHttpListeners((error) => log.push(String(error))),
    registry: new MetricsRegistry(),
  })
  const clients = Array.from({ length: clientCount }, () => createSocket('udp4'))
  t.teardown(() => {
    for (const client of clients) client.close()
  })
  for (const client of clients) {
    client.connect(port, '127.0.0.1')
    await once(client, 'connect')
  }
  await supervisor.start()
  counting.clear()
  t.same(await askAll(clients, 'web.default.svc.cluster.local. A'), ['10.96.0.10'])
  t.same([...counting].sort(), [0, 1], 'both threads count queries')
  t.same(await askAll(clients, 'host.test. A'), ['192.0.2.10'])
  t.same(await askAll(clients, 'new.default.svc.cluster.local. A'), ['NXDOMAIN'])
  t.same(await askAll(clients, 'inline.test. A'), ['192.0.2.1'])

  const changed = async (name: string, text: string, question: string, expected: string): Promise<void> => {
    await write(name, text)
    const end = Date.now() + 20_000
    let found: string[] = []
    while (found.join() !== expected && Date.now() < end) found = await askAll(clients, question)
    t.same(found, [expected], question)
    for (let i = 0; i < 3; i++) t.same(await askAll(clients, question), [expected])
  }
  await changed(
    'web.yaml',
    manifest('10.96.0.11').replace('web', 'new'),
    'new.default.svc.cluster.local. A',
    '10.96.0.11',
  )
  t.same(await askAll(clients, 'web.default.svc.cluster.local. A'), ['NXDOMAIN'])
  await changed('hosts', '192.0.2.11 host.test\n', 'host.test. A', '192.0.2.11')

  await write('Corefile', corefile('not-an-address {'))
  t.match(await supervisor.reload(), /^plugin\/hosts: /)
  t.same(await askAll(clients, 'inline.test. A'), ['192.0.2.1'])
  await write('Corefile', corefile('192.0.2.2'))
  t.equal(await supervisor.reload(), null)
  t.same(await askAll(clients, 'inline.test. A'), ['192.0.2.2'])

  await supervisor.drain()
  await supervisor.stop()
  t.same(
    log.filter((line) => /died|ERROR|bug/.test(line) && !line.startsWith('[ERROR] Restart failed: plugin/hosts: ')),
    [],
  )
})

t.test('a thread that cannot run is told once', async (t) => {
  const reasons: string[] = []
  const line = workerThreads((reason) => reasons.push(reason))(() => {})
  const dead = new Promise<void>((resolve) => {
    const poll = setInterval(() => {
      if (reasons.length === 0) return
      clearInterval(poll)
      resolve()
    }, 5)
  })
  // An order that no main thread gives: the configuration is missing.
  line.post({ kind: 'started' } as never)
  line.post(null as never)
  await dead
  t.match(reasons, [/^TypeError/])
})
