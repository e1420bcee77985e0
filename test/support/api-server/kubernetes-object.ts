// Objects as an API server keeps and shows them: plain JSON, all fields, never changed in place.

/** Any JSON value. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject

export interface JsonObject {
  readonly [field: string]: Json | undefined
}

/** metadata of every object; only what the server itself looks at is spelled out. */
export interface ObjectMeta extends JsonObject {
  readonly name: string
  readonly namespace?: string
  readonly uid?: string
  readonly resourceVersion?: string
  readonly labels?: Readonly<Record<string, string>>
}

/** One object with its type. */
export interface KubernetesObject extends JsonObject {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: ObjectMeta
}

/** True for JSON objects, not for arrays. */
export const isJsonObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** The object of a field; an empty one if it is missing or something else. */
export const objectAt = (object: JsonObject, field: string): JsonObject => {
  const value = object[field]
  return isJsonObject(value) ? value : {}
}

/** The text of a field, '' without one. */
export const textAt = (object: JsonObject, field: string): string => {
  const value = object[field]
  return typeof value === 'string' ? value : ''
}

/** The object without some fields; itself if it has none of them. */
export function without<T extends JsonObject>(object: T, ...fields: readonly string[]): T {
  if (!fields.some((field) => object[field] !== undefined)) return object
  return Object.fromEntries(Object.entries(object).filter(([field]) => !fields.includes(field))) as unknown as T
}
