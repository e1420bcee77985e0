// Templates, third step: a tree is run over data. One run has a budget of steps and of text, so that a template is done in about a
// millisecond whatever it says; what it may read is only what go-value.ts lets it see.

import { BUILTINS, callValue, FunctionFault, isTrue, TemplateFunction } from './go-template-functions.ts'
import type { Parsed } from './go-template-parser.ts'
import {
  type Command,
  constantValue,
  type Operand,
  type Piece,
  type Pipeline,
  type Place,
  printOperand,
  printPlace,
} from './go-template-tree.ts'
import { Float, fieldOf, formatValue, sortedEntries, typeName } from './go-value.ts'
import { quote } from './number.ts'

/** What one run may cost: pieces, operands and turns of loops, and a step for each 64 characters that a function makes. */
const STEPS_MAX = 50_000
/** The longest text that comes out, or that a function makes, in UTF-16 units: a DNS message has no more bytes. */
const TEXT_MAX = 65_535
/** How deep templates may call each other. */
const CALL_DEPTH_MAX = 100

/** A run that failed; the message is complete. */
export class RunFault extends Error {}

/** What is run: the trees, the text for places, and the functions. */
export interface Program extends Parsed {
  readonly name: string
  readonly text: string
  readonly functions: ReadonlyMap<string, TemplateFunction>
}

/** Runs a program over data; throws RunFault. */
export function runTemplate(program: Program, data: unknown): string {
  return new Run(program, data).run()
}

/** No value comes down the pipeline. */
const NOTHING = Symbol('nothing')

/** What a function or method is called with: its arguments, and the value that comes down the pipeline. */
interface Given {
  readonly dot: unknown
  /** What an error of the call names. */
  readonly place: Place
  readonly parts: readonly Operand[]
  readonly final: unknown
}

type Signal = 'break' | 'continue' | undefined

class Run {
  readonly #program: Program
  readonly #data: unknown
  #output = ''
  #steps = STEPS_MAX
  #depth = 0
  #variables: { readonly name: string; value: unknown }[] = []
  /** What an error would name. */
  #place: Place | null = null
  /** The template that is running. */
  #running: string

  constructor(program: Program, data: unknown) {
    this.#program = program
    this.#data = data
    this.#running = program.name
  }

  run(): string {
    this.#variables = [{ name: '$', value: this.#data }]
    this.#walk(this.#data, this.#program.root)
    return this.#output
  }

