import fc from 'fast-check'
import t from 'tap'
import { RecordTable } from './record-table.ts'

const bytesOf = (text: string): Uint8Array => Buffer.from(text)

/** A table of `KEY=VALUE` texts, whose first character is the tag. */
function makeTable() {
  const moves: [from: number, to: number][] = []
  const table = new RecordTable((from, to) => moves.push([from, to]))
  const find = (key: string): number => table.find(bytesOf(`#${key}=`), key.length + 2)
  return {
    table,
    moves,
    find,
    get: (key: string): string | null => (find(key) === -1 ? null : table.content(find(key)).toString()),
    put(key: string, value: string): number {
      const content = bytesOf(`#${key}=${value}`)
      const position = find(key)
      return position === -1
        ? table.add(content, content.length, key.length + 2)
        : table.replace(position, content, content.length)
    },
    delete: (key: string): void => {
      if (find(key) !== -1) table.remove(find(key))
    },
  }
}

t.test('a record is found by its key, whatever is before and behind it', async (t) => {
  const { table, put, get, find } = makeTable()
  put('a', '1')
  put('ab', '2')
  t.equal(get('a'), '#a=1')
  t.equal(get('ab'), '#ab=2')
  t.equal(find('b'), -1)
  t.equal(table.tag(find('a')), '#'.charCodeAt(0))
  t.equal(table.count, 2)
})

t.test('stamp and mark stay with a record that changes and moves', async (t) => {
  const { table, put, find } = makeTable()
  table.setStamp(put('a', '1'), { high: 0xffffffff, low: 7 })
  table.setMark(find('a'), 9)
  put('a', 'longer by far')
  t.equal(table.hasStamp(find('a'), { high: 0xffffffff, low: 7 }), true)
  t.equal(table.hasStamp(find('a'), { high: 0xffffffff, low: 8 }), false)
  t.equal(table.mark(find('a')), 9)
  put('b', '1')
  t.equal(table.mark(find('b')), 0)
})

t.test('a record may be larger than a slab', async (t) => {
  const { get, put } = makeTable()
  const large = 'x'.repeat(200_000)
  put('a', '1')
  put('large', large)
  put('b', '2')
  put('large', `${large}y`)
  t.equal(get('large'), `#large=${large}y`)
  t.strictSame([get('a'), get('b')], ['#a=1', '#b=2'])
})

t.test(
  'any amount of change leaves at most about half of the bytes unused, and who is told of moves knows every place',
  async (t) => {
    const { table, moves, put, find, delete: drop } = makeTable()
    const places = new Map<string, number>()
    for (let i = 0; i < 200_000; i++) {
      const key = `key-${(i * 7919) % 5_000}`
      if (i % 11 === 0) {
        drop(key)
        places.delete(key)
      } else places.set(key, put(key, 'v'.repeat(i % 90)))
      if (moves.length === 0) continue
      const keys = new Map([...places].map(([each, place]) => [place, each]))
      for (const [from, to] of moves.splice(0)) {
        const moved = keys.get(from)
        if (moved !== undefined) places.set(moved, to)
      }
    }
    t.ok(table.bytesHeld < 2.5 * 5_000 * 85, `${table.bytesHeld} bytes`)
    t.strictSame(
      [...places].filter(([key, place]) => find(key) !== place),
      [],
    )
    for (let i = 0; i < 5_000; i++) drop(`key-${i}`)
    t.equal(table.count, 0)
    t.ok(table.bytesHeld < 200_000, `${table.bytesHeld} bytes when empty`)
  },
)

t.test('it holds what a plain map holds', async (t) => {
  const step = fc.record({
    key: fc.nat(40).map(String),
    value: fc.oneof(fc.nat(30), fc.constantFrom(9_000, 40_000, 70_000)),
    drop: fc.boolean(),
  })
  const property = fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
    const { table, get, put, delete: drop } = makeTable()
    const model = new Map<string, string>()
    for (const step of steps) {
      if (step.drop) {
        drop(step.key)
        model.delete(step.key)
      } else {
        put(step.key, 'v'.repeat(step.value))
        model.set(step.key, `#${step.key}=${'v'.repeat(step.value)}`)
      }
    }
    const all = [...table.positions()].map((position) => table.content(position).toString())
    return (
      table.count === model.size &&
      [...model].every(([key, text]) => get(key) === text) &&
      String(all.sort()) === String([...model.values()].sort())
    )
  })
  t.doesNotThrow(() => fc.assert(property, { numRuns: 200 }))
})
