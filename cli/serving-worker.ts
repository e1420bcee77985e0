// A serving thread in a worker: joins the thread to its message port.

import { parentPort, workerData } from 'node:worker_threads'
import { order } from '../plugins/order.ts'
import { systemClock } from '../server/clock.ts'
import type { Notice, Order } from '../server/link.ts'
import { observeRuntime } from '../server/metrics/runtime-metrics.ts'
import { ServingThread } from '../server/serving-thread.ts'

const port = parentPort!
const thread = new ServingThread({
  plugins: order,
  clock: systemClock,
  random: Math.random,
  line: { post: (notice: Notice) => port.postMessage(notice) },
  sockets: true,
})
observeRuntime({ metrics: thread.metrics, clock: systemClock, thread: String(workerData) })
// What a plugin left unhandled is no reason to stop answering.
process.on('unhandledRejection', (error) => thread.bug(error, 'a plugin'))
port.on('message', (order: Order) => thread.obey(order))
