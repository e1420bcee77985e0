// The load generator: dnsperf on a core of its own, and what it reports.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { open, readFile } from 'node:fs/promises'
import { text } from 'node:stream/consumers'
import { onCore } from './cores.ts'
import { clientSockets, lostSeconds, outstandingMax } from './limits.ts'

/** One run of dnsperf. */
export interface LoadOptions {
  readonly core: number
  readonly port: number
  /** The file of questions. */
  readonly file: string
  readonly seconds: number
  /** Queries a second; 0 asks as fast as answers come. */
  readonly rate: number
  /** True if the file is read once only. */
  readonly once: boolean
  /** A file for what dnsperf notes of each query: `> NOERROR name type 0.000123`. */
  readonly latencies?: string
}

/** What dnsperf saw. */
export interface LoadReport {
  readonly sent: number
  readonly answered: number
  readonly lost: number
  readonly seconds: number
  /** Answers by response code. */
  readonly rcodes: Readonly<Record<string, number>>
}

/** Asks 127.0.0.1; rejects if dnsperf fails. */
export async function runLoad(options: LoadOptions): Promise<LoadReport> {
  const [program = '', ...words] = onCore(options.core, dnsperfCommand(options))
  const { latencies } = options
  const file = latencies === undefined ? null : await open(latencies, 'w')
  const child = spawn(program, words, { stdio: ['ignore', file?.fd ?? 'pipe', 'pipe'] })
  const [piped, errors, [code]] = await Promise.all([
    child.stdout ? text(child.stdout) : '',
    text(child.stderr!),
    once(child, 'exit'),
  ])
  await file?.close()
  const output = latencies === undefined ? piped : await readFile(latencies, 'latin1')
  const report = parseReport(output)
  if (code !== 0 || !report) throw new Error(`dnsperf ended with ${code}: ${errors.trim() || output.trim()}`)
  return report
}

function dnsperfCommand({ port, file, seconds, rate, once, latencies }: LoadOptions): readonly string[] {
  const bounds = [
    '-l',
    String(seconds),
    ...(rate > 0 ? ['-Q', String(rate)] : []),
    ...(once ? ['-n', '1'] : []),
    ...(latencies ? ['-v'] : []),
  ]
  const clients = ['-c', String(clientSockets), '-T', '1', '-q', String(outstandingMax), '-t', String(lostSeconds)]
  return ['dnsperf', '-s', '127.0.0.1', '-p', String(port), '-d', file, ...clients, ...bounds]
}

/** dnsperf's statistics, or null if there are none. */
export function parseReport(output: string): LoadReport | null {
  const figure = (label: string): number =>
    Number(new RegExp(`^\\s*${label}:\\s+([0-9.]+)`, 'm').exec(output)?.[1] ?? Number.NaN)
  const report = {
    sent: figure('Queries sent'),
    answered: figure('Queries completed'),
    lost: figure('Queries lost'),
    seconds: figure('Run time \\(s\\)'),
  }
  if (Object.values(report).some(Number.isNaN)) return null
  const codes = /^\s*Response codes:\s+(.*)$/m.exec(output)?.[1] ?? ''
  const rcodes = Object.fromEntries(
    [...codes.matchAll(/([A-Z0-9]+) (\d+) \(/g)].map(([, name = '', count]) => [name, Number(count)]),
  )
  return { ...report, rcodes }
}
