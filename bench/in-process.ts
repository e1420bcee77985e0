// A whole server in this process without sockets, for micro-benchmarks: the real chain, services, metrics and answer table, with nothing around
// `engine.receive` that would be measured too.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { order } from '../plugins/order.ts'
import { systemClock } from '../server/clock.ts'
import type { Engine } from '../server/engine.ts'
import { SharedHttpListeners } from '../server/http/listeners.ts'
import type { Notice, Order } from '../server/link.ts'
import { MetricsRegistry } from '../server/metrics/registry.ts'
import { ServingThread } from '../server/serving-thread.ts'
import { Supervisor } from '../server/supervisor.ts'

/** A running server. */
export interface InProcess {
  readonly engine: Engine
  stop(): Promise<void>
}

/** Serves a Corefile that has one listener; `files` are written to the folder that `corefile` is given. Rejects with ConfigError. */
export async function serveInProcess(
  corefile: (folder: string) => string,
  files: Readonly<Record<string, string>>,
): Promise<InProcess> {
  const folder = mkdtempSync(join(tmpdir(), 'meridian-bench-'))
  for (const [name, text] of Object.entries({ ...files, Corefile: corefile(folder) }))
    writeFileSync(join(folder, name), text)
  const threads: ServingThread[] = []
  const complain = (text: string): void => void process.stderr.write(`${text}\n`)
  const supervisor = new Supervisor({
    source: {
      file: join(folder, 'Corefile'),
      port: 53,
      manifests: '',
      environment: {},
      directives: new Set(order.map((plugin) => (typeof plugin === 'string' ? plugin : plugin.name))),
    },
    plugins: order,
    threads: 1,
    clock: systemClock,
    random: Math.random,
    sink: complain,
    http: new SharedHttpListeners((error) => complain(String(error))),
    registry: new MetricsRegistry(),
    startThread: (hear: (notice: Notice) => void) => {
      const line = { post: (notice: Notice) => queueMicrotask(() => hear(structuredClone(notice))) }
      const thread = new ServingThread({
        plugins: order,
        clock: systemClock,
        random: Math.random,
        line,
        sockets: false,
      })
      threads.push(thread)
      return { post: (message: Order) => queueMicrotask(() => thread.obey(structuredClone(message))) }
    },
  })
  const stop = async (): Promise<void> => {
    await supervisor.stop()
    rmSync(folder, { recursive: true, force: true })
  }
  try {
    await supervisor.start()
    return { engine: threads[0]!.engine()!, stop }
  } catch (error) {
    await stop()
    throw error
  }
}
