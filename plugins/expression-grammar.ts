// Expressions: how the operators of expr-lang bind, and which of its functions take a body.

export const UNARY: ReadonlyMap<string, number> = new Map([
  ['not', 50],
  ['!', 50],
  ['-', 90],
  ['+', 90],
])

/** How strongly the binary operators bind. */
export const BINARY: ReadonlyMap<string, number> = new Map([
  ['|', 0],
  ...pairsOf(10, ['or', '||']),
  ...pairsOf(15, ['and', '&&']),
  ...pairsOf(20, ['==', '!=', '<', '>', '>=', '<=', 'in', 'matches', 'contains', 'startsWith', 'endsWith']),
  ['..', 25],
  ...pairsOf(30, ['+', '-']),
  ...pairsOf(60, ['*', '/', '%']),
  ...pairsOf(100, ['**', '^']),
  ['??', 500],
])

export const RIGHT_ASSOCIATIVE = ['**', '^']
export const COMPARISONS = ['<', '>', '<=', '>=']
export const NEGATABLE = ['in', 'matches', 'contains', 'startsWith', 'endsWith']

/** The builtins that run a body for each element: what their arguments are; those from `required` on may be missing. */
export const PREDICATE_BUILTINS: ReadonlyMap<string, PredicateShape> = new Map<string, PredicateShape>([
  ...shaped('all none any one filter map find findIndex findLast findLastIndex groupBy', ['value', 'body'], 2),
  ...shaped('count sum', ['value', 'body'], 1),
  ...shaped('sortBy reduce', ['value', 'body', 'value'], 2),
])

export interface PredicateShape {
  readonly shape: readonly string[]
  readonly required: number
}

function shaped(names: string, shape: readonly string[], required: number): [string, PredicateShape][] {
  return names.split(' ').map((name) => [name, { shape, required }])
}

function pairsOf(precedence: number, operators: readonly string[]): [string, number][] {
  return operators.map((operator) => [operator, precedence])
}
