// One zone in memory: every name of it by its folded key, empty non-terminals too, each with its RRsets. Immutable once built: a new version of the data is
// a new Zone, swapped in whole. `lookup.ts` reads it on the way of a query; a ZoneBuilder makes it (RFC 1034 4.2, RFC 4035 3.1).
//
//   "example.org"  apex ── SOA · NS · MX          sets, each with the RRSIGs that cover it
//   "ent"          node ── (no sets)              an empty non-terminal exists because b.ent does
//   "b.ent"        node ── A
//   "*.wild"       node ── TXT                    a wildcard is a node like any other

import type { Name } from '../wire/name.ts'
import type { ResourceRecord } from '../wire/record.ts'
import { types } from '../wire/registry.ts'
import { canonicalKey } from './canonical-order.ts'
import { sortedInSteps } from './sorted-in-steps.ts'

/** Records of one owner and type, in the order of the zone file, with the signatures over them (any of both may be missing, not both). */
export interface RRset {
  readonly type: number
  readonly records: readonly ResourceRecord[]
  readonly signatures: readonly ResourceRecord[]
}

/** A name that exists in the zone; without sets it is an empty non-terminal. */
export class ZoneNode {
  readonly name: Name
  readonly sets: readonly RRset[]

  constructor(name: Name, sets: readonly RRset[]) {
    this.name = name
    this.sets = sets
  }

  get isEmpty(): boolean {
    return this.sets.length === 0
  }

  /** The RRset of a type if it has records. Few sets a node: a scan beats a map and takes a tenth of its memory. */
  set(type: number): RRset | undefined {
    for (const set of this.sets) if (set.type === type && set.records.length > 0) return set
    return undefined
  }
}

/** A zone that cannot be served; `message` says why, in CoreDNS's words where it has some. */
export class ZoneError extends Error {
  override readonly name = 'ZoneError'
}

/** An NSEC set with its owner's canonical key. */
export interface Denial {
  readonly order: string
  readonly set: RRset
}

/** What a ZoneBuilder has collected. */
export interface ZoneParts {
  /** By folded key. */
  readonly nodes: ReadonlyMap<string, ZoneNode>
  /** In the order of their keys. */
  readonly denials: readonly Denial[]
  /** Records that equal one of the nodes', as often as they were written again. */
  readonly repeated: readonly ResourceRecord[]
  readonly recordCount: number
}

/** One zone; see the top of the file. */
export class Zone {
  readonly origin: Name
  readonly apex: ZoneNode
  readonly soa: ResourceRecord
  readonly recordCount: number
  readonly #nodes: ReadonlyMap<string, ZoneNode>
  /** NSEC sets in canonical order of their owners; empty in an unsigned zone. */
  readonly #denials: readonly Denial[]
  readonly #repeated: readonly ResourceRecord[]
  #ordered: readonly ZoneNode[] | null = null

  constructor(origin: Name, { nodes, denials, repeated, recordCount }: ZoneParts) {
    const apex = nodes.get(origin.key)
    const soa = apex?.set(types.SOA)?.records[0]
    if (!apex || !soa) throw new ZoneError(`no SOA record for origin ${origin}`)
    this.origin = origin
    this.apex = apex
    this.soa = soa
    this.recordCount = recordCount
    this.#nodes = nodes
    this.#denials = denials
    this.#repeated = repeated
  }

  /** The SOA's serial (RFC 1982 arithmetic applies). */
  get serial(): number {
    return serialOf(this.soa)
  }

  /** The node with this folded key (`Name.key`). */
  node(key: string): ZoneNode | undefined {
    return this.#nodes.get(key)
  }

  /** The NSEC set whose owner is `name` or comes last before it in canonical order: it covers `name` (RFC 4035 3.1.3). */
  denial(name: Name): RRset | undefined {
    const wanted = canonicalKey(name)
    let low = 0
    let high = this.#denials.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#denials[middle]!.order <= wanted) low = middle + 1
      else high = middle
    }
    return this.#denials[low - 1]?.set
  }

  /** Every record in the order of a zone transfer: the SOA, the NS of the apex, the rest of the apex, then the other names in canonical order, and last what was written more than once, which secondaries drop. Null marks a step of the sorting. The closing SOA is the caller's. */
  *records(): Generator<ResourceRecord | null, void, void> {
    const first = [types.SOA, types.NS].flatMap((type) => this.apex.sets.filter((set) => set.type === type))
    for (const set of first) yield* recordsOf(set)
    for (const set of this.apex.sets) if (!first.includes(set)) yield* recordsOf(set)
    for (const node of yield* this.#inOrder()) for (const set of node.sets) yield* recordsOf(set)
    yield* this.#repeated
  }

  /** The nodes with records below the apex; sorted for the first transfer. */
  *#inOrder(): Generator<null, readonly ZoneNode[], void> {
    if (this.#ordered) return this.#ordered
    const nodes: { readonly node: ZoneNode; readonly order: string }[] = []
    for (const node of this.#nodes.values()) {
      if (node === this.apex || node.isEmpty) continue
      nodes.push({ node, order: canonicalKey(node.name) })
      if (nodes.length % stepNodes === 0) yield null
    }
    const sorting = sortedInSteps(nodes)
    for (;;) {
      const step = sorting.next()
      // The keys are ten times the nodes' references, which is all that is kept.
      if (step.done) {
        this.#ordered = step.value.map(({ node }) => node)
        return this.#ordered
      }
      yield null
    }
  }
}

/** Nodes looked at in one step. */
const stepNodes = 64

/** The serial in a SOA record's rdata: the first of its last five numbers. */
export function serialOf(soa: ResourceRecord): number {
  const { rdata } = soa
  return new DataView(rdata.buffer, rdata.byteOffset, rdata.length).getUint32(rdata.length - 20)
}

function* recordsOf(set: RRset): Generator<ResourceRecord> {
  yield* set.records
  yield* set.signatures
}
