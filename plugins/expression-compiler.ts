// Expressions, third step: a tree becomes a function, and its types are checked on the way, in expr-lang's words. The function is made
// once, when a Corefile is loaded; what runs for a query is a nest of closures over a Frame.

import { findBuiltin, isBuiltinName, UNSUPPORTED } from './expression-builtins.ts'
import { checkBody, Loop, loopType } from './expression-loops.ts'
import { BROKEN, binaryOperation, type Compiled, located, unbroken } from './expression-operators.ts'
import { SyntaxFault } from './expression-tokens.ts'
import type { Node } from './expression-tree.ts'
import * as types from './expression-types.ts'
import { ANY, BOOL, type FunctionType, INT, STRING, type Type, UNKNOWN } from './expression-types.ts'
import * as values from './expression-values.ts'
import { type Frame, RuntimeFault, textCost, toBool, toText } from './expression-values.ts'
import { Float, typeName } from './go-value.ts'

/** What an expression may name: functions of the one it is about, and plain values. */
export type Environment<S> = ReadonlyMap<string, EnvironmentFunction<S> | EnvironmentValue<S>>

export interface EnvironmentFunction<S> {
  readonly type: FunctionType
  /** Called with as many values as the type has parameters, each of its type; fails by throwing ExpressionError. */
  call(subject: S, values: readonly unknown[]): unknown
}

export interface EnvironmentValue<S> {
  readonly type: Type
  read(subject: S): unknown
}

/** What a name in scope stands for: the slot of the frame that holds it. */
interface Local {
  readonly name: string
  readonly slot: number
  readonly type: Type
}

/** A function that is named and not called; it can be compared and printed, and no more. */
const FUNCTION_VALUE = Object.freeze({})

export class Compiler<S> {
  readonly #environment: Environment<S>
  /** The names of the environment that the expression uses. */
  readonly used = new Set<string>()
  readonly #locals: Local[] = []
  /** For each open predicate body: its element and what stands beside it. */
  readonly #bodies: (readonly Local[])[] = []
  #slots = 0
  #nodes = 0

  constructor(environment: Environment<S>) {
    this.#environment = environment
  }

  /** Compiles a tree; throws SyntaxFault. */
  compile(node: Node): Compiled<S> {
    this.#nodes++
    switch (node.kind) {
      case 'literal':
        return constant(typeOfLiteral(node.value), node.value)
      case 'name':
        return this.#name(node)
      case 'unary':
        return this.#unary(node)
      case 'binary':
        return this.#binary(node)
      case 'chain': {
        const { type, run } = this.compile(node.inner)
        return { type, run: (frame) => unbroken(run(frame)) }
      }
      case 'member':
        return this.#member(node)
      case 'slice':
        return this.#slice(node)
      case 'call':
        return this.#call(node)
      case 'builtin':
        return this.#builtin(node)
      case 'predicate':
        return this.compile(node.body)
      case 'pointer':
        return this.#pointer(node)
      case 'let':
        return this.#let(node)
      case 'sequence': {
        const steps = node.steps.map((step) => this.compile(step))
        const runs = steps.map((step) => step.run)
        return { type: steps.at(-1)?.type ?? UNKNOWN, run: (frame) => runs.map((run) => run(frame)).at(-1) }
      }
      case 'condition':
        return this.#condition(node)
      case 'array':
        return this.#array(node)
      case 'map':
        return this.#map(node)
    }
  }

