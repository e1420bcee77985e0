// Zone transfers by the real process: to BIND's dig, to NSD and Knot DNS as secondaries, to clients that read slowly or while the configuration changes, and of a zone of
// 100,000 records, which must not show in memory.

import { readFile, writeFile } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { FrameReader, frame } from '../server/net/framing.ts'
import { decodeMessage, type Message } from '../wire/message.ts'
import { serialOf } from '../zones/zone.ts'
import { cluster } from './support/cluster-server.ts'
import { freeDnsPort, section, serveCommand, skipWithout } from './support/command.ts'
import { queryBytes } from './support/questions.ts'
import { type Secondary, startKnot, startNsd } from './support/secondaries.ts'

const zone = (serial: number, more = ''): string =>
  `$TTL 60\n@ SOA ns host ${serial} 7200 1800 86400 60\n@ NS ns\nns A 192.0.2.53\nwww A 192.0.2.${serial}\n${more}`
const corefile = (to: string): string =>
  `example.org:PORT {\n  bind 127.0.0.1\n  transfer {\n    to ${to}\n  }\n  file db {\n    reload 1s\n  }\n}\n`

t.test('dig gets a zone', { skip: skipWithout('dig', 'bind9-dnsutils') }, async (t) => {
  const { dig, child } = await serveCommand(t, { corefile: corefile('*'), files: { db: zone(7) } })
  const whole = [
    'example.org. 60 IN SOA ns.example.org. host.example.org. 7 7200 1800 86400 60',
    'example.org. 60 IN NS ns.example.org.',
    'ns.example.org. 60 IN A 192.0.2.53',
    'www.example.org. 60 IN A 192.0.2.7',
    'example.org. 60 IN SOA ns.example.org. host.example.org. 7 7200 1800 86400 60',
  ]
  t.strictSame(recordsIn(await dig('example.org', 'AXFR')), whole)
  t.strictSame(recordsIn(await dig('example.org', 'IXFR=6', '+tcp')), whole)
  t.strictSame(recordsIn(await dig('example.org', 'IXFR=7', '+tcp')), whole.slice(0, 1))
  t.match(await dig('example.org', 'AXFR', '+notcp'), /Transfer failed|REFUSED|XFR size/)
  t.match(await dig('www.example.org', 'AXFR'), /Transfer failed/)
  t.match(child.output, /Outgoing transfer of 5 records of zone "example\.org\." to 127\.0\.0\.1 for 7 SOA serial/)
})

const secondaries = [
  { name: 'NSD', start: startNsd, skip: skipWithout('nsd', 'nsd') },
  { name: 'Knot DNS', start: startKnot, skip: skipWithout('knotd', 'knot') },
]

for (const { name, start, skip } of secondaries) {
  t.test(`${name} fetches a zone, and each change as soon as it is told`, { skip }, async (t) => {
    const port = await freeDnsPort()
    const server = await serveCommand(t, { corefile: corefile(`127.0.0.1:${port}`), files: { db: zone(1) } })
    const secondary = await start(t, { zones: ['example.org'], primary: server.port, port })
    await becomes(secondary, '192.0.2.1')
    for (const serial of [2, 3]) {
      await writeFile(join(server.folder, 'db'), zone(serial))
      await becomes(secondary, `192.0.2.${serial}`)
    }
    t.match(server.child.output, /for 3 SOA serial/)
  })
}

const namesOfCluster = [
  'web.prod.svc.cluster.local A',
  'web.prod.svc.cluster.local AAAA',
  '_http._tcp.web.prod.svc.cluster.local SRV',
  'db.prod.svc.cluster.local A',
  'db.prod.svc.cluster.local AAAA',
  'db-0.db.prod.svc.cluster.local A',
  '_pg._tcp.db.prod.svc.cluster.local SRV',
  'inside.prod.svc.cluster.local CNAME',
  'outside.prod.svc.cluster.local CNAME',
  'missing.prod.svc.cluster.local A',
]

for (const { name, start, skip } of secondaries) {
  t.test(`${name} has the zone of a cluster, and answers the same`, { skip }, async (t) => {
    const port = await freeDnsPort()
    const kubernetes = `kubernetes {\n    manifests cluster.yaml\n  }`
    const server = await serveCommand(t, {
      corefile: `cluster.local:PORT {\n  bind 127.0.0.1\n  transfer {\n    to 127.0.0.1:${port}\n  }\n  ${kubernetes}\n}\n`,
      files: { 'cluster.yaml': cluster },
    })
    const secondary = await start(t, { zones: ['cluster.local'], primary: server.port, port })
    await secondary.child.until(async () => /status: NOERROR/.test(await secondary.dig('cluster.local', 'SOA')))
    for (const question of namesOfCluster) {
      const [own, theirs] = await Promise.all(
        [server, secondary].map(async ({ dig }) => {
          const printed = await dig(...question.split(' '))
          // The weights of SRV records are shared otherwise in a zone than in an answer.
          const records = section(printed, 'ANSWER').map((line) => line.replace(/SRV 0 \d+/, 'SRV 0 n'))
          return [/status: (\w+)/.exec(printed)?.[1], ...records.toSorted()]
        }),
      )
      t.strictSame(theirs, own, question)
    }
  })
}

