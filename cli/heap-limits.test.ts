import t from 'tap'
import { heapLimits } from './heap-limits.ts'

t.test('heaps follow what the container may use', async (t) => {
  const mib = 1024 * 1024
  const table = [
    { allowed: 170, threads: 1, old: 80, young: 8 },
    { allowed: 400, threads: 1, old: 290, young: 8 },
    { allowed: 400, threads: 2, old: 145, young: 8 },
    { allowed: 24_000, threads: 1, old: 512, young: 12 },
  ]
  for (const { allowed, threads, old, young } of table) {
    t.same(
      heapLimits(threads, allowed * mib),
      { maxOldGenerationSizeMb: old, maxYoungGenerationSizeMb: young },
      `${allowed} MiB`,
    )
  }
  t.ok(heapLimits(1).maxOldGenerationSizeMb >= 80)
})
