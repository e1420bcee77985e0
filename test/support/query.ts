// Queries for unit tests of what stands below the engine: routes, layers, ways to upstreams.

import { noMetadata, Query, type QueryFields } from '../../plugins/query.ts'
import { Name } from '../../wire/name.ts'
import { typeNumber } from '../../wire/registry.ts'
import { clientAt } from './questions.ts'

/** The query `'www.example.org. A'` as a client sends it over UDP, without EDNS, changed by `changes`. */
export function queryOf(question: string, changes: Partial<QueryFields> = {}): Query {
  const [name = '', type = ''] = question.split(' ')
  return new Query({
    id: 1,
    opcode: 0,
    name: Name.parse(name),
    type: typeNumber(type)!,
    class: 1,
    rd: true,
    ad: false,
    cd: false,
    flags: 0,
    edns: null,
    size: 40,
    client: clientAt(),
    server: 'dns://:53',
    zone: Name.root,
    view: '',
    metadata: noMetadata,
    start: 0,
    signal: null,
    depth: 0,
    bytes: null,
    ...changes,
  })
}
