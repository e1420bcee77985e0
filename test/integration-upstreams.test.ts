// Other people's servers around the real process: NSD and Knot as upstreams of `forward` (answers, aliases, denials, answers too large for UDP, a signed zone's data),
// and Unbound as a resolver that forwards to us.

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import {
  Child,
  dig,
  folderWith,
  freeDnsPort,
  programPath,
  section,
  serveCommand,
  skipWithout,
} from './support/command.ts'

const withoutDig = skipWithout('dig', 'bind9-dnsutils')

const zone = `$ORIGIN example.org.
$TTL 120
@       IN SOA ns host 7 7200 1800 1209600 60
        IN NS  ns
ns      IN A   192.0.2.53
www     IN A   192.0.2.80
        IN AAAA 2001:db8::80
alias   IN CNAME www
*.wild  IN TXT "a wildcard"
sub     IN DNAME target
www.target IN A 192.0.2.81
srv     IN SRV 1 2 3 www
${Array.from({ length: 200 }, (_, i) => `many    IN A   198.51.100.${i + 1}`).join('\n')}
`

/** A server of the zone: its program and Debian package, its arguments, and its configuration. */
interface Authority {
  readonly program: string
  readonly debianPackage: string
  readonly args: readonly string[]
  configuration(folder: string, port: number): string
}

const authorities: readonly Authority[] = [
  {
    program: 'nsd',
    debianPackage: 'nsd',
    args: ['-d', '-c', 'server.conf'],
    configuration: (folder, port) => `server:
  ip-address: 127.0.0.1@${port}
  server-count: 1
  username: ""
  chroot: ""
  zonesdir: "${folder}"
  database: ""
  zonelistfile: "${folder}/zone.list"
  xfrdfile: "${folder}/xfrd.state"
  xfrdir: "${folder}"
  pidfile: "${folder}/nsd.pid"
  rrl-ratelimit: 0
remote-control:
  control-enable: no
zone:
  name: "example.org"
  zonefile: "db.example.org"
`,
  },
  {
    program: 'knotd',
    debianPackage: 'knot',
    args: ['-c', 'server.conf'],
    configuration: (folder, port) => `server:
  rundir: "${folder}"
  listen: 127.0.0.1@${port}
  udp-workers: 1
  tcp-workers: 1
  background-workers: 1
database:
  storage: "${folder}"
zone:
  - domain: example.org
    storage: "${folder}"
    file: "db.example.org"
    zonefile-sync: -1
    journal-content: none
    dnssec-signing: on
`,
  },
]

/** Starts it in a folder of its own; resolves to its port when it answers. */
async function startAuthority(t: Teardown, { program, args, configuration }: Authority): Promise<number> {
  const port = await freeDnsPort()
  const folder = await folderWith(t, { 'db.example.org': zone })
  await writeFile(join(folder, 'server.conf'), configuration(folder, port))
  const child = Child.start(t, programPath(program) ?? program, args, { cwd: folder })
  await child.until(
    async () => /status: NOERROR/.test(await dig(port, 'example.org', 'SOA', '+time=1')),
    `an answer of ${program}`,
  )
  return port
}

interface Teardown {
  teardown(handler: () => unknown): void
}

/** Questions, and what the answer section must be, without TTLs and signatures. */
const questions: readonly (readonly [words: readonly string[], rcode: string, answer: readonly string[]])[] = [
  [['www.example.org'], 'NOERROR', ['www.example.org. IN A 192.0.2.80']],
  [['WWW.Example.ORG', 'AAAA', '+tcp'], 'NOERROR', ['www.example.org. IN AAAA 2001:db8::80']],
  [
    ['alias.example.org'],
    'NOERROR',
    ['alias.example.org. IN CNAME www.example.org.', 'www.example.org. IN A 192.0.2.80'],
  ],
  [['x.wild.example.org', 'TXT'], 'NOERROR', ['x.wild.example.org. IN TXT "a wildcard"']],
  [
    ['www.sub.example.org'],
    'NOERROR',
    [
      'sub.example.org. IN DNAME target.example.org.',
      'www.sub.example.org. IN CNAME www.target.example.org.',
      'www.target.example.org. IN A 192.0.2.81',
    ],
  ],
  [['srv.example.org', 'SRV', '+noedns'], 'NOERROR', ['srv.example.org. IN SRV 1 2 3 www.example.org.']],
  [['www.example.org', 'TXT'], 'NOERROR', []],
  [['nope.example.org'], 'NXDOMAIN', []],
]

