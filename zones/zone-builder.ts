// Makes a Zone out of records in any order. Off the way of a query; a caller that must not hold its thread adds records in slices.

import { latin1, type Name } from '../wire/name.ts'
import type { ResourceRecord } from '../wire/record.ts'
import { types } from '../wire/registry.ts'
import { canonicalKey } from './canonical-order.ts'
import { sortedInSteps } from './sorted-in-steps.ts'
import { type Denial, type RRset, Zone, ZoneError, ZoneNode } from './zone.ts'

/** A node and an RRset while they grow; as soon as `finish` hands them out they are readonly. */
interface OpenNode {
  sets: readonly RRset[]
}
interface OpenSet {
  readonly type: number
  records: ResourceRecord[]
  signatures: ResourceRecord[]
}

/** Records of one RRset that are compared one by one; past it a set of rdata is kept. */
const linearRecordsMax = 8

/** Collects the records of one zone; see `finishing`. */
export class ZoneBuilder {
  readonly origin: Name
  #recordCount = 0
  readonly #nodes = new Map<string, ZoneNode>()
  /** Rdata of large RRsets, so that finding a repeated record stays cheap. */
  readonly #seen = new Map<OpenSet, Set<string>>()
  readonly #denials: Denial[] = []
  readonly #repeated: ResourceRecord[] = []
  #last: ZoneNode

  constructor(origin: Name) {
    this.origin = origin
    this.#last = new ZoneNode(origin, none)
    this.#nodes.set(origin.key, this.#last)
  }

  /** Adds a record. One that is there already is left out of answers (RFC 2181 5), and one outside the zone, which no query could reach. Throws ZoneError for what cannot be served. */
  add(record: ResourceRecord): void {
    const { type } = record
    if (type === types.NSEC3 || type === types.NSEC3PARAM) {
      throw new ZoneError(`NSEC3 zone is not supported, dropping RR: ${record.owner.folded} for zone: ${this.origin}`)
    }
    const covered = type === types.RRSIG ? (record.rdata[0]! << 8) | record.rdata[1]! : type
    // A file may be read under another origin than the one it was written for; its SOA is the zone's all the same.
    const node = covered === types.SOA ? this.#nodes.get(this.origin.key)! : this.#nodeOf(record.owner)
    if (node === null) return
    const set = openSet(node, covered)
    if (type === types.NSEC && set.records.length === 0) this.#denials.push({ order: canonicalKey(node.name), set })
    if (type === types.RRSIG) set.signatures = appended(set.signatures, record)
    else if (type === types.SOA) set.records = [record]
    else if (!this.#isRepeated(set, record)) set.records = appended(set.records, record)
    else {
      this.#repeated.push(record)
      return
    }
    this.#recordCount++
  }

  /** The zone; the builder is of no use afterwards. Throws ZoneError if there is no SOA. */
  finish(): Zone {
    const steps = this.finishing()
    for (;;) {
      const step = steps.next()
      if (step.done) return step.value
    }
  }

  /** `finish` in steps of far less than a millisecond, however large the zone. */
  *finishing(): Generator<void, Zone, void> {
    const denials = yield* sortedInSteps(this.#denials)
    return new Zone(this.origin, {
      nodes: this.#nodes,
      denials,
      repeated: this.#repeated,
      recordCount: this.#recordCount,
    })
  }

  #nodeOf(owner: Name): ZoneNode | null {
    // Zone files keep the records of an owner together.
    if (this.#last.name === owner) return this.#last
    const { key } = owner
    const node = this.#nodes.get(key) ?? this.#addNode(owner, key)
    if (node) this.#last = node
    return node
  }

  /** A new node and the empty non-terminals above it; null if no name above it is in the zone. */
  #addNode(owner: Name, key: string): ZoneNode | null {
    const missing: number[] = []
    let at = 0
    do {
      if (key.charCodeAt(at) === 0) return null
      missing.push(at)
      at += 1 + key.charCodeAt(at)
    } while (!this.#nodes.has(key.slice(at)))
    for (const [labels, start] of missing.entries()) {
      if (labels > 0) this.#nodes.set(key.slice(start), new ZoneNode(owner.suffix(labels), none))
    }
    const node = new ZoneNode(owner, none)
    this.#nodes.set(key, node)
    return node
  }

  #isRepeated(set: OpenSet, record: ResourceRecord): boolean {
    if (set.records.length < linearRecordsMax) {
      return set.records.some((known) => Buffer.compare(known.rdata, record.rdata) === 0)
    }
    let seen = this.#seen.get(set)
    if (!seen) {
      seen = new Set(set.records.map((known) => latin1(known.rdata)))
      this.#seen.set(set, seen)
    }
    const text = latin1(record.rdata)
    if (seen.has(text)) return true
    seen.add(text)
    return false
  }
}

const none: readonly RRset[] = Object.freeze([])
const noRecords: ResourceRecord[] = []

function openSet(node: OpenNode, type: number): OpenSet {
  for (const set of node.sets) if (set.type === type) return set as OpenSet
  const made: OpenSet = { type, records: noRecords, signatures: noRecords }
  node.sets = [...node.sets, made]
  return made
}

/** Small arrays are made anew: an array that has once grown by `push` keeps room for 16 more, which a zone of many names cannot afford. */
function appended(records: ResourceRecord[], record: ResourceRecord): ResourceRecord[] {
  if (records.length < linearRecordsMax) return [...records, record]
  records.push(record)
  return records
}
