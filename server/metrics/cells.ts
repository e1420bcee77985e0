// The numbers of one thread's metrics: chunks of float64 cells in memory that the main thread reads while the owner counts.
//
//     chunk 0  [ requests | errors | le=1 | le=2 | +Inf | sum | … ]      a counter or gauge is one cell, a histogram
//     chunk 1  [ … ]                                                     one cell a bucket and one for the sum
//
// Only the owner writes, so counting is a plain addition; an aligned 8-byte store is not torn on the 64-bit machines that Node supports, so a
// reader sees the number before or after it.

/** Cells in a chunk; a series is never spread over two. */
export const cellsPerChunk = 1024

/** A place for the numbers of one series. */
export interface Cells {
  readonly values: Float64Array
  /** Index of the first cell in `values`. */
  readonly at: number
  /** Index over all chunks, as announced. */
  readonly cell: number
}

/** Hands out cells; `chunkMade` is called for each new chunk before any of its cells is used. */
export class CellAllocator {
  readonly #chunkMade: (memory: SharedArrayBuffer) => void
  #chunk: Float64Array = new Float64Array(0)
  #chunks = 0
  #used = cellsPerChunk

  constructor(chunkMade: (memory: SharedArrayBuffer) => void) {
    this.#chunkMade = chunkMade
  }

  /** `count` neighbouring cells, all 0. */
  take(count: number): Cells {
    if (count > cellsPerChunk)
      throw new RangeError(`a series takes ${count} cells, more than a chunk of ${cellsPerChunk}`)
    if (this.#used + count > cellsPerChunk) this.#grow()
    const at = this.#used
    this.#used += count
    return { values: this.#chunk, at, cell: (this.#chunks - 1) * cellsPerChunk + at }
  }

  #grow(): void {
    const memory = new SharedArrayBuffer(cellsPerChunk * Float64Array.BYTES_PER_ELEMENT)
    this.#chunk = new Float64Array(memory)
    this.#chunks++
    this.#used = 0
    this.#chunkMade(memory)
  }
}