  #name({ name, at }: { name: string; at: number }): Compiled<S> {
    const local = this.#locals.findLast((candidate) => candidate.name === name)
    if (local) return { type: local.type, run: (frame) => frame.slots[local.slot] }
    const entry = this.#environment.get(name)
    if (!entry) throw new SyntaxFault(`unknown name ${name}`, at)
    this.used.add(name)
    if ('call' in entry) return { type: entry.type, run: () => FUNCTION_VALUE }
    return { type: entry.type, run: (frame) => entry.read(frame.subject) ?? null }
  }

  #unary(node: Extract<Node, { kind: 'unary' }>): Compiled<S> {
    const { type, run } = this.compile(node.operand)
    const logical = node.operator === '!' || node.operator === 'not'
    const fits = type.kind === 'any' || (logical ? type.kind === 'bool' : types.isNumber(type))
    if (!fits) throw new SyntaxFault(`invalid operation: ${node.operator} (mismatched type ${type.name})`, node.at)
    if (logical) return { type: BOOL, run: (frame) => !toBool(located(frame, node.at, run)) }
    const result = type.kind === 'any' ? UNKNOWN : type
    if (node.operator === '+') return { type: result, run }
    return { type: result, run: (frame) => values.negate(located(frame, node.at, run)) }
  }

  #binary({ operator, left, right, at }: Extract<Node, { kind: 'binary' }>): Compiled<S> {
    const first = this.compile(left)
    return binaryOperation(operator, first, this.compile(right), at)
  }

  #member(node: Extract<Node, { kind: 'member' }>): Compiled<S> {
    const base = this.compile(node.base)
    const property = this.compile(node.property)
    const type = memberType(node, base.type, property)
    const run = (frame: Frame<S>): unknown => {
      const owner = base.run(frame)
      if (owner === BROKEN || (node.optional && owner === null)) return BROKEN
      const key = property.run(frame)
      frame.at = node.at
      if (node.method && !(owner instanceof Map)) {
        throw new RuntimeFault(`cannot fetch ${String(key)} from ${typeName(owner)}`)
      }
      if (typeof owner === 'string') frame.spend(textCost(owner.length))
      return values.member(owner, key)
    }
    return { type, run }
  }

  #slice(node: Extract<Node, { kind: 'slice' }>): Compiled<S> {
    const base = this.compile(node.base)
    if (!['any', 'string', 'array'].includes(base.type.kind)) {
      throw new SyntaxFault(`cannot slice ${base.type.name}`, node.at)
    }
    const bound = (end: Node | null): Compiled<S>['run'] => {
      if (!end) return () => undefined
      const { type, run } = this.compile(end)
      if (type.kind === 'int' || type.kind === 'any') return run
      throw new SyntaxFault(`non-integer slice index ${type.name}`, end.at)
    }
    const from = bound(node.from)
    const to = bound(node.to)
    const run = (frame: Frame<S>): unknown => {
      const whole = unbroken(base.run(frame))
      const [start, end] = [from(frame), to(frame)]
      frame.at = node.at
      if (typeof whole === 'string' || Array.isArray(whole)) frame.spend(textCost(whole.length))
      return values.slice(whole, start, end)
    }
    return { type: base.type, run }
  }

  #call(node: Extract<Node, { kind: 'call' }>): Compiled<S> {
    const name = calleeName(node.callee)
    const entry = node.callee.kind === 'name' && !this.#isLocal(name) ? this.#environment.get(name) : undefined
    if (entry && 'call' in entry) {
      this.used.add(name)
      this.#nodes++
      const given = this.#check(name, [entry.type], node)
      const runs = given.parameters.map((parameter) => parameter.run)
      const run = (frame: Frame<S>): unknown => {
        const list = runs.map((each) => each(frame))
        frame.at = node.at
        return entry.call(frame.subject, list) ?? null
      }
      return { type: entry.type.result, run }
    }
    const callee = this.compile(node.callee)
    if (callee.type.kind === 'nil') throw new SyntaxFault(`${name} is nil; cannot call nil as function`, node.at)
    if (callee.type.kind !== 'any') throw new SyntaxFault(`${callee.type.name} is not callable`, node.at)
    for (const parameter of node.parameters) this.compile(parameter)
    const run = (frame: Frame<S>): unknown => {
      const value = callee.run(frame)
      if (value === BROKEN) return BROKEN
      frame.at = node.at
      throw new RuntimeFault(
        value === null
          ? 'invalid operation: cannot call nil'
          : `invalid operation: cannot call non-function of type ${typeName(value)}`,
      )
    }
    return { type: UNKNOWN, run }
  }

  #isLocal(name: string): boolean {
    return this.#locals.some((local) => local.name === name)
  }

  /** The arguments of a call, checked against each signature in turn; the last complaint is the one that people see. */
  #check(
    name: string,
    signatures: readonly FunctionType[],
    node: { readonly at: number; readonly parameters: readonly Node[] },
  ): { parameters: Compiled<S>[]; result: Type } {
    const parameters: Compiled<S>[] = []
    let complaint = new SyntaxFault(`no matching overload for ${name}`, node.at)
    for (const signature of signatures) {
      const wanted = signature.parameters.length
      const enough = node.parameters.length === wanted
      const found = enough
        ? undefined
        : `${node.parameters.length > wanted ? 'too many' : 'not enough'} arguments to call ${name}`
      let fault = found === undefined ? undefined : new SyntaxFault(found, node.at)
      for (const [index, parameter] of node.parameters.entries()) {
        const given = parameters[index] ?? this.compile(parameter)
        parameters[index] = given
        fault ??= unfit(name, given.type, signature.parameters[index] ?? ANY, parameter.at)
      }
      if (!fault) return { parameters, result: signature.result }
      complaint = fault
    }
    throw complaint
  }

  #builtin(node: Extract<Node, { kind: 'builtin' }>): Compiled<S> {
    const { name, at } = node
    if (UNSUPPORTED.has(name)) throw new SyntaxFault(`builtin ${name} is not supported`, at)
    const builtin = findBuiltin(name)
    if (!builtin) return this.#overElements(node)
    let parameters: Compiled<S>[]
    let type: Type
    if (builtin.signatures) {
      const checked = this.#check(name, builtin.signatures, node)
      parameters = checked.parameters
      type = checked.result
    } else {
      parameters = node.parameters.map((parameter) => this.compile(parameter))
      const found = builtin.check?.(parameters.map((parameter) => parameter.type)) ?? UNKNOWN
      if (typeof found === 'string') throw new SyntaxFault(found, at)
      type = found
    }
    const runs = parameters.map((parameter) => parameter.run)
    const run = (frame: Frame<S>): unknown => {
      const list = runs.map((each) => unbroken(each(frame)))
      frame.at = at
      return builtin.run(list, (steps) => frame.spend(steps))
    }
    return { type, run }
  }

  /** The builtins that run a body for each element. */
  #overElements(node: Extract<Node, { kind: 'builtin' }>): Compiled<S> {
    const [first, second, third] = node.parameters
    if (!first) throw new SyntaxFault('invalid number of arguments (expected 1, got 0)', node.at)
    const items = this.compile(first)
    if (items.type.kind !== 'array' && items.type.kind !== 'any') {
      throw new SyntaxFault(`builtin ${node.name} takes only array (got ${items.type.name})`, first.at)
    }
    const element = items.type.kind === 'array' ? items.type.element : UNKNOWN
    const slots = { element: this.#slots++, index: this.#slots++, accumulator: this.#slots++ }
    this.#bodies.push([
      { name: '', slot: slots.element, type: element },
      ...(node.name === 'map' || node.name === 'reduce' ? [{ name: 'index', slot: slots.index, type: INT }] : []),
      ...(node.name === 'reduce' ? [{ name: 'acc', slot: slots.accumulator, type: UNKNOWN }] : []),
    ])
    const before = this.#nodes
    const body = second && this.compile(second)
    const cost = 1 + this.#nodes - before
    this.#bodies.pop()
    if (second && body) checkBody(node.name, body.type, second.at)
    const last = third && this.compile(third)
    if (node.name === 'sortBy' && third && last && last.type.kind !== 'string' && last.type.kind !== 'any') {
      throw new SyntaxFault(`sortBy order argument must be a string (got ${last.type.name})`, third.at)
    }
    const loop = new Loop(node, { items: items.run, body: body?.run, last: last?.run, slots, cost })
    return { type: loopType(node.name, items.type, element, body?.type), run: (frame) => loop.run(frame) }
  }

  #pointer(node: Extract<Node, { kind: 'pointer' }>): Compiled<S> {
    const local = this.#bodies.at(-1)?.find((candidate) => candidate.name === node.name)
    if (!local) throw new SyntaxFault(`unknown pointer #${node.name}`, node.at)
    return { type: local.type, run: (frame) => frame.slots[local.slot] }
  }

  #let(node: Extract<Node, { kind: 'let' }>): Compiled<S> {
    const { name, at } = node
    if (this.#environment.has(name)) throw new SyntaxFault(`cannot redeclare ${name}`, at)
    if (isBuiltinName(name)) throw new SyntaxFault(`cannot redeclare builtin ${name}`, at)
    if (this.#isLocal(name)) throw new SyntaxFault(`cannot redeclare variable ${name}`, at)
    const value = this.compile(node.value)
    const slot = this.#slots++
    this.#locals.push({ name, slot, type: value.type })
    const body = this.compile(node.body)
    this.#locals.pop()
    const run = (frame: Frame<S>): unknown => {
      frame.bind(slot, unbroken(value.run(frame)))
      return body.run(frame)
    }
    return { type: body.type, run }
  }

  #condition(node: Extract<Node, { kind: 'condition' }>): Compiled<S> {
    const test = this.compile(node.test)
    if (test.type.kind !== 'bool' && test.type.kind !== 'any') {
      throw new SyntaxFault(`non-bool expression (type ${test.type.name}) used as condition`, node.test.at)
    }
    const yes = this.compile(node.yes)
    const no = this.compile(node.no)
    let type: Type = UNKNOWN
    if (yes.type.kind === 'nil') type = no.type
    else if (no.type.kind === 'nil' || types.isAssignable(yes.type, no.type)) type = yes.type
    if (type.kind === 'array') type = types.ARRAY
    return { type, run: (frame) => (toBool(located(frame, node.at, test.run)) ? yes.run(frame) : no.run(frame)) }
  }

  #array(node: Extract<Node, { kind: 'array' }>): Compiled<S> {
    const items = node.items.map((item) => this.compile(item))
    const first = items[0]?.type
    const same = first !== undefined && items.every((item) => item.type.kind === first.kind)
    const type = same ? types.arrayOf(items.at(-1)?.type ?? ANY) : types.ARRAY
    if (items.every((item) => 'constant' in item))
      return constant(type, Object.freeze(items.map((item) => item.constant)))
    const runs = items.map((item) => item.run)
    return { type, run: (frame) => runs.map((run) => unbroken(run(frame))) }
  }

  #map(node: Extract<Node, { kind: 'map' }>): Compiled<S> {
    const pairs = node.pairs.map(({ key, value }) => ({ key: this.compile(key).run, value: this.compile(value).run }))
    const run = (frame: Frame<S>): unknown => {
      const made = new Map<string, unknown>()
      for (const { key, value } of pairs) made.set(toText(located(frame, node.at, key)), unbroken(value(frame)))
      return made
    }
    return { type: types.MAP, run }
  }
}

