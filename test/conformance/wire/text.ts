// Presentation form of names, character strings and addresses (RFC 1035 section 5.1, RFC 5952), in the spelling of the records
// that the cases hold: what is escaped, and how, is part of the format.

const namesEscape = new Set('.\\";()@$'.split('').map((character) => character.charCodeAt(0)))
const stringsEscape = new Set('\\"'.split('').map((character) => character.charCodeAt(0)))

function escaped(bytes: Uint8Array, special: ReadonlySet<number>, lowest: number): string {
  let text = ''
  for (const byte of bytes) {
    if (byte < lowest || byte > 126) text += `\\${String(byte).padStart(3, '0')}`
    else text += (special.has(byte) ? '\\' : '') + String.fromCharCode(byte)
  }
  return text
}

/** One label, without its dot. */
export const formatLabel = (bytes: Uint8Array): string => escaped(bytes, namesEscape, 33)

/** A character string in quotes. */
export const formatString = (bytes: Uint8Array): string => `"${escaped(bytes, stringsEscape, 32)}"`

/** The labels of a name in presentation form, as bytes; `\DDD` and `\X` are understood, the root is an empty list. */
export function parseName(name: string): Buffer[] {
  const labels: Buffer[] = []
  let label: number[] = []
  for (const [part, decimal, literal] of name.matchAll(/\\(\d{3})|\\(.)|[\s\S]/g)) {
    if (decimal !== undefined) label.push(Number(decimal))
    else if (literal !== undefined) label.push(literal.charCodeAt(0))
    else if (part !== '.') label.push(part.charCodeAt(0))
    else if (label.length > 0) {
      labels.push(Buffer.from(label))
      label = []
    }
  }
  if (label.length > 0) labels.push(Buffer.from(label))
  return labels
}

/** 16 bytes as RFC 5952 writes them: the longest run of two or more zero groups (the first of equals) becomes `::`. */
export function formatAddress6(bytes: Uint8Array): string {
  const groups: number[] = []
  for (let offset = 0; offset < 16; offset += 2) groups.push(((bytes[offset] ?? 0) << 8) | (bytes[offset + 1] ?? 0))
  if (groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff)
    return `::ffff:${bytes.slice(12, 16).join('.')}`
  let gap = { start: -1, length: 1 }
  for (let start = 0; start < 8; start++) {
    let length = 0
    while (groups[start + length] === 0) length++
    if (length > gap.length) gap = { start, length }
  }
  const hexadecimal = groups.map((group) => group.toString(16))
  if (gap.start < 0) return hexadecimal.join(':')
  return `${hexadecimal.slice(0, gap.start).join(':')}::${hexadecimal.slice(gap.start + gap.length).join(':')}`
}

/** The 4 or 16 bytes of an address; dotted decimal may end an IPv6 address. */
export function parseAddress(text: string): Buffer {
  if (!text.includes(':')) return Buffer.from(text.split('.').map(Number))
  const plain = text.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_, ...octets: string[]) => {
    const [a = 0, b = 0, c = 0, d = 0] = octets.slice(0, 4).map(Number)
    return `${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`
  })
  const [head = '', tail] = plain.split('::')
  const left = head === '' ? [] : head.split(':')
  const right = tail === undefined || tail === '' ? [] : tail.split(':')
  const bytes = Buffer.alloc(16)
  left.forEach((group, index) => {
    bytes.writeUInt16BE(Number.parseInt(group, 16), 2 * index)
  })
  right.forEach((group, index) => {
    bytes.writeUInt16BE(Number.parseInt(group, 16), 16 - 2 * (right.length - index))
  })
  return bytes
}

/** Base 32 with the extended hex alphabet and no padding (RFC 4648 section 7), for hashed owner names. */
export function formatBase32(bytes: Uint8Array): string {
  const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUV'
  let text = ''
  let bits = 0
  let value = 0
  for (const byte of bytes) {
    value = (value << 8) | byte
    for (bits += 8; bits >= 5; bits -= 5) text += alphabet[(value >> (bits - 5)) & 31]
    value &= (1 << bits) - 1
  }
  return bits > 0 ? text + alphabet[(value << (5 - bits)) & 31] : text
}

/** A point in time as DNSSEC writes it, YYYYMMDDHHmmSS. */
export const formatTime = (seconds: number): string =>
  new Date(seconds * 1000).toISOString().replace(/[-:T]/g, '').slice(0, 14)
