// Hosts in memory: names to addresses, addresses to names, and which names have others below them.
//
//   hosts     www.example.org.  ─► { v4: [192.0.2.10], v6: [] }      *.apps.example.org. stands here under its own name
//   reverse   10.2.0.192.in-addr.arpa. ─► [www.example.org., web.example.org.]
//   above     example.org., org., 2.0.192.in-addr.arpa., …           they exist, so they are never NXDOMAIN (RFC 8020)

import { formatAddress } from '../../wire/address.ts'
import { Name } from '../../wire/name.ts'
import { reverseName } from '../../wire/reverse.ts'
import { longestZone } from '../zones.ts'
import type { HostEntry } from './host-lines.ts'

/** The addresses of one name. */
interface Addresses {
  readonly v4: Uint8Array[]
  readonly v6: Uint8Array[]
}

type Family = keyof Addresses

const none: readonly never[] = Object.freeze([])

/** What a table takes. */
export interface TableLimits {
  /** Names outside of them are left out. */
  readonly zones: readonly Name[]
  /** False: no names of addresses. */
  readonly reverse: boolean
}

/** The hosts of one source: built once, then only read. */
export class HostTable {
  readonly #hosts = new Map<string, Addresses>()
  readonly #reverse = new Map<string, Name[]>()
  readonly #above = new Set<string>()
  readonly #limits: TableLimits
  #size = 0

  constructor(limits: TableLimits) {
    this.#limits = limits
  }

  /** Addresses of names and names of addresses, together. */
  get size(): number {
    return this.#size
  }

  add({ address, name }: HostEntry): void {
    if (!longestZone(this.#limits.zones, name)) return
    let addresses = this.#hosts.get(name.key)
    if (!addresses) {
      addresses = { v4: [], v6: [] }
      this.#hosts.set(name.key, addresses)
      this.#noteAbove(name)
    }
    addresses[address.length === 4 ? 'v4' : 'v6'].push(address)
    this.#size++
    if (this.#limits.reverse && !name.isWildcard) this.#addReverse(address, name)
  }

  #addReverse(address: Uint8Array, name: Name): void {
    const owner = Name.parse(reverseName(formatAddress(address))!)
    const names = this.#reverse.get(owner.key)
    if (names) names.push(name)
    else {
      this.#reverse.set(owner.key, [name])
      this.#noteAbove(owner)
    }
    this.#size++
  }

  #noteAbove(name: Name): void {
    for (let count = 1; count < name.labelCount; count++) {
      const key = name.suffixKey(count)
      if (this.#above.has(key)) return
      this.#above.add(key)
    }
  }

  /** Addresses of one family; a name without a line of its own for it has those of the wildcard beside it. */
  addresses(name: Name, family: Family): readonly Uint8Array[] {
    const own = this.#hosts.get(name.key)?.[family]
    if (own && own.length > 0) return own
    return this.#hosts.get(wildcardKey(name))?.[family] ?? none
  }

  /** The names of the address that a reverse name stands for. */
  names(reverse: Name): readonly Name[] {
    return this.#reverse.get(reverse.key) ?? none
  }

  /** True if the name has addresses. */
  lists(name: Name): boolean {
    return this.#hosts.has(name.key) || this.#hosts.has(wildcardKey(name))
  }

  /** True if the name has something else, or something below it. */
  hasOtherwise(name: Name): boolean {
    return this.#reverse.has(name.key) || this.#above.has(name.key)
  }
}

/** The key of the wildcard that stands for `name`: its first label replaced. */
const wildcardKey = (name: Name): string => (name.isRoot ? '' : `\u0001*${name.suffixKey(1)}`)
