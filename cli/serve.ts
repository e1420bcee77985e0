// `meridian serve`: the process that answers. Exit codes are CoreDNS's: 1 a Corefile that cannot be loaded, 2 a second SIGINT, 3 an error while stopping.

import { writeFileSync } from 'node:fs'
import { setFlagsFromString } from 'node:v8'
import { order } from '../plugins/order.ts'
import { systemClock } from '../server/clock.ts'
import { readOnce } from '../server/configuration.ts'
import { SharedHttpListeners } from '../server/http/listeners.ts'
import { handleSignals } from '../server/lifecycle.ts'
import type { ListenerNotice } from '../server/link.ts'
import { registerBuildInfo, registerLabelLess } from '../server/metrics/label-less.ts'
import { processCollector } from '../server/metrics/process-metrics.ts'
import { MetricsRegistry } from '../server/metrics/registry.ts'
import { observeRuntime } from '../server/metrics/runtime-metrics.ts'
import { Supervisor } from '../server/supervisor.ts'
import { releaseCodePages, shareMallocArena } from './process-memory.ts'
import { workerThreads } from './start-thread.ts'
import { meridianVersion, versionLines } from './version.ts'

/** Flags as commander gives them. */
export interface ServeFlags {
  readonly conf: string
  readonly 'dns.port': string
  readonly p?: string
  readonly pidfile: string
  readonly plugins: boolean
  readonly quiet: boolean
  readonly version: boolean
  readonly manifests: string
}

/** What a caller may add (the demo does). */
export interface ServeExtras {
  readonly environment?: Readonly<Record<string, string | undefined>>
  /** Printed once everything listens. */
  readonly serving?: (listeners: readonly ListenerNotice[]) => readonly string[]
}

/** Milliseconds after the start: while it loads, so that the peak is lower, when it has loaded, and once more for what a large cluster needs. */
const releaseCodePagesMs = [250, 500, 1000, 3000, 60_000]

/** Loads the Corefile and serves until a signal ends it. */
export async function serve(flags: ServeFlags, extra: readonly string[], extras: ServeExtras = {}): Promise<void> {
  if (extra.length > 0) fatal(`extra command line arguments: [${extra.join(' ')}]`)
  if (flags.version) return print(versionLines)
  if (flags.plugins) return print([...pluginNames(), ''])
  // bin/meridian's flag is for the main thread; while it stands, the limits that threads are given do not count.
  setFlagsFromString('--max-semi-space-size=0')
  await shareMallocArena()
  for (const delayMs of releaseCodePagesMs) systemClock.after(delayMs, () => void releaseCodePages())
  const registry = new MetricsRegistry()
  registry.collect(processCollector())
  const sink = (line: string): void => print([line])
  const supervisor = new Supervisor({
    source: {
      file: flags.conf,
      stdin: readOnce(() => process.stdin),
      port: portOf(flags.p ?? flags['dns.port']),
      manifests: flags.manifests,
      environment: extras.environment ?? process.env,
      directives: new Set(order.map((plugin) => (typeof plugin === 'string' ? plugin : plugin.name))),
    },
    plugins: order,
    threads: 1,
    startThread: workerThreads((reason) => fatal(`a serving thread died: ${reason}`)),
    clock: systemClock,
    random: Math.random,
    sink,
    http: new SharedHttpListeners((error) =>
      sink(`[ERROR] http: ${error instanceof Error ? error.message : String(error)}`),
    ),
    registry,
  })
  registerLabelLess(supervisor.metrics)
  observeRuntime({ metrics: supervisor.metrics, clock: systemClock, thread: 'main' })
  registerBuildInfo(supervisor.metrics, { version: meridianVersion, revision: '' })
  // What a service left unhandled is no reason to stop answering.
  process.on('unhandledRejection', (error) => supervisor.bug(error, 'a service'))
  const isEnding = handleSignals({ supervisor, sink, exit: (code) => process.exit(code) })
  const listeners = await supervisor.start().catch((error: unknown) => {
    // A signal that comes during the load ends the load, and then the process in its own way.
    if (!isEnding()) fatal(error instanceof Error ? error.message : String(error))
    return null
  })
  if (listeners === null) return
  if (flags.pidfile !== '') writePidFile(flags.pidfile, sink)
  if (!flags.quiet) print([...bannerOf(listeners), ...versionLines])
  if (extras.serving) print(extras.serving(listeners))
}

// As for CoreDNS, a file that cannot be written stops nothing.
function writePidFile(file: string, sink: (line: string) => void): void {
  try {
    writeFileSync(file, `${process.pid}\n`, { mode: 0o644 })
  } catch (error) {
    sink(`[ERROR] Could not write pidfile: ${error instanceof Error ? error.message : String(error)}`)
  }
}

function bannerOf(listeners: readonly ListenerNotice[]): string[] {
  return [
    ...new Set(listeners.flatMap((listener) => listener.warnings)),
    ...listeners.flatMap((listener) => listener.lines),
  ]
}

/** Names of the plugins that are built, as `coredns -plugins` lists them. */
function pluginNames(): string[] {
  return order.flatMap((plugin) => (typeof plugin === 'string' ? [] : [plugin.name])).sort()
}

function portOf(text: string): number {
  const port = Number(text)
  if (!/^[0-9]+$/.test(text) || port > 65_535) fatal(`invalid value "${text}" for flag -dns.port: it must be a port`)
  return port
}

// Whoever read our log may go; that is no reason to stop answering.
process.stdout.on('error', () => {})

function print(lines: readonly string[]): void {
  process.stdout.write(lines.map((line) => `${line}\n`).join(''))
}

function fatal(text: string): never {
  process.stderr.write(`${text}\n`)
  process.exit(1)
}
