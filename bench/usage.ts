// What a server costs, read from /proc: CPU time and resident memory of a process with all its threads and children.

import { readdirSync, readFileSync, writeFileSync } from 'node:fs'

/** A process tree at one moment. */
export interface Usage {
  readonly cpuSeconds: number
  /** Resident octets: the largest process whole, of the others only what they do not share. */
  readonly memoryBytes: number
}

/** Linux counts `utime` and `stime` in hundredths of a second for user space (USER_HZ). */
const ticksPerSecond = 100

/** Reads `pid` and its descendants; a process that has gone counts nothing. */
export function usageOf(pid: number): Usage {
  const tree = processTree(pid)
  const cpuSeconds = tree.reduce((sum, each) => sum + cpuSecondsOf(each), 0)
  return { cpuSeconds, memoryBytes: memoryOf(tree) }
}

/** `pid` and all that it started. */
export function processTree(pid: number): number[] {
  const children = readOr(() => readdirSync(`/proc/${pid}/task`), []).flatMap((thread) =>
    readOr(() => readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8'), '')
      .split(' ')
      .filter((word) => word !== '')
      .map(Number),
  )
  return [pid, ...children.flatMap(processTree)]
}

// The scheduler's nanoseconds of each thread, where the kernel keeps them; ticks are too coarse at low rates: 2,000 q/s of 5 µs are one tick a second.
function cpuSecondsOf(pid: number): number {
  const threads = readOr(() => readdirSync(`/proc/${pid}/task`), [])
  const nanoseconds = threads.reduce(
    (sum, thread) =>
      sum + runNanoseconds(readOr(() => readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8'), '')),
    0,
  )
  return nanoseconds > 0 ? nanoseconds / 1e9 : tickSeconds(readOr(() => readFileSync(`/proc/${pid}/stat`, 'utf8'), ''))
}

/** The time on a core that a `schedstat` tells, in nanoseconds. */
export const runNanoseconds = (schedstat: string): number => Number(schedstat.split(' ')[0] ?? 0)

/** User and system time that a `stat` tells, in seconds. The command's name may hold spaces and parentheses, so fields count from its end. */
export function tickSeconds(stat: string): number {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) / ticksPerSecond
}

function memoryOf(tree: readonly number[]): number {
  const processes = tree.map((pid) => residence(readOr(() => readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'), '')))
  const [largest, ...others] = processes.sort((one, other) => other.residentBytes - one.residentBytes)
  return (largest?.residentBytes ?? 0) + others.reduce((sum, { privateBytes }) => sum + privateBytes, 0)
}

/** What `smaps_rollup` tells of one process. */
export function residence(rollup: string): { residentBytes: number; privateBytes: number } {
  const octets = (field: string): number =>
    Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(rollup)?.[1] ?? 0) * 1024
  return { residentBytes: octets('Rss'), privateBytes: octets('Private_Clean') + octets('Private_Dirty') }
}

/** The most that a process has had resident since its start, or since `resetPeak`; in octets. */
export const peakOf = (pid: number): number =>
  Number(/^VmHWM:\s+(\d+) kB/m.exec(readOr(() => readFileSync(`/proc/${pid}/status`, 'utf8'), ''))?.[1] ?? 0) * 1024

/** Lets the peak begin anew at what is resident now. */
export function resetPeak(pid: number): void {
  readOr(() => writeFileSync(`/proc/${pid}/clear_refs`, '5'), undefined)
}

// Processes and threads end while they are read.
function readOr<Value>(read: () => Value, otherwise: Value): Value {
  try {
    return read()
  } catch {
    return otherwise
  }
}
