// Stale never: a name that was asked for and denied, often enough to be a prepared answer, is right in the event turn after its manifest, hosts or zone file has been
// read, under `cache 30` and in every serving thread; and denied again in the turn after it is gone.

import t from 'tap'
import { FakeUpstream } from './support/fake-upstream.ts'
import { serve, type TestServer } from './support/serve.ts'

// The sockets under test keep no process alive; the tests must.
const alive = setInterval(() => {}, 1_000)
t.teardown(() => clearInterval(alive))

const namespace = `apiVersion: v1
kind: Namespace
metadata: { name: default }
---
apiVersion: v1
kind: Service
metadata: { name: alias, namespace: default }
spec: { type: ExternalName, externalName: web.default.svc.cluster.local }
`
const service = `---
apiVersion: v1
kind: Service
metadata: { name: web, namespace: default }
spec: { clusterIP: 10.96.0.80, clusterIPs: [10.96.0.80], ports: [{ name: http, port: 80, protocol: TCP }] }
`
const zone = (serial: number, more = ''): string =>
  `@ 60 IN SOA ns host ${serial} 7200 1800 86400 60\n@ 60 IN NS ns\nns 60 IN A 192.0.2.53\n${more}`

/** A file that names come from, with and without them; `round` grows with each writing. */
interface Source {
  readonly what: string
  readonly file: string
  readonly absent: (round: number) => string
  readonly present: (round: number) => string
  /** Questions, the rdata that ends the answer section when the name is there, and the rcode when it is not (default: NXDOMAIN). */
  readonly questions: readonly (readonly [question: string, rdata: string, denied?: string])[]
}

const sources: readonly Source[] = [
  {
    what: 'a Service, its PTR name and an ExternalName that leads to it',
    file: 'cluster.yaml',
    absent: () => namespace,
    present: () => namespace + service,
    questions: [
      ['web.default.svc.cluster.local. A', '10.96.0.80'],
      ['_http._tcp.web.default.svc.cluster.local. SRV', 'web.default.svc.cluster.local.'],
      ['80.0.96.10.in-addr.arpa. PTR', 'web.default.svc.cluster.local.'],
      // The alias alone is its answer while its target is missing.
      ['alias.default.svc.cluster.local. A', '10.96.0.80', 'NOERROR'],
    ],
  },
  {
    what: 'a hosts name and its PTR name',
    file: 'names',
    absent: () => '',
    present: () => '192.0.2.7 printer.example.net\n',
    questions: [
      ['printer.example.net. A', '192.0.2.7'],
      ['7.2.0.192.in-addr.arpa. PTR', 'printer.example.net.'],
    ],
  },
  {
    what: 'a name of a zone file',
    file: 'db.example.com',
    absent: (round) => zone(round),
    present: (round) => zone(round, 'new 60 IN A 192.0.2.8\n*.wild 60 IN A 192.0.2.9\n'),
    questions: [
      ['new.example.com. A', '192.0.2.8'],
      ['x.wild.example.com. A', '192.0.2.9'],
    ],
  },
]

const corefile = (upstream: FakeUpstream, options: string): string => `.:53 {
  ${options}
  errors
  hosts names {
    fallthrough
  }
  kubernetes cluster.local in-addr.arpa ip6.arpa {
    manifests cluster.yaml
    fallthrough in-addr.arpa ip6.arpa
    ttl 30
  }
  file db.example.com example.com {
    fallthrough
  }
  forward . ${upstream.label} {
    max_fails 0
  }
  cache 30
  loadbalance
}
`

/** What the upstream says to everything. */
const nxdomain = {
  flags: 3,
  authorities: [
    {
      type: 'SOA' as const,
      name: 'net',
      ttl: 300,
      data: { mname: 'ns', rname: 'host', serial: 1, refresh: 2, retry: 3, expire: 4, minimum: 300 },
    },
  ],
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** What thread `thread` answers: the rdata that ends the answer section, or the rcode if there is no address, PTR or SRV record in it. */
async function answerOf(server: TestServer, question: string, thread: number): Promise<string> {
  const reply = await server.ask(question, { thread })
  const last = reply?.answer.at(-1) ?? ''
  return / IN (A|PTR|SRV) /.test(last) ? last.slice(last.lastIndexOf(' ') + 1) : (reply?.rcode ?? 'silence')
}

for (const threads of [1, 2]) {
  for (const options of ['', 'compat coredns']) {
    for (const { what, file, absent, present, questions } of sources) {
      t.test(`${what}: right at once, ${threads} serving threads ${options}`, async (t) => {
        const upstream = await FakeUpstream.start(t, { answer: () => nxdomain })
        const files = Object.fromEntries(sources.map((source) => [source.file, source.absent(1)]))
        const server = await serve(t, { corefile: corefile(upstream, options), files, threads })
        const all = async (): Promise<string[][]> => {
          const answers: string[][] = []
          for (let thread = 0; thread < threads; thread++) {
            answers.push(await Promise.all(questions.map(([question]) => answerOf(server, question, thread))))
          }
          return answers
        }
        const everywhere = (answers: readonly string[]) => Array.from({ length: threads }, () => answers)
        const there = everywhere(questions.map(([, rdata]) => rdata))
        const gone = everywhere(questions.map(([, , denied = 'NXDOMAIN']) => denied))
        /** Writes the file and asks one thread for one name, turn by turn, until it has the news: the next turn everybody must have it. */
        const change = async (text: string, expected: readonly (readonly string[])[]): Promise<void> => {
          await server.write(file, text)
          await server.until(async () => {
            for (let i = 0; i < 100; i++) {
              if ((await answerOf(server, questions[0]![0], 0)) === expected[0]![0]) return true
              await turn()
            }
            return false
          })
          await turn()
          // Several times, so that they are prepared when the next change comes.
          for (let i = 0; i < 4; i++) t.strictSame(await all(), expected)
        }
        for (let i = 0; i < 4; i++) t.strictSame(await all(), gone, 'denied at first')
        for (let round = 0; round < 2; round++) {
          await change(present(2 * round + 2), there)
          await change(absent(2 * round + 3), gone)
        }
        const asked = upstream.asked.length
        t.strictSame(await all(), gone)
        t.equal(upstream.asked.length, asked, 'what the upstream said is kept')
      })
    }
  }
}
