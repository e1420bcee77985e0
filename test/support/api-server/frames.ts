// The bytes around objects. Objects are encoded once a change (stored-object.ts); lists and watch events are put together from those bytes here.
//
//   JSON       list  {"kind":"ServiceList",…,"items":[ITEM,ITEM]}        event  {"type":"ADDED","object":OBJECT}\n
//   protobuf   list  k8s\0 Unknown{type, raw: List{1: meta, 2: ITEM…}}   event  LENGTH WatchEvent{1: type, 2: {1: k8s\0 Unknown{type, raw: ITEM}}}

/** What an answer is written in. */
export type Media = 'json' | 'protobuf'

/** Type of an object as its envelope says it. */
export interface TypeMeta {
  readonly apiVersion: string
  readonly kind: string
}

/** ListMeta of a page. */
export interface PageMeta {
  readonly resourceVersion: string
  /** '' after the last page. */
  readonly continueToken: string
  /** Null where the server doesn't say. */
  readonly remainingItemCount: number | null
}

/** A page as a head, items and a tail: the items are long and stay apart. */
export interface Frame {
  readonly head: Buffer
  /** Goes between items. */
  readonly separator: Buffer
  readonly tail: Buffer
}

const nothing = Buffer.alloc(0)
const magic = Buffer.from('k8s\0', 'latin1')
/** contentEncoding and contentType of Unknown, empty. */
const unknownTail = Buffer.from([0x1a, 0, 0x22, 0])

/** A page of a list around items of `itemsLength` octets in sum, as `item` gives them. */
export function listFrame(media: Media, type: TypeMeta, meta: PageMeta, itemsLength: number): Frame {
  const { resourceVersion, continueToken, remainingItemCount } = meta
  if (media === 'json') {
    const metadata = {
      resourceVersion,
      ...(continueToken !== '' && { continue: continueToken }),
      ...(remainingItemCount !== null && { remainingItemCount }),
    }
    const head = JSON.stringify({ kind: type.kind, apiVersion: type.apiVersion, metadata })
    return {
      head: Buffer.from(`${head.slice(0, -1)},"items":[`),
      separator: Buffer.from(','),
      tail: Buffer.from(']}\n'),
    }
  }
  const listMeta = Buffer.concat([
    field(1, ''),
    field(2, resourceVersion),
    field(3, continueToken),
    ...(remainingItemCount === null ? [] : [Buffer.from([4 << 3]), varint(remainingItemCount)]),
  ])
  const metaField = field(1, listMeta)
  const rawHead = Buffer.concat([Buffer.from([(2 << 3) | 2]), varint(metaField.length + itemsLength), metaField])
  return { head: Buffer.concat([magic, typeField(type), rawHead]), separator: nothing, tail: unknownTail }
}

/** An object's own bytes as an item of a list: in protobuf they are told apart by tag and length. */
export const listItem = (media: Media, bytes: Buffer): Buffer => (media === 'json' ? bytes : field(2, bytes))

/** One object for itself: JSON is whole already. */
export function envelope(media: Media, type: TypeMeta, bytes: Buffer): Buffer {
  return media === 'json' ? bytes : Buffer.concat([magic, typeField(type), field(2, bytes), unknownTail])
}

/** The raw message out of an envelope. */
export function rawOf(bytes: Uint8Array): Buffer {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const [typeLength, afterType] = readVarint(buffer, magic.length + 1)
  const [length, start] = readVarint(buffer, afterType + typeLength + 1)
  return buffer.subarray(start, start + length)
}

/** One watch event around an enveloped object. */
export function watchFrame(media: Media, type: string, object: Buffer): Buffer {
  if (media === 'json') {
    return Buffer.concat([Buffer.from(`{"type":"${type}","object":`), object, Buffer.from('}\n')])
  }
  const event = Buffer.concat([field(1, type), field(2, field(1, object))])
  const length = Buffer.alloc(4)
  length.writeUInt32BE(event.length)
  return Buffer.concat([length, event])
}

const typeField = ({ apiVersion, kind }: TypeMeta): Buffer =>
  field(1, Buffer.concat([field(1, apiVersion), field(2, kind)]))

/** A length-delimited field. */
function field(number: number, value: string | Buffer): Buffer {
  const bytes = typeof value === 'string' ? Buffer.from(value) : value
  return Buffer.concat([Buffer.from([(number << 3) | 2]), varint(bytes.length), bytes])
}

function varint(value: number): Buffer {
  const bytes: number[] = []
  let rest = value
  for (; rest > 0x7f; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 0x80)
  bytes.push(rest)
  return Buffer.from(bytes)
}

function readVarint(bytes: Buffer, start: number): [value: number, next: number] {
  let value = 0
  for (let at = start, scale = 1; ; at++, scale *= 128) {
    const byte = bytes[at]
    if (byte === undefined) throw new RangeError('a varint runs over the end')
    value += (byte & 0x7f) * scale
    if (byte < 0x80) return [value, at + 1]
  }
}
