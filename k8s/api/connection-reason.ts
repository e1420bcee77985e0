// Why there was no response, in words that an operator of CoreDNS has seen before.

/** Such as `dial tcp 127.0.0.1:6443: connect: connection refused`. */
export function connectionReason(error: unknown): string {
  const { code = '', message, address, port, hostname } = error as SystemError
  const table = reasons[code]
  if (table === undefined) return message || code || 'unknown error'
  if (!dialling.has(code) || (address === undefined && hostname === undefined)) return table
  return `dial tcp ${hostname === undefined ? at(address!, port) : `lookup ${hostname}`}: ${table}`
}

interface SystemError extends NodeJS.ErrnoException {
  readonly address?: string
  readonly port?: number
  readonly hostname?: string
}

const at = (address: string, port = 0): string =>
  address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`

const unknownAuthority = 'tls: failed to verify certificate: x509: certificate signed by unknown authority'
const wrongTime = 'tls: failed to verify certificate: x509: certificate has expired or is not yet valid'

/** Codes that come with the address that was dialled. */
const dialling: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
])

const reasons: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connect: connection refused',
  ETIMEDOUT: 'i/o timeout',
  EHOSTUNREACH: 'connect: no route to host',
  ENETUNREACH: 'connect: network is unreachable',
  ENOTFOUND: 'no such host',
  EAI_AGAIN: 'server misbehaving',
  ECONNRESET: 'connection reset by peer',
  EPIPE: 'broken pipe',
  SELF_SIGNED_CERT_IN_CHAIN: unknownAuthority,
  DEPTH_ZERO_SELF_SIGNED_CERT: unknownAuthority,
  UNABLE_TO_GET_ISSUER_CERT: unknownAuthority,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: unknownAuthority,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: unknownAuthority,
  CERT_HAS_EXPIRED: wrongTime,
  CERT_NOT_YET_VALID: wrongTime,
  EPROTO: 'tls: the other end does not speak TLS, or not a version that we do',
  HPE_INVALID_CONSTANT: 'malformed HTTP response',
  HPE_HEADER_OVERFLOW: 'the headers of the response are too long',
}
