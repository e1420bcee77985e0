// What an API server puts around each object: 'k8s\0' and runtime.Unknown { typeMeta { apiVersion, kind }, raw }, raw being the object's own message.
// https://kubernetes.io/docs/reference/using-api/api-concepts/#protobuf-encoding

import { DecodeError } from '../decoder.ts'
import type { WireReader } from './wire-reader.ts'

/** How every object begins. */
export const magic: Buffer = Buffer.from('k8s\0', 'latin1')

/** Fields of runtime.Unknown. */
export const typeMetaField = 1
export const rawField = 2

/** Reads an enveloped object that is the rest of the message: `read` gets its kind and is at its first field. Throws DecodeError. */
export function openObject<Result>(reader: WireReader, read: (kind: string) => Result): Result {
  if (!reader.startsWith(magic)) throw reader.damaged('an object that does not begin with k8s\\0')
  let kind = ''
  let result: { readonly value: Result } | null = null
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === typeMetaField) {
      kind = readKind(reader)
    } else if (field === rawField && !result) {
      if (kind === '') throw reader.damaged('an object before its kind')
      const outer = reader.enter()
      result = { value: read(kind) }
      reader.leave(outer)
    } else reader.skip()
  }
  if (!result) throw reader.damaged('an envelope without an object')
  return result.value
}

/** The kind of a TypeMeta, which is the field that comes. */
function readKind(reader: WireReader): string {
  const outer = reader.enter()
  const kind = readKindOnly(reader)
  reader.leave(outer)
  return kind
}

/** The same where the message itself has been entered. */
export function readKindOnly(reader: WireReader): string {
  let kind = ''
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === 2) kind = reader.sharedText()
    else reader.skip()
  }
  return kind
}

/** Throws DecodeError if a list or event of `expected` brings something else. */
export function checkKind(kind: string, expected: string): void {
  if (kind !== expected) throw new DecodeError(`${describe(kind)} where ${describe(expected)} was expected`)
}

const describe = (kind: string): string => (kind === '' ? 'an object without a kind' : `a ${kind.slice(0, 100)}`)
