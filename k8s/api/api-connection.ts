// The contract between what asks an API server (reflectors, the consistency check) and what carries it (connection.ts: TLS, credentials, limits, metrics).

/** Asks one API server. */
export interface ApiConnection {
  /**
   * Resolves when the response's head has come, whatever its status. Rejects with ConnectionError if there is none: refused, reset, no head in time, the signal.
   * The caller reads or destroys every body.
   */
  get(request: ApiRequest): Promise<ApiResponse>
  /** The server refused the credentials (401): they are read anew before the next request. */
  refuse(): void
  close(): void
}

export interface ApiRequest {
  /** With the query: `/api/v1/services?limit=500`. */
  readonly path: string
  readonly accept: string
  readonly signal: AbortSignal
}

export interface ApiResponse {
  readonly status: number
  /** Media type with parameters, '' without one. */
  readonly contentType: string
  /** Retry-After in seconds, 0 without one. */
  readonly retryAfterSeconds: number
  /** Chunks as they come; throws ConnectionError where the stream breaks. Leaving the loop early destroys the stream. */
  readonly body: AsyncIterable<Uint8Array>
}

/** No response, or only part of one; the message says of whom and why. */
export class ConnectionError extends Error {
  override readonly name = 'ConnectionError'
}
