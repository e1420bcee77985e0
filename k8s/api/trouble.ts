// What can go wrong between us and an API server, sorted by what is to be done about it; the words are the label of `meridian_kubernetes_api_errors_total`.

import { type ApiStatus, DecodeError } from '../decoder.ts'
import { ConnectionError } from './api-connection.ts'

/** A kind of trouble. */
type TroubleKind =
  /** 410, or a version that the server has not reached yet (its storage was restored): only a list helps. */
  | 'expired'
  /** 401: other credentials are needed. */
  | 'unauthorized'
  /** 403: a rule is missing. */
  | 'forbidden'
  /** 404: the resource is not installed. */
  | 'missing'
  /** 429. */
  | 'throttled'
  /** 5xx. */
  | 'server_error'
  /** Any other answer than 200. */
  | 'refused'
  /** No connection, or one that broke. */
  | 'connection'
  /** A stream that said nothing for too long. */
  | 'silent'
  /** Bytes that are no list and no watch. */
  | 'garbage'
  /** A WatchList that the server does not know. */
  | 'unstreamable'

/** Trouble and its story. */
export interface Trouble {
  readonly kind: TroubleKind
  readonly text: string
  /** What the server asked to wait, milliseconds; 0 if it asked for nothing. */
  readonly retryAfterMs: number
}

/** An answer that is not the one asked for: an HTTP status, or an ERROR event on a watch. */
export class Refused extends Error {
  override readonly name = 'Refused'
  readonly status: ApiStatus

  constructor(status: ApiStatus) {
    super(`${status.code}${status.message === '' ? '' : `: ${oneLine(status.message)}`}`)
    this.status = status
  }
}

/** A stream on which nothing came for too long. */
export class Silent extends Error {
  override readonly name = 'Silent'

  constructor(silenceMs: number) {
    super(`nothing came for ${Math.round(silenceMs / 1000)} s`)
  }
}

/** A WatchList that ended, or fell silent, before it had sent everything. */
export class Unstreamable extends Error {
  override readonly name = 'Unstreamable'
}

/** Sorts what was thrown; null if it is a bug of ours. */
export function troubleOf(error: unknown): Trouble | null {
  if (error instanceof Refused) return refusal(error)
  const kind = kindOf(error)
  return kind && { kind, text: oneLine((error as Error).message), retryAfterMs: 0 }
}

function kindOf(error: unknown): TroubleKind | null {
  if (error instanceof Silent) return 'silent'
  if (error instanceof Unstreamable) return 'unstreamable'
  if (error instanceof DecodeError) return 'garbage'
  if (error instanceof ConnectionError) return 'connection'
  return null
}

const byCode: ReadonlyMap<number, TroubleKind> = new Map([
  [401, 'unauthorized'],
  [403, 'forbidden'],
  [404, 'missing'],
  [410, 'expired'],
  [429, 'throttled'],
])

function refusal({ status, message }: Refused): Trouble {
  const kind = tooNew(status)
    ? 'expired'
    : (byCode.get(status.code) ?? (status.code >= 500 ? 'server_error' : 'refused'))
  return { kind, text: `the API server says ${message}`, retryAfterMs: status.retryAfterSeconds * 1000 }
}

/** `Too large resource version: 9000, current: 12`: the API server's storage was set back. */
const tooNew = ({ code, message }: ApiStatus): boolean => code === 504 && /too large resource version/i.test(message)

/** Messages of others must not end a log line, nor fill it. */
export const oneLine = (text: string): string =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  text.slice(0, 300).replace(/[\x00-\x1f\x7f]+/g, ' ')
