// NSD and Knot DNS as secondaries of a server under test: they fetch zones as operators' secondaries do, and are told of changes.

import { join } from 'node:path'
import { Child, dig, folderWith, programPath } from './command.ts'

interface Teardown {
  teardown(handler: () => unknown): void
}

/** A running secondary. */
export interface Secondary {
  readonly child: Child
  /** `dig` at it. */
  dig(...words: readonly string[]): Promise<string>
}

/** What a secondary is told: where the zones come from, and where it listens itself. */
export interface SecondaryOptions {
  readonly zones: readonly string[]
  readonly primary: number
  readonly port: number
}

/** Starts NSD. */
export async function startNsd(t: Teardown, options: SecondaryOptions): Promise<Secondary> {
  const folder = await folderWith(t, {})
  const zones = options.zones.map(
    (zone) => `zone:
  name: ${zone}
  zonefile: ${zone}.zone
  request-xfr: 127.0.0.1@${options.primary} NOKEY
  allow-notify: 127.0.0.1 NOKEY
`,
  )
  const configuration = `server:
  ip-address: 127.0.0.1
  port: ${options.port}
  username: ""
  zonesdir: "${folder}"
  xfrdir: "${folder}"
  xfrdfile: "${folder}/xfrd.state"
  zonelistfile: "${folder}/zone.list"
  pidfile: "${folder}/nsd.pid"
  database: ""
  verbosity: 2
remote-control:
  control-enable: no
${zones.join('')}`
  return start(t, { program: 'nsd', args: ['-d', '-c'], configuration, port: options.port })
}

/** Starts Knot DNS. */
export async function startKnot(t: Teardown, options: SecondaryOptions): Promise<Secondary> {
  const folder = await folderWith(t, {})
  const zones = options.zones.map((zone) => `  - domain: ${zone}\n    master: primary\n    acl: primary\n`)
  const configuration = `server:
  rundir: "${folder}"
  listen: 127.0.0.1@${options.port}
database:
  storage: "${folder}"
log:
  - target: stderr
    any: info
remote:
  - id: primary
    address: 127.0.0.1@${options.primary}
acl:
  - id: primary
    address: 127.0.0.1
    action: notify
template:
  - id: default
    storage: "${folder}"
    semantic-checks: on
zone:
${zones.join('')}`
  return start(t, { program: 'knotd', args: ['-c'], configuration, port: options.port })
}

interface Start {
  readonly program: string
  readonly args: readonly string[]
  readonly configuration: string
  readonly port: number
}

async function start(t: Teardown, { program, args, configuration, port }: Start): Promise<Secondary> {
  const folder = await folderWith(t, { configuration })
  const child = new Child(programPath(program) ?? program, [...args, join(folder, 'configuration')], { cwd: folder })
  // They have children of their own, which only end with a parent that is asked to.
  t.teardown(async () => {
    child.signal('SIGTERM')
    await child.ended()
  })
  return { child, dig: (...words) => dig(port, ...words) }
}
