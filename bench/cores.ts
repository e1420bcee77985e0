// Which core does what: servers have one to themselves, everything else (dnsperf, the upstream, this process) takes another, so that nobody's CPU time is
// lengthened by waiting for a neighbour.

import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

/** util-linux's program that binds processes to cores. */
export const taskset = 'taskset'

/** Cores by number. */
export interface Cores {
  readonly load: number
  readonly server: number
}

/** The first two cores that this process may use; both are the same where there is one. */
export function findCores(status: string = readFileSync('/proc/self/status', 'utf8')): Cores {
  const cores = coreList(/^Cpus_allowed_list:\s*(\S+)/m.exec(status)?.[1] ?? '0')
  const load = cores[0] ?? 0
  return { load, server: cores[1] ?? load }
}

/** `0-2,5` as numbers. */
export function coreList(text: string): number[] {
  return text.split(',').flatMap((part) => {
    const [first = Number.NaN, last = first] = part.split('-').map(Number)
    return Number.isInteger(first) && Number.isInteger(last)
      ? Array.from({ length: last - first + 1 }, (_, index) => first + index)
      : []
  })
}

/** A command that runs on one core; taskset becomes the program, so the pid is the program's. */
export const onCore = (core: number, command: readonly string[]): readonly string[] => [
  taskset,
  '-c',
  String(core),
  ...command,
]

/** Moves every thread of a process to the core: a program may have spread its threads over all cores itself, as Knot does. */
export function moveProcess(pid: number, core: number): void {
  spawnSync(taskset, ['-acp', String(core), String(pid)], { stdio: 'ignore' })
}
