import t from 'tap'
import { makePolicy } from './policy.ts'

t.test('sequential keeps the order of the Corefile', async (t) => {
  const policy = makePolicy('sequential', Math.random)
  for (let i = 0; i < 3; i++) t.strictSame(policy(['a', 'b', 'c']), ['a', 'b', 'c'])
})

t.test('round_robin begins with the next one each time and keeps the rest in order', async (t) => {
  const policy = makePolicy('round_robin', Math.random)
  const orders = Array.from({ length: 4 }, () => policy(['a', 'b', 'c']).join(''))
  t.strictSame(orders, ['bac', 'cab', 'abc', 'bac'])
})

t.test('random gives every order, equally often', async (t) => {
  let seed = 1
  const random = (): number => {
    seed = (seed * 48_271) % 2_147_483_647
    return seed / 2_147_483_647
  }
  const policy = makePolicy('random', random)
  const counts = new Map<string, number>()
  for (let i = 0; i < 6_000; i++) {
    const order = policy(['a', 'b', 'c']).join('')
    counts.set(order, (counts.get(order) ?? 0) + 1)
  }
  t.equal(counts.size, 6)
  for (const [order, count] of counts) t.ok(count > 850 && count < 1_150, `${order}: ${count}`)
})
