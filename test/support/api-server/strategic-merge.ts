// Patches that know types: a strategic merge patch (what kubectl apply and kubectl edit send for built-in types) and the merging half of server-side apply. Some lists
// are merged item by item, told apart by a key; the table of resources says which. All other lists are replaced.
// https://kubernetes.io/docs/tasks/manage-kubernetes-objects/update-api-object-kubectl-patch/

import { isDeepStrictEqual } from 'node:util'
import { badRequest } from './api-status.ts'
import { isJsonObject, type Json, type JsonObject } from './kubernetes-object.ts'
import type { ListMerge } from './resource-table.ts'

type Merges = Readonly<Record<string, ListMerge>>

const directive = '$patch'
const retainKeys = '$retainKeys'
const setOrder = '$setElementOrder/'
const deleteValues = '$deleteFromPrimitiveList/'

/** Applies a strategic merge patch. Throws ApiError 400 for directives that cannot be. */
export function strategicMergePatch(target: JsonObject, patch: JsonObject, merges: Merges): JsonObject {
  return mergeObject(target, patch, { merges, path: '' })
}

/** What stays the same within one patch, and where in the object we are. */
interface Place {
  readonly merges: Merges
  readonly path: string
}

const inner = ({ merges, path }: Place, field: string): Place => ({
  merges,
  path: path === '' ? field : `${path}.${field}`,
})

function mergeObject(target: JsonObject, patch: JsonObject, place: Place): JsonObject {
  if (patch[directive] === 'replace') return plain(patch)
  if (patch[directive] === 'delete') return {}
  const merged: Record<string, Json | undefined> = { ...target }
  const kept = patch[retainKeys]
  if (Array.isArray(kept)) for (const field of Object.keys(merged)) if (!kept.includes(field)) delete merged[field]
  for (const [field, value] of Object.entries(patch)) {
    if (field.startsWith('$') || value === undefined) continue
    const known = merged[field]
    if (value === null) delete merged[field]
    else if (Array.isArray(value)) merged[field] = mergeList(listOf(known), value, inner(place, field))
    else if (isJsonObject(value))
      merged[field] = mergeObject(isJsonObject(known) ? known : {}, value, inner(place, field))
    else merged[field] = value
  }
  for (const [field, value] of Object.entries(patch)) {
    if (!field.startsWith('$') || !Array.isArray(value)) continue
    if (field.startsWith(deleteValues)) {
      const name = field.slice(deleteValues.length)
      merged[name] = listOf(merged[name]).filter((item) => !value.some((gone) => isDeepStrictEqual(gone, item)))
    } else if (field.startsWith(setOrder)) {
      const name = field.slice(setOrder.length)
      if (merged[name] !== undefined) merged[name] = ordered(listOf(merged[name]), value, inner(place, name))
    }
  }
  return merged
}

function mergeList(known: readonly Json[], patch: readonly Json[], place: Place): readonly Json[] {
  const merge = place.merges[place.path]
  if (!merge || patch.some((item) => isJsonObject(item) && item[directive] === 'replace' && !item[merge.patchKey]))
    return patch.filter((item) => !isJsonObject(item) || item[directive] === undefined).map(plain)
  if (merge.patchKey === '') return [...known, ...patch.filter((item) => !known.includes(item))]
  const merged = [...known]
  for (const item of patch) {
    if (!isJsonObject(item) || item[merge.patchKey] === undefined)
      throw badRequest(`map: ${JSON.stringify(item)} does not contain declared merge key: ${merge.patchKey}`)
    const index = merged.findIndex((other) => isJsonObject(other) && other[merge.patchKey] === item[merge.patchKey])
    if (item[directive] === 'delete') {
      if (index >= 0) merged.splice(index, 1)
    } else if (index < 0) merged.push(plain(item))
    else merged[index] = mergeObject(merged[index] as JsonObject, item, place)
  }
  return merged
}

/** Items in the order that the patch wants; what it doesn't name goes last. */
function ordered(items: readonly Json[], order: readonly Json[], place: Place): readonly Json[] {
  const key = place.merges[place.path]?.patchKey ?? ''
  const idOf = (item: Json): Json | undefined => (isJsonObject(item) ? item[key] : item)
  const ranks = new Map(order.map((item, index) => [idOf(item), index]))
  const rankOf = (item: Json): number => ranks.get(idOf(item)) ?? order.length
  return items.toSorted((a, b) => rankOf(a) - rankOf(b))
}

const listOf = (value: Json | undefined): readonly Json[] => (Array.isArray(value) ? (value as readonly Json[]) : [])

/** A value without directives. */
function plain<T extends Json>(value: T): T {
  if (Array.isArray(value)) return value.map(plain) as unknown as T
  if (!isJsonObject(value)) return value
  const fields = Object.entries(value).filter(([field, found]) => !field.startsWith('$') && found !== null)
  return Object.fromEntries(fields.map(([field, found]) => [field, found === undefined ? found : plain(found)])) as T
}

/** What server-side apply merges. */
export interface Apply {
  readonly live: JsonObject
  /** What the same manager applied the last time. */
  readonly before: JsonObject
  readonly applied: JsonObject
  readonly merges: Merges
}

/** Server-side apply without owners and conflicts: what is applied wins, and what the manager applied before and does not apply any more goes. */
export function applyConfiguration({ live, before, applied, merges }: Apply): JsonObject {
  return applyObject(live, before, applied, { merges, path: '' })
}

function applyObject(live: JsonObject, before: JsonObject, applied: JsonObject, place: Place): JsonObject {
  const merged: Record<string, Json | undefined> = { ...live }
  for (const field of Object.keys(before)) if (applied[field] === undefined) delete merged[field]
  for (const [field, value] of Object.entries(applied)) {
    if (value === undefined) continue
    const [known, old, at] = [live[field], before[field], inner(place, field)]
    const keys = place.merges[at.path]?.applyKeys
    if (isJsonObject(value)) {
      merged[field] = applyObject(isJsonObject(known) ? known : {}, isJsonObject(old) ? old : {}, value, at)
    } else if (Array.isArray(value) && keys) {
      merged[field] = applyList({ live: listOf(known), before: listOf(old), applied: value, keys }, at)
    } else merged[field] = value
  }
  return merged
}

interface Lists {
  readonly live: readonly Json[]
  readonly before: readonly Json[]
  readonly applied: readonly Json[]
  readonly keys: readonly string[]
}

function applyList({ live, before, applied, keys }: Lists, place: Place): readonly Json[] {
  const idOf = (item: Json): string =>
    JSON.stringify(isJsonObject(item) ? keys.map((key) => item[key] ?? (key === 'protocol' ? 'TCP' : null)) : item)
  const wanted = new Set(applied.map(idOf))
  const dropped = new Set(before.map(idOf).filter((id) => !wanted.has(id)))
  const merged = new Map(live.filter((item) => !dropped.has(idOf(item))).map((item) => [idOf(item), item]))
  const old = new Map(before.map((item) => [idOf(item), item]))
  for (const item of applied) {
    const id = idOf(item)
    const known = merged.get(id)
    const last = old.get(id)
    merged.set(
      id,
      isJsonObject(item)
        ? applyObject(isJsonObject(known) ? known : {}, isJsonObject(last) ? last : {}, item, place)
        : item,
    )
  }
  return [...merged.values()]
}
