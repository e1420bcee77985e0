// The state of the cluster as its source last told it, and the feed of changes to it. A watch puts and deletes, a list (or a directory of manifests read again) is put
// as a listing: either way what goes out is the difference in what DNS can show, so a list of 10,000 unchanged objects is no change at all and never a moment without them.
//
//   Decoded ─► bytes ─► RecordTable of the kind: the same bytes? ──► nothing        otherwise: the bytes are kept, and are the change

import { ByteReader, ByteWriter, SharedStrings, varintBytesMax } from './byte-text.ts'
import type { Decoded } from './decoder.ts'
import { type ChangeBatch, deletedBit, kinds, objectOf, writeDeleted, writeObject } from './object-bytes.ts'
import type { ClusterObject, ObjectName } from './objects.ts'
import { type Position, RecordTable, type Stamp } from './record-table.ts'

export type { ChangeBatch } from './object-bytes.ts'

type Kind = ClusterObject['kind']

/** What the store needs of a Decoded. */
export type Item = Pick<Decoded, 'name' | 'object' | 'uid' | 'resourceVersion'>

/** Where a list of one kind is put, page by page. */
export interface Listing {
  /** Objects that the list has; null if DNS shows no difference. */
  put(items: Iterable<Item>): ChangeBatch | null
  /** The list has this object, but in a form that cannot be read: what was known of it stays. */
  keep(name: ObjectName): void
  /** The list is complete: what it did not have, and nobody put meanwhile, is gone. */
  end(): ChangeBatch | null
}

const nothing = new Uint8Array(0)

interface Table {
  readonly kind: Kind
  readonly records: RecordTable
  /** The mark that says a record was met since the latest listing began. */
  listing: number
}

