// The template directive as it is written in a Corefile: each occurrence becomes a RecordTemplate. Everything is compiled here, once; nothing is compiled for a query.

import type { ExtendedError } from '../../wire/edns.ts'
import type { Name } from '../../wire/name.ts'
import { classes, rcodeNumber, types } from '../../wire/registry.ts'
import { ConfigError, type Directive } from '../directive.ts'
import {
  compileExpression,
  type Environment,
  type EnvironmentFunction,
  type EnvironmentValue,
  type Expression,
  ExpressionError,
  isReservedName,
} from '../expression.ts'
import { compileTemplate, parseUint, type Template, TemplateError } from '../go-template.ts'
import { parseUnsigned, quote } from '../number.ts'
import { compilePattern, type Pattern, PatternError } from '../pattern.ts'
import { Fallthrough, parseFallthrough, zonesOrBlock } from '../zones.ts'
import { expressionFunctions, type TemplateData } from './data.ts'

/** Longest pattern, in octets (CoreDNS's limit). */
const patternBytesMax = 10_000

export const sections = ['answer', 'additional', 'authority'] as const
export type Section = (typeof sections)[number]

/** A name for the result of an expression. */
interface Variable {
  readonly name: string
  readonly expression: Expression<TemplateData>
}

/** One `template CLASS TYPE [ZONE...] { … }`. */
export interface RecordTemplate {
  readonly class: number
  readonly type: number
  readonly zones: readonly Name[]
  /** Empty: every name matches. */
  readonly patterns: readonly Pattern[]
  readonly variables: readonly Variable[]
  readonly conditions: readonly Expression<TemplateData>[]
  readonly records: Readonly<Record<Section, readonly Template[]>>
  readonly rcode: number
  readonly ede: readonly ExtendedError[]
  readonly fallthrough: Fallthrough
}

/** Reads every occurrence of the directive; throws ConfigError. */
export function parseTemplates(directive: Directive, blockZones: readonly Name[]): RecordTemplate[] {
  const templates: RecordTemplate[] = []
  while (directive.next()) templates.push(new TemplateParser(directive).parse(blockZones))
  return templates
}

const functions = new Map([['parseInt', parseUint]])

class TemplateParser {
  readonly #directive: Directive
  readonly #patterns: Pattern[] = []
  readonly #variables: Variable[] = []
  readonly #conditions: Expression<TemplateData>[] = []
  readonly #records: Record<Section, Template[]> = { answer: [], additional: [], authority: [] }
  readonly #environment = new Map<string, EnvironmentFunction<TemplateData> | EnvironmentValue<TemplateData>>(
    expressionFunctions,
  )
  #rcode = 0
  #ede: ExtendedError[] = []
  #fallthrough = Fallthrough.none

  constructor(directive: Directive) {
    this.#directive = directive
  }

  parse(blockZones: readonly Name[]): RecordTemplate {
    const directive = this.#directive
    const klass = this.#mnemonic(classes, 'invalid query class')
    const type = this.#mnemonic(types, 'invalid RR class')
    const zones = zonesOrBlock(directive.remainingArguments(), blockZones)
    while (directive.nextBlock()) this.#option(directive.value)
    return {
      class: klass,
      type,
      zones,
      patterns: this.#patterns,
      variables: this.#variables,
      conditions: this.#conditions,
      records: this.#records,
      rcode: this.#rcode,
      ede: this.#ede,
      fallthrough: this.#fallthrough,
    }
  }

  // Only the mnemonics themselves, in capitals.
  #mnemonic(table: Readonly<Record<string, number>>, complaint: string): number {
    const directive = this.#directive
    if (!directive.nextArgument()) throw directive.argumentError()
    const { value } = directive
    if (!Object.hasOwn(table, value)) throw directive.error(`${complaint} ${value}`)
    return table[value]!
  }

  #option(option: string): void {
    switch (option) {
      case 'match':
        for (const source of this.#some()) this.#patterns.push(this.#pattern(source))
        return
      case 'answer':
      case 'additional':
      case 'authority':
        for (const text of this.#some()) this.#records[option].push(this.#template(option, text))
        return
      case 'var':
        this.#variable()
        return
      case 'expr':
        this.#conditions.push(this.#expression(this.#some().join(' ')))
        return
      case 'rcode':
        this.#rcode = this.#responseCode()
        return
      case 'ederror':
        this.#ede = [this.#extendedError()]
        return
      case 'fallthrough':
        this.#fallthrough = parseFallthrough(this.#directive.remainingArguments())
        return
      case 'upstream':
        // Had a meaning once; still in Corefiles.
        this.#directive.remainingArguments()
        return
      default:
        throw this.#directive.argumentError()
    }
  }

  /** The rest of the line, of which there must be something. */
  #some(least = 1): string[] {
    const args = this.#directive.remainingArguments()
    if (args.length < least) throw this.#directive.argumentError()
    return args
  }

  #pattern(source: string): Pattern {
    const bytes = Buffer.byteLength(source)
    if (bytes > patternBytesMax) {
      throw this.#directive.error(`regex pattern too long: ${bytes} > ${patternBytesMax}`)
    }
    try {
      return compilePattern(source)
    } catch (error) {
      if (error instanceof PatternError) {
        throw this.#directive.error(`could not parse regex: ${source}, ${error.message}`)
      }
      throw error
    }
  }

  #template(section: Section, text: string): Template {
    try {
      return compileTemplate(text, { name: section, functions })
    } catch (error) {
      if (error instanceof TemplateError) {
        throw this.#directive.error(`could not compile template: ${this.#directive.value}, ${error.message}`)
      }
      throw error
    }
  }

  #variable(): void {
    const [name = '', ...source] = this.#some(2)
    if (!/^[a-zA-Z_][a-zA-Z0-9_]*$/.test(name)) throw this.#directive.error(`invalid variable name ${quote(name)}`)
    // A variable hides one that is named before it as little as a function.
    if (this.#environment.has(name) || isReservedName(name)) {
      throw this.#directive.error(`variable name ${quote(name)} is reserved`)
    }
    const expression = this.#expression(source.join(' '), `${name}, `)
    this.#variables.push({ name, expression })
    this.#environment.set(name, { type: expression.type, read: (data) => data.Var.get(name) })
  }

  #expression(source: string, subject = ''): Expression<TemplateData> {
    const environment: Environment<TemplateData> = this.#environment
    try {
      return compileExpression(source, environment)
    } catch (error) {
      if (error instanceof ExpressionError) {
        throw this.#directive.error(`could not compile expression: ${subject}${error.message}`)
      }
      throw error
    }
  }

  #responseCode(): number {
    const directive = this.#directive
    if (!directive.nextArgument()) throw directive.argumentError()
    const rcode = directive.value === directive.value.toUpperCase() ? rcodeNumber(directive.value) : undefined
    if (rcode === undefined) throw directive.error(`unknown rcode ${directive.value}`)
    return rcode
  }

  #extendedError(): ExtendedError {
    const directive = this.#directive
    const [code = '', text = '', ...more] = this.#some()
    if (more.length > 0) throw directive.argumentError()
    try {
      return { code: parseUnsigned(code, 16), text }
    } catch (error) {
      if (error instanceof ConfigError) {
        throw directive.error(`error parsing extended DNS error code ${directive.value}, ${error.message}`)
      }
      throw error
    }
  }
}
