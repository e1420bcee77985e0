// One page of a list in JSON, as its bytes arrive: each item is parsed by itself and let go. See list-splitter.ts.

import { DecodeError, type ListEnd } from '../decoder.ts'
import { Field, ShapeError } from '../field.ts'
import { ListSplitter, parseJson } from './list-splitter.ts'

/** What a JsonListStream is for. */
export interface JsonListOptions<Item> {
  /** Throws DecodeError if a list of this kind is not what was asked for. */
  readonly checkKind: (kind: string) => void
  readonly readItem: (value: unknown) => Item
}

/** Reads one page; see ListDecoder. */
export class JsonListStream<Item> {
  readonly #splitter: ListSplitter
  #items: Item[] = []
  #resourceVersion = ''
  #continueToken = ''

  constructor({ checkKind, readItem }: JsonListOptions<Item>) {
    this.#splitter = new ListSplitter({
      item: (text, offset) => this.#items.push(readItem(parseJson(text, offset))),
      member: (key, text, offset) => {
        const value = new Field(parseJson(text, offset), key)
        if (key === 'kind') checkKind(readText(value))
        else if (key === 'metadata') this.#readMetadata(value)
        else if (key === 'items' && !value.absent) throw new DecodeError('no list: its items are none')
      },
    })
  }

  push(bytes: Uint8Array): Item[] {
    this.#items = []
    this.#splitter.push(bytes)
    const items = this.#items
    this.#items = []
    return items
  }

  end(): ListEnd {
    this.#splitter.end()
    return { resourceVersion: this.#resourceVersion, continueToken: this.#continueToken }
  }

  #readMetadata(metadata: Field): void {
    this.#resourceVersion = readText(metadata, 'resourceVersion')
    this.#continueToken = readText(metadata, 'continue')
  }
}

/** The text, or that of the member `key`; DecodeError if it is of a wrong type. */
function readText(field: Field, key?: string): string {
  return shaped(() => (key === undefined ? field : field.at(key)).text())
}

/** What `read` gives; a wrong shape is a DecodeError. */
export function shaped<Result>(read: () => Result): Result {
  try {
    return read()
  } catch (error) {
    if (error instanceof ShapeError) throw new DecodeError(error.message)
    throw error
  }
}
