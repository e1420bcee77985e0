// `npm start`: the demo on its fixed ports if they are free, and its Corefile on other ports before upstreams that answer, say nothing, or are not there.

import { createSocket } from 'node:dgram'
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { Child, dig, freeDnsPort, meridian, section, serveCommand, skipWithout } from './support/command.ts'
import { address, FakeUpstream } from './support/fake-upstream.ts'
import { httpGet } from './support/http.ts'

const examples = fileURLToPath(new URL('../examples', import.meta.url))
const skip = skipWithout('dig', 'bind9-dnsutils')

/** The ports of the demo that somebody else has. */
async function takenPorts(): Promise<number[]> {
  const taken: number[] = []
  for (const port of [1053, 8080, 8181, 9153]) {
    const server = createServer()
    const free = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false))
      server.listen(port, '127.0.0.1', () => resolve(true))
    })
    server.close()
    if (!free) taken.push(port)
  }
  const socket = createSocket('udp4')
  const free = await new Promise<boolean>((resolve) => {
    socket.once('error', () => resolve(false))
    socket.bind(1053, '127.0.0.1', () => resolve(true))
  })
  socket.close()
  if (!free) taken.push(1053)
  return taken
}

const taken = await takenPorts()
const skipDemo = skip || (taken.length > 0 && `the demo's ports ${taken.join(', ')} are taken`)

