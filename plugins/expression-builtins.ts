// Expressions: the functions of the language, by what they accept and what they do. Those that run a body for each element (`filter`,
// `all` …) are the compiler's. Dates, durations and JSON are not built: no view needs them, and time is not a client's fact.

import { NUMBER_FUNCTIONS } from './expression-number-functions.ts'
import { TEXT_FUNCTIONS } from './expression-text-functions.ts'
import {
  ANY,
  ARRAY,
  arrayOf,
  type Builtin,
  functionOf,
  INT,
  invalidCount,
  MAP,
  one,
  STRING,
  STRINGS,
  type Type,
} from './expression-types.ts'
import { compare, equal, member, RuntimeFault, textCost, toArray, toInteger } from './expression-values.ts'
import { formatValue, typeName } from './go-value.ts'

const PREDICATES =
  'all none any one filter map find findIndex findLast findLastIndex count sum groupBy sortBy reduce'.split(' ')

/** Functions of expr-lang that are refused with a message of our own. */
export const UNSUPPORTED: ReadonlySet<string> = new Set(['now', 'duration', 'date', 'timezone', 'toJSON', 'fromJSON'])

/** All names that mean a function of the language; `type` is left out, CoreDNS gives that name to the query's type. */
export function isBuiltinName(name: string): boolean {
  return BUILTINS.has(name) || PREDICATES.includes(name) || UNSUPPORTED.has(name)
}

/** A function over one array (or map), whose copy is paid for. */
function collection(
  name: string,
  verb: string,
  kind: 'array' | 'map',
  result: (type: Type) => Type,
  run: (values: readonly unknown[]) => unknown,
): [string, Builtin] {
  const check = one([kind], (type) => `cannot ${verb.replace('%', type)}`, result)
  return [
    name,
    {
      check,
      run([value], spend) {
        const wrong = kind === 'map' ? !(value instanceof Map) : !Array.isArray(value)
        if (wrong) throw new RuntimeFault(`cannot ${verb.replace('%', typeName(value))}`)
        const items = value instanceof Map ? [...value] : toArray(value)
        spend(items.length)
        return run(items)
      },
    },
  ]
}

function orNil(run: () => unknown): unknown {
  try {
    return run()
  } catch (error) {
    if (error instanceof RuntimeFault) return null
    throw error
  }
}

function flatten(items: readonly unknown[]): unknown[] {
  return items.flatMap((item) => (Array.isArray(item) ? flatten(item) : [item]))
}

function sorted(items: readonly unknown[], order: unknown): unknown[] {
  if (order !== 'asc' && order !== 'desc') {
    throw new RuntimeFault(`invalid order ${formatValue(order)}, expected asc or desc`)
  }
  const direction = order === 'asc' ? 1 : -1
  return [...items].sort((left, right) => direction * compare(left, right, '<'))
}

/** The elements in the order of their keys, as `sortBy` gives them. */
export function sortByKeys(items: readonly unknown[], keys: readonly unknown[], order: unknown): unknown[] {
  if (order !== 'asc' && order !== 'desc') throw new RuntimeFault('unknown order, use asc or desc')
  const direction = order === 'asc' ? 1 : -1
  const indexes = keys.map((_, index) => index).sort((a, b) => direction * compare(keys[a], keys[b], '<'))
  return indexes.map((index) => items[index])
}

