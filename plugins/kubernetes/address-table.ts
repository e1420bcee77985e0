// From addresses to whatever has them, for 100,000 endpoints in some bytes each: only a hash of the address and the owner's number are kept, the address itself is in the
// owner. Several owners may have one address, and one owner may be entered for it several times.
//
//   hash of the octets ─► one of 64 shards ─► open addressing: hash │ number + 1        a shard grows alone, so that no growth takes long

/** Numbers of owners by the hash of an address. */
export class AddressTable {
  readonly #shards = new Array<Shard | undefined>(shardCount)

  add(hash: number, owner: number): void {
    const index = hash >>> shardShift
    this.#shards[index] ??= new Shard()
    this.#shards[index].add(hash, owner)
  }

  /** Takes away one entry. */
  delete(hash: number, owner: number): void {
    this.#shards[hash >>> shardShift]?.delete(hash, owner)
  }

  /** An owner has got another number. */
  renumber(hash: number, from: number, to: number): void {
    this.#shards[hash >>> shardShift]?.renumber(hash, from, to)
  }

  /** Owners that may have the address, each once. */
  owners(hash: number): number[] {
    return this.#shards[hash >>> shardShift]?.owners(hash) ?? []
  }
}

/** A 32-bit hash of the address whose octets are `length` characters of `octets` from `start`. */
export function hashAddress(octets: string, start = 0, length = octets.length): number {
  let hash = 0x811c9dc5
  for (let i = start; i < start + length; i++) hash = Math.imul(hash ^ octets.charCodeAt(i), 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}

class Shard {
  #hashes = new Uint32Array(startSlots)
  /** A number plus one; 0 is an empty slot. */
  #owners = new Uint32Array(startSlots)
  #count = 0

  add(hash: number, owner: number): void {
    if ((this.#count + 1) * 4 > this.#owners.length * 3) this.#resize(2 * this.#owners.length)
    this.#put(hash, owner + 1)
    this.#count++
  }

  #put(hash: number, entry: number): void {
    const mask = this.#owners.length - 1
    let slot = hash & mask
    while (this.#owners[slot] !== 0) slot = (slot + 1) & mask
    this.#hashes[slot] = hash
    this.#owners[slot] = entry
  }

  delete(hash: number, owner: number): void {
    let hole = this.#find(hash, owner)
    if (hole === -1) return
    const mask = this.#owners.length - 1
    // Entries that were pushed behind the hole come forward, so that no search ends too early.
    for (let slot = (hole + 1) & mask; this.#owners[slot] !== 0; slot = (slot + 1) & mask) {
      const home = this.#hashes[slot]! & mask
      if (((slot - home) & mask) < ((slot - hole) & mask)) continue
      this.#hashes[hole] = this.#hashes[slot]!
      this.#owners[hole] = this.#owners[slot]!
      hole = slot
    }
    this.#owners[hole] = 0
    this.#count--
    if (this.#owners.length > startSlots && this.#count * 8 < this.#owners.length) this.#resize(this.#owners.length / 2)
  }

  renumber(hash: number, from: number, to: number): void {
    for (let slot = this.#find(hash, from); slot !== -1; slot = this.#find(hash, from)) this.#owners[slot] = to + 1
  }

  owners(hash: number): number[] {
    const found = new Set<number>()
    const mask = this.#owners.length - 1
    for (let slot = hash & mask; this.#owners[slot] !== 0; slot = (slot + 1) & mask)
      if (this.#hashes[slot] === hash) found.add(this.#owners[slot]! - 1)
    return [...found]
  }

  #find(hash: number, owner: number): number {
    const mask = this.#owners.length - 1
    for (let slot = hash & mask; this.#owners[slot] !== 0; slot = (slot + 1) & mask)
      if (this.#owners[slot] === owner + 1 && this.#hashes[slot] === hash) return slot
    return -1
  }

  #resize(slots: number): void {
    const hashes = this.#hashes
    const owners = this.#owners
    this.#hashes = new Uint32Array(slots)
    this.#owners = new Uint32Array(slots)
    for (let slot = 0; slot < owners.length; slot++) if (owners[slot] !== 0) this.#put(hashes[slot]!, owners[slot]!)
  }
}

/** Shards are chosen by the highest bits of a hash, slots by the lowest. */
const shardBits = 6
const shardCount = 1 << shardBits
const shardShift = 32 - shardBits
/** A power of two. */
const startSlots = 16
