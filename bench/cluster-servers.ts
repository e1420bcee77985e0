// The servers of the runs on a large cluster: Meridian, as it is built or as its sources are, and CoreDNS, with one Corefile of kubeadm's shape for both. They are bound to no
// core: waking several threads at once is part of what these runs measure.

import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { stopMsMax, syncMsMax } from './limits.ts'
import { findProgram, versionOf } from './programs.ts'
import { freePort } from './server-process.ts'
import { peakOf, resetPeak, type Usage, usageOf } from './usage.ts'

/** A program that can follow a cluster. */
export interface ClusterRival {
  readonly name: string
  readonly version: string
  readonly command: readonly string[]
  readonly environment: Readonly<Record<string, string>>
}

/** Which form of Meridian is run: `built` is dist/ (npm run build), `sources` the checkout. */
export type Form = 'built' | 'sources'

const meridianPath = join(import.meta.dirname, '../bin/meridian')

/** Meridian, and CoreDNS if there is one at the path; throws where the built form is not there. */
export function clusterRivals(form: Form, coredns: string): ClusterRival[] {
  const dist = join(import.meta.dirname, '../dist/package.json')
  const version = form === 'built' ? builtVersion(dist) : versionOf([meridianPath, 'serve', '--version'])
  const meridian: ClusterRival = {
    name: 'Meridian',
    version: `${version} (${form})`,
    command: [meridianPath, 'serve', '-quiet', '-conf', 'Corefile'],
    environment: form === 'built' ? { MERIDIAN_FORM: 'built' } : {},
  }
  if (coredns === '') return [meridian]
  const path = findProgram(coredns)
  if (path === null) throw new Error(`${coredns}: no such program`)
  const command = [path, '-quiet', '-conf', 'Corefile']
  return [meridian, { name: 'CoreDNS', version: versionOf([path, '-version']), command, environment: {} }]
}

function builtVersion(file: string): string {
  try {
    return String((JSON.parse(readFileSync(file, 'utf8')) as { version?: unknown }).version)
  } catch {
    throw new Error('there is no dist/: npm run build makes it, or --form sources measures the checkout')
  }
}

/** Where and on what a server runs. */
export interface ClusterPlace {
  readonly folder: string
  /** Lines of *kubernetes* that say where the API server is. */
  readonly access: readonly string[]
  /** The lines of *cache* and what else stands in the block. */
  readonly plugins: readonly string[]
}

/** The cache of EKS, k3s and AKS, and kubeadm's. */
export const caches = {
  plain: ['cache 30'],
  kubeadm: ['cache 30 {', '    disable success cluster.local', '    disable denial cluster.local', '}'],
} as const

const corefile = (
  { access, plugins }: ClusterPlace,
  ports: { readonly dns: number; readonly ready: number; readonly metrics: number },
): string =>
  [
    `.:${ports.dns} {`,
    ...[
      'bind 127.0.0.1',
      'errors',
      `ready 127.0.0.1:${ports.ready}`,
      'kubernetes cluster.local in-addr.arpa ip6.arpa {',
      ...access.map((line) => `    ${line}`),
      '    pods insecure',
      '    ttl 30',
      '}',
      `prometheus 127.0.0.1:${ports.metrics}`,
      // Nothing that these runs ask leads there.
      'forward . 127.0.0.1:9',
      ...plugins,
      'loadbalance',
    ].map((line) => `    ${line}`),
    '}',
    '',
  ].join('\n')

/** A server that runs. */
export class ClusterServer {
  readonly rival: ClusterRival
  readonly port: number
  readonly #child: ChildProcess
  readonly #readyUrl: string
  readonly #logFile: string
  readonly #startedMs = performance.now()
  readonly #abandon = (): void => this.abandon()
  #ended = false
  readonly #gone: Promise<void>

  private constructor(rival: ClusterRival, folder: string, ports: { readonly dns: number; readonly ready: number }) {
    this.rival = rival
    this.port = ports.dns
    this.#readyUrl = `http://127.0.0.1:${ports.ready}/ready`
    this.#logFile = join(folder, 'server.log')
    const log = openSync(this.#logFile, 'w')
    const [program = '', ...words] = rival.command
    const env = { ...process.env, ...rival.environment }
    this.#child = spawn(program, words, { cwd: folder, env, stdio: ['ignore', log, log] })
    closeSync(log)
    this.#gone = new Promise((resolve) => {
      const gone = (): void => {
        this.#ended = true
        resolve()
      }
      this.#child.once('exit', gone)
      this.#child.once('error', gone)
    })
    process.once('exit', this.#abandon)
  }

  /** Spawns it in a folder of its own. */
  static async start(rival: ClusterRival, place: ClusterPlace): Promise<ClusterServer> {
    const folder = join(place.folder, rival.name)
    mkdirSync(folder, { recursive: true })
    const ports = { dns: await freePort(), ready: await freePort(), metrics: await freePort() }
    writeFileSync(join(folder, 'Corefile'), corefile(place, ports))
    return new ClusterServer(rival, folder, ports)
  }

  /** Seconds from its start until *ready* says so. Rejects with what it printed if it ends, or never gets there. */
  async ready(): Promise<number> {
    while (!(await isReady(this.#readyUrl))) {
      if (this.#ended || performance.now() - this.#startedMs > syncMsMax) {
        await this.stop()
        throw new Error(`${this.rival.name} is not ready:\n${this.log()}`)
      }
      await sleep(5)
    }
    return (performance.now() - this.#startedMs) / 1000
  }

  /** All that it has printed. */
  log(): string {
    return readFileSync(this.#logFile, 'utf8').trim()
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  /** What it and its children have used so far. */
  usage(): Usage {
    return usageOf(this.pid)
  }

  /** The most that it has had resident since `resetPeak`, or its start; in octets. Children that have ended are not in it. */
  peakBytes(): number {
    return peakOf(this.pid)
  }

  resetPeak(): void {
    resetPeak(this.pid)
  }

  /** Tells it to end without waiting for it. */
  abandon(): void {
    if (!this.#ended) this.#child.kill('SIGTERM')
  }

  /** Ends it and waits until it has gone. */
  async stop(): Promise<void> {
    process.off('exit', this.#abandon)
    // CoreDNS waits five seconds for clients when it is asked to end, Meridian until traffic stops; here nobody asks any more.
    if (!this.#ended) this.#child.kill('SIGKILL')
    await Promise.race([this.#gone, sleep(stopMsMax, undefined, { ref: false })])
  }
}

async function isReady(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(1000) })
    await response.arrayBuffer()
    return response.ok
  } catch {
    // Nobody listens yet.
    return false
  }
}
