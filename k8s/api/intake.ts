// Takes what the lists and watches of one resource bring into the store, and keeps the version that they have brought it to.
//
//   version ''  : a listing is open; pages or initial events go into it
//   version 'n' : the store is as the API server was at n; events move it on

import { type Decoded, type DecodedItem, DecodeError, type WatchEvent } from '../decoder.ts'
import { type ClusterObject, keyOf, type ObjectName } from '../objects.ts'
import type { ChangeBatch, Listing, ObjectStore } from '../store.ts'
import type { Report } from './report.ts'
import { oneLine, Refused } from './trouble.ts'

/** What an intake works with. */
export interface IntakeOptions {
  readonly kind: ClusterObject['kind']
  readonly store: ObjectStore
  readonly report: Report
  /** Told when a list is complete, a bookmark came, or an object changed: all of them signs that things go well. */
  readonly progress: (sign: 'complete' | 'bookmark' | 'change') => void
}

/** Faults of objects that are remembered as told. */
const toldMax = 1_000

/** The way into the store. */
export class Intake {
  readonly #options: IntakeOptions
  /** Objects that cannot be read as they are now: the store has an older state of them, or none. */
  readonly #undecodable = new Set<string>()
  /** What has been said of such objects, so that a list of them says it no more. */
  readonly #told = new Set<string>()
  /** Keys of objects that events told of since the tracking began; null while nobody tracks. */
  #touched: Set<string> | null = null
  #hasListed = false
  #listing: Listing | null = null
  #version = ''

  constructor(options: IntakeOptions) {
    this.#options = options
  }

  /** The resource version that the store is in step with; '' if a list is needed. */
  get version(): string {
    return this.#version
  }

  /** True once a list has been complete. */
  get hasListed(): boolean {
    return this.#hasListed
  }

  /** How many objects cannot be read as they are now. */
  get undecodableCount(): number {
    return this.#undecodable.size
  }

  /** True if the object's latest state could not be read. */
  undecodable(name: ObjectName): boolean {
    return this.#undecodable.has(keyOf(name))
  }

  /** From now on keeps the keys of objects that events tell of, until `untrack`. */
  track(): ReadonlySet<string> {
    this.#touched = new Set()
    return this.#touched
  }

  untrack(): void {
    this.#touched = null
  }

  /** What is known is to be listed again. It stays as it is until then. */
  expire(): void {
    this.#version = ''
  }

  /** A list begins; one that did not end is forgotten. */
  begin(): void {
    this.#version = ''
    this.#undecodable.clear()
    this.#listing = this.#options.store.listing(this.#options.kind)
  }

  /** Objects of a list. */
  page(items: readonly DecodedItem[]): void {
    this.#put(items)
  }

  /** The list has had everything; throws DecodeError if it had no version. */
  complete(version: string): void {
    if (version === '') throw new DecodeError('a list without a resource version')
    const { progress, report } = this.#options
    this.#emit(this.#listing?.end() ?? null)
    this.#listing = null
    this.#version = version
    this.#hasListed = true
    progress('complete')
    report.listed()
  }

  /** Events of a watch, in their order; throws Refused for an ERROR. */
  take(events: readonly WatchEvent[]): void {
    let items: DecodedItem[] = []
    const flush = (): void => {
      if (items.length > 0) this.#put(items)
      items = []
    }
    for (const event of events) {
      this.#options.report.count('watch_events', event.type.toLowerCase())
      if (event.type === 'ADDED' || event.type === 'MODIFIED') {
        items.push(event.item)
        continue
      }
      flush()
      if (event.type === 'ERROR') throw new Refused(event.status)
      if (event.type === 'BOOKMARK') this.#bookmark(event)
      else this.#drop(event.item)
    }
    flush()
  }

  #put(items: readonly DecodedItem[]): void {
    const decoded: Decoded[] = []
    for (const item of items) {
      if (item.name) this.#touched?.add(keyOf(item.name))
      if ('fault' in item) {
        this.#cannotRead(item)
        continue
      }
      if (this.#undecodable.size > 0) this.#undecodable.delete(keyOf(item.name))
      decoded.push(item)
    }
    this.#emit((this.#listing ?? this.#options.store).put(decoded))
    if (this.#listing) return
    const { progress, report } = this.#options
    for (const { object, changedAtMs, resourceVersion } of decoded) {
      this.#version = resourceVersion
      if (object?.kind === 'EndpointSlice' && changedAtMs > 0) report.programmed(object, changedAtMs)
    }
    progress('change')
  }

  #cannotRead({ name, fault }: { readonly name: ObjectName | null; readonly fault: string }): void {
    const { report } = this.#options
    report.count('undecodable', '')
    if (name) this.#listing?.keep(name)
    this.#undecodable.add(name ? keyOf(name) : fault)
    if (this.#told.has(fault)) return
    if (this.#told.size >= toldMax) this.#told.clear()
    this.#told.add(fault)
    report.warning(`cannot read an object, what was known of it stays: ${oneLine(fault)}`)
  }

  #drop(item: DecodedItem): void {
    if (item.name) {
      this.#touched?.add(keyOf(item.name))
      this.#undecodable.delete(keyOf(item.name))
      this.#emit(this.#options.store.delete([item.name]))
    }
    if (this.#listing) return
    if ('resourceVersion' in item) this.#version = item.resourceVersion
    this.#options.progress('change')
  }

  #bookmark({ resourceVersion, initialEventsEnd }: Extract<WatchEvent, { type: 'BOOKMARK' }>): void {
    if (this.#listing) {
      if (initialEventsEnd) this.complete(resourceVersion)
      return
    }
    this.#version = resourceVersion
    this.#options.progress('bookmark')
  }

  #emit(batch: ChangeBatch | null): void {
    if (batch) this.#options.report.batch(batch)
  }
}