function constant<S>(type: Type, value: unknown): Compiled<S> {
  return { type, run: () => value, constant: value }
}

function typeOfLiteral(value: unknown): Type {
  if (value === null) return types.NIL
  if (value instanceof Float) return types.FLOAT
  return typeof value === 'boolean' ? BOOL : typeof value === 'number' ? INT : STRING
}

function unfit(name: string, given: Type, wanted: Type, at: number): SyntaxFault | undefined {
  if (given.kind === 'nil') {
    if (wanted.kind === 'any') return undefined
    return new SyntaxFault(`cannot use nil as argument (type ${wanted.name}) to call ${name}`, at)
  }
  if (given.kind === 'any' || types.isAssignable(given, wanted)) return undefined
  return new SyntaxFault(`cannot use ${given.name} as argument (type ${wanted.name}) to call ${name} `, at)
}

function calleeName(callee: Node): string {
  if (callee.kind === 'name') return callee.name
  if (callee.kind === 'member' && callee.property.kind === 'literal') return String(callee.property.value)
  return 'function'
}

function memberType(
  node: Extract<Node, { kind: 'member' }>,
  base: Type,
  property: { readonly type: Type; readonly constant?: unknown },
): Type {
  if (base.kind === 'any') return UNKNOWN
  const name = typeof property.constant === 'string' ? property.constant : undefined
  const key = property.type
  if (name !== undefined && base.kind === 'nil') throw new SyntaxFault(`type nil has no field ${name}`, node.at)
  if (base.kind === 'map') {
    if (key.kind === 'string' || key.kind === 'any') return base.element
    throw new SyntaxFault(`cannot use ${key.name} to get an element from ${base.name}`, node.property.at)
  }
  if (base.kind === 'array') {
    if (key.kind === 'int' || key.kind === 'any') return base.element
    const only = `array elements can only be selected using an integer (got ${key.name})`
    throw new SyntaxFault(only, node.property.at)
  }
  if (name === undefined) throw new SyntaxFault(`type ${base.name}[${key.name}] is undefined`, node.at)
  throw new SyntaxFault(`type ${base.name} has no ${node.method ? 'method' : 'field'} ${name}`, node.at)
}
