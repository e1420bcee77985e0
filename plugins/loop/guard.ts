// A thread's side of the watched names: makes them, recognises them in queries, and tells their makers.

import { randomBytes } from 'node:crypto'
import { Name } from '../../wire/name.ts'
import type { LoopGuard, ServiceLine } from '../plugin.ts'
import type { Query } from '../query.ts'
import type { NamesBatch, NamesReport } from './names-service.ts'

/** The guard of one block in one thread. */
export class ThreadLoopGuard implements LoopGuard {
  readonly #line: ServiceLine
  readonly #random: (octets: number) => Uint8Array
  /** What was asked for by this block, by folded name. */
  readonly #own = new Map<string, () => void>()
  /** What any thread asked for. */
  #all: ReadonlySet<string> = new Set()

  /** `random` must be unpredictable: whoever guesses a name can put an upstream into quarantine. */
  constructor(line: ServiceLine, random: (octets: number) => Uint8Array = randomBytes) {
    this.#line = line
    this.#random = random
  }

  watch(zone: Name, seen: () => void, upstream = ''): Name {
    const name = this.#make(zone)
    this.#own.set(name.key, seen)
    this.#send({ what: 'watch', key: name.key, zone: zone.folded, name: name.folded, upstream })
    return name
  }

  forget(name: Name): void {
    this.#own.delete(name.key)
    this.#send({ what: 'forget', key: name.key })
  }

  /** True for a name that some thread watches. */
  knows({ key }: Name): boolean {
    return this.#own.has(key) || this.#all.has(key)
  }

  /** A watched name was asked for here. */
  arrived({ name, client, server }: Query): void {
    const address = client.family === 6 ? `[${client.address}]` : client.address
    this.#send({
      what: 'seen',
      key: name.key,
      path: `${address}:${client.port} -> ${server.replace(/^[a-z0-9]+:\/\//, '')}`,
    })
    this.#seen(name.key)
  }

  learn(batch: NamesBatch): void {
    this.#all = new Set(batch.watched)
    for (const key of batch.seen) this.#seen(key)
  }

  #seen(key: string): void {
    const tell = this.#own.get(key)
    if (!tell) return
    this.#own.set(key, () => {})
    tell()
  }

  #make(zone: Name): Name {
    const labels = [this.#number(), this.#number()]
    // A zone too long for two more labels is watched at the root.
    const room = zone.wire.length + labels.join('').length + labels.length <= 255
    return Name.fromLabels(labels, room ? zone : Name.root)
  }

  #number(): string {
    const bytes = this.#random(8)
    return String(new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0) >> 2n)
  }

  #send(report: NamesReport): void {
    this.#line.send(report)
  }
}
