// What the runs on a cluster have in common: their options, the API server, the servers in turn, and how figures of several rounds are told.

import { mkdtempSync, rmSync } from 'node:fs'
import { cpus, release, tmpdir, totalmem } from 'node:os'
import { join } from 'node:path'
import { type ParseArgsOptionsConfig, parseArgs } from 'node:util'
import { ApiWriter, writeAll } from './api-writer.ts'
import { type ClusterApi, ownApi, startFakeApi } from './cluster-api.ts'
import { type ClusterSize, kubernetesObjects, largeCluster } from './cluster-data.ts'
import { type ClusterRival, clusterRivals } from './cluster-servers.ts'
import { type Cores, findCores, moveProcess } from './cores.ts'
import { median } from './table.ts'

/** What every run is given. */
export interface ClusterRun {
  readonly api: ClusterApi
  readonly rivals: readonly ClusterRival[]
  readonly cores: Cores
  /** For the servers' files; removed at the end. */
  readonly folder: string
  readonly rounds: number
  /** Told what happens, for a person who waits. */
  readonly progress: (line: string) => void
}

/** Options that all of them take, for `parseArgs`. */
export const commonOptions = {
  coredns: { type: 'string', default: process.env.COREDNS ?? '' },
  form: { type: 'string', default: 'built' },
  kubeconfig: { type: 'string', default: '' },
  rounds: { type: 'string' },
  services: { type: 'string', default: String(largeCluster.services) },
  help: { type: 'boolean', default: false },
} as const satisfies ParseArgsOptionsConfig

/** What they are, for `--help`. */
export const commonUsage = `  --coredns PATH      CoreDNS's executable (or the environment's COREDNS)
  --form built        dist/ (npm run build), or sources: the checkout
  --kubeconfig FILE   an API server of yours over HTTPS; the cluster is written to it and stays. Without it: the fake API server
  --services 10000    of ten endpoints each, in 50 namespaces, one in ten headless
  --rounds N`

/** What `parseArgs` makes of options. */
type Values<Options extends ParseArgsOptionsConfig> = ReturnType<typeof parseArgs<{ options: Options }>>['values']

/** A run's options, or null if only help was wanted; a person's mistake ends the process. */
export function readOptions<Options extends ParseArgsOptionsConfig>(
  options: Options,
  usage: string,
): (Values<typeof commonOptions> & Values<Options>) | null {
  try {
    const { values } = parseArgs({ options: { ...commonOptions, ...options } })
    if ('help' in values && values.help !== true) return values as Values<typeof commonOptions> & Values<Options>
    console.log(usage)
    return null
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n\n${usage}`)
    process.exit(1)
  }
}

/** A number that an option says; throws if it says none above 0. */
export function positive(name: string, text: string): number {
  const value = Number(text)
  if (!Number.isFinite(value) || value <= 0) throw new Error(`--${name} ${text}: a number above 0 is expected`)
  return value
}

/** Common options as text. */
export interface RunOptions {
  readonly coredns: string
  readonly form: string
  readonly kubeconfig: string
  readonly rounds: number
  /** Null for the namespaces of a new cluster. */
  readonly size: ClusterSize | null
  readonly progress: (line: string) => void
}

/** Starts the API server with the cluster, calls `work`, and ends everything that was started. */
export async function withCluster<Result>(
  { coredns, form, kubeconfig, rounds, size, progress }: RunOptions,
  work: (run: ClusterRun) => Promise<Result>,
): Promise<Result> {
  if (form !== 'built' && form !== 'sources') throw new Error(`--form ${form}: built or sources is expected`)
  const rivals = clusterRivals(form, coredns)
  const cores = findCores()
  const folder = mkdtempSync(join(tmpdir(), 'meridian-bench-'))
  const clean = (): void => rmSync(folder, { recursive: true, force: true })
  process.once('exit', clean)
  // An interrupted run leaves no server behind: what was started is ended when the process exits.
  const interrupted = (): never => process.exit(130)
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, interrupted)
  progress('starting the API server')
  const api = kubeconfig === '' ? await startFakeApi(size, cores.load) : ownApi(kubeconfig)
  try {
    if (kubeconfig !== '' && size) await writeCluster(kubeconfig, size)
    moveProcess(process.pid, cores.load)
    return await work({ api, rivals, cores, folder, rounds, progress })
  } finally {
    await api.stop()
    process.off('exit', clean)
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, interrupted)
    clean()
  }
}

async function writeCluster(kubeconfig: string, size: ClusterSize): Promise<void> {
  const writer = new ApiWriter(kubeconfig)
  const objects = [...kubernetesObjects(size)]
  await writeAll(
    objects.filter(({ kind }) => kind === 'Namespace'),
    (object) => writer.create(object),
  )
  await writeAll(
    objects.filter(({ kind }) => kind !== 'Namespace'),
    (object) => writer.create(object),
  )
  writer.close()
}

/** The lines above a table: when, where, what. */
export function describeRun({ api, rivals, cores }: ClusterRun, more: readonly string[]): string {
  const [cpu] = cpus()
  return [
    `${new Date().toISOString().slice(0, 10)}, ${cpu?.model.trim() ?? 'unknown CPU'}, ${cpus().length} cores, ${(totalmem() / 2 ** 30).toFixed(1)} GiB, Linux ${release()}, Node ${process.versions.node}.`,
    `${rivals.map(({ name, version }) => `${name} ${version}`).join(', ')}; ${api.title}${api.relist ? ` on core ${cores.load}` : ''}, servers on all cores.`,
    ...more,
    '',
  ].join('\n')
}

/** `1.30 (1.28–1.63)`: the median, the least and the most. */
export function spread(values: readonly number[], digits: number): string {
  const [middle, least, most] = [median(values), Math.min(...values), Math.max(...values)].map((value) =>
    value.toFixed(digits),
  )
  return values.length === 1 ? `${middle}` : `${middle} (${least}–${most})`
}

/** The share of `values` that is not above it, as the next value that was seen; NaN if there are none. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((one, other) => one - other)
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN
}

/** For a person who waits. */
export const printProgress = (line: string): void => void process.stderr.write(`  ${line}\n`)
