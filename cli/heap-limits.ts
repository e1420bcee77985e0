// How large a serving thread's heap may grow: V8 would take a share of the whole machine and collect late, and a container is killed for that.

import { totalmem } from 'node:os'

const mib = 1024 * 1024

/** What the main thread, the code and the sockets need beside the serving threads' heaps. */
const restMib = 110
const oldMib = { least: 80, most: 512 } as const
/** A small young generation costs some CPU under floods; where memory is short it is worth it. */
const youngMib = { short: 8, ample: 12 } as const
const shortMib = 512

/** Worker limits for `threads` serving threads in a process that may use `bytes` (the container's limit, or the machine's memory). */
export function heapLimits(
  threads: number,
  bytes: number = Math.min(process.constrainedMemory() || totalmem(), totalmem()),
): { maxOldGenerationSizeMb: number; maxYoungGenerationSizeMb: number } {
  const allowed = bytes / mib
  const share = Math.floor((allowed - restMib) / threads)
  return {
    maxOldGenerationSizeMb: Math.max(oldMib.least, Math.min(oldMib.most, share)),
    maxYoungGenerationSizeMb: allowed < shortMib ? youngMib.short : youngMib.ample,
  }
}
