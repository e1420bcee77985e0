// `npm run soak:reload`: reload under load. The Corefile changes again and again, by SIGUSR1 and by the reload plugin, now and then into one that is broken, while clients
// ask over UDP and TCP without pause and /ready is asked all the time: no query may be lost, /ready may never say anything but 200, and after each reload the new
// configuration must answer.
//
//   npm run soak:reload -- --reloads 300 --clients 16

import { parseArgs } from 'node:util'
import { EchoUpstream } from '../support/echo-upstream.ts'
import { httpGet } from '../support/http.ts'
import { WatchedServer } from '../support/watched-server.ts'
import { ask, type Deadline, emptyTally, tcpClient, udpClient } from './clients.ts'

const upstreamDelayMs = 20
/** The reload plugin looks every two seconds; so long may it take to see a change, in milliseconds. */
const noticeMsMax = 10_000

// `extra` blocks come and go with their ports; generation numbers tell configurations apart.
function corefile(generation: number, extra = ''): string {
  return `
.:PORT {
    bind 127.0.0.1
    errors
    health 127.0.0.1:PORT2
    ready 127.0.0.1:PORT3
    prometheus 127.0.0.1:PORT4
    reload 2s 0
    hosts {
        192.0.${generation >> 8}.${generation & 255} generation.test
        192.0.2.1 fixed.test
        fallthrough
    }
    template ANY ANY made.test {
        answer "{{ .Name }} 60 IN A 192.0.2.33"
    }
    cache ${30 + (generation % 7)}
    forward . 127.0.0.1:PORT1 {
        max_concurrent 10000
    }
}
${extra}
`
}

const extras = [
  '',
  'other.test:PORT5 {\n    bind 127.0.0.1\n    whoami\n}',
  'sub.made.test:PORT {\n    bind 127.0.0.1\n    whoami\n}',
  'kubernetes.test:PORT5 {\n    bind 127.0.0.1\n    ready 127.0.0.1:PORT3\n    hosts {\n        192.0.2.9 a.kubernetes.test\n    }\n}',
]
/** What cannot be loaded, for several reasons: grammar, a directive, a setup, a service, a socket. */
const broken = [
  'x.test:PORT {\n    whoami',
  'x.test:PORT {\n    nosuchplugin\n}',
  'x.test:PORT {\n    bind 127.0.0.1\n    cache 30 {\n        nonsense\n    }\n}',
  'x.test:PORT {\n    bind 127.0.0.1\n    file no-such-folder/db {\n        reload nonsense\n    }\n}',
  'x.test:PORT5 {\n    bind 127.0.0.1\n    prometheus 127.0.0.1:999999\n    whoami\n}',
  'x.test:PORT5 {\n    bind 203.0.113.77\n    whoami\n}',
]
const questions = ['fixed.test. A', 'nN.made.test. A', 'nN.slow.test. A', 'fixed.test. AAAA', 'same.slow.test. A']

interface Counts {
  good: number
  refused: number
  byPlugin: number
  readyAsked: number
  readonly readyWrong: string[]
}

/** Reloads `total` times; every eighth Corefile is broken, every fiftieth is left to the reload plugin. */
async function reloadAll(server: WatchedServer, total: number, counts: Counts): Promise<void> {
  for (let generation = 1; generation <= total; generation++) {
    const isBroken = generation % 8 === 0
    const extra = isBroken ? broken[(generation / 8) % broken.length] : extras[generation % extras.length]
    const byPlugin = generation % 50 === 49
    const done = server.said(isBroken ? /Restart failed/ : /Reloading complete/, noticeMsMax)
    await server.configure(corefile(generation, extra))
    if (byPlugin) counts.byPlugin++
    else server.signal('SIGUSR1')
    await done
    if (isBroken) counts.refused++
    else counts.good++
    await checkGeneration(server, isBroken ? generation - 1 : generation)
    if (generation % 50 === 0) console.log(`  ${generation} reloads, ${await server.residentMiB()} MiB`)
  }
}

async function checkGeneration(server: WatchedServer, generation: number): Promise<void> {
  const expected = `192.0.${generation >> 8}.${generation & 255}`
  const found = await ask(server.port, 'generation.test. A')
  if (!found.endsWith(` ${expected}`)) throw new Error(`generation ${generation} answers ${found} for generation.test`)
}

async function watchReady(server: WatchedServer, deadline: Deadline, counts: Counts): Promise<void> {
  const wrong = (text: string): void => void (counts.readyWrong.length < 10 && counts.readyWrong.push(text))
  while (performance.now() < deadline.end) {
    for (const [port, path] of [
      [server.ports[3], 'ready'],
      [server.ports[2], 'health'],
      [server.ports[4], 'metrics'],
    ] as const) {
      const started = performance.now()
      const reply = await httpGet(`http://127.0.0.1:${port}/${path}`).catch((error: unknown) => ({
        status: 0,
        body: String(error),
      }))
      counts.readyAsked++
      if (reply.status !== 200)
        wrong(`/${path} ${reply.status} ${reply.body} after ${Math.round(performance.now() - started)} ms`)
    }
  }
}

async function soak(options: { readonly reloads: number; readonly clients: number }): Promise<boolean> {
  const server = await WatchedServer.start({ corefile: `${corefile(0)}\n# PORT5 is bound later\n` })
  const upstream = await EchoUpstream.start(server.ports[1] ?? 0, { delayMs: upstreamDelayMs })
  const tally = emptyTally()
  const counts: Counts = { good: 0, refused: 0, byPlugin: 0, readyAsked: 0, readyWrong: [] }
  const deadline: Deadline = { due: Number.POSITIVE_INFINITY, end: Number.POSITIVE_INFINITY }
  const client = { port: server.port, questions, deadline, tally }
  try {
    const clients = Array.from({ length: options.clients }, (_, i) =>
      i % 2 === 0 ? udpClient({ ...client, atOnce: 5 }) : tcpClient({ ...client, atOnce: 3, perConnection: 100 }),
    )
    const watching = watchReady(server, deadline, counts)
    const reloading = reloadAll(server, options.reloads, counts).finally(() => {
      deadline.end = performance.now()
    })
    await Promise.all([reloading, ...clients, watching])
    const { sent, answered, refused, lost } = tally
    console.log(
      `${counts.good} reloads (${counts.byPlugin} by the reload plugin), ${counts.refused} broken Corefiles refused`,
    )
    console.log(`${sent} queries sent, ${answered} answered (${refused} with an error)`)
    console.log(
      `/ready, /health and /metrics asked ${counts.readyAsked} times, ${counts.readyWrong.length} times not 200`,
    )
    for (const text of [...lost.map((question) => `lost: ${question}`), ...counts.readyWrong, ...server.faults])
      console.log(`  ${text}`)
    return (
      sent === answered &&
      refused === 0 &&
      counts.readyWrong.length === 0 &&
      server.faults.length === 0 &&
      server.code === undefined
    )
  } finally {
    upstream.close()
    await server.close()
  }
}

const { values } = parseArgs({
  options: { reloads: { type: 'string', default: '300' }, clients: { type: 'string', default: '12' } },
})
console.log(`soak reload: ${values.reloads} reloads under ${values.clients} clients`)
const good = await soak({ reloads: Number(values.reloads), clients: Number(values.clients) })
console.log(good ? 'good: nothing was lost' : 'FAILED')
process.exitCode = good ? 0 : 1