const BUILTINS: ReadonlyMap<string, Builtin> = new Map<string, Builtin>([
  [
    'len',
    {
      check: one(
        ['array', 'map', 'string'],
        (type) => `invalid argument for len (type ${type})`,
        () => INT,
      ),
      run([value], spend) {
        if (Array.isArray(value)) return value.length
        if (value instanceof Map) return value.size
        if (typeof value !== 'string') throw new RuntimeFault(`invalid argument for len (type ${typeName(value)})`)
        spend(textCost(value.length))
        return [...value].length
      },
    },
  ],
  [
    'string',
    {
      signatures: [functionOf([ANY], STRING)],
      run([value], spend) {
        const text = formatValue(value)
        spend(textCost(text.length))
        return text
      },
    },
  ],
  ...TEXT_FUNCTIONS,
  ...NUMBER_FUNCTIONS,
  ...[0, -1].map((place): [string, Builtin] => [
    place === 0 ? 'first' : 'last',
    {
      check: one(
        ['array'],
        (type) => `cannot get ${place === 0 ? 'first' : 'last'} element from ${type}`,
        () => ANY,
      ),
      run: ([items]) => orNil(() => member(items, place)),
    },
  ]),
  [
    'get',
    {
      check(types) {
        const [base, key] = types
        if (types.length !== 2 || !base || !key) return invalidCount('2', types.length)
        if (base.kind === 'any') return ANY
        if (base.kind === 'array' && key.kind !== 'int' && key.kind !== 'any')
          return `non-integer slice index ${key.name}`
        if (base.kind === 'map' && key.kind !== 'string' && key.kind !== 'any') {
          return `cannot use ${key.name} to get an element from ${base.name}`
        }
        return 'element' in base ? base.element : `type ${base.name} does not support indexing`
      },
      run: ([base, key]) => orNil(() => member(base, key)),
    },
  ],
  [
    'take',
    {
      check(types) {
        const [base, count] = types
        if (types.length !== 2 || !base || !count) return invalidCount('2', types.length)
        if (base.kind !== 'any' && base.kind !== 'array') return `cannot take from ${base.name}`
        return count.kind === 'any' || count.kind === 'int' ? base : `cannot take ${count.name} elements`
      },
      run([base, count], spend) {
        const items = toArray(base)
        const end = toInteger(count)
        if (end < 0) throw new RuntimeFault('reflect.Value.Slice: slice index out of bounds')
        spend(items.length)
        return items.slice(0, end)
      },
    },
  ],
  collection(
    'keys',
    'get keys from %',
    'map',
    () => ARRAY,
    (pairs) => pairs.map((pair) => toArray(pair)[0]),
  ),
  collection(
    'values',
    'get values from %',
    'map',
    () => ARRAY,
    (pairs) => pairs.map((pair) => toArray(pair)[1]),
  ),
  collection(
    'toPairs',
    'transform % to pairs',
    'map',
    () => ARRAY,
    (pairs) => pairs,
  ),
  collection(
    'fromPairs',
    'transform % from pairs',
    'array',
    () => MAP,
    (pairs) => {
      const made = new Map<unknown, unknown>()
      for (const pair of pairs) {
        const parts = Array.isArray(pair) ? pair : []
        if (parts.length !== 2) throw new RuntimeFault(`invalid pair ${formatValue(pair)}`)
        made.set(parts[0], parts[1])
      }
      return made
    },
  ),
  collection(
    'reverse',
    'reverse %',
    'array',
    () => ARRAY,
    (items) => [...items].reverse(),
  ),
  [
    'uniq',
    {
      check: one(
        ['array'],
        (type) => `cannot uniq ${type}`,
        () => ARRAY,
      ),
      run([value], spend) {
        const kept: unknown[] = []
        for (const item of toArray(value)) {
          spend(1 + kept.length)
          if (!kept.some((other) => equal(item, other))) kept.push(item)
        }
        return kept
      },
    },
  ],
  [
    'concat',
    {
      check(types) {
        if (types.length === 0) return 'invalid number of arguments (expected at least 1, got 0)'
        const wrong = types.find((type) => type.kind !== 'any' && type.kind !== 'array')
        return wrong ? `cannot concat ${wrong.name}` : ARRAY
      },
      run(values, spend) {
        for (const value of values) spend(toArray(value).length)
        return values.flatMap((value) => toArray(value))
      },
    },
  ],
  [
    'flatten',
    {
      check: one(
        ['array'],
        (type) => `cannot flatten ${type}`,
        () => ARRAY,
      ),
      run([value], spend) {
        const flat = flatten(toArray(value))
        spend(flat.length)
        return flat
      },
    },
  ],
  [
    'sort',
    {
      signatures: [[ARRAY, STRING], [STRINGS, STRING], [ARRAY], [STRINGS]].map((types) =>
        functionOf(types, types[0] === STRINGS ? arrayOf(STRING) : ARRAY),
      ),
      run([value, order = 'asc'], spend) {
        const items = toArray(value)
        spend(items.length * 8)
        return sorted(items, order)
      },
    },
  ],
])

/** A function of the language by its name. */
export function findBuiltin(name: string): Builtin | undefined {
  return BUILTINS.get(name)
}
