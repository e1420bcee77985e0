// Go's text/template as far as Corefiles use it: the texts of the template plugin become records with it. Compiled once when a Corefile is
// loaded, executed for each query that a template answers, within a budget (go-template-run.ts).
//
//     text -> go-template-lexer -> go-template-parser (go-template-tree) -> go-template-run -> text

import { BUILTINS, type TemplateFunction } from './go-template-functions.ts'
import { ParseFault, parseTemplate } from './go-template-parser.ts'
import { RunFault, runTemplate } from './go-template-run.ts'
import { type Operand, type Piece, printPieces } from './go-template-tree.ts'

export { FunctionFault, parseUint, TemplateFunction } from './go-template-functions.ts'

/** A template that does not compile, or fails while it runs; the message is Go's: `template: answer:1: unclosed action`. */
export class TemplateError extends Error {
  override readonly name = 'TemplateError'
}

/** What a template is compiled with: the name that errors print, and functions beside Go's own. */
export interface TemplateOptions {
  readonly name: string
  readonly functions?: ReadonlyMap<string, TemplateFunction>
}

/** A compiled template. */
export interface Template {
  /** The text, normalised as Go prints a tree (the label `template` of CoreDNS's counters). */
  readonly source: string
  /** The first names of all paths that the template reads; '.' if it uses the data (or some part of it) as a whole. */
  readonly fields: ReadonlySet<string>
  /**
   * The text over some data, whose shapes are those of go-value.ts. What a Map does not have prints as `<no value>` and is false;
   * a struct that lacks a field is an error. Throws TemplateError.
   */
  execute(data: unknown): string
}

/** Compiles a template; throws TemplateError. */
export function compileTemplate(text: string, { name, functions = new Map() }: TemplateOptions): Template {
  try {
    const parsed = parseTemplate(text, name, (called) => functions.has(called) || BUILTINS.has(called))
    const fields = new Set<string>()
    for (const pieces of [parsed.root, ...parsed.defined.values()]) collectFields(pieces, fields)
    const program = { ...parsed, name, text, functions }
    return {
      source: printPieces(parsed.root),
      fields,
      execute(data) {
        try {
          return runTemplate(program, data)
        } catch (error) {
          if (error instanceof RunFault) throw new TemplateError(error.message)
          throw error
        }
      },
    }
  } catch (error) {
    if (error instanceof ParseFault) throw new TemplateError(error.message)
    throw error
  }
}

function collectFields(pieces: readonly Piece[], found: Set<string>): void {
  for (const piece of pieces) {
    if ('pipeline' in piece && piece.pipeline) collectFromOperand(piece.pipeline, found)
    if ('body' in piece) {
      collectFields(piece.body, found)
      collectFields(piece.otherwise ?? [], found)
    }
  }
}

function collectFromOperand(operand: Operand, found: Set<string>): void {
  switch (operand.kind) {
    case 'dot':
      found.add('.')
      return
    case 'field':
    case 'variable': {
      const [first = '', second] = operand.path
      if (operand.kind === 'field') found.add(first)
      else if (first === '$') found.add(second ?? '.')
      return
    }
    case 'chain':
      collectFromOperand(operand.base, found)
      return
    case 'pipeline':
      for (const command of operand.commands) for (const part of command.parts) collectFromOperand(part, found)
  }
}