t.test('the demo serves on its ports, says what, and answers the digs it proposes', { skip: skipDemo }, async (t) => {
  const upstream = await FakeUpstream.start(t, { answer: (question) => address(question, '192.0.2.9') })
  const child = Child.start(t, meridian, ['demo'], { environment: { UPSTREAM: upstream.label } })
  await child.said(/^ {2}dig .* -x /m)
  const digs = [...child.output.matchAll(/^ {2}dig @127\.0\.0\.1 -p 1053 (.*)$/gm)].map(([, words = '']) =>
    words.split(' '),
  )
  const answers = [
    ['kubernetes.default.svc.cluster.local. 30 IN A 10.96.0.1'],
    [
      '_grpc._tcp.scheduler.aikernel.local. 30 IN SRV 10 60 9090 api-us-east-1.aikernel.local.',
      '_grpc._tcp.scheduler.aikernel.local. 30 IN SRV 20 40 9090 api-us-west-2.aikernel.local.',
    ],
    ['1.0.96.10.in-addr.arpa. 30 IN PTR kubernetes.default.svc.cluster.local.'],
  ]
  t.equal(digs.length, answers.length)
  for (const [index, words] of digs.entries()) {
    t.strictSame(section(await dig(1053, ...words), 'ANSWER').toSorted(), answers[index], words.join(' '))
    t.strictSame(
      section(await dig(1053, ...words, '+tcp'), 'ANSWER').toSorted(),
      answers[index],
      `${words.join(' ')} +tcp`,
    )
  }
  t.match(await dig(1053, 'www.example.org'), /\bA\s+192\.0\.2\.9\n/, 'UPSTREAM is asked for the rest')
  t.equal((await httpGet('http://127.0.0.1:8080/health')).body, 'OK')
  t.equal((await httpGet('http://127.0.0.1:8181/ready')).body, 'OK')
  t.match((await httpGet('http://127.0.0.1:9153/metrics')).body, /^coredns_dns_requests_total\{/m)
  const second = Child.start(t, meridian, ['demo'])
  t.equal(await second.ended(), 1, 'a second one says that a port is taken')
  t.match(second.output, /^(plugin\/\w+: )?listen tcp 127\.0\.0\.1:\d+: bind: address already in use\n$/)
  child.signal('SIGINT')
  t.equal(await child.ended(), 0)
})

interface Teardown {
  teardown(handler: () => unknown): void
}

/** The demo's Corefile and files on free ports, with these upstreams. */
async function serveDemo(t: Teardown, upstream: string) {
  const folder = await mkdtemp(join(tmpdir(), 'meridian-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  await cp(examples, folder, { recursive: true })
  const ports: Readonly<Record<string, string>> = { '1053': 'PORT', '9153': 'PORT1', '8080': 'PORT2', '8181': 'PORT3' }
  const corefile = (await readFile(join(folder, 'demo/Corefile'), 'utf8')).replace(
    /(?<=:)(1053|9153|8080|8181)\b/g,
    (port) => ports[port]!,
  )
  const environment = { MERIDIAN_EXAMPLES: folder, UPSTREAM: upstream, UPSTREAM_2: upstream, UPSTREAM_3: upstream }
  return { ...(await serveCommand(t, { corefile, environment })), examples: folder }
}

/** Asks for names at once and checks that each answer is SERVFAIL with an EDE: the milliseconds of the fastest, by dig's own clock (the machine may be busy). */
async function refusalMs(
  t: Checker,
  ask: (...words: readonly string[]) => Promise<string>,
  names: readonly string[],
): Promise<number> {
  const printed = await Promise.all(names.map((name) => ask(name)))
  for (const text of printed) {
    t.match(text, /status: SERVFAIL/)
    t.match(text, /^; EDE: \d+ /m)
  }
  return Math.min(...printed.map((text) => Number(/^;; Query time: (\d+) msec$/m.exec(text)?.[1])))
}

/** Asks new names until the refusal comes at once: after a few queries and probes the upstream is known to be down, and stays so. */
async function knownDown(t: Checker, ask: (...words: readonly string[]) => Promise<string>): Promise<void> {
  let fastest = Number.POSITIVE_INFINITY
  for (let i = 0; i < 5 && fastest >= 100; i++) fastest = await refusalMs(t, ask, [`d${i}.example`, `e${i}.example`])
  t.ok(fastest < 100, `${fastest} ms`)
  const again = await refusalMs(t, ask, ['f.example', 'g.example', 'h.example'])
  t.ok(again < 100, `${again} ms`)
}

type Checker = Pick<typeof t, 'match' | 'ok'>

t.test(
  'where nothing listens, SERVFAIL with an EDE within 1 s, and at once when that is known',
  { skip },
  async (t) => {
    const { dig: ask } = await serveDemo(t, `127.0.0.1:${await freeDnsPort()}`)
    const first = await refusalMs(t, ask, ['a.example', 'b.example', 'c.example'])
    t.ok(first < 1000, `${first} ms`)
    await knownDown(t, ask)
    t.match(await ask('kubernetes.default.svc.cluster.local'), /status: NOERROR/, 'the cluster needs no upstream')
  },
)

t.test(
  'where the upstream is silent, SERVFAIL with an EDE within 2.5 s, and at once when that is known',
  { skip },
  async (t) => {
    const upstream = await FakeUpstream.start(t, { answer: () => null })
    const { dig: ask } = await serveDemo(t, upstream.label)
    const first = await refusalMs(t, ask, ['a.example', 'b.example', 'c.example'])
    t.ok(first < 2500, `${first} ms`)
    await knownDown(t, ask)
    upstream.answer = (question) => address(question, '192.0.2.9')
    let printed = ''
    const end = Date.now() + 10_000
    for (let i = 0; !printed.includes('status: NOERROR') && Date.now() < end; i++)
      printed = await ask(`again${i}.example`)
    t.match(printed, /\bA\s+192\.0\.2\.9\n/, 'it is used again when it answers')
  },
)

t.test('an edit of the cluster or of the zone file is answered at once', { skip }, async (t) => {
  const upstream = await FakeUpstream.start(t, { answer: (question) => address(question, '192.0.2.9') })
  const { dig: ask, child, examples } = await serveDemo(t, upstream.label)
  const edit = async (file: string, from: string | RegExp, to: string): Promise<void> => {
    const path = join(examples, file)
    const text = await readFile(path, 'utf8')
    await writeFile(path, text.replace(from, to))
  }
  const pod = 'vector-store-2.vector-store.ai-kernel-data.svc.cluster.local'
  t.match(await ask(pod), /status: NXDOMAIN/)
  t.match(await ask('new.aikernel.local'), /status: NXDOMAIN/)
  t.match(await ask('www.example'), /\bA\s+192\.0\.2\.9\n/)
  await edit('cluster/40-ai-kernel-data.yaml', 'ready: false', 'ready: true')
  await child.until(async () => section(await ask(pod), 'ANSWER')[0] === `${pod}. 30 IN A 10.244.2.31`, 'the endpoint')
  await edit('demo/db.aikernel.local', /\d+ ; serial/, '2030010101 ; serial')
  await edit('demo/db.aikernel.local', /$/, 'new IN A 10.20.0.99\n')
  const fresh = 'new.aikernel.local. 30 IN A 10.20.0.99'
  await child.until(async () => section(await ask('new.aikernel.local'), 'ANSWER')[0] === fresh, 'the zone')
})
