// The body of a response as it comes: the server is read no faster than the caller reads, and leaving early lets go of the connection at once.

import type { IncomingMessage } from 'node:http'

/** Chunks of one response. */
export class ResponseBody implements AsyncIterable<Uint8Array> {
  readonly #message: IncomingMessage
  readonly #failed: (error: unknown) => Error
  #ended: (() => void) | null

  /** `failed` words what broke the stream; `ended` is called once, however it ends. */
  constructor(
    message: IncomingMessage,
    handlers: { readonly failed: (error: unknown) => Error; readonly ended: () => void },
  ) {
    this.#message = message
    this.#failed = handlers.failed
    this.#ended = handlers.ended
    // The iterator throws what breaks the stream; before there is one, nobody has asked yet.
    message.on('error', () => {})
  }

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    const chunks: AsyncIterator<Uint8Array> = this.#message[Symbol.asyncIterator]()
    return {
      next: async () => {
        try {
          const result = await chunks.next()
          if (result.done) this.#end()
          return result
        } catch (error) {
          this.#end()
          throw this.#failed(error)
        }
      },
      return: async () => {
        this.#message.destroy()
        this.#end()
        return { done: true, value: undefined }
      },
    }
  }

  #end(): void {
    this.#ended?.()
    this.#ended = null
  }
}
