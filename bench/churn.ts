// `npm run bench:churn`: what clients feel while endpoints of a large cluster change all the time, beside CoreDNS. The API server is told of changes at a steady rate; dnsperf
// asks the search-path mix at a steady rate and notes how long each answer took. One server runs at a time, each in turn in each round.

import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type ClusterSize, kubernetesObjects, largeCluster } from './cluster-data.ts'
import {
  type ClusterRun,
  commonUsage,
  describeRun,
  percentile,
  positive,
  printProgress,
  readOptions,
  spread,
  withCluster,
} from './cluster-run.ts'
import { type ClusterRival, ClusterServer, caches } from './cluster-servers.ts'
import { runLoad } from './load.ts'
import { findProgram } from './programs.ts'
import { RollingUpdates } from './rolling-updates.ts'
import { searchPathQuestions } from './scenarios.ts'
import { align, median } from './table.ts'

/** How it is done. */
export interface ChurnOptions {
  readonly size: ClusterSize
  /** Queries, and changes of an EndpointSlice, a second. */
  readonly rate: number
  readonly changes: number
  readonly seconds: number
  readonly warmupSeconds: number
}

/** One server's turn. */
export interface ChurnRound {
  /** Milliseconds until the answer: half, 99 and 99.9 of a hundred queries had theirs, and the last. */
  readonly latency: { readonly p50: number; readonly p99: number; readonly p999: number; readonly most: number }
  readonly asked: number
  readonly lost: number
  /** Changes a second that the API server took. */
  readonly changes: number
  readonly microsPerQuery: number
}

/** What the run measured, by server. */
export type ChurnResult = ReadonlyMap<ClusterRival, readonly ChurnRound[]>

const usage = `npm run bench:churn -- [options]
${commonUsage} (5)
  --changes 200       changes of EndpointSlices a second
  --rate 10000        queries a second
  --seconds 20  --warmup 5`

/** Gives every server its turn in each round. */
export async function measureChurn(run: ClusterRun, options: ChurnOptions): Promise<ChurnResult> {
  const rounds = new Map<ClusterRival, ChurnRound[]>(run.rivals.map((rival) => [rival, []]))
  const updates = await RollingUpdates.begin(run.api.kubeconfig, options.size, run.cores.load)
  const file = join(run.folder, 'questions')
  writeFileSync(file, `${questionsOf(options.size).join('\n')}\n`)
  try {
    for (let round = 1; round <= run.rounds; round++) {
      for (const [rival, done] of rounds) {
        run.progress(`round ${round} of ${run.rounds}: ${rival.name}`)
        done.push(await measureTurn(run, { ...options, rival, updates, file }))
      }
    }
  } finally {
    await updates.end()
  }
  return rounds
}

type Turn = ChurnOptions & { readonly rival: ClusterRival; readonly updates: RollingUpdates; readonly file: string }

async function measureTurn({ api, cores, folder }: ClusterRun, turn: Turn): Promise<ChurnRound> {
  const { rival, updates, file, rate, changes, seconds, warmupSeconds } = turn
  const server = await ClusterServer.start(rival, { folder, access: api.lines, plugins: caches.plain })
  const latencies = join(folder, 'latencies')
  try {
    await server.ready()
    const load = { core: cores.load, port: server.port, file, rate, once: false }
    await updates.pace(changes)
    await runLoad({ ...load, seconds: warmupSeconds })
    const before = { ...server.usage(), written: await updates.written(), atMs: performance.now() }
    const report = await runLoad({ ...load, seconds, latencies })
    const elapsed = (performance.now() - before.atMs) / 1000
    const cpuSeconds = server.usage().cpuSeconds - before.cpuSeconds
    return {
      latency: summary(readFileSync(latencies, 'latin1')),
      asked: report.sent,
      lost: report.lost,
      changes: ((await updates.written()) - before.written) / elapsed,
      microsPerQuery: (cpuSeconds * 1e6) / report.answered,
    }
  } finally {
    await updates.pace(0)
    await server.stop()
    rmSync(latencies, { force: true })
  }
}

