// TLS towards an upstream, for DoT (RFC 7858) and DoH (RFC 8484). The certificate is always checked: against the server name if one is given,
// else against the address.

import { isIP, type NetConnectOpts } from 'node:net'
import { checkServerIdentity, connect, type TLSSocket } from 'node:tls'
import type { TlsMaterial } from './tls-files.ts'

/** What one upstream's certificate must fit, and what we show. */
export interface TlsClient extends TlsMaterial {
  /** '': the certificate must name the address. */
  readonly serverName: string
}

/** Where a connection goes. */
export interface TcpPlace {
  readonly address: string
  readonly port: number
  readonly sourceAddress: string | null
}

/** Options of node:net for a connection that waits for no full segment. */
export function tcpOptions({ address, port, sourceAddress }: TcpPlace): NetConnectOpts {
  const options = { host: address, port, noDelay: true }
  return sourceAddress === null ? options : { ...options, localAddress: sourceAddress }
}

/** Starts a TLS connection; `protocols` are offered by ALPN. */
export function connectTls(place: TcpPlace, client: TlsClient, protocols: readonly string[] = []): TLSSocket {
  const { serverName, ca, cert, key } = client
  const expected = serverName === '' ? place.address : serverName
  return connect({
    ...tcpOptions(place),
    minVersion: 'TLSv1.2',
    checkServerIdentity: (_host, certificate) => checkServerIdentity(expected, certificate),
    ...(isIP(expected) === 0 ? { servername: expected } : {}),
    // As in the rest of the field an intermediate certificate is a good anchor.
    ...(ca === null ? {} : { ca, allowPartialTrustChain: true }),
    ...(cert === null || key === null ? {} : { cert, key }),
    ...(protocols.length === 0 ? {} : { ALPNProtocols: [...protocols] }),
  })
}
