// Pods as bytes, found by name and by address: of 150,000 pods only those that somebody asks for ever become objects.

import { ByteReader, ByteWriter, type SharedStrings } from '../../k8s/byte-text.ts'
import { readPod, writeDeleted, writeObject } from '../../k8s/object-bytes.ts'
import type { ObjectName, PodObject } from '../../k8s/objects.ts'
import { type Position, RecordTable } from '../../k8s/record-table.ts'
import { AddressTable, hashAddress } from './address-table.ts'
import { textKey } from './addresses.ts'
import type { AddressMap } from './service-tree.ts'
import type { VersionTable } from './version-table.ts'

/** Every pod. */
export class PodTable {
  readonly #versions: VersionTable
  readonly #strings: SharedStrings
  readonly #writer = new ByteWriter()
  readonly #addresses = new AddressTable()
  readonly #records = new RecordTable((from, to) => {
    this.#addresses.renumber(this.#hashAt(to), from, to)
  })

  /** Raises in `versions` each address that gets or loses a pod. */
  constructor(versions: VersionTable, strings: SharedStrings) {
    this.#versions = versions
    this.#strings = strings
  }

  get count(): number {
    return this.#records.count
  }

  /** Pods by address key. */
  readonly byAddress: AddressMap<PodObject> = {
    get: (key) =>
      this.#addresses
        .owners(hashAddress(key))
        .map((position) => this.#read(position))
        .filter((pod) => textKey(pod.address) === key),
  }

  put(pod: PodObject, mark: number): void {
    const key = textKey(pod.address)
    const known = this.#find({ kind: 'Pod', namespace: pod.namespace, name: pod.name })
    if (known !== -1) this.#unlist(known)
    this.#writer.reset()
    writeObject(this.#writer, pod)
    const { bytes, length } = this.#writer
    const position =
      known === -1 ? this.#records.add(bytes, length, this.#keyEnd) : this.#records.replace(known, bytes, length)
    this.#records.setMark(position, mark)
    this.#addresses.add(hashAddress(key), position)
    this.#versions.changed(key)
  }

  drop(namespace: string, name: string): void {
    const position = this.#find({ kind: 'Pod', namespace, name })
    if (position === -1) return
    this.#unlist(position)
    this.#records.remove(position)
  }

  /** Pods that were not put with this mark; the table must not change meanwhile. */
  *withoutMark(mark: number): Generator<PodObject | null, void, void> {
    for (const position of this.#records.positions())
      yield this.#records.mark(position) === mark ? null : this.#read(position)
  }

  #keyEnd = 0

  #find(name: ObjectName): Position {
    this.#writer.reset()
    writeDeleted(this.#writer, name)
    this.#keyEnd = this.#writer.length
    return this.#records.find(this.#writer.bytes, this.#keyEnd)
  }

  #unlist(position: Position): void {
    const key = textKey(this.#read(position).address)
    this.#addresses.delete(hashAddress(key), position)
    this.#versions.changed(key)
  }

  #hashAt(position: Position): number {
    return hashAddress(textKey(this.#read(position).address))
  }

  #read(position: Position): PodObject {
    return readPod(new ByteReader(this.#records.content(position), this.#strings))
  }
}
