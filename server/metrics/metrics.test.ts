// Threads count, the registry adds up and prints. A "thread" here is a ThreadMetrics whose announcements were through a structured clone.

import { mkdir, writeFile } from 'node:fs/promises'
import t from 'tap'
import type { Announcement } from './announcement.ts'
import { cellsPerChunk } from './cells.ts'
import { registerBuildInfo, registerLabelLess } from './label-less.ts'
import { processCollector } from './process-metrics.ts'
import { MetricsRegistry } from './registry.ts'
import { observeRuntime } from './runtime-metrics.ts'
import { ThreadMetrics } from './thread-metrics.ts'

function thread(registry: MetricsRegistry, name: string | number): ThreadMetrics {
  const receive = registry.attach(name)
  return new ThreadMetrics((announcement) => receive(structuredClone(announcement)))
}

const lines = async (registry: MetricsRegistry, start: string) =>
  (await registry.text()).split('\n').filter((line) => line.startsWith(start))

const asked = { name: 'asked_total', help: 'Asked.', labels: ['zone', 'proto'] }

t.test('counts of all threads are added up, labels in alphabetical order', async (t) => {
  const registry = new MetricsRegistry()
  const [one, two] = [thread(registry, 1), thread(registry, 2)]
  one.counter(asked).with('a.', 'udp').increment()
  one.counter(asked).with('a.', 'udp').increment(4)
  two.counter(asked).with('a.', 'udp').increment(2)
  two.counter(asked).with('b"\\\n', 'tcp').increment()
  t.equal(
    await registry.text(),
    [
      '# HELP asked_total Asked.',
      '# TYPE asked_total counter',
      'asked_total{proto="udp",zone="a."} 7',
      'asked_total{proto="tcp",zone="b\\"\\\\\\n"} 1',
      '',
    ].join('\n'),
  )
})

t.test('gauges merge by sum or by maximum', async (t) => {
  const registry = new MetricsRegistry()
  for (const [i, metrics] of [thread(registry, 1), thread(registry, 2)].entries()) {
    metrics
      .gauge({ name: 'entries', help: 'h' })
      .with()
      .set(3 + i)
    metrics
      .gauge({ name: 'stamp_seconds', help: 'h', merge: 'max' })
      .with()
      .set(3 + i)
    metrics.gauge({ name: 'entries', help: 'h' }).with().increment(-1)
  }
  t.strictSame(await lines(registry, 'entries'), ['entries 5'])
  t.strictSame(await lines(registry, 'stamp'), ['stamp_seconds 4'])
})

t.test('presence counts who wants a series, and shows 1 or nothing', async (t) => {
  const registry = new MetricsRegistry()
  const families = [1, 2].map((number) =>
    thread(registry, number).gauge({ name: 'enabled', help: 'h', labels: ['name'], merge: 'presence' }),
  )
  for (const family of families) {
    family.with('file').increment()
    family.with('hosts').increment()
    family.with('file').increment()
    family.with('hosts').increment(-1)
    family.with('file').increment(-1)
  }
  t.strictSame(await lines(registry, 'enabled'), ['enabled{name="file"} 1'])
  for (const family of families) family.with('file').increment(-1)
  t.equal((await registry.text()).trim(), '', 'a metric without series is not printed')
})

t.test('a histogram prints cumulative buckets with bounds as client_golang does', async (t) => {
  const registry = new MetricsRegistry()
  const buckets = [0, 0.00025, 16000, 2.5e6]
  const histogram = thread(registry, 1).histogram({ name: 'size_bytes', help: 'h', labels: ['zone'], buckets })
  for (const value of [0, 0.00025, 1, 16000, 1e9]) histogram.with('.').observe(value)
  t.strictSame(await lines(registry, 'size'), [
    'size_bytes_bucket{zone=".",le="0"} 1',
    'size_bytes_bucket{zone=".",le="0.00025"} 2',
    'size_bytes_bucket{zone=".",le="16000"} 4',
    'size_bytes_bucket{zone=".",le="2.5e+06"} 4',
    'size_bytes_bucket{zone=".",le="+Inf"} 5',
    'size_bytes_sum{zone="."} 1000016001.00025',
    'size_bytes_count{zone="."} 5',
  ])
})

t.test('counts of a thread that ended stay, its gauges go', async (t) => {
  const registry = new MetricsRegistry()
  for (const restart of [1, 2, 3]) {
    const metrics = thread(registry, 'serving-0')
    metrics.counter(asked).with('a.', 'udp').increment(restart)
    metrics
      .histogram({ name: 'took_seconds', help: 'h', buckets: [1] })
      .with()
      .observe(restart)
    metrics.gauge({ name: 'entries', help: 'h' }).with().set(restart)
    registry.detach('serving-0')
  }
  t.strictSame(await lines(registry, 'asked'), ['asked_total{proto="udp",zone="a."} 6'])
  t.strictSame(await lines(registry, 'took'), [
    'took_seconds_bucket{le="1"} 1',
    'took_seconds_bucket{le="+Inf"} 3',
    'took_seconds_sum 6',
    'took_seconds_count 3',
  ])
  t.strictSame(await lines(registry, 'entries'), [])
})

