// Expressions: the types that the compiler knows, by the names that Go prints in a message. A mistake such as comparing a name with a
// number is found when the Corefile is loaded and not by the first query.

/** A type of expr-lang; `any` is what is known only when the expression runs. */
export type Type =
  | { readonly kind: 'any' | 'nil' | 'bool' | 'int' | 'float' | 'string'; readonly name: string }
  | { readonly kind: 'array' | 'map'; readonly name: string; readonly element: Type }
  | FunctionType

/** A function; `parameters` of a variadic one end in the type of each further argument. */
export interface FunctionType {
  readonly kind: 'function'
  readonly name: string
  readonly parameters: readonly Type[]
  readonly result: Type
}

export const ANY: Type = { kind: 'any', name: 'interface {}' }
/** A value about which nothing is known, not even that Go would call it any. */
export const UNKNOWN: Type = { kind: 'any', name: 'unknown' }
export const NIL: Type = { kind: 'nil', name: 'unknown' }
export const BOOL: Type = { kind: 'bool', name: 'bool' }
export const INT: Type = { kind: 'int', name: 'int' }
export const FLOAT: Type = { kind: 'float', name: 'float64' }
export const STRING: Type = { kind: 'string', name: 'string' }
export const ARRAY: Type = { kind: 'array', name: '[]interface {}', element: ANY }
export const STRINGS: Type = { kind: 'array', name: '[]string', element: STRING }
export const MAP: Type = { kind: 'map', name: 'map[string]interface {}', element: ANY }

/** The type of a function; `fails` is for those that return an error beside their result. */
export function functionOf(parameters: readonly Type[], result: Type, fails = false): FunctionType {
  const list = parameters.map((parameter) => parameter.name).join(', ')
  return {
    kind: 'function',
    name: `func(${list}) ${fails ? `(${result.name}, error)` : result.name}`,
    parameters,
    result,
  }
}

/** An array whose elements are known, which Go still calls []interface {}. */
export function arrayOf(element: Type): Type {
  return { kind: 'array', name: ARRAY.name, element }
}

export const isNumber = (type: Type): boolean => type.kind === 'int' || type.kind === 'float'

/** Whether a value of one type can stand where the other is wanted. */
export function isAssignable(from: Type, to: Type): boolean {
  if (from.kind === 'nil')
    return to.kind === 'array' || to.kind === 'map' || to.kind === 'any' || to.kind === 'function'
  if (from.name === UNKNOWN.name || to.name === UNKNOWN.name) return false
  return to.kind === 'any' || from.name === to.name
}

/** Whether == makes sense between two types. */
export function isComparable(left: Type, right: Type): boolean {
  const loose = [left.kind, right.kind].some((kind) => kind === 'any' || kind === 'nil')
  return (
    loose ||
    (isNumber(left) && isNumber(right)) ||
    (left.kind === 'array' && right.kind === 'array') ||
    isAssignable(left, right)
  )
}

/** Whether a type is one of the kinds, or may turn out to be; of two operands one may be unknown. */
export function mayBoth(left: Type, right: Type, ...kinds: readonly Type['kind'][]): boolean {
  const fits = (type: Type): boolean => kinds.includes(type.kind)
  if (left.kind === 'any') return right.kind === 'any' || fits(right)
  return right.kind === 'any' && fits(left)
}

/** Pays for work before it is done; throws if there is nothing left. */
export type Spend = (steps: number) => void

/** A function of the language: several signatures, or a rule that gives the result's type or a complaint; and the work. */
export interface Builtin {
  readonly signatures?: readonly FunctionType[]
  readonly check?: (types: readonly Type[]) => Type | string
  readonly run: (values: readonly unknown[], spend: Spend) => unknown
}

/** The complaint about a wrong number of arguments. */
export const invalidCount = (wanted: string, got: number): string =>
  `invalid number of arguments (expected ${wanted}, got ${got})`

/** What Go prints where a type is missing: nil has none. */
export const nameOf = (type: Type): string => (type.kind === 'nil' ? '%!s(<nil>)' : type.name)

/** A rule for one argument of some kinds; `complaint` gets the name of its type. */
export function one(
  kinds: readonly Type['kind'][],
  complaint: (name: string) => string,
  result: (type: Type) => Type,
): (types: readonly Type[]) => Type | string {
  return (types) => {
    const [type] = types
    if (types.length !== 1 || !type) return invalidCount('1', types.length)
    return type.kind === 'any' || kinds.includes(type.kind) ? result(type) : complaint(nameOf(type))
  }
}
