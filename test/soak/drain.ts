// `npm run soak:drain`: SIGTERM under load. Clients ask over UDP and TCP without pause; every query sent before the lameduck ends must be answered, also those that
// wait for a slow upstream then, and the process must end with 0.
//
//   npm run soak:drain -- --seconds 3 --clients 20 --rounds 3

import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { EchoUpstream } from '../support/echo-upstream.ts'
import { WatchedServer } from '../support/watched-server.ts'
import { type Deadline, emptyTally, type Tally, tcpClient, udpClient } from './clients.ts'

const lameduckMs = 2000
/** How long clients go on asking after the lameduck's end, when nobody owes them an answer. */
const afterMs = 500
const upstreamDelayMs = 300
const exitMsMax = 15_000

const corefile = `
.:PORT {
    bind 127.0.0.1
    errors
    health 127.0.0.1:PORT2 {
        lameduck ${lameduckMs}ms
    }
    ready 127.0.0.1:PORT3
    hosts {
        192.0.2.1 fixed.test
        fallthrough
    }
    template ANY ANY made.test {
        answer "{{ .Name }} 60 IN A 192.0.2.33"
    }
    cache 30
    forward . 127.0.0.1:PORT1 {
        max_concurrent 10000
    }
}
`
/** A digit string takes the place of N: no two are the same, so that they reach the upstream. */
const questions = ['fixed.test. A', 'nN.made.test. A', 'nN.slow.test. A', 'fixed.test. AAAA', 'same.slow.test. A']

async function round(options: {
  readonly loadMs: number
  readonly clients: number
}): Promise<{ tally: Tally; code: number | null; exitMs: number }> {
  const server = await WatchedServer.start({ corefile })
  const upstream = await EchoUpstream.start(server.ports[1] ?? 0, { delayMs: upstreamDelayMs })
  const tally = emptyTally()
  const deadline: Deadline = { due: Number.POSITIVE_INFINITY, end: Number.POSITIVE_INFINITY }
  const client = { port: server.port, questions, deadline, tally }
  try {
    const clients = Array.from({ length: options.clients }, (_, i) =>
      i % 2 === 0 ? udpClient({ ...client, atOnce: 10 }) : tcpClient({ ...client, atOnce: 5, perConnection: 200 }),
    )
    await sleep(options.loadMs)
    const signalled = performance.now()
    // The lameduck starts when the signal arrives, so it ends after this.
    deadline.due = signalled + lameduckMs
    deadline.end = deadline.due + afterMs
    server.signal('SIGTERM')
    const ended = await Promise.race([server.ended(), sleep(exitMsMax, null, { ref: false })])
    const exitMs = performance.now() - signalled
    await Promise.all(clients)
    if (server.faults.length > 0) throw new Error(`its log tells of a bug:\n${server.faults.join('\n')}`)
    return { tally, code: ended, exitMs }
  } finally {
    upstream.close()
    await server.close()
  }
}

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '2' },
    clients: { type: 'string', default: '16' },
    rounds: { type: 'string', default: '3' },
  },
})
console.log(
  `soak drain: ${values.rounds} rounds, ${values.clients} clients, ${values.seconds} s of load, lameduck ${lameduckMs} ms`,
)
for (let i = 1; i <= Number(values.rounds); i++) {
  const { tally, code, exitMs } = await round({
    loadMs: Number(values.seconds) * 1000,
    clients: Number(values.clients),
  })
  const { sent, answered, refused, lateSent, lateAnswered, lost } = tally
  const good = sent === answered && refused === 0 && code === 0
  console.log(
    `round ${i}: ${sent} sent until the lameduck's end, ${answered} answered (${refused} with an error); ` +
      `${lateSent} sent later, ${lateAnswered} answered; exit code ${code} after ${Math.round(exitMs)} ms: ${good ? 'good' : 'FAILED'}`,
  )
  if (lost.length > 0) console.log(`  lost: ${lost.join(', ')}`)
  if (!good) process.exitCode = 1
}
