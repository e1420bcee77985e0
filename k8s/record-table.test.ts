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

/** Follows the moves; nobody is told of the one record that changes. */
function moved(places: Map<string, number>, moves: [from: number, to: number][]): void {
  for (const [from, to] of moves.splice(0)) {
    const key = [...places.keys()].find((each) => places.get(each) === from)
    if (key === undefined) throw new Error(`nobody is at ${from}`)
    places.set(key, to)
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

t.test('records that come and go beside others that stay leave nothing behind', async (t) => {
  const { table, get, put, delete: drop } = makeTable()
  for (let i = 0; i < 100_000; i++) {
    // Where all but one of hundreds are gone again before their slab is full, no later change touches it.
    put(`passing-${i}`, 'v'.repeat(i % 90))
    if (i % 2_000 === 0) put(`staying-${i}`, 'v'.repeat(50))
    drop(`passing-${i}`)
  }
  for (let i = 0; i < 20_000; i++) put('changing', 'v'.repeat(i % 90))
  t.equal(table.count, 51)
  t.equal(get('staying-98000'), `#staying-98000=${'v'.repeat(50)}`)
  t.ok(table.bytesHeld < 300_000, `${table.bytesHeld} bytes`)
})

t.test('it holds what a plain map holds', async (t) => {
  const step = fc.record({
    key: fc.nat(40).map(String),
    value: fc.oneof(fc.nat(30), fc.constantFrom(9_000, 40_000, 70_000)),
    drop: fc.boolean(),
  })
  const property = fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
    const { table, moves, find, get, put, delete: drop } = makeTable()
    const model = new Map<string, string>()
    const places = new Map<string, number>()
    for (const step of steps) {
      if (step.drop) {
        drop(step.key)
        model.delete(step.key)
        places.delete(step.key)
      } else {
        places.delete(step.key)
        const place = put(step.key, 'v'.repeat(step.value))
        model.set(step.key, `#${step.key}=${'v'.repeat(step.value)}`)
        moved(places, moves)
        places.set(step.key, place)
      }
      moved(places, moves)
    }
    if ([...places].some(([key, place]) => find(key) !== place)) return false
    const all = [...table.positions()].map((position) => table.content(position).toString())
    return (
      table.count === model.size &&
      [...model].every(([key, text]) => get(key) === text) &&
      String(all.sort()) === String([...model.values()].sort())
    )
  })
  t.doesNotThrow(() => fc.assert(property, { numRuns: 500 }))
})