t.test('a reset family shows only what is set afterwards, in the same memory', async (t) => {
  const announced: Announcement[] = []
  const registry = new MetricsRegistry()
  const receive = registry.attach(1)
  const metrics = new ThreadMetrics((announcement) => {
    announced.push(announcement)
    receive(announcement)
  })
  const enabled = metrics.gauge({ name: 'enabled', help: 'h', labels: ['name'] })
  for (let reload = 0; reload < 3 * cellsPerChunk; reload++) {
    enabled.reset()
    enabled.with(reload % 2 === 0 ? 'hosts' : 'file').set(1)
  }
  t.strictSame(await lines(registry, 'enabled'), ['enabled{name="file"} 1'])
  t.equal(announced.filter(({ news }) => news === 'chunk').length, 1)
})

t.test('more series than a chunk holds', async (t) => {
  const registry = new MetricsRegistry()
  const family = thread(registry, 1).histogram({ name: 'h', help: 'h', labels: ['n'], buckets: [1, 2] })
  for (let i = 0; i < cellsPerChunk; i++) family.with(String(i)).observe(i)
  const sums = await lines(registry, 'h_sum')
  t.equal(sums.length, cellsPerChunk)
  t.ok(sums.includes('h_sum{n="1000"} 1000'))
})

t.test('metrics that contradict themselves are refused', async (t) => {
  const metrics = thread(new MetricsRegistry(), 1)
  metrics.counter(asked)
  t.equal(metrics.counter(asked), metrics.counter(asked), 'the same name is the same family')
  t.throws(() => metrics.gauge(asked), { message: 'metric asked_total is already a counter with labels "zone,proto"' })
  t.throws(() => metrics.counter(asked).with('a.'), { message: 'metric asked_total has 2 labels, not 1' })
  t.throws(() => metrics.histogram({ name: 'x', help: 'h', buckets: [2, 1] }), {
    message: 'buckets of x do not ascend',
  })
})

t.test('metrics without labels are exported at 0 from the start', async (t) => {
  const registry = new MetricsRegistry()
  const metrics = thread(registry, 'main')
  registerLabelLess(metrics)
  registerBuildInfo(metrics, { version: '0.1.0', revision: 'abc' })
  for (const name of ['panics_total', 'reload_failed_total', 'hosts_reload_timestamp_seconds']) {
    t.strictSame(await lines(registry, `coredns_${name}`), [`coredns_${name} 0`])
  }
  t.strictSame(await lines(registry, 'coredns_health_request_duration_seconds_count'), [
    'coredns_health_request_duration_seconds_count 0',
  ])
  const goversion = `node${process.versions.node}`
  t.strictSame(await lines(registry, 'coredns_build_info'), [
    `coredns_build_info{goversion="${goversion}",revision="abc",version="0.1.0"} 1`,
  ])
})

t.test('process metrics read /proc and leave out what is not there', async (t) => {
  const directory = `${t.testdir({
    proc: {
      limits:
        'Limit  Soft Limit  Hard Limit  Units\nMax open files   1024   4096   files\nMax address space   unlimited   unlimited   bytes\n',
      status: 'Name:\tnode\nVmSize:\t    2048 kB\nVmRSS:\t 7 kB\n',
      net: { netstat: 'TcpExt: A B\nTcpExt: 1 2\nIpExt: InNoRoutes InOctets OutOctets\nIpExt: 0 500 600\n' },
    },
  })}/proc/`
  await mkdir(`${directory}fd`)
  for (const fd of ['0', '1', '2']) await writeFile(`${directory}fd/${fd}`, '')
  const source = { directory, cpuSeconds: () => 1.5, residentBytes: () => 9, startSeconds: 77 }
  const registry = new MetricsRegistry()
  registry.collect(processCollector(source))
  t.strictSame(await lines(registry, 'process_'), [
    'process_cpu_seconds_total 1.5',
    'process_max_fds 1024',
    'process_network_receive_bytes_total 500',
    'process_network_transmit_bytes_total 600',
    'process_open_fds 3',
    'process_resident_memory_bytes 9',
    'process_start_time_seconds 77',
    'process_virtual_memory_bytes 2097152',
    'process_virtual_memory_max_bytes 18446744073709552000',
  ])
  const elsewhere = new MetricsRegistry()
  elsewhere.collect(processCollector({ ...source, directory: `${directory}nowhere/` }))
  t.strictSame(await lines(elsewhere, 'process_'), [
    'process_cpu_seconds_total 1.5',
    'process_resident_memory_bytes 9',
    'process_start_time_seconds 77',
  ])
})

t.test('the delay of a timer is the event loop lag of its thread', async (t) => {
  const registry = new MetricsRegistry()
  let now = 0
  let due = () => {}
  const clock = {
    now: () => now,
    wall: () => now,
    after: (_delay: number, task: () => void) => {
      due = task
      return {
        cancel: () => {
          due = () => {}
        },
      }
    },
  }
  const observed = observeRuntime({ metrics: thread(registry, 1), clock, thread: 'serving-0' })
  now += 1000
  due()
  now += 1300
  due()
  observed.stop()
  now += 2000
  due()
  const lag = 'meridian_nodejs_eventloop_lag_seconds'
  t.strictSame(await lines(registry, `${lag}_sum`), [`${lag}_sum{thread="serving-0"} 0.3`])
  t.strictSame(await lines(registry, `${lag}_count`), [`${lag}_count{thread="serving-0"} 2`])
  const [used] = await lines(registry, 'meridian_nodejs_heap_used_bytes')
  t.match(used, /^meridian_nodejs_heap_used_bytes\{thread="serving-0"\} [0-9]{6,}$/)
})