/** Holds the current objects, as bytes, and turns news about them into batches. */
export class ObjectStore {
  readonly #wall: () => number
  readonly #tables = Object.fromEntries(
    kinds.map((kind): [Kind, Table] => [kind, { kind, records: new RecordTable(), listing: 1 }]),
  ) as Record<Kind, Table>
  readonly #change = new ByteWriter()
  readonly #batch = new ByteWriter()
  readonly #strings = new SharedStrings()
  #relevant = false
  #serial = 0
  #synced = false
  /** Kinds that cannot be listed. */
  readonly #unlisted = new Set<Kind>()

  /** `wall` gives milliseconds since 1970. */
  constructor(options: { readonly wall: () => number }) {
    this.#wall = options.wall
  }

  /** Objects that are new or may have changed, those that DNS does not show (`object: null`) included; null if DNS shows no difference. */
  put(items: Iterable<Item>): ChangeBatch | null {
    for (const item of items) this.#put(this.#tables[item.name.kind], item)
    return this.#takeBatch()
  }

  /** Objects that are gone; null if DNS shows no difference. */
  delete(names: Iterable<ObjectName>): ChangeBatch | null {
    for (const name of names) this.#delete(name)
    return this.#takeBatch()
  }

  /** Begins a list of everything there is of `kind`; one that was begun before and did not end never will. */
  listing(kind: Kind): Listing {
    const table = this.#tables[kind]
    const listing = ++table.listing
    return {
      put: (items) => {
        for (const item of items) if (item.name.kind === kind) this.#put(table, item)
        return this.#takeBatch()
      },
      keep: (name) => this.#keep(table, name),
      end: () => {
        if (table.listing !== listing) return null
        for (const name of this.#unmarked(table)) this.#delete(name)
        const isNews = this.#unlisted.delete(kind)
        return this.#takeBatch() ?? (isNews ? this.#batchOf(nothing) : null)
      },
    }
  }

  /** Every kind has been listed once; null if that was known. */
  markSynced(): ChangeBatch | null {
    if (this.#synced) return null
    this.#synced = true
    return this.#batchOf(nothing)
  }

  /** Objects of the kind cannot be listed, until a listing of it ends; null if that was known. */
  markUnlisted(kind: Kind): ChangeBatch | null {
    if (this.#unlisted.has(kind)) return null
    this.#unlisted.add(kind)
    return this.#batchOf(nothing)
  }

  /** Everything, for who joins now. */
  snapshot(): ChangeBatch {
    return { ...this.#batchOf(this.#all()), whole: true }
  }

  /** Takes objects from an earlier snapshot: they count until a complete listing of their kind does not have them. Whatever is known already stays. */
  restore(batch: ChangeBatch): void {
    const reader = new ByteReader(batch.records, this.#strings)
    while (!reader.ended) {
      const length = reader.count()
      const content = reader.bytes.subarray(reader.position, reader.position + length)
      reader.position += length
      const kind = kinds[content[0] ?? -1]
      if (kind === undefined) continue
      const keyEnd = keyEndOf(content)
      const { records } = this.#tables[kind]
      if (records.find(content, keyEnd) === -1) records.add(content, length, keyEnd)
    }
    this.#serial = Math.max(this.#serial, batch.serial)
  }

  /** True if this state of the object is known, be it one that DNS doesn't show. */
  holds(name: ObjectName, uid: string, resourceVersion: string): boolean {
    const { records } = this.#tables[name.kind]
    const position = this.#find(records, name)
    return position !== -1 && records.hasStamp(position, stampOf(uid, resourceVersion))
  }

  /** The object; null if it is not known, or not shown by DNS. */
  get(name: ObjectName): ClusterObject | null {
    const { records } = this.#tables[name.kind]
    const position = this.#find(records, name)
    if (position === -1) return null
    return objectOf(new ByteReader(records.content(position), this.#strings))
  }

  /** The objects of a kind that are known, those that DNS doesn't show included. The store must not change meanwhile. */
  *names(kind: Kind): Generator<ObjectName, void, void> {
    const { records } = this.#tables[kind]
    for (const position of records.positions()) yield this.#nameOf(kind, records.content(position))
  }

  /** How many `names` there are. */
  count(kind: Kind): number {
    return this.#tables[kind].records.count
  }

  /** Bytes held for all objects. */
  get bytesHeld(): number {
    return Object.values(this.#tables).reduce((sum, { records }) => sum + records.bytesHeld, 0)
  }

  // ---- one object ------------------------------------------------------------------------------------------------------------------

  #put(table: Table, item: Item): void {
    const change = this.#change
    const { records } = table
    change.reset()
    if (!item.object) writeDeleted(change, item.name)
    const shownEnd = item.object ? writeObject(change, item.object) : change.length
    const keyEnd = keyEndOf(change.bytes)
    let position = records.find(change.bytes, keyEnd)
    if (position === -1) {
      position = records.add(change.bytes, change.length, keyEnd)
      if (item.object) this.#changed(true)
    } else if (!records.equals(position, change.bytes, change.length)) {
      const shows = !records.startsWith(position, change.bytes, shownEnd)
      position = records.replace(position, change.bytes, change.length)
      this.#changed(shows)
    }
    records.setStamp(position, stampOf(item.uid, item.resourceVersion))
    records.setMark(position, table.listing)
  }

  #delete(name: ObjectName): void {
    const { records } = this.#tables[name.kind]
    const position = this.#find(records, name)
    if (position === -1) return
    const shown = isShown(records, position)
    records.remove(position)
    if (shown) this.#changed(true)
  }

  #keep(table: Table, name: ObjectName): void {
    const position = this.#find(table.records, name)
    if (position !== -1) table.records.setMark(position, table.listing)
  }

  /** The object's place; `#change` says afterwards that it is gone. */
  #find(records: RecordTable, name: ObjectName): Position {
    this.#change.reset()
    writeDeleted(this.#change, name)
    return records.find(this.#change.bytes, this.#change.length)
  }

  /** What the latest listing has not met. */
  #unmarked({ kind, records, listing }: Table): ObjectName[] {
    const names: ObjectName[] = []
    for (const position of records.positions())
      if (records.mark(position) !== listing) names.push(this.#nameOf(kind, records.content(position)))
    return names
  }

  #nameOf(kind: Kind, content: Buffer): ObjectName {
    const reader = new ByteReader(content, this.#strings, 1)
    return { kind, namespace: reader.sharedText(), name: reader.text() }
  }

  // ---- batches ---------------------------------------------------------------------------------------------------------------------

  /** What `#change` holds is a change. `relevant`: DNS shows it. */
  #changed(relevant: boolean): void {
    this.#batch.append(this.#change.bytes.subarray(0, this.#change.length), true)
    this.#relevant ||= relevant
  }

  #takeBatch(): ChangeBatch | null {
    if (this.#batch.length === 0) return null
    if (this.#relevant) this.#serial = Math.floor(this.#wall() / 1000)
    const records = this.#batch.copy()
    this.#batch.reset()
    this.#relevant = false
    return this.#batchOf(records)
  }

  #batchOf(records: Uint8Array): ChangeBatch {
    const batch = { records, serial: this.#serial, synced: this.#synced, whole: false }
    return this.#unlisted.size === 0 ? batch : { ...batch, unlisted: [...this.#unlisted] }
  }

  /** In one buffer of the right size: this may be most of what the process holds. */
  #all(): Uint8Array {
    let bytes = varintBytesMax
    for (const content of this.#shown()) bytes += content.length + (content.length < 0x80 ? 1 : varintBytesMax)
    const writer = new ByteWriter(bytes)
    for (const content of this.#shown()) writer.append(content, true)
    return writer.take()
  }

  *#shown(): Generator<Buffer, void, void> {
    for (const { records } of Object.values(this.#tables))
      for (const position of records.positions()) if (isShown(records, position)) yield records.content(position)
  }
}

const isShown = (records: RecordTable, position: Position): boolean => (records.tag(position) & deletedBit) === 0

/** Where namespace and name end, which follow the tag. */
function keyEndOf(content: Uint8Array): number {
  let at = 1
  for (let text = 0; text < 2; text++) {
    let length = 0
    let unit = 1
    for (; content[at]! > 0x7f; unit *= 0x80) length += (content[at++]! & 0x7f) * unit
    length += content[at++]! * unit
    at += length
  }
  return at
}

/** Two numbers that differ for different states of an object as surely as 64 random bits. */
function stampOf(uid: string, resourceVersion: string): Stamp {
  let high = 0x811c9dc5
  let low = 0x9e3779b9
  const mix = (text: string): void => {
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i)
      high = Math.imul(high ^ code, 0x01000193)
      low = Math.imul(low ^ code, 0x85ebca77)
      low ^= low >>> 15
    }
    high = Math.imul(high ^ 0x100, 0x01000193)
    low = Math.imul(low ^ 0x100, 0x85ebca77)
  }
  mix(uid)
  mix(resourceVersion)
  return { high: (high ^ (high >>> 15)) >>> 0, low: (low ^ (low >>> 13)) >>> 0 }
}
