// Patches that know nothing of types: JSON Patch (RFC 6902) and JSON Merge Patch (RFC 7396).

import { isDeepStrictEqual } from 'node:util'
import { badRequest, invalid } from './api-status.ts'
import { isJsonObject, type Json, type JsonObject } from './kubernetes-object.ts'

/** RFC 7396: null removes, objects merge, everything else replaces. */
export function mergePatch(target: Json | undefined, patch: Json): Json {
  if (!isJsonObject(patch)) return patch
  const merged: Record<string, Json | undefined> = isJsonObject(target) ? { ...target } : {}
  for (const [field, value] of Object.entries(patch)) {
    if (value === null) delete merged[field]
    else if (value !== undefined) merged[field] = mergePatch(merged[field], value)
  }
  return merged
}

/** RFC 6902; throws ApiError 400 for a malformed patch and 422 for one that doesn't apply. */
export function jsonPatch(target: JsonObject, patch: unknown): Json {
  if (!Array.isArray(patch)) throw badRequest('a JSON patch is a list of operations')
  let result: Json = structuredClone(target) as Json
  for (const operation of patch as unknown[]) {
    if (!isJsonObject(operation)) throw badRequest('an operation of a JSON patch is an object')
    result = apply(result, operation)
  }
  return result
}

function apply(target: Json, operation: JsonObject): Json {
  const { op, path, from, value } = operation
  if (typeof path !== 'string') throw badRequest('an operation of a JSON patch needs a path')
  switch (op) {
    case 'add':
      return put(target, path, required(value), 'insert')
    case 'replace':
      read(target, path)
      return put(target, path, required(value), 'replace')
    case 'remove':
      return remove(target, path)
    case 'copy':
      return put(target, path, structuredClone(read(target, String(from))) as Json, 'insert')
    case 'move':
      return put(remove(target, String(from)), path, read(target, String(from)), 'insert')
    case 'test':
      if (!isDeepStrictEqual(read(target, path), value)) throw cannotApply(`testing path ${path} failed`)
      return target
    default:
      throw badRequest(`Unexpected kind: ${String(op)}`)
  }
}

function required(value: Json | undefined): Json {
  if (value === undefined) throw badRequest('the operation needs a value')
  return value
}

/** RFC 6901. */
function partsOf(path: string): string[] {
  if (path === '') return []
  if (!path.startsWith('/')) throw badRequest(`no JSON pointer: ${path}`)
  return path
    .slice(1)
    .split('/')
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
}

function read(target: Json, path: string): Json {
  let value: Json | undefined = target
  for (const part of partsOf(path)) {
    if (Array.isArray(value)) value = (value as readonly Json[])[indexOf(part)]
    else value = isJsonObject(value) && Object.hasOwn(value, part) ? value[part] : undefined
    if (value === undefined) throw cannotApply(`missing path: ${path}`)
  }
  return value
}

/** A copy with the value at the path. */
function put(target: Json, path: string, value: Json, how: 'insert' | 'replace'): Json {
  return change(
    target,
    partsOf(path),
    (holder, part) => {
      if (!Array.isArray(holder)) return { ...(holder as JsonObject), [part]: value }
      const list = holder as readonly Json[]
      const index = part === '-' ? list.length : indexOf(part)
      if (index > list.length) throw cannotApply(`index out of bounds: ${path}`)
      return list.toSpliced(index, how === 'insert' ? 0 : 1, value)
    },
    value,
  )
}

function remove(target: Json, path: string): Json {
  read(target, path)
  return change(
    target,
    partsOf(path),
    (holder, part) => {
      if (Array.isArray(holder)) return (holder as readonly Json[]).toSpliced(indexOf(part), 1)
      return Object.fromEntries(Object.entries(holder as JsonObject).filter(([name]) => name !== part)) as JsonObject
    },
    null,
  )
}

/** A copy in which `edit` has changed the holder of the last part; `whole` takes everything's place if there are no parts. */
function change(target: Json, parts: readonly string[], edit: (holder: Json, part: string) => Json, whole: Json): Json {
  const [part, ...rest] = parts
  if (part === undefined) return whole
  if (typeof target !== 'object' || target === null) throw cannotApply(`missing path: ${part}`)
  if (rest.length === 0) return edit(target, part)
  const index = Array.isArray(target) ? indexOf(part) : part
  const inner = (target as Record<string | number, Json>)[index]
  if (inner === undefined) throw cannotApply(`missing path: ${part}`)
  const changed = change(inner, rest, edit, whole)
  return Array.isArray(target)
    ? (target as readonly Json[]).with(index as number, changed)
    : { ...(target as JsonObject), [part]: changed }
}

function indexOf(part: string): number {
  if (!/^\d+$/.test(part)) throw cannotApply(`not an index: ${part}`)
  return Number(part)
}

const cannotApply = (why: string) =>
  invalid('', '', [`the server rejected our request due to an error in our request: ${why}`])
