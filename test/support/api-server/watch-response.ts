// A watch's way to its client, and what faults make of it: frozen (nothing is written any more, the socket stays), events lost, an event cut or replaced by nonsense.

import type { ServerResponse } from 'node:http'
import type { Faults } from './faults.ts'
import type { EventSink, WatchStream } from './watch.ts'

/** What a WatchResponse is made of. */
export interface WatchResponseOptions {
  /** A plural. */
  readonly resource: string
  readonly stream: WatchStream
  readonly response: ServerResponse
  readonly faults: Faults
  /** What is written in place of an event. */
  readonly garbage: Buffer
}

/** One open watch. */
export class WatchResponse implements EventSink {
  readonly resource: string
  readonly #options: WatchResponseOptions
  #frozen = false

  constructor(options: WatchResponseOptions) {
    this.resource = options.resource
    this.#options = options
  }

  /** Nothing is sent from now on, not even the end. */
  freeze(): void {
    this.#frozen = true
  }

  write(bytes: Buffer, what: 'change' | 'state'): void {
    const { resource, response, faults, garbage } = this.#options
    if (this.#frozen || response.destroyed) return
    if (what === 'change' && faults.swallows(resource)) return
    if (faults.takeCut(resource)) {
      this.#frozen = true
      response.write(bytes.subarray(0, Math.ceil(bytes.length / 2)), () => response.destroy())
    } else if (faults.takeGarbage(resource)) {
      response.write(garbage)
    } else {
      response.write(bytes)
    }
  }

  /** Sends a bookmark now. */
  bookmark(): void {
    this.#options.stream.bookmark()
  }

  end(): void {
    if (this.#frozen) return
    this.#options.stream.stop()
    this.#options.response.end()
  }
}
