// Expressions in expr-lang's syntax, for view's `expr` and template's `expr` and `var`: compiled once when a Corefile is loaded, run for
// each query on its way through the chain. An expression reaches nothing but what its environment gives it, and one run is bounded.
//
//     text -> expression-tokens -> expression-parser -> expression-compiler (types, closures) -> Expression

import { isBuiltinName } from './expression-builtins.ts'
import { Compiler, type Environment } from './expression-compiler.ts'
import { parseExpression } from './expression-parser.ts'
import { SyntaxFault } from './expression-tokens.ts'
import type { Type } from './expression-types.ts'
import { Frame, RuntimeFault } from './expression-values.ts'

export type { Environment, EnvironmentFunction, EnvironmentValue } from './expression-compiler.ts'
export { ANY, BOOL, functionOf, INT, STRING, type Type } from './expression-types.ts'

/** An expression that does not compile, or that fails while it runs; the message shows the place. Functions of an environment throw it. */
export class ExpressionError extends Error {
  override readonly name = 'ExpressionError'
}

/** A compiled expression about an S, which is a query in view and a query with its match in template. */
export interface Expression<S> {
  readonly source: string
  /** What the result is as far as it is known, to give a variable its type. */
  readonly type: Type
  /** The names of the environment that the expression uses: what its result depends on. */
  readonly uses: ReadonlySet<string>
  /** The result (values as in go-value.ts), or an ExpressionError; throws only what a bug in the environment throws. */
  evaluate(subject: S): unknown
}

/** Compiles an expression; throws ExpressionError in expr-lang's form, `unknown name x (1:1)\n | x\n | ^`. */
export function compileExpression<S>(source: string, environment: Environment<S>): Expression<S> {
  const compiler = new Compiler(environment)
  const isBuiltin = (name: string, hidden: boolean): boolean =>
    isBuiltinName(name) && (hidden || !environment.has(name))
  try {
    const { type, run } = compiler.compile(parseExpression(source, isBuiltin))
    return {
      source,
      type,
      uses: compiler.used,
      evaluate(subject) {
        const frame = new Frame(subject)
        try {
          return run(frame)
        } catch (error) {
          const known = error instanceof RuntimeFault || error instanceof ExpressionError || error instanceof RangeError
          if (known) return new ExpressionError(locate(error.message, source, frame.at))
          throw error
        }
      },
    }
  } catch (error) {
    if (error instanceof SyntaxFault) throw new ExpressionError(locate(error.message, source, error.at))
    if (error instanceof RangeError) throw new ExpressionError('expression nests too deeply')
    throw error
  }
}

/** Whether a name cannot be given to a variable: it is a word or a function of the language. */
export function isReservedName(name: string): boolean {
  if (isBuiltinName(name) || name === 'type') return true
  try {
    return parseExpression(name, () => false).kind !== 'name'
  } catch (error) {
    if (error instanceof SyntaxFault) return true
    throw error
  }
}

/** The message with line and column, the line itself, and a mark under the place; `at` counts code points. */
function locate(message: string, source: string, at: number): string {
  const before = [...source].slice(0, at).join('')
  const lineStart = before.lastIndexOf('\n') + 1
  const line = source.slice(lineStart).split('\n', 1)[0] ?? ''
  if (line === '') return message
  const column = [...before.slice(lineStart)].length
  const lineNumber = before.split('\n').length
  return `${message} (${lineNumber}:${column + 1})\n | ${line.replaceAll('\t', ' ')}\n | ${'.'.repeat(column)}^`
}
