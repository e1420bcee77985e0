// Expressions: the functions of the language over numbers.

import {
  ANY,
  type Builtin,
  FLOAT,
  functionOf,
  INT,
  isNumber,
  nameOf,
  one,
  type Spend,
  type Type,
} from './expression-types.ts'
import { compare, negate, RuntimeFault, toFloat, toInteger } from './expression-values.ts'
import { Float, typeName } from './go-value.ts'

/** By name; expression-builtins.ts has the rest. */
export const NUMBER_FUNCTIONS: readonly [string, Builtin][] = [
  number(
    'abs',
    (type) => type,
    (value) => (toFloat(value) < 0 ? negate(value) : value),
  ),
  number(
    'ceil',
    () => FLOAT,
    (value) => new Float(Math.ceil(toFloat(value))),
  ),
  number(
    'floor',
    () => FLOAT,
    (value) => new Float(Math.floor(toFloat(value))),
  ),
  number(
    'round',
    () => FLOAT,
    (value) => new Float(away(toFloat(value))),
  ),
  conversion('int', INT, (value) =>
    toInteger(typeof value === 'string' ? parse('int', /^[-+]?[0-9]+$/, value) : value),
  ),
  conversion('float', FLOAT, (value) =>
    typeof value === 'string'
      ? new Float(parse('float', /^[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)(e[-+]?[0-9]+)?$/i, value))
      : new Float(toFloat(value)),
  ),
  aggregate('max', (all) =>
    all.reduce((best, value) => (best === null || compare(best, value, '<') < 0 ? value : best), null),
  ),
  aggregate('min', (all) =>
    all.reduce((best, value) => (best === null || compare(best, value, '>') > 0 ? value : best), null),
  ),
  aggregate(
    'mean',
    (all) => new Float(all.length === 0 ? 0 : all.reduce((sum: number, value) => sum + toFloat(value), 0) / all.length),
  ),
  aggregate('median', (all) => {
    const ordered = all.map(toFloat).sort((a, b) => a - b)
    const middle = ordered.length >> 1
    const upper = ordered[middle] ?? 0
    return new Float(ordered.length % 2 === 1 ? upper : ((ordered[middle - 1] ?? 0) + upper) / 2)
  }),
  bits('bitand', (a, b) => a & b),
  bits('bitor', (a, b) => a | b),
  bits('bitxor', (a, b) => a ^ b),
  bits('bitnand', (a, b) => a & ~b),
  bits('bitshl', (a, b) => a << b),
  bits('bitshr', (a, b) => a >> b),
  bits('bitushr', (a, b) => BigInt.asUintN(64, a) >> b),
  ['bitnot', { signatures: [functionOf([INT], INT)], run: ([value]) => -1 - toInteger(value) }],
]

function number(name: string, result: (type: Type) => Type, run: (value: unknown) => unknown): [string, Builtin] {
  const check = one(['int', 'float'], (type) => `invalid argument for ${name} (type ${type})`, result)
  return [name, { check, run: ([value]) => run(value) }]
}

function conversion(name: string, result: Type, run: (value: unknown) => unknown): [string, Builtin] {
  const check = one(
    ['int', 'float', 'string'],
    (type) => `invalid argument for ${name} (type ${type})`,
    () => result,
  )
  return [name, { check, run: ([value]) => run(value) }]
}

function aggregate(name: string, run: (numbers: readonly unknown[]) => unknown): [string, Builtin] {
  const check = (types: readonly Type[]): Type | string => {
    if (types.length === 0) return `not enough arguments to call ${name}`
    for (const type of types) {
      if (type.kind === 'any' || type.kind === 'array') return ANY
      if (!isNumber(type)) return `invalid argument for ${name} (type ${nameOf(type)})`
    }
    return types[0] ?? ANY
  }
  return [name, { check, run: (values, spend) => run(numbersIn(name, values, spend)) }]
}

function numbersIn(name: string, values: readonly unknown[], spend: Spend): unknown[] {
  spend(values.length)
  return values.flatMap((value) => {
    if (Array.isArray(value)) return numbersIn(name, value, spend)
    if (typeof value === 'number' || value instanceof Float) return [value]
    throw new RuntimeFault(`invalid argument for ${name} (type ${typeName(value)})`)
  })
}

function bits(name: string, run: (left: bigint, right: bigint) => bigint): [string, Builtin] {
  return [
    name,
    {
      signatures: [functionOf([INT, INT], INT)],
      run([left, right]) {
        const shift = toInteger(right)
        if (name.includes('sh') && shift < 0) {
          throw new RuntimeFault(`invalid operation: negative shift count ${shift} (type int)`)
        }
        // A shift by 64 bits or more leaves what one by 64 leaves.
        const amount = name.includes('sh') ? Math.min(shift, 64) : shift
        const result = Number(BigInt.asIntN(64, run(BigInt(toInteger(left)), BigInt(amount))))
        if (!Number.isSafeInteger(result)) throw new RuntimeFault(`integer overflow: ${result}`)
        return result
      },
    },
  ]
}

const away = (value: number): number => Math.sign(value) * Math.round(Math.abs(value))

function parse(name: string, form: RegExp, value: string): number {
  const found = form.test(value) ? Number(value) : Number.NaN
  if (Number.isNaN(found)) throw new RuntimeFault(`invalid operation: ${name}(${value})`)
  return found
}
