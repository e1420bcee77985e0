// A serving thread in a worker: joins the thread to its message port.

import { parentPort, workerData } from 'node:worker_threads'
import { order } from '../plugins/order.ts'
import { systemClock } from '../server/clock.ts'
import type { Notice, Order } from '../server/link.ts'
import { observeRuntime } from '../server/metrics/runtime-metrics.ts'
import { ServingThread } from '../server/serving-thread.ts'
import { LogQuota } from './log-quota.ts'
import type { ServingWorkerData } from './start-thread.ts'

const port = parentPort!
const { name, lines } = workerData as ServingWorkerData
const quota = new LogQuota(lines)

function post(notice: Notice): void {
  if (notice.kind === 'log' && !quota.take()) dropped.with().increment()
  else port.postMessage(notice)
}

const thread: ServingThread = new ServingThread({
  plugins: order,
  clock: systemClock,
  random: Math.random,
  line: { post },
  sockets: true,
})
const dropped = thread.metrics.counter({
  name: 'meridian_log_lines_dropped_total',
  help: 'Counter of log lines dropped because nobody reads the output.',
})
observeRuntime({ metrics: thread.metrics, clock: systemClock, thread: name })
// What a plugin left unhandled is no reason to stop answering.
process.on('unhandledRejection', (error) => thread.bug(error, 'a plugin'))
port.on('message', (order: Order) => thread.obey(order))
