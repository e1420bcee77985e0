// Which of several lists of networks an address is in. The addresses of each family are cut into ranges at the networks' ends; all addresses of a range are in the same
// lists, and ranges in the same lists are one class. Finding the class is a binary search, however long the lists are.
//
//   10.0.0.0 ─────────── list 0 ──────────── 10.255.255.255
//            10.1.0.0 ── list 1 ── 10.1.255.255
//   └ {0}    └ {0,1}                └ {0}                   └ {}

import { type Prefix, parseAddress } from '../../wire/address.ts'
import { latin1 } from '../../wire/name.ts'

/** Classes of clients. Class 0 are addresses that cannot be read. */
export class ClientClasses {
  /** The lists that each class is in, ascending; of class 0 none. */
  readonly lists: readonly (readonly number[])[]
  readonly #ipv4: Ranges
  readonly #ipv6: Ranges

  constructor(networks: readonly (readonly Prefix[])[]) {
    const numbering = new Numbering()
    this.#ipv4 = new Ranges(networks, 4, numbering)
    this.#ipv6 = new Ranges(networks, 16, numbering)
    this.lists = numbering.lists
  }

  /** The class of an address in text form; an IPv6 zone is passed over. */
  of(address: string): number {
    const zone = address.indexOf('%')
    const octets = parseAddress(zone < 0 ? address : address.slice(0, zone))
    if (!octets) return 0
    return (octets.length === 4 ? this.#ipv4 : this.#ipv6).find(latin1(octets))
  }
}

/** Sets of lists by number. */
class Numbering {
  readonly lists: (readonly number[])[] = [[]]
  readonly #known = new Map<string, number>()

  of(lists: readonly number[]): number {
    const key = lists.join()
    const known = this.#known.get(key)
    if (known !== undefined) return known
    this.#known.set(key, this.lists.length)
    return this.lists.push([...lists]) - 1
  }
}

interface Edge {
  /** The first address behind it, one character an octet. */
  readonly at: string
  readonly list: number
  /** 1 where a network begins, -1 where it has ended. */
  readonly step: 1 | -1
}

/** The ranges of one family. */
class Ranges {
  /** First addresses, ascending. */
  readonly #starts: string[] = []
  readonly #classes: number[] = []

  constructor(networks: readonly (readonly Prefix[])[], octets: 4 | 16, numbering: Numbering) {
    const edges = networks.flatMap((prefixes, list) =>
      prefixes.filter(({ address }) => address.length === octets).flatMap((prefix) => edgesOf(prefix, list)),
    )
    edges.sort((one, other) => (one.at < other.at ? -1 : one.at > other.at ? 1 : 0))
    const depths = new Map<number, number>()
    this.#add('\0'.repeat(octets), [], numbering)
    for (const [index, { at, list, step }] of edges.entries()) {
      const depth = (depths.get(list) ?? 0) + step
      if (depth === 0) depths.delete(list)
      else depths.set(list, depth)
      if (edges[index + 1]?.at === at) continue
      this.#add(
        at,
        [...depths.keys()].sort((one, other) => one - other),
        numbering,
      )
    }
  }

  #add(start: string, lists: readonly number[], numbering: Numbering): void {
    if (this.#starts.at(-1) === start) {
      this.#starts.pop()
      this.#classes.pop()
    }
    this.#starts.push(start)
    this.#classes.push(numbering.of(lists))
  }

  find(address: string): number {
    let low = 0
    let high = this.#starts.length
    while (high - low > 1) {
      const middle = (low + high) >> 1
      if (this.#starts[middle]! <= address) low = middle
      else high = middle
    }
    return this.#classes[low]!
  }
}

/** Where a network begins, and where it has ended unless that is the end of all addresses. */
function edgesOf({ address, length }: Prefix, list: number): Edge[] {
  const begin: Edge = { at: latin1(address), list, step: 1 }
  const end = address.slice()
  for (let bit = length; bit < address.length * 8; bit++) end[bit >> 3]! |= 0x80 >> (bit & 7)
  for (let i = end.length - 1; i >= 0; i--) {
    end[i] = (end[i]! + 1) & 0xff
    if (end[i] !== 0) return [begin, { at: latin1(end), list, step: -1 }]
  }
  return [begin]
}
