// Why an upstream did not answer: a typed result, never a throw. The text is CoreDNS's, because the errors plugin prints it.

import type { ExtendedError } from '../../wire/edns.ts'
import { edeCodes } from '../../wire/registry.ts'

/**
 * silent: no reply in time; refused: nothing listens; network: every other failure to reach it; malformed: bytes that are no message;
 * mismatch: a reply to something else; aborted: nobody waits any more.
 */
export type TroubleKind = 'silent' | 'refused' | 'network' | 'malformed' | 'mismatch' | 'aborted'

/** One failed attempt. */
export class Trouble {
  readonly kind: TroubleKind
  /** Such as `read udp 127.0.0.1:3333->127.0.0.9:53: i/o timeout`. */
  readonly text: string

  constructor(kind: TroubleKind, text: string) {
    this.kind = kind
    this.text = text
  }

  /** True if the upstream may be down; a reply of any sort proves that it is not. */
  get blamesUpstream(): boolean {
    return this.kind === 'silent' || this.kind === 'refused' || this.kind === 'network'
  }
}

/** The Extended DNS Error for a question that failed with `trouble` at `upstream` (RFC 8914 4.22-4.25). */
export function extendedErrorOf(trouble: Trouble | null, upstream: string): ExtendedError {
  if (trouble === null) return { code: edeCodes.NO_REACHABLE_AUTHORITY, text: 'no healthy upstream' }
  if (trouble.kind === 'silent') return { code: edeCodes.NO_REACHABLE_AUTHORITY, text: `${upstream} is silent` }
  if (trouble.kind === 'refused') return { code: edeCodes.NETWORK_ERROR, text: `${upstream} refuses connections` }
  if (trouble.kind === 'malformed' || trouble.kind === 'mismatch') {
    return { code: edeCodes.INVALID_DATA, text: `${upstream} sent an invalid reply` }
  }
  return { code: edeCodes.NETWORK_ERROR, text: `${upstream} is unreachable` }
}

/** Errors of the operating system in CoreDNS's words. */
const systemTexts: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset by peer',
  ENETUNREACH: 'network is unreachable',
  EHOSTUNREACH: 'no route to host',
  EADDRNOTAVAIL: 'cannot assign requested address',
  EACCES: 'permission denied',
  EPERM: 'operation not permitted',
  EMSGSIZE: 'message too long',
  EMFILE: 'too many open files',
  EPIPE: 'broken pipe',
}

/** What went wrong as CoreDNS's log has it: `connection refused`, or the error's own text. */
function systemText(error: NodeJS.ErrnoException): string {
  return systemTexts[error.code ?? ''] ?? error.message
}

/** The trouble that an error of a socket is; `during` is what was done, such as `dial tcp 127.0.0.9:53: connect`. */
export function socketTrouble(error: NodeJS.ErrnoException, during: string): Trouble {
  return new Trouble(error.code === 'ECONNREFUSED' ? 'refused' : 'network', `${during}: ${systemText(error)}`)
}
