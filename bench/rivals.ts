// The servers that are measured: where they come from, and how each is configured to answer a block of the demo's Corefile, with one thread and with everything
// switched off that would limit its answers.

import { fileURLToPath } from 'node:url'
import { findProgram, versionOf } from './programs.ts'
import type { BlockKind } from './scenarios.ts'

/** Where one server runs and what it is given. */
export interface Place {
  readonly folder: string
  readonly port: number
  /** For Corefiles: where metrics are served. */
  readonly metricsPort: number
  readonly upstreamPort: number
  readonly block: BlockKind
  readonly origin: string
  /** The URL of an API server that has the cluster. */
  readonly apiServer: string
  /** The zone's master file and the cluster's manifests, by path. */
  readonly zoneFile: string
  readonly manifests: string
}

/** A server to start. */
export interface Setup {
  /** What answers, for the table: `kubernetes`, `file`, `zone`. */
  readonly source: string
  /** Its configuration is written to this file of the folder. */
  readonly configuration: { readonly file: string; readonly text: string }
  readonly command: readonly string[]
}

/** One server that can take part. */
export interface Rival {
  readonly name: string
  readonly version: string
  readonly blocks: readonly BlockKind[]
  setup(place: Place): Setup
}

/** Servers that take part, and sentences about those that do not. */
export interface Rivals {
  readonly present: readonly Rival[]
  readonly missing: readonly string[]
}

/** Looks for every server; `coredns` is the path of its executable, '' to look in PATH. */
export function findRivals(coredns: string): Rivals {
  const found: [program: string, hint: string, make: (path: string) => Rival][] = [
    [meridianPath, '', meridian],
    [coredns || 'coredns', 'give its path with --coredns PATH or COREDNS=PATH', coreDns],
    ['knotd', 'apt-get install knot', knot],
    ['nsd', 'apt-get install nsd', nsd],
    ['unbound', 'apt-get install unbound', unbound],
  ]
  const present: Rival[] = []
  const missing: string[] = []
  for (const [program, hint, make] of found) {
    const path = findProgram(program)
    if (path === null) missing.push(`${program} is left out: no such program (${hint})`)
    else present.push(make(path))
  }
  return { present, missing }
}

const meridianPath = fileURLToPath(new URL('../bin/meridian', import.meta.url))

function meridian(path: string): Rival {
  return {
    name: 'Meridian',
    version: versionOf([path, 'serve', '--version']),
    blocks: ['cluster', 'zone', 'forward'],
    setup: (place) => ({
      source: sources[place.block],
      configuration: {
        file: 'Corefile',
        text: corefile(place, `manifests ${place.manifests}`),
      },
      command: [path, 'serve', '-quiet', '-conf', 'Corefile'],
    }),
  }
}

function coreDns(path: string): Rival {
  return {
    name: 'CoreDNS',
    version: versionOf([path, '-version']),
    blocks: ['cluster', 'zone', 'forward'],
    setup: (place) => ({
      source: sources[place.block],
      configuration: { file: 'Corefile', text: corefile(place, `endpoint ${place.apiServer}`) },
      command: [path, '-quiet', '-conf', 'Corefile'],
    }),
  }
}

/** What answers, by block, where a Corefile says it. */
const sources: Readonly<Record<BlockKind, string>> = { cluster: 'kubernetes', zone: 'file', forward: 'forward, cache' }

// One Corefile for both: what the demo's blocks say, on free ports. Only where the cluster comes from differs.
function corefile(place: Place, cluster: string): string {
  const { origin, port, metricsPort } = place
  const common = ['bind 127.0.0.1', 'errors', `prometheus 127.0.0.1:${metricsPort}`, 'loadbalance round_robin']
  const lines = [...common, ...answering(place, cluster)].map((line) => `    ${line}`)
  return [`${origin || '.'}:${port} {`, ...lines, '}', ''].join('\n')
}