/** Percentiles of what dnsperf noted: `> NXDOMAIN name type 0.000123`, in seconds. */
export function summary(verbose: string): ChurnRound['latency'] {
  const values = [...verbose.matchAll(/^> [A-Z0-9]+ \S+ \S+ ([0-9.]+)$/gm)].map(([, seconds]) => Number(seconds) * 1000)
  const [p50 = 0, p99 = 0, p999 = 0, most = 0] = [0.5, 0.99, 0.999, 1].map((share) => percentile(values, share))
  return { p50, p99, p999, most }
}

function questionsOf(size: ClusterSize): string[] {
  const services = [...kubernetesObjects(size)].filter(({ kind }) => kind === 'Service')
  const names = services.map(({ metadata }) => `${metadata.name}.${metadata.namespace}.svc.cluster.local`)
  const spaces = [...new Set(services.map(({ metadata }) => metadata.namespace ?? ''))]
  return searchPathQuestions(names, spaces, { count: 100_000, seed: 1 })
}

/** What the issue wants: this share of CoreDNS's p99, and no query lost. */
const limit = 0.4

/** The table, and how Meridian compares. */
export function formatChurn(result: ChurnResult): string {
  const heading = ['server', 'p50 ms', 'p99 ms', 'p99.9 ms', 'most ms', 'asked', 'lost', 'changes/s', 'CPU µs/query']
  const rows = [...result].map(([{ name }, rounds]) => [
    name,
    ...(['p50', 'p99', 'p999', 'most'] as const).map((field) =>
      spread(
        rounds.map(({ latency }) => latency[field]),
        2,
      ),
    ),
    String(rounds.reduce((sum, { asked }) => sum + asked, 0)),
    String(rounds.reduce((sum, { lost }) => sum + lost, 0)),
    spread(
      rounds.map(({ changes }) => changes),
      0,
    ),
    spread(
      rounds.map(({ microsPerQuery }) => microsPerQuery),
      1,
    ),
  ])
  const [meridian, coredns] = [...result.values()].map((rounds) => median(rounds.map(({ latency }) => latency.p99)))
  const lines = [...align(heading, rows, 1), '']
  if (meridian === undefined || coredns === undefined) return lines.join('\n')
  const ratio = meridian / coredns
  return [
    ...lines,
    `- p99: ${ratio.toFixed(2)} × of CoreDNS’s; at most ${limit.toFixed(2)}${ratio <= limit ? '' : ': MISSED'}`,
    '',
  ].join('\n')
}

if (import.meta.main) {
  const more = {
    changes: { type: 'string', default: '200' },
    rate: { type: 'string', default: '10000' },
    seconds: { type: 'string', default: '20' },
    warmup: { type: 'string', default: '5' },
  } as const
  const options = readOptions(more, usage)
  if (options) {
    if (!findProgram('dnsperf')) throw new Error('dnsperf is needed (apt-get install dnsperf)')
    const churn: ChurnOptions = {
      size: { ...largeCluster, services: positive('services', options.services) },
      rate: positive('rate', options.rate),
      changes: positive('changes', options.changes),
      seconds: positive('seconds', options.seconds),
      warmupSeconds: positive('warmup', options.warmup),
    }
    const rounds = positive('rounds', options.rounds ?? '5')
    const table = await withCluster({ ...options, size: churn.size, rounds, progress: printProgress }, async (run) => {
      const about = `${churn.size.services} Services with ${churn.size.services * churn.size.endpoints} endpoints, ${churn.changes} slices changed a second; ${churn.rate} q/s of the search-path mix for ${churn.seconds} s from core ${run.cores.load}; ${rounds} rounds in turn: median (least–most).`
      return `${describeRun(run, [about])}\n${formatChurn(await measureChurn(run, churn))}`
    })
    console.log(table)
  }
}
