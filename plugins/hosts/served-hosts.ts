// The hosts that a serving thread answers from: the lines of the Corefile, and the file as it was read last.

import type { Host } from '../plugin.ts'
import { type Version, Versioned } from '../version.ts'
import { type HostEntry, readEntries } from './host-lines.ts'
import { HostTable, type TableLimits } from './host-table.ts'
import type { HostsBatch } from './hosts-file.ts'

/** Entries added before the thread may look at its queries again. */
const entriesAPiece = 16

/** What it is made of. */
export interface ServedHostsOptions {
  readonly path: string
  /** The entries of the Corefile. */
  readonly inline: Uint8Array
  readonly limits: TableLimits
  readonly host: Host
}

/** The current tables; answers depend on `version`. */
export class ServedHosts {
  readonly #options: ServedHostsOptions
  readonly #versioned = new Versioned()
  readonly #inline: HostTable
  #tables: readonly HostTable[]
  #batch: HostsBatch | null = null
  #serial = 1

  constructor(options: ServedHostsOptions) {
    this.#options = options
    this.#inline = new HostTable(options.limits)
    for (const entry of readEntries(options.inline)) this.#inline.add(entry)
    this.#tables = [this.#inline]
  }

  /** In the order of their answers: the file's, then the Corefile's. */
  get tables(): readonly HostTable[] {
    return this.#tables
  }

  /** False as long as the file could not be read: then nobody can say which names it does not list. */
  get isRead(): boolean {
    return this.#batch !== null
  }

  get version(): Version {
    return this.#versioned.version
  }

  /** Grows when the file changes (RFC 1982 arithmetic does not matter: nobody transfers it). */
  get serial(): number {
    return this.#serial
  }

  /** Takes a new state of the file: built beside the old in small pieces, then swapped in whole. */
  receive(batch: HostsBatch): void {
    if (!batch.entries) return
    this.#batch = batch
    const table = new HostTable(this.#options.limits)
    this.#options.host.inPieces(addAll(table, readEntries(batch.entries)), () => {
      // Newer data may have come meanwhile.
      if (this.#batch === batch) this.#take(table, batch)
    })
  }

  #take(table: HostTable, { changedSeconds }: HostsBatch): void {
    const { host, path } = this.#options
    this.#tables = [table, this.#inline]
    this.#serial = Math.floor(changedSeconds) >>> 0 || 1
    this.#versioned.changed()
    host.log.debug(`Parsed hosts file into ${table.size} entries`)
    host.metrics
      .gauge({
        name: 'coredns_hosts_entries',
        help: 'The combined number of entries in hosts and Corefile.',
        labels: ['hostsfile'],
        merge: 'max',
      })
      .with(path)
      .set(table.size + this.#inline.size)
  }
}

function* addAll(table: HostTable, entries: Iterable<HostEntry>): Generator<void> {
  let added = 0
  for (const entry of entries) {
    table.add(entry)
    if (++added % entriesAPiece === 0) yield
  }
}
