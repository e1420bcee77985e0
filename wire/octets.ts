// Numbers in bytes (network order), and bytes for messages that live as long as one query.

export const u16 = (bytes: Uint8Array, at: number): number => (bytes[at]! << 8) | bytes[at + 1]!

export function writeU16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >> 8
  bytes[at + 1] = value
}

export function writeU32(bytes: Uint8Array, at: number, value: number): void {
  writeU16(bytes, at, value >>> 16)
  writeU16(bytes, at + 2, value & 0xffff)
}

/**
 * `length` octets that hold anything: a slice of Node's pool, which costs a tenth of an array of its own. What is kept for long must be copied, or it keeps a
 * whole slab. A plain Uint8Array, because `slice` of a Buffer is a view and not a copy.
 */
export function pooledBytes(length: number): Uint8Array<ArrayBuffer> {
  const { buffer, byteOffset } = Buffer.allocUnsafe(length)
  return new Uint8Array(buffer, byteOffset, length)
}
