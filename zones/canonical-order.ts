// The canonical order of names (RFC 4034 6.1) as plain strings, so that sorting and searching need no labels: the chain of NSEC records and the order of
// a zone transfer follow it.

import type { Name } from '../wire/name.ts'

/** A string whose code unit order is the canonical order of names: labels from the root down, each octet moved up by one to leave 0 for the label's end. */
export function canonicalKey(name: Name): string {
  const { key, offsets } = name
  let order = ''
  for (let i = offsets.length - 1; i >= 0; i--) {
    const start = offsets[i]! + 1
    const end = start + key.charCodeAt(start - 1)
    for (let at = start; at < end; at++) order += String.fromCharCode(key.charCodeAt(at) + 1)
    order += '\0'
  }
  return order
}