function answering({ block, zoneFile, origin, upstreamPort }: Place, cluster: string): string[] {
  switch (block) {
    case 'cluster':
      return [
        `kubernetes ${origin} 10.96.0.0/12 10.244.0.0/16 {`,
        `    ${cluster}`,
        '    pods insecure',
        '    ttl 30',
        '}',
      ]
    case 'zone':
      return [`file ${zoneFile} ${origin} {`, '    reload 5s', '}']
    case 'forward':
      return [
        `forward . 127.0.0.1:${upstreamPort} {`,
        '    max_concurrent 1000',
        '}',
        'cache 30 {',
        '    success 9984 30',
        '    denial 9984 30',
        '    prefetch 10 60s 10%',
        '    serve_stale',
        '}',
      ]
  }
}

function knot(path: string): Rival {
  return {
    name: 'Knot',
    version: versionOf([path, '--version']),
    blocks: ['cluster', 'zone'],
    setup: ({ folder, port, origin, zoneFile }) => ({
      source: 'zone',
      configuration: {
        file: 'knot.conf',
        text: [
          'server:',
          `    rundir: "${folder}"`,
          `    listen: 127.0.0.1@${port}`,
          '    udp-workers: 1',
          '    tcp-workers: 1',
          '    background-workers: 1',
          'database:',
          `    storage: "${folder}"`,
          'zone:',
          `  - domain: ${origin}`,
          `    file: "${zoneFile}"`,
          '    zonefile-sync: -1',
          '    journal-content: none',
          '',
        ].join('\n'),
      },
      command: [path, '-c', 'knot.conf'],
    }),
  }
}

function nsd(path: string): Rival {
  return {
    name: 'NSD',
    version: versionOf([path, '-v']),
    blocks: ['cluster', 'zone'],
    setup: ({ folder, port, origin, zoneFile }) => ({
      source: 'zone',
      configuration: {
        file: 'nsd.conf',
        text: [
          'server:',
          `    ip-address: 127.0.0.1@${port}`,
          '    server-count: 1',
          '    username: ""',
          '    chroot: ""',
          `    zonesdir: "${folder}"`,
          '    database: ""',
          `    zonelistfile: "${folder}/zone.list"`,
          `    xfrdfile: "${folder}/xfrd.state"`,
          `    xfrdir: "${folder}"`,
          `    pidfile: "${folder}/nsd.pid"`,
          // Debian's NSD answers 200 like queries a second otherwise.
          '    rrl-ratelimit: 0',
          '    rrl-whitelist-ratelimit: 0',
          'remote-control:',
          '    control-enable: no',
          'zone:',
          `    name: "${origin}"`,
          `    zonefile: "${zoneFile}"`,
          '',
        ].join('\n'),
      },
      command: [path, '-d', '-c', 'nsd.conf'],
    }),
  }
}

function unbound(path: string): Rival {
  return {
    name: 'Unbound',
    version: versionOf([path, '-V']),
    blocks: ['forward'],
    setup: ({ folder, port, upstreamPort }) => ({
      source: 'forward, cache',
      configuration: {
        file: 'unbound.conf',
        text: [
          'server:',
          `    interface: 127.0.0.1@${port}`,
          '    access-control: 127.0.0.0/8 allow',
          '    num-threads: 1',
          '    username: ""',
          '    chroot: ""',
          `    directory: "${folder}"`,
          `    pidfile: "${folder}/unbound.pid"`,
          '    use-syslog: no',
          '    do-not-query-localhost: no',
          '    module-config: "iterator"',
          '    cache-max-ttl: 30',
          '    prefetch: yes',
          'remote-control:',
          '    control-enable: no',
          'forward-zone:',
          '    name: "."',
          `    forward-addr: 127.0.0.1@${upstreamPort}`,
          '',
        ].join('\n'),
      },
      command: [path, '-d', '-c', 'unbound.conf'],
    }),
  }
}