const corefile = (upstream: number): string => `.:PORT {
  bind 127.0.0.1
  errors
  cache 30
  forward . 127.0.0.1:${upstream}
}
`

/** The answer section without TTLs, lower-case. */
const answerOf = (printed: string): readonly string[] =>
  section(printed, 'ANSWER').flatMap((line) => (line === '' ? [] : [line.toLowerCase().replace(/ \d+ in /, ' in ')]))

async function checkQuestions(t: Checker, ask: (...words: readonly string[]) => Promise<string>): Promise<void> {
  for (const [words, rcode, answer] of questions) {
    const printed = await ask(...words)
    t.match(printed, new RegExp(`status: ${rcode}`), words.join(' '))
    t.strictSame(
      answerOf(printed),
      answer.map((line) => line.toLowerCase()),
      words.join(' '),
    )
  }
}

type Checker = Pick<typeof t, 'match' | 'strictSame'>

for (const authority of authorities) {
  const { program, debianPackage } = authority
  const skip = withoutDig || skipWithout(program, debianPackage)
  t.test(`forward hands on what ${program} says, and cache keeps it`, { skip }, async (t) => {
    const upstream = await startAuthority(t, authority)
    const { dig: ask, child } = await serveCommand(t, { corefile: corefile(upstream) })
    await checkQuestions(t, ask)
    const denied = await ask('nope.example.org')
    t.match(section(denied, 'AUTHORITY')[0], /^example\.org\. \d+ IN SOA ns\.example\.org\. host\.example\.org\. /)
    t.equal(answerOf(await ask('many.example.org')).length, 200, 'too large for UDP: both ways over TCP')
    t.match(await ask('many.example.org', '+ignore', '+noedns'), /flags: qr[a-z ]* tc /)
    const signed = await ask('www.example.org', '+dnssec')
    t.equal(/IN\s+RRSIG\s+A /.test(signed), program === 'knotd', 'signatures for those who ask')
    t.notMatch(await ask('www.example.org'), /RRSIG/, 'and for nobody else')
    await checkQuestions(t, ask)
    t.notMatch(child.output, /\[ERROR\]/)
  })
}

t.test(
  'a resolver that forwards to us gets its answers',
  { skip: withoutDig || skipWithout('unbound', 'unbound') },
  async (t) => {
    const { port } = await serveCommand(t, {
      corefile: 'example.org:PORT {\n bind 127.0.0.1\n file db.example.org\n}\n',
      files: { 'db.example.org': zone },
    })
    const own = await freeDnsPort()
    const folder = await folderWith(t, {})
    await writeFile(
      join(folder, 'server.conf'),
      `server:
  interface: 127.0.0.1@${own}
  access-control: 127.0.0.0/8 allow
  num-threads: 1
  username: ""
  chroot: ""
  directory: "${folder}"
  pidfile: "${folder}/unbound.pid"
  use-syslog: no
  do-not-query-localhost: no
  use-caps-for-id: yes
  module-config: "iterator"
remote-control:
  control-enable: no
forward-zone:
  name: "example.org"
  forward-addr: 127.0.0.1@${port}
`,
    )
    const unbound = Child.start(t, programPath('unbound') ?? 'unbound', ['-d', '-c', 'server.conf'], { cwd: folder })
    const ask = (...words: readonly string[]) => dig(own, ...words)
    await unbound.until(
      async () => /status: NOERROR/.test(await ask('example.org', 'SOA', '+time=1')),
      'an answer of unbound',
    )
    await checkQuestions(t, ask)
    t.equal(answerOf(await ask('many.example.org')).length, 200)
  },
)
