// Random ids and socket choices. Both are what an off-path attacker has to guess (RFC 5452 9.2), so they come from the system's generator and not from
// the injected one that orders upstreams.

import { randomFillSync } from 'node:crypto'

/** Gives unpredictable numbers of 16 bits. */
export type Unpredictable = () => number

/** Draws from the system in blocks: one call to it for 512 numbers. */
export function systemUnpredictable(): Unpredictable {
  const block = new Uint16Array(512)
  let next = block.length
  return () => {
    if (next === block.length) {
      randomFillSync(block)
      next = 0
    }
    return block[next++]!
  }
}

/** A number that `taken` does not hold; it holds far fewer than there are. */
export function freeId(unpredictable: Unpredictable, taken: { has(id: number): boolean }): number {
  for (;;) {
    const id = unpredictable()
    if (!taken.has(id)) return id
  }
}
