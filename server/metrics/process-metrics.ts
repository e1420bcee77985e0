// `process_*` under the names, types and texts of client_golang, read from /proc when Prometheus asks; where there is no /proc only what Node
// itself knows is exported.

import { readdir, readFile } from 'node:fs/promises'
import type { CollectedMetric, Collector } from './registry.ts'

/** What a process's numbers are read from; given by tests. */
export interface ProcessSource {
  /** Directory of the process in /proc, with a slash at its end. */
  readonly directory: string
  /** CPU time since the start, user and system, in seconds. */
  cpuSeconds(): number
  residentBytes(): number
  /** When the process started, in seconds since 1970. */
  readonly startSeconds: number
}

const thisProcess: ProcessSource = {
  directory: '/proc/self/',
  cpuSeconds: () => {
    const { user, system } = process.cpuUsage()
    return (user + system) / 1e6
  },
  residentBytes: () => process.memoryUsage.rss(),
  startSeconds: Date.now() / 1000 - process.uptime(),
}

/** The limit that Linux calls unlimited, as client_golang prints it: 2^64. */
const unlimited = 2 ** 64

/** Measures the whole process, all threads. */
export function processCollector(source: ProcessSource = thisProcess): Collector {
  return async () => {
    const read = (file: string) => readFile(source.directory + file, 'utf8').catch(() => '')
    const [limits, status, network] = await Promise.all([read('limits'), read('status'), read('net/netstat')])
    const openFiles = await readdir(`${source.directory}fd`).catch(() => null)
    const virtualKilobytes = /^VmSize:\s+(\d+) kB$/m.exec(status)?.[1]
    const octets = networkOctets(network)
    return [
      metric('process_cpu_seconds_total', 'Total user and system CPU time spent in seconds.', source.cpuSeconds()),
      metric('process_max_fds', 'Maximum number of open file descriptors.', limit(limits, 'Max open files')),
      metric(
        'process_network_receive_bytes_total',
        'Number of bytes received by the process over the network.',
        octets.received,
      ),
      metric(
        'process_network_transmit_bytes_total',
        'Number of bytes sent by the process over the network.',
        octets.sent,
      ),
      metric('process_open_fds', 'Number of open file descriptors.', openFiles?.length),
      metric('process_resident_memory_bytes', 'Resident memory size in bytes.', source.residentBytes()),
      metric(
        'process_start_time_seconds',
        'Start time of the process since unix epoch in seconds.',
        source.startSeconds,
      ),
      metric(
        'process_virtual_memory_bytes',
        'Virtual memory size in bytes.',
        virtualKilobytes === undefined ? undefined : Number(virtualKilobytes) * 1024,
      ),
      metric(
        'process_virtual_memory_max_bytes',
        'Maximum amount of virtual memory available in bytes.',
        limit(limits, 'Max address space'),
      ),
    ]
  }
}

// A metric without a number is left out of the text.
function metric(name: string, help: string, value: number | undefined): CollectedMetric {
  const type = name.endsWith('_total') ? 'counter' : 'gauge'
  return { name, help, type, samples: value === undefined ? [] : [{ labels: {}, value }] }
}

function limit(limits: string, name: string): number | undefined {
  const soft = new RegExp(`^${name}\\s+(\\S+)`, 'm').exec(limits)?.[1]
  if (soft === undefined) return undefined
  return soft === 'unlimited' ? unlimited : Number(soft)
}

// net/netstat has a line of names and a line of numbers for each group.
function networkOctets(text: string): { received: number | undefined; sent: number | undefined } {
  const [names, numbers] = text
    .split('\n')
    .filter((line) => line.startsWith('IpExt:'))
    .map((line) => line.split(' '))
  const field = (name: string) => {
    const value = numbers?.[names?.indexOf(name) ?? -1]
    return value === undefined ? undefined : Number(value)
  }
  return { received: field('InOctets'), sent: field('OutOctets') }
}
