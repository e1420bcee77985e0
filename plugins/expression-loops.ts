// Expressions: the functions of the language that run a body for each element of an array (`filter`, `all`, `reduce` …). Each run of
// the body is paid for by its size, so that loops in loops end.

import { sortByKeys } from './expression-builtins.ts'
import { type Compiled, located } from './expression-operators.ts'
import { SyntaxFault } from './expression-tokens.ts'
import type { Node } from './expression-tree.ts'
import * as types from './expression-types.ts'
import { BOOL, INT, type Type, UNKNOWN } from './expression-types.ts'
import * as values from './expression-values.ts'
import { type Frame, RuntimeFault, toArray, toBool } from './expression-values.ts'

const BOOLEAN_BODIES = [
  'all',
  'none',
  'any',
  'one',
  'filter',
  'count',
  'find',
  'findIndex',
  'findLast',
  'findLastIndex',
]

/** Complains about a body whose result its builtin cannot use. */
export function checkBody(name: string, type: Type, at: number): void {
  if (type.kind === 'nil') throw new SyntaxFault('predicate should has one input and one output param', at)
  if (BOOLEAN_BODIES.includes(name) && type.kind !== 'bool' && type.kind !== 'any') {
    throw new SyntaxFault(`predicate should return boolean (got ${type.name})`, at)
  }
}

/** The type of what such a builtin gives. */
export function loopType(name: string, items: Type, element: Type, body: Type | undefined): Type {
  switch (name) {
    case 'all':
    case 'none':
    case 'any':
    case 'one':
      return BOOL
    case 'count':
    case 'findIndex':
    case 'findLastIndex':
      return INT
    case 'filter':
      return items.kind === 'any' ? types.ARRAY : types.arrayOf(element)
    case 'map':
      return types.arrayOf(body ?? UNKNOWN)
    case 'find':
    case 'findLast':
      return element
    case 'sum':
      return body ?? element
    case 'groupBy':
      return { kind: 'map', name: 'map[interface {}][]interface {}', element: types.arrayOf(element) }
    case 'sortBy':
      return items
  }
  return body ?? UNKNOWN
}

export interface LoopParts<S> {
  readonly items: Compiled<S>['run']
  readonly body: Compiled<S>['run'] | undefined
  /** The order of sortBy, the first accumulator of reduce. */
  readonly last: Compiled<S>['run'] | undefined
  readonly slots: { readonly element: number; readonly index: number; readonly accumulator: number }
  /** What one run of the body costs at most. */
  readonly cost: number
}

/** A builtin at work over the elements of an array. */
export class Loop<S> {
  readonly #node: Extract<Node, { kind: 'builtin' }>
  readonly #parts: LoopParts<S>

  constructor(node: Extract<Node, { kind: 'builtin' }>, parts: LoopParts<S>) {
    this.#node = node
    this.#parts = parts
  }

  run(frame: Frame<S>): unknown {
    const items = toArray(located(frame, this.#node.at, this.#parts.items))
    const test = (item: unknown, index: number): boolean => toBool(this.#body(frame, item, index))
    switch (this.#node.name) {
      case 'all':
        return items.every(test)
      case 'none':
        return !items.some(test)
      case 'any':
        return items.some(test)
      case 'one':
        return items.filter(test).length === 1
      case 'filter':
        return items.filter(test)
      case 'count':
        return items.filter(test).length
      case 'find':
        return items.find(test) ?? null
      case 'findLast':
        return items.findLast(test) ?? null
      case 'findIndex':
        return indexOrNil(items.findIndex(test))
      case 'findLastIndex':
        return indexOrNil(items.findLastIndex(test))
    }
    if (this.#node.name === 'reduce') return this.#reduce(frame, items)
    const made = items.map((item, index) => this.#body(frame, item, index))
    switch (this.#node.name) {
      case 'sum': {
        const add = (sum: unknown, value: unknown): unknown =>
          values.arithmetic('+', value, sum, (steps) => frame.spend(steps))
        return made.reduce(add, 0)
      }
      case 'groupBy': {
        const groups = new Map<unknown, unknown[]>()
        for (const [index, key] of made.entries()) {
          const group = groups.get(key)
          if (group) group.push(items[index])
          else groups.set(key, [items[index]])
        }
        return groups
      }
      case 'sortBy': {
        frame.spend(items.length * 8)
        return sortByKeys(items, made, this.#parts.last ? this.#parts.last(frame) : 'asc')
      }
    }
    return made
  }

  #body(frame: Frame<S>, item: unknown, index: number): unknown {
    const { body, slots, cost } = this.#parts
    frame.spend(cost)
    if (!body) return item
    frame.bind(slots.element, item)
    frame.slots[slots.index] = index
    return located(frame, this.#node.at, body)
  }

  #reduce(frame: Frame<S>, items: readonly unknown[]): unknown {
    const { last, slots } = this.#parts
    if (!last && items.length === 0) throw new RuntimeFault('reduce of empty array with no initial value')
    let accumulator = last ? last(frame) : items[0]
    for (let index = last ? 0 : 1; index < items.length; index++) {
      frame.bind(slots.accumulator, accumulator)
      accumulator = this.#body(frame, items[index], index)
    }
    return accumulator
  }
}

const indexOrNil = (index: number): unknown => (index < 0 ? null : index)
