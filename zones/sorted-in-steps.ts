// Sorting in small steps, for threads that answer queries meanwhile: a natural merge sort. Signed zones are mostly written in canonical order, and then one pass is all.
//
//   3 4 7 │ 1 5 │ 2 6        runs that ascend
//   1 3 4 5 7   │ 2 6        merged two by two, until one is left

/** What is sorted, by the code units of `order`. */
interface Ordered {
  readonly order: string
}

/** Items looked at before a pause. */
const stepItems = 128

/** `items` in ascending order, equal ones as they stood; yields where it may be interrupted. */
export function* sortedInSteps<Item extends Ordered>(items: readonly Item[]): Generator<void, readonly Item[], void> {
  let runs: readonly (readonly Item[])[] = yield* runsOf(items)
  while (runs.length > 1) {
    const merged: (readonly Item[])[] = []
    for (let at = 0; at < runs.length; at += 2) {
      const [one, other] = [runs[at]!, runs[at + 1]]
      merged.push(other ? yield* merge(one, other) : one)
      if (merged.length % stepItems === 0) yield
    }
    runs = merged
  }
  return runs[0] ?? []
}

function* runsOf<Item extends Ordered>(items: readonly Item[]): Generator<void, Item[][], void> {
  const runs: Item[][] = []
  for (const [index, item] of items.entries()) {
    const run = runs.at(-1)
    const last = run?.at(-1)
    if (run && last && last.order <= item.order) run.push(item)
    else runs.push([item])
    if (index % stepItems === stepItems - 1) yield
  }
  return runs
}

function* merge<Item extends Ordered>(one: readonly Item[], other: readonly Item[]): Generator<void, Item[], void> {
  const merged: Item[] = []
  let [at, otherAt] = [0, 0]
  while (at < one.length || otherAt < other.length) {
    const [next, otherNext] = [one[at], other[otherAt]]
    if (next && (!otherNext || next.order <= otherNext.order)) {
      merged.push(next)
      at++
    } else {
      merged.push(otherNext!)
      otherAt++
    }
    if (merged.length % stepItems === 0) yield
  }
  return merged
}
