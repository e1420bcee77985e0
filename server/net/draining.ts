// When is a socket empty? SIGTERM must not lose queries, and a socket that is closed before it is empty does: what the kernel holds is gone. So draining
// asks the kernel what it still holds for the port: datagrams nobody has read, connections nobody has accepted, stream octets nobody has read.

import { readFile } from 'node:fs/promises'
import type { Clock } from '../../plugins/plugin.ts'
import { drainMsMax } from '../limits.ts'
import { drainMsMin, drainPollMs } from './limits.ts'

/** Octets (of a listening TCP socket: connections) that wait on the sockets bound to `port`, of all processes; null where the kernel does not tell. */
export async function receiveQueue(
  network: 'udp' | 'tcp',
  port: number,
  directory = '/proc/self/net/',
): Promise<number | null> {
  const read = (file: string) => readFile(directory + file, 'utf8').catch(() => null)
  const tables = (await Promise.all([read(network), read(`${network}6`)])).filter((table) => table !== null)
  if (tables.length === 0) return null
  return tables.reduce((sum, table) => sum + waiting(table, port), 0)
}

// Columns: sl local_address rem_address st tx_queue:rx_queue …, numbers in hexadecimal.
function waiting(table: string, port: number): number {
  let sum = 0
  for (const line of table.split('\n').slice(1)) {
    const [, local, , , queues] = line.trim().split(/\s+/)
    if (local === undefined || queues === undefined) continue
    if (Number.parseInt(local.slice(local.lastIndexOf(':') + 1), 16) !== port) continue
    sum += Number.parseInt(queues.slice(queues.indexOf(':') + 1), 16)
  }
  return sum
}

/** Queries that are under way, told apart by whether they came before some moment. */
export class UnderWay {
  #current = { count: 0 }

  /** A query came; its count goes down by one when its answer has been sent. */
  begin(): { count: number } {
    this.#current.count++
    return this.#current
  }

  /** The count of those that came until now; later ones have another. */
  cut(): { readonly count: number } {
    const before = this.#current
    this.#current = { count: 0 }
    return before
  }
}

/** What draining watches of a listener. */
export interface Drained {
  readonly clock: Clock
  /** What waits to be read; see receiveQueue. */
  readonly queue: () => Promise<number | null>
  /** How many queries have come so far. */
  readonly received: () => number
  readonly underWay: UnderWay
}

/** Resolves when there was a moment at which nothing waited to be read, and all that came before it has been answered; after drainMsMax at the latest. */
export async function untilDrained({ clock, queue, received, underWay }: Drained): Promise<void> {
  const start = clock.now()
  const end = start + drainMsMax
  const pause = () => new Promise<void>((resolve) => clock.after(drainPollMs, resolve))
  let before = -1
  while (clock.now() < end) {
    const queued = await queue()
    // The event loop reads what the kernel holds before it runs a timer, so where the kernel does not tell, a quiet pause says the same.
    const empty = queued === 0 || (queued === null && received() === before)
    if (empty && clock.now() - start >= drainMsMin) break
    before = received()
    await pause()
  }
  const waiting = underWay.cut()
  while (waiting.count > 0 && clock.now() < end) await pause()
}
