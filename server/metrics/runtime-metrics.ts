// What Node itself does in a thread, as `meridian_nodejs_*`: how long the event loop was held up, garbage collections, heap. Each thread runs its own
// observer, because only a thread sees its own heap and loop; the series carry the thread's name.

import { constants, type PerformanceEntry, PerformanceObserver, performance } from 'node:perf_hooks'
import { getHeapSpaceStatistics, getHeapStatistics } from 'node:v8'
import type { Clock, Metrics, Timer } from '../../plugins/plugin.ts'

/** How often the loop's delay and the heap are looked at, in milliseconds. */
const intervalMs = 1000

/** Delays of the event loop and collections, in seconds: what is asked is whether they pass 1 ms, and by how much. */
const delayBuckets = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5]

const collectionKinds: ReadonlyMap<number, string> = new Map([
  [constants.NODE_PERFORMANCE_GC_MAJOR, 'major'],
  [constants.NODE_PERFORMANCE_GC_MINOR, 'minor'],
  [constants.NODE_PERFORMANCE_GC_INCREMENTAL, 'incremental'],
  [constants.NODE_PERFORMANCE_GC_WEAKCB, 'weak_callback'],
])

/** Observes the calling thread until `stop`; `thread` is the value of its label (`main`, `serving-0`). */
export function observeRuntime(options: { metrics: Metrics; clock: Clock; thread: string }): { stop(): void } {
  const { metrics, clock, thread } = options
  const info = metrics.gauge({
    name: 'meridian_nodejs_version_info',
    help: 'Node.js and V8 that the server runs on.',
    labels: ['version', 'v8'],
    merge: 'max',
  })
  info.with(process.versions.node, process.versions.v8).set(1)
  const collections = observeCollections(metrics, thread)
  const lag = metrics
    .histogram({
      name: 'meridian_nodejs_eventloop_lag_seconds',
      help: 'How late the event loop of a thread was for a timer, once a second.',
      labels: ['thread'],
      buckets: delayBuckets,
    })
    .with(thread)
  const measure = measurements(metrics, thread)
  measure()
  let timer: Timer
  const tick = () => {
    const due = clock.now() + intervalMs
    timer = clock.after(intervalMs, () => {
      lag.observe(Math.max(0, clock.now() - due) / 1000)
      measure()
      tick()
    })
  }
  tick()
  return {
    stop() {
      timer.cancel()
      collections.disconnect()
    },
  }
}

function observeCollections(metrics: Metrics, thread: string): PerformanceObserver {
  const durations = metrics.histogram({
    name: 'meridian_nodejs_gc_duration_seconds',
    help: 'How long garbage collections of a thread took, by kind.',
    labels: ['thread', 'kind'],
    buckets: delayBuckets,
  })
  const observer = new PerformanceObserver((list) => {
    for (const entry of list.getEntries() as (PerformanceEntry & { detail?: { kind?: number } })[]) {
      durations.with(thread, collectionKinds.get(entry.detail?.kind ?? 0) ?? 'other').observe(entry.duration / 1000)
    }
  })
  observer.observe({ entryTypes: ['gc'] })
  return observer
}

/** Sets the gauges that are looked at, not listened to. */
function measurements(metrics: Metrics, thread: string): () => void {
  const gauge = (name: string, help: string, ...labels: string[]) =>
    metrics.gauge({ name: `meridian_nodejs_${name}`, help, labels: ['thread', ...labels], merge: 'max' })
  const busy = gauge(
    'eventloop_utilization_ratio',
    'Share of the last second in which the event loop of a thread was busy.',
  )
  const used = gauge('heap_used_bytes', 'Heap of a thread in use.')
  const total = gauge('heap_size_bytes', 'Heap of a thread, in use or reserved for it.')
  const limit = gauge('heap_limit_bytes', 'What the heap of a thread may grow to.')
  const external = gauge('heap_external_bytes', 'Memory of buffers that objects of a thread hold outside its heap.')
  const space = gauge('heap_space_used_bytes', 'Heap of a thread in use, by space.', 'space')
  let last = performance.eventLoopUtilization()
  return () => {
    const now = performance.eventLoopUtilization()
    busy.with(thread).set(performance.eventLoopUtilization(now, last).utilization)
    last = now
    const heap = getHeapStatistics()
    used.with(thread).set(heap.used_heap_size)
    total.with(thread).set(heap.total_heap_size)
    limit.with(thread).set(heap.heap_size_limit)
    external.with(thread).set(heap.external_memory)
    for (const each of getHeapSpaceStatistics()) {
      space.with(thread, each.space_name.replace(/_space$/, '')).set(each.space_used_size)
    }
  }
}
