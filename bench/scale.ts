// `npm run bench:scale`: how soon a server knows a large cluster, and what it keeps of it in memory, beside CoreDNS. In each round each server is started, watched for a while,
// and then made to list everything again.
//
//   start ─► ready ─► 1 s: resident ─► settled: resident, most so far ─► relist: most, and resident after it

import { setTimeout as sleep } from 'node:timers/promises'
import { largeCluster } from './cluster-data.ts'
import {
  type ClusterRun,
  commonUsage,
  describeRun,
  positive,
  printProgress,
  readOptions,
  spread,
  withCluster,
} from './cluster-run.ts'
import { type ClusterRival, ClusterServer, caches } from './cluster-servers.ts'
import { align, median } from './table.ts'

/** One start of one server; memory in MB. */
export interface ScaleRound {
  readonly readySeconds: number
  /** One second after it was ready. */
  readonly soon: number
  readonly settled: number
  readonly startPeak: number
  /** While everything was listed again, and when that had settled; null where nobody could be made to. */
  readonly relistPeak: number | null
  readonly relisted: number | null
  readonly cpuSeconds: number
}

/** What the run measured, by server. */
export type ScaleResult = ReadonlyMap<ClusterRival, readonly ScaleRound[]>

const usage = `npm run bench:scale -- [options]
${commonUsage} (5)
  --settle 30         seconds from ready until memory counts as steady`

const bytesPerMb = 1e6

/** Starts every server in each round. */
export async function measureScale(run: ClusterRun, settleSeconds: number): Promise<ScaleResult> {
  const rounds = new Map<ClusterRival, ScaleRound[]>(run.rivals.map((rival) => [rival, []]))
  // The first start of each fills the page cache, and lets the fake API server encode its objects.
  for (const rival of run.rivals) await measureStart(run, rival, 0)
  for (let round = 1; round <= run.rounds; round++) {
    for (const [rival, done] of rounds) {
      run.progress(`round ${round} of ${run.rounds}: ${rival.name}`)
      done.push(await measureStart(run, rival, settleSeconds))
    }
  }
  return rounds
}

async function measureStart(
  { api, folder }: ClusterRun,
  rival: ClusterRival,
  settleSeconds: number,
): Promise<ScaleRound> {
  const server = await ClusterServer.start(rival, { folder, access: api.lines, plugins: caches.plain })
  try {
    const readySeconds = await server.ready()
    await sleep(Math.min(1, settleSeconds) * 1000)
    const { memoryBytes: soon, cpuSeconds } = server.usage()
    await sleep(Math.max(0, settleSeconds - 1) * 1000)
    const { memoryBytes: settled } = server.usage()
    const startPeak = server.peakBytes()
    let relistPeak: number | null = null
    let relisted: number | null = null
    if (api.relist) {
      server.resetPeak()
      await api.relist()
      await sleep(settleSeconds * 1000)
      relistPeak = server.peakBytes() / bytesPerMb
      relisted = server.usage().memoryBytes / bytesPerMb
    }
    return {
      ...{ readySeconds, relistPeak, relisted, cpuSeconds },
      soon: soon / bytesPerMb,
      settled: settled / bytesPerMb,
      startPeak: startPeak / bytesPerMb,
    }
  } finally {
    await server.stop()
  }
}

/** What the issue wants of Meridian: a figure as a share of CoreDNS's, or of its own steady memory. */
const limits = { ready: 1.5, resident: 0.65, peak: 1.3 } as const

/** The table, and how Meridian compares. */
export function formatScale(result: ScaleResult): string {
  const heading = [
    'server',
    'ready s',
    'CPU s',
    'MB after 1 s',
    'MB settled',
    'start peak',
    'relist peak',
    'MB relisted',
  ]
  const present = (values: readonly (number | null)[]): number[] => values.filter((value) => value !== null)
  const rows = [...result].map(([{ name }, rounds]) => [
    name,
    spread(
      rounds.map(({ readySeconds }) => readySeconds),
      2,
    ),
    spread(
      rounds.map(({ cpuSeconds }) => cpuSeconds),
      2,
    ),
    ...(['soon', 'settled', 'startPeak', 'relistPeak', 'relisted'] as const).map((field) => {
      const values = present(rounds.map((round) => round[field]))
      return values.length === 0 ? '' : spread(values, 0)
    }),
  ])
  return [...align(heading, rows, 1), '', ...comparisons(result), ''].join('\n')
}

function comparisons(result: ScaleResult): string[] {
  const [meridian, coredns] = [...result.values()]
  if (!meridian) return []
  const middle = (rounds: readonly ScaleRound[], field: keyof ScaleRound): number =>
    median(rounds.map((round) => round[field] ?? Number.NaN))
  const own = (field: keyof ScaleRound): number => middle(meridian, field)
  const steady = own('settled')
  const lines = [
    verdict('peak during the start', own('startPeak') / steady, limits.peak, 'of what it settles at'),
    ...(meridian.some(({ relistPeak }) => relistPeak === null)
      ? []
      : [verdict('peak during a relist', own('relistPeak') / steady, limits.peak, 'of what it settles at')]),
  ]
  if (!coredns) return lines
  return [
    verdict('ready', own('readySeconds') / middle(coredns, 'readySeconds'), limits.ready, 'of CoreDNS’s time'),
    verdict('resident after 1 s', own('soon') / middle(coredns, 'soon'), limits.resident, 'of CoreDNS’s'),
    verdict('resident, settled', steady / middle(coredns, 'settled'), limits.resident, 'of CoreDNS’s'),
    ...lines,
  ]
}

const verdict = (what: string, ratio: number, limit: number, of: string): string =>
  `- ${what}: ${ratio.toFixed(2)} × ${of}; at most ${limit.toFixed(2)}${ratio <= limit ? '' : ': MISSED'}`

if (import.meta.main) {
  const options = readOptions({ settle: { type: 'string', default: '30' } }, usage)
  if (options) {
    const size = { ...largeCluster, services: positive('services', options.services) }
    const rounds = positive('rounds', options.rounds ?? '5')
    const table = await withCluster({ ...options, size, rounds, progress: printProgress }, async (run) => {
      const about = `${size.services} Services with ${size.services * size.endpoints} endpoints in ${size.namespaces} namespaces, ${size.headlessPercent} % headless; ${rounds} rounds in turn: median (least–most).`
      return `${describeRun(run, [about])}\n${formatScale(await measureScale(run, positive('settle', options.settle)))}`
    })
    console.log(table)
  }
}
