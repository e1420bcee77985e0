// Expressions: the tree between parser and compiler.

import type { Float } from './go-value.ts'

/** A node; `at` is the code point that an error about it points at. */
export type Node = { readonly at: number } & (
  | { readonly kind: 'literal'; readonly value: null | boolean | number | string | Float }
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'unary'; readonly operator: string; readonly operand: Node }
  | { readonly kind: 'binary'; readonly operator: string; readonly left: Node; readonly right: Node }
  | MemberNode
  /** Where the nil of an optional access (`?.`) ends up. */
  | { readonly kind: 'chain'; readonly inner: Node }
  | { readonly kind: 'slice'; readonly base: Node; readonly from: Node | null; readonly to: Node | null }
  | { readonly kind: 'call'; readonly callee: Node; readonly parameters: readonly Node[] }
  | { readonly kind: 'builtin'; readonly name: string; readonly parameters: readonly Node[] }
  /** The body that a builtin such as `filter` runs for each element. */
  | { readonly kind: 'predicate'; readonly body: Node }
  /** `#`, the element; `#index` and `#acc` beside it. */
  | { readonly kind: 'pointer'; readonly name: string }
  | { readonly kind: 'let'; readonly name: string; readonly value: Node; readonly body: Node }
  | { readonly kind: 'sequence'; readonly steps: readonly Node[] }
  | { readonly kind: 'condition'; readonly test: Node; readonly yes: Node; readonly no: Node }
  | { readonly kind: 'array'; readonly items: readonly Node[] }
  | { readonly kind: 'map'; readonly pairs: readonly { readonly key: Node; readonly value: Node }[] }
)

interface MemberNode {
  readonly kind: 'member'
  readonly at: number
  readonly base: Node
  readonly property: Node
  readonly optional: boolean
  readonly method: boolean
}
