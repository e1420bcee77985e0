// The events of a watch in JSON, as their bytes arrive: a line each, {"type": …, "object": …}. Lines are cut apart as bytes, so a letter of several bytes may be cut, too.

import { Carry } from '../carry.ts'
import { decodeGone, decodeItem, initialEventsEndAnnotation } from '../decode.ts'
import { DecodeError, type WatchEvent } from '../decoder.ts'
import { Field } from '../field.ts'
import { objectBytesMax } from '../limits.ts'
import type { ClusterObject, Trim } from '../objects.ts'
import { parseJson } from './list-splitter.ts'
import { shaped } from './list-stream.ts'
import { readStatus } from './status.ts'

/** Reads the events of one watch; see WatchDecoder. */
export class JsonWatchStream {
  readonly #kind: ClusterObject['kind']
  readonly #trim: Trim
  readonly #carry = new Carry(objectBytesMax)
  /** The body's byte that the line begins at. */
  #offset = 0

  constructor(kind: ClusterObject['kind'], trim: Trim) {
    this.#kind = kind
    this.#trim = trim
  }

  /** The events that the next bytes complete; throws DecodeError. */
  push(bytes: Uint8Array): WatchEvent[] {
    const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
    const events: WatchEvent[] = []
    let at = 0
    for (let end = buffer.indexOf(newline); end !== -1; end = buffer.indexOf(newline, at)) {
      const length = this.#carry.length + end - at
      const line = this.#line(buffer, at, end)
      if (line.trim() !== '') events.push(this.#event(parseJson(line, this.#offset)))
      this.#offset += length + 1
      at = end + 1
    }
    if (at < buffer.length) this.#carry.append(buffer, at, buffer.length)
    return events
  }

  #line(buffer: Buffer, at: number, end: number): string {
    if (this.#carry.length === 0 && end - at <= objectBytesMax) return buffer.toString('utf8', at, end)
    this.#carry.append(buffer, at, end)
    return this.#carry.take().toString('utf8')
  }

  #event(value: unknown): WatchEvent {
    const event = new Field(value)
    const type = shaped(() => event.at('type').text())
    const object = shaped(() => event.at('object'))
    if (type === 'ADDED' || type === 'MODIFIED') return { type, item: decodeItem(this.#kind, object.value, this.#trim) }
    if (type === 'DELETED') return { type, item: decodeGone(this.#kind, object.value) }
    if (type === 'BOOKMARK') return shaped(() => readBookmark(object.at('metadata')))
    if (type === 'ERROR') return { type, status: shaped(() => readStatus(object)) }
    throw new DecodeError(`an event of type ${JSON.stringify(type.slice(0, 40))}`)
  }
}

function readBookmark(metadata: Field): WatchEvent {
  return {
    type: 'BOOKMARK',
    resourceVersion: metadata.at('resourceVersion').text(),
    initialEventsEnd: metadata.at('annotations').at(initialEventsEndAnnotation).text() === 'true',
  }
}

const newline = 0x0a
