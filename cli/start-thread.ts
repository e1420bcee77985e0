// Starts a serving thread as a worker and joins the line to its message port.

import { Worker } from 'node:worker_threads'
import type { Notice, Order } from '../server/link.ts'
import type { StartThread } from '../server/supervisor.ts'
import { heapLimits } from './heap-limits.ts'
import { LogQuota } from './log-quota.ts'

/** What a serving worker is told when it starts. */
export interface ServingWorkerData {
  readonly name: string
  /** The memory of its LogQuota. */
  readonly lines: SharedArrayBuffer
}

/** Starts serving threads as workers; `died` is told, once a thread, why one ended that nobody had stopped. */
export function workerThreads(died: (reason: string) => void): StartThread {
  let started = 0
  return (hear) => {
    const name = `serving-${started++}`
    const quota = new LogQuota()
    const workerData: ServingWorkerData = { name, lines: quota.memory }
    const worker = new Worker(new URL('./serving-worker.ts', import.meta.url), {
      name,
      workerData,
      resourceLimits: heapLimits(1),
    })
    let stopped = false
    worker.on('message', (notice: Notice) => {
      stopped ||= notice.kind === 'stopped'
      hear(notice)
      if (notice.kind === 'log') quota.give()
      if (stopped) void worker.terminate()
    })
    worker.on('error', (error) => {
      stopped = true
      died(error instanceof Error ? (error.stack ?? error.message) : String(error))
    })
    worker.on('exit', (code) => {
      if (!stopped) died(`exit code ${code}`)
    })
    return { post: (order: Order) => worker.postMessage(order) }
  }
}
