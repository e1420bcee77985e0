// Domain names. A name is its uncompressed wire form (RFC 1035 3.1): every byte is kept as it was spelled, whatever is inside a label.
//
//   wire   03 'W' 'w' 'W' 07 'e' 'x' 'a' … 00        as sent: what answers repeat
//   key    the same with A-Z folded to a-z (RFC 4343), as a latin1 string: what maps and comparisons use
//
// The key of an ancestor is a suffix of the key at a label boundary, so a look-up that climbs a tree slices one string.

/** Limits of RFC 1035 2.3.4: octets in a name with its length bytes, octets in a label. */
export const nameBytesMax = 255
export const labelBytesMax = 63

/** A text that is no domain name. */
export class NameError extends Error {
  override readonly name = 'NameError'
}

/** An immutable domain name; compare by `key`, answer with `wire`. */
export class Name {
  static readonly root = new Name(Uint8Array.of(0))

  readonly wire: Uint8Array
  #key: string | null
  #offsets: readonly number[] | null = null
  #spelling: string | null = null

  /** `wire` must be a whole uncompressed name; the caller gives the bytes away. Use `Name.parse` for text. */
  constructor(wire: Uint8Array, key: string | null = null) {
    this.wire = wire
    this.#key = key
  }

  /** Reads presentation format (RFC 1035 5.1, `\.` and `\DDD`); a name without a final dot is completed by `origin`, or taken as absolute. */
  static parse(text: string, origin: Name = Name.root): Name {
    return parseName(text, origin)
  }

  /** A name of the given labels, leftmost first, each a string of latin1 bytes. */
  static fromLabels(labels: readonly string[], suffix: Name = Name.root): Name {
    let length = suffix.wire.length
    for (const label of labels) length += 1 + label.length
    if (length > nameBytesMax) throw new NameError(`name is longer than ${nameBytesMax} octets`)
    const wire = new Uint8Array(length)
    let at = 0
    for (const label of labels) {
      if (label.length === 0) throw new NameError('empty label')
      if (label.length > labelBytesMax) throw new NameError(`label is longer than ${labelBytesMax} octets`)
      wire[at++] = label.length
      for (let i = 0; i < label.length; i++) {
        const octet = label.charCodeAt(i)
        if (octet > 0xff) throw new NameError(`character ${JSON.stringify(label[i])} is no octet`)
        wire[at++] = octet
      }
    }
    wire.set(suffix.wire, at)
    return new Name(wire)
  }

  /** The folded wire form as a latin1 string: equal for names that are equal (RFC 4343). */
  get key(): string {
    this.#key ??= foldedKey(this.wire, 0, this.wire.length)
    return this.#key
  }

  /** The wire form as a latin1 string, as spelled: what compression compares, so that no name is sent in another one's spelling. */
  get spelling(): string {
    this.#spelling ??= latin1(this.wire)
    return this.#spelling
  }

  /** Where each label starts in `wire` and `key`; the root label is not counted. */
  get offsets(): readonly number[] {
    this.#offsets ??= labelOffsets(this.wire)
    return this.#offsets
  }

  get labelCount(): number {
    return this.offsets.length
  }

  get isRoot(): boolean {
    return this.wire.length === 1
  }

  get isWildcard(): boolean {
    return this.wire[0] === 1 && this.wire[1] === 0x2a
  }

  /** The bytes of label `index` (0 is the leftmost) as a latin1 string, as spelled. */
  label(index: number): string {
    const start = this.offsets[index]
    if (start === undefined) return ''
    return latin1(this.wire, start + 1, start + 1 + this.wire[start]!)
  }

  /** All labels as spelled, leftmost first. */
  labels(): string[] {
    return this.offsets.map((_, index) => this.label(index))
  }

  /** The key of this name without its `count` leftmost labels. */
  suffixKey(count: number): string {
    if (count >= this.labelCount) return '\0'
    return this.key.slice(this.offsets[count])
  }