async function becomes({ dig, child }: Secondary, address: string): Promise<void> {
  await child.until(
    async () =>
      section(await dig('www.example.org'), 'ANSWER')
        .join()
        .endsWith(address),
    address,
  )
}

/** More than the kernel holds for a connection, from 50,000 records on. */
const many = (count: number): string =>
  Array.from({ length: count }, (_, i) => `host-${i} TXT ${'x'.repeat(150)}\n`).join('')

t.test('clients that read slowly hold neither memory nor other clients up', async (t) => {
  const files = { db: zone(1, many(100_000)) }
  const { port, child, dig } = await serveCommand(t, { corefile: corefile('*'), files })
  const quick = await Transfer.start(t, port)
  quick.read()
  await quick.ended
  t.strictSame([quick.records, quick.serials], [100_005, [1, 1]])
  const before = await residentBytes(child.pid)
  const slow = await Promise.all(Array.from({ length: 30 }, () => Transfer.start(t, port)))
  // Sorting the zone for each of them takes a while.
  for (let i = 0; i < 20; i++) t.match(await dig('www.example.org'), /status: NOERROR/)
  await Promise.all(slow.map((transfer) => transfer.begun))
  const during = await residentBytes(child.pid)
  // The zone is 17 MB as messages, which would make 500.
  t.ok(during - before < 100 * 1024 * 1024, `${Math.round((during - before) / 1024 / 1024)} MB more`)
  slow[0]!.read()
  await slow[0]!.ended
  t.strictSame([slow[0]!.records, slow[0]!.serials], [100_005, [1, 1]])
})

t.test('a transfer goes on through a reload, with the zone that it began with', async (t) => {
  const { port, child, folder } = await serveCommand(t, {
    corefile: corefile('*'),
    files: { db: zone(1, many(100_000)) },
  })
  const transfer = await Transfer.start(t, port)
  await transfer.begun
  await writeFile(join(folder, 'db'), zone(2, many(10)))
  child.signal('SIGUSR1')
  await child.said(/Reloading complete/)
  const next = await Transfer.start(t, port)
  next.read()
  await next.ended
  t.strictSame([next.records, next.serials], [15, [2, 2]])
  transfer.read()
  await transfer.ended
  t.strictSame([transfer.records, transfer.serials], [100_005, [1, 1]])
})

/** A client of an AXFR that reads when it is told to. */
class Transfer {
  records = 0
  readonly serials: number[] = []
  /** The first octets have come. */
  readonly begun: Promise<void>
  /** The closing SOA has come. */
  readonly ended: Promise<void>
  readonly #socket: Socket
  readonly #frames = new FrameReader()

  static async start(t: Test, port: number): Promise<Transfer> {
    const socket = connect({ port, host: '127.0.0.1' })
    t.teardown(() => socket.destroy())
    await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject))
    socket.write(frame(queryBytes('example.org. AXFR')))
    return new Transfer(socket)
  }

  constructor(socket: Socket) {
    this.#socket = socket
    this.begun = new Promise((resolve) => {
      socket.once('readable', () => resolve())
    })
    this.ended = new Promise((resolve, reject) => {
      socket.on('close', () => reject(new Error(`the connection was closed after ${this.records} records`)))
      this.#done = resolve
    })
    this.ended.catch(() => {})
  }

  #done: () => void = () => {}

  read(): void {
    this.#socket.on('data', (chunk: Buffer) => {
      this.#frames.push(chunk)
      for (let bytes = this.#frames.next(); bytes; bytes = this.#frames.next())
        this.#take(decodeMessage(bytes) as Message)
    })
    this.#socket.resume()
  }

  #take({ answer }: Message): void {
    this.records += answer.length
    for (const record of answer) if (record.type === 6) this.serials.push(serialOf(record))
    if (this.serials.length === 2) this.#done()
  }
}

const recordsIn = (printed: string): string[] =>
  printed
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith(';'))
    .map((line) => line.replace(/\s+/g, ' '))

async function residentBytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) * 1024
}