  #fail(message: string): never {
    const { name, text } = this.#program
    const place = this.#place
    if (!place) throw new RunFault(`template: ${name}: ${message}`)
    const before = text.slice(0, place.at)
    const line = before.split('\n').length
    const column = Buffer.byteLength(before.slice(before.lastIndexOf('\n') + 1))
    const where = `template: ${name}:${line}:${column}: executing ${quote(this.#running)} at <${printPlace(place)}>`
    throw new RunFault(`${where}: ${message}`)
  }

  #spend(steps: number): void {
    this.#steps -= steps
    if (this.#steps < 0) this.#fail('template takes too many steps')
  }

  #write(text: string): void {
    if (this.#output.length + text.length > TEXT_MAX) this.#fail('template makes too much text')
    this.#output += text
  }

  #walk(dot: unknown, pieces: readonly Piece[]): Signal {
    for (const piece of pieces) {
      this.#spend(1)
      this.#place = piece
      const signal = this.#piece(dot, piece)
      if (signal) return signal
    }
    return undefined
  }

  #piece(dot: unknown, piece: Piece): Signal {
    switch (piece.kind) {
      case 'text':
        this.#write(piece.text)
        return undefined
      case 'action': {
        const value = this.#pipeline(dot, piece.pipeline)
        if (piece.pipeline.variables.length > 0) return undefined
        this.#place = piece
        this.#write(this.#print(value, piece))
        return undefined
      }
      case 'template':
        return this.#template(dot, piece)
      case 'break':
      case 'continue':
        return piece.kind
    }
    const scope = this.#variables.length
    const signal = piece.kind === 'range' ? this.#range(dot, piece) : this.#branch(dot, piece)
    this.#variables.length = scope
    return signal
  }

  #print(value: unknown, piece: Piece): string {
    if (value === undefined || value === null) return '<no value>'
    if (value instanceof TemplateFunction || typeof value === 'function') {
      return this.#fail(`can't print ${printPlace(piece)} of type func()`)
    }
    return formatValue(value)
  }

  #branch(dot: unknown, piece: Extract<Piece, { pipeline: Pipeline; body: readonly Piece[] }>): Signal {
    const value = this.#pipeline(dot, piece.pipeline)
    if (isTrue(value)) return this.#walk(piece.kind === 'with' ? value : dot, piece.body)
    return piece.otherwise ? this.#walk(dot, piece.otherwise) : undefined
  }

  #range(dot: unknown, piece: Extract<Piece, { body: readonly Piece[] }>): Signal {
    const value = this.#pipeline(dot, piece.pipeline)
    const { variables, assigned } = piece.pipeline
    const entries = this.#entries(value, variables.length)
    const scope = this.#variables.length
    let count = 0
    for (const [key, item] of entries) {
      count++
      this.#spend(1)
      const [first, second] = variables
      const given =
        second === undefined
          ? [[first, item]]
          : [
              [first, key],
              [second, item],
            ]
      for (const [name, each] of given) {
        if (typeof name !== 'string') continue
        if (assigned) this.#assign(name, each)
        // The variables of the range were declared with its pipeline; each turn sets them anew.
        else this.#declareAgain(name, each)
      }
      const signal = this.#walk(item, piece.body)
      this.#variables.length = scope
      if (signal === 'break') break
    }
    return count === 0 && piece.otherwise ? this.#walk(dot, piece.otherwise) : undefined
  }

  #declareAgain(name: string, value: unknown): void {
    const variable = this.#variables.findLast((candidate) => candidate.name === name)
    if (variable) variable.value = value
  }

  /** What a range goes through: elements with their indexes, a map in the order of its keys, or the integers below a number. */
  *#entries(value: unknown, variables: number): Generator<[unknown, unknown]> {
    if (value === undefined || value === null) return
    if (Array.isArray(value)) yield* value.entries()
    else if (value instanceof Map) yield* sortedEntries(value)
    else if (typeof value === 'bigint' || (typeof value === 'number' && Number.isInteger(value))) {
      if (variables > 1) this.#fail(`can't use ${formatValue(value)} to iterate over more than one variable`)
      for (let item = 0; item < value; item++) yield [item, item]
    } else this.#fail(`range can't iterate over ${formatValue(value)}`)
  }

  #template(dot: unknown, piece: Extract<Piece, { kind: 'template' }>): Signal {
    const { name } = piece
    const pieces = this.#program.defined.get(name) ?? (name === this.#program.name ? this.#program.root : undefined)
    if (!pieces) return this.#fail(`template ${quote(name)} not defined`)
    if (this.#depth === CALL_DEPTH_MAX) return this.#fail(`exceeded maximum template depth (${CALL_DEPTH_MAX})`)
    const value = piece.pipeline ? this.#pipeline(dot, piece.pipeline) : undefined
    const [variables, running] = [this.#variables, this.#running]
    this.#variables = [{ name: '$', value }]
    this.#running = name
    this.#depth++
    this.#walk(value, pieces)
    this.#depth--
    this.#running = running
    this.#variables = variables
    return undefined
  }

  #pipeline(dot: unknown, pipeline: Pipeline): unknown {
    this.#place = pipeline
    let value: unknown = NOTHING
    for (const command of pipeline.commands) value = this.#command(dot, command, value)
    for (const name of pipeline.variables) {
      if (pipeline.assigned) this.#assign(name, value)
      else this.#variables.push({ name, value })
    }
    return value
  }

  #assign(name: string, value: unknown): void {
    const variable = this.#variables.findLast((candidate) => candidate.name === name)
    if (!variable) this.#fail(`undefined variable: ${name}`)
    variable.value = value
  }

  #command(dot: unknown, command: Command, final: unknown): unknown {
    this.#spend(1)
    const [first, ...rest] = command.parts
    if (!first) return undefined
    switch (first.kind) {
      case 'field':
      case 'chain':
      case 'variable':
        return this.#path(dot, first, { parts: rest, final })
      case 'name': {
        this.#place = first
        return this.#call(this.#function(first.name), first.name, {
          dot,
          parts: rest,
          final,
          place: { kind: 'command', at: command.at, command },
        })
      }
      case 'pipeline':
        this.#onlyValue(first, rest, final)
        return this.#pipeline(dot, first)
    }
    this.#place = first
    this.#onlyValue(first, rest, final)
    if (first.kind === 'nil') return this.#fail('nil is not a command')
    return constantValue(dot, first)
  }

  #onlyValue(first: Operand, rest: readonly Operand[], final: unknown): void {
    if (rest.length === 0 && final === NOTHING) return
    this.#fail(`can't give argument to non-function ${printOperand(first)}`)
  }

  #function(name: string): TemplateFunction {
    const found = this.#program.functions.get(name) ?? BUILTINS.get(name)
    return found ?? this.#fail(`${quote(name)} is not a defined function`)
  }

  /** `.a.b`, `$x.a.b` and `(…).a.b`; only the last name may take arguments. */
  #path(
    dot: unknown,
    operand: Extract<Operand, { path: readonly string[] }>,
    given: { readonly parts: readonly Operand[]; readonly final: unknown },
  ): unknown {
    this.#place = operand
    let value = dot
    let names = operand.path
    if (operand.kind === 'chain') {
      if (operand.base.kind === 'nil') this.#fail(`indirection through explicit nil in ${printOperand(operand)}`)
      value = this.#argument(dot, operand.base, 'any')
    } else if (operand.kind === 'variable') {
      const [name = '', ...fields] = operand.path
      const variable = this.#variables.findLast((candidate) => candidate.name === name)
      if (!variable) return this.#fail(`undefined variable: ${name}`)
      value = variable.value
      names = fields
      if (names.length === 0) this.#onlyValue(operand, given.parts, given.final)
    }
    for (const [index, name] of names.entries()) {
      const last = index === names.length - 1
      value = this.#field(value, name, {
        dot,
        place: operand,
        parts: last ? given.parts : [],
        final: last ? given.final : NOTHING,
      })
    }
    return value
  }

  #field(owner: unknown, name: string, given: Given): unknown {
    this.#spend(1)
    if (owner === undefined) return undefined
    if (owner === null) return this.#fail(`nil pointer evaluating interface {}.${name}`)
    const hasArguments = given.parts.length > 0 || given.final !== NOTHING
    if (owner instanceof Map) {
      if (hasArguments) this.#fail(`${name} is not a method but has arguments`)
      return owner.get(name)
    }
    if (
      typeof owner !== 'object' ||
      Array.isArray(owner) ||
      owner instanceof Float ||
      owner instanceof TemplateFunction
    ) {
      return this.#fail(`can't evaluate field ${name} in type ${typeName(owner)}`)
    }
    const field = fieldOf(owner, name)
    if (!field.found) this.#fail(`can't evaluate field ${name} in type ${typeName(owner)}`)
    const { value } = field
    if (value instanceof TemplateFunction) return this.#call(value, name, given)
    if (typeof value === 'function') {
      const method = new TemplateFunction(new Array<'any'>(value.length).fill('any'), (values) =>
        Reflect.apply(value, owner, values),
      )
      return this.#call(method, name, given)
    }
    if (hasArguments) this.#fail(`${name} has arguments but cannot be invoked as function`)
    return value
  }

  #call(called: TemplateFunction, name: string, given: Given): unknown {
    const { dot, parts, final } = given
    const builtin = BUILTINS.get(name) === called
    const { parameters, rest } = called
    const count = parts.length + (final === NOTHING ? 0 : 1)
    if (rest !== null && count < parameters.length) {
      this.#fail(`wrong number of args for ${name}: want at least ${parameters.length} got ${parts.length}`)
    }
    if (rest === null && count !== parameters.length) {
      this.#fail(`wrong number of args for ${name}: want ${parameters.length} got ${count}`)
    }
    if (builtin && (name === 'and' || name === 'or')) return this.#logical(name, given)
    const values = parts.map((part, index) => this.#argument(dot, part, parameters[index] ?? rest ?? 'any'))
    if (final !== NOTHING) values.push(this.#validate(final, parameters[parts.length] ?? rest ?? 'any'))
    for (const value of values) if (typeof value === 'string') this.#spend(value.length >> 6)
    try {
      if (builtin && name === 'call') return callValue(parts[0] ? printOperand(parts[0]) : null, values)
      const result = called.call(values)
      if (typeof result === 'string') {
        this.#spend(result.length >> 6)
        if (result.length > TEXT_MAX) throw new FunctionFault('too much text')
      }
      return result
    } catch (error) {
      if (!(error instanceof FunctionFault)) throw error
      this.#place = given.place
      return this.#fail(`error calling ${name}: ${error.message}`)
    }
  }

  #logical(name: 'and' | 'or', { dot, parts, final }: Given): unknown {
    let value: unknown
    for (const part of parts) {
      value = this.#argument(dot, part, 'any')
      if (isTrue(value) === (name === 'or')) return value
    }
    return final === NOTHING ? value : final
  }

  #argument(dot: unknown, part: Operand, type: string): unknown {
    this.#spend(1)
    this.#place = part
    switch (part.kind) {
      case 'dot':
        return this.#validate(dot, type)
      case 'nil':
        return type === 'any' ? null : this.#fail(`cannot assign nil to ${type}`)
      case 'field':
      case 'variable':
      case 'chain':
        return this.#validate(this.#path(dot, part, { parts: [], final: NOTHING }), type)
      case 'pipeline':
        return this.#validate(this.#pipeline(dot, part), type)
      case 'name': {
        const value = this.#call(this.#function(part.name), part.name, { dot, place: part, parts: [], final: NOTHING })
        return this.#validate(value, type)
      }
    }
    if (type === 'any') return constantValue(dot, part)
    if (type === 'int' && part.kind === 'number' && part.integer !== null) return part.integer
    if (type === 'string' && part.kind === 'string') return part.value
    if (type === 'bool' && part.kind === 'bool') return part.value
    return this.#fail(`expected ${type === 'int' ? 'integer' : type}; found ${printOperand(part)}`)
  }

  #validate(value: unknown, type: string): unknown {
    if (type === 'any') return value
    if (value === undefined || value === null) return this.#fail(`invalid value; expected ${type}`)
    const given = typeName(value)
    return given === type ? value : this.#fail(`wrong type for value; expected ${type}; got ${given}`)
  }
}