  /** This name without its `count` leftmost labels, as spelled. */
  suffix(count: number): Name {
    if (count === 0) return this
    if (count >= this.labelCount) return Name.root
    const start = this.offsets[count]!
    return new Name(this.wire.subarray(start), this.#key?.slice(start) ?? null)
  }

  get parent(): Name {
    return this.suffix(1)
  }

  equals(other: Name): boolean {
    return this.key === other.key
  }

  /** True for the zone itself and every name below it. */
  isSubdomainOf(zone: Name): boolean {
    if (zone.isRoot) return true
    const extra = this.labelCount - zone.labelCount
    if (extra < 0 || !this.key.endsWith(zone.key)) return false
    return this.wire.length - zone.wire.length === this.offsets[extra]
  }

  /** The name with one more label on the left; throws NameError past the limits. */
  prepend(label: string): Name {
    return Name.fromLabels([label], this)
  }

  /** This name with its ancestor `from` replaced by `to` (RFC 6672 2.2); null when the result is longer than a name may be. */
  replaceSuffix(from: Name, to: Name): Name | null {
    const kept = this.wire.length - from.wire.length
    if (kept + to.wire.length > nameBytesMax) return null
    const wire = new Uint8Array(kept + to.wire.length)
    wire.set(this.wire.subarray(0, kept))
    wire.set(to.wire, kept)
    return new Name(wire)
  }

  /** Canonical order of RFC 4034 6.1: negative, zero or positive. */
  compare(other: Name): number {
    const mine = this.offsets
    const theirs = other.offsets
    for (let i = 1; i <= Math.min(mine.length, theirs.length); i++) {
      const a = labelKey(this.key, mine[mine.length - i]!)
      const b = labelKey(other.key, theirs[theirs.length - i]!)
      if (a !== b) return a < b ? -1 : 1
    }
    return mine.length - theirs.length
  }

  /** Presentation format with a final dot, as spelled. */
  toString(): string {
    return formatName(this.wire)
  }

  /** Presentation format of the folded name. */
  get folded(): string {
    return formatName(latin1Bytes(this.key))
  }
}

function labelKey(key: string, start: number): string {
  return key.slice(start + 1, start + 1 + key.charCodeAt(start))
}

function labelOffsets(wire: Uint8Array): number[] {
  const offsets: number[] = []
  for (let at = 0; wire[at]! !== 0; at += 1 + wire[at]!) offsets.push(at)
  return offsets
}

/** Bytes as a latin1 string (one character a byte). */
export function latin1(bytes: Uint8Array, start = 0, end = bytes.length): string {
  let text = ''
  for (let i = start; i < end; i++) text += String.fromCharCode(bytes[i]!)
  return text
}

/** The bytes of a latin1 string. */
export function latin1Bytes(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length)
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i)
  return bytes
}

/** Folds A-Z in `bytes[start, end)`; length octets are below 64 and so never touched. */
export function foldedKey(bytes: Uint8Array, start: number, end: number): string {
  let text = ''
  for (let i = start; i < end; i++) {
    const byte = bytes[i]!
    text += String.fromCharCode(byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte)
  }
  return text
}

function parseName(text: string, origin: Name): Name {
  if (text === '.') return Name.root
  if (text === '') throw new NameError('empty name')
  const wire = new Uint8Array(nameBytesMax + 1)
  let lengthAt = 0
  let at = 1
  const endLabel = (): void => {
    const length = at - lengthAt - 1
    if (length === 0) throw new NameError(`empty label in ${text}`)
    if (length > labelBytesMax) throw new NameError(`label longer than ${labelBytesMax} octets in ${text}`)
    wire[lengthAt] = length
    lengthAt = at++
  }
  let i = 0
  while (i < text.length) {
    if (at > nameBytesMax) throw new NameError(`name longer than ${nameBytesMax} octets: ${text}`)
    if (text[i] === '.') {
      endLabel()
      i++
      continue
    }
    const [byte, used] = characterAt(text, i)
    wire[at++] = byte
    i += used
  }
  const absolute = lengthAt === at - 1
  if (absolute) {
    if (at > nameBytesMax) throw new NameError(`name longer than ${nameBytesMax} octets: ${text}`)
    return new Name(wire.slice(0, at))
  }
  endLabel()
  if (lengthAt + origin.wire.length > nameBytesMax)
    throw new NameError(`name longer than ${nameBytesMax} octets: ${text}`)
  const whole = new Uint8Array(lengthAt + origin.wire.length)
  whole.set(wire.subarray(0, lengthAt))
  whole.set(origin.wire, lengthAt)
  return new Name(whole)
}

const utf8 = new TextEncoder()

/** One character of presentation format at `i`: its byte and how many characters it took. Characters past ASCII must be escaped as \DDD or are taken as UTF-8 where they fit a byte each. */
function characterAt(text: string, i: number): [number, number] {
  const code = text.charCodeAt(i)
  if (code !== 0x5c) {
    if (code > 0xff)
      throw new NameError(
        `character ${JSON.stringify(text[i])} must be written as \\DDD (UTF-8 ${utf8.encode(text[i]).join(' ')}) in ${text}`,
      )
    return [code, 1]
  }
  const digits = text.slice(i + 1, i + 4)
  if (/^[0-9]{3}$/.test(digits)) {
    const value = Number(digits)
    if (value > 255) throw new NameError(`bad escape \\${digits} in ${text}`)
    return [value, 4]
  }
  const next = text.charCodeAt(i + 1)
  if (Number.isNaN(next) || next > 0xff) throw new NameError(`bad escape in ${text}`)
  return [next, 2]
}

// Characters that are written behind a backslash, as CoreDNS writes them in logs and templates.
const escaped = new Set([...'. "\'\\;()@'].map((character) => character.charCodeAt(0)))

/** Presentation format of a whole uncompressed name. */
function formatName(wire: Uint8Array): string {
  if (wire[0] === 0) return '.'
  let text = ''
  let at = 0
  while (wire[at] !== 0) {
    const end = at + 1 + wire[at]!
    for (let i = at + 1; i < end; i++) {
      const byte = wire[i]!
      if (byte < 0x20 || byte >= 0x7f) text += `\\${String(byte).padStart(3, '0')}`
      else text += escaped.has(byte) ? `\\${String.fromCharCode(byte)}` : String.fromCharCode(byte)
    }
    text += '.'
    at = end
  }
  return text
}
