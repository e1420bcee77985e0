// What an expression must not do: reach beyond its environment, or work for long.

import t from 'tap'
import { ANY, compileExpression, type Environment, ExpressionError, functionOf, STRING } from './expression.ts'

const ENVIRONMENT: Environment<null> = new Map([
  ['name', { type: functionOf([], STRING), call: () => 'www.example.org.' }],
  ['anyv', { type: ANY, read: () => 'dyn' }],
] as const)

t.test('no expression reaches the language below', async (t) => {
  for (const name of ['constructor', '__proto__', 'prototype', 'toString', 'process', 'globalThis']) {
    t.throws(() => compileExpression(name, ENVIRONMENT), { message: /^unknown name/ }, name)
    t.throws(() => compileExpression(`name().${name}`, ENVIRONMENT), { message: /^type string has no field/ }, name)
    t.equal(compileExpression(`{a: 1}.${name}`, ENVIRONMENT).evaluate(null), null, name)
    t.equal(compileExpression(`{a: 1}["${name}"]`, ENVIRONMENT).evaluate(null), null, name)
    t.ok(compileExpression(`anyv["${name}"]`, ENVIRONMENT).evaluate(null) instanceof ExpressionError, name)
  }
})

t.test('no expression works for long', async (t) => {
  const greedy = [
    'reduce(1..60, [#acc, #acc])',
    'string(reduce(1..60, [#acc, #acc]))',
    'reduce(1..60, map(1..2, 1) | concat([#acc], [#acc]), [1])',
    'all(1..100000, all(1..100000, # > 0))',
    'map(1..1000, map(1..1000, map(1..1000, #)))',
    '1..1000000000',
    'repeat("a", 1000000)',
    'reduce(1..100, #acc + #acc, "aaaaaaaa")',
    'count(1..90000, name() matches (name() + string(#)))',
    'reduce(1..30000, [#acc]) | flatten()',
    'let a = [1,1]; let b = [a,a,a,a,a,a,a,a]; let c = [b,b,b,b,b,b,b,b]; let d = [c,c,c,c,c,c,c,c]; let e = [d,d,d,d,d,d,d,d]; let f = [e,e,e,e,e,e,e,e]; f == f',
  ]
  for (const source of greedy) {
    const start = performance.now()
    const result = compileExpression(source, ENVIRONMENT).evaluate(null)
    t.ok(result instanceof ExpressionError, source)
    // Some tens of milliseconds at the worst; the bound is for slow machines.
    t.ok(performance.now() - start < 2000, source)
  }
  t.throws(() => compileExpression('('.repeat(50_000), ENVIRONMENT), ExpressionError)
  t.throws(() => compileExpression(`${'!'.repeat(50_000)}true`, ENVIRONMENT), ExpressionError)
  t.throws(() => compileExpression(new Array(20_000).fill('1').join('+'), ENVIRONMENT), ExpressionError)
})
