// The sockets to one API server: kept for the next request, made anew when what the TLS handshake says changes. Those of before go on to the end of their request.

import { type AgentOptions, Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import { getCACertificates, type SecureContextOptions } from 'node:tls'
import { ConnectionError } from './api-connection.ts'
import { pairFault } from './certificates.ts'
import type { Credentials } from './credentials.ts'
import type { Environment } from './file-access.ts'
import { idleSocketMs, idleSocketsMax, socketsMax, tcpKeepAliveMs } from './limits.ts'
import { environmentProxy } from './proxy.ts'
import { withoutUser } from './server-url.ts'

/** Gives each request the agent that its credentials need. */
export class Sockets {
  readonly #environment: Environment
  #agent: HttpAgent | null = null
  #identity = ''

  constructor(environment: Environment) {
    this.#environment = environment
  }

  /** Throws ConnectionError if the client certificate or the proxy is of no use. */
  agentFor(credentials: Credentials): HttpAgent {
    const { server, authority, certificate, key, servername, insecure, proxy } = credentials
    const identity = JSON.stringify([server, authority, certificate, key, servername, insecure, proxy])
    if (this.#agent && identity === this.#identity) return this.#agent
    const agent = this.#make(credentials)
    if (this.#agent) retire(this.#agent)
    this.#identity = identity
    this.#agent = agent
    return agent
  }

  close(): void {
    this.#agent?.destroy()
  }

  #make({ server, authority, certificate, key, servername, insecure, proxy }: Credentials): HttpAgent {
    const through = proxy || environmentProxy(server, this.#environment)
    // Node would go around a proxy of another scheme without a word.
    if (through !== '' && !/^https?:$/.test(URL.parse(through)?.protocol ?? ''))
      throw new ConnectionError(`proxy ${JSON.stringify(withoutUser(through))}: not a URL of scheme http or https`)
    const options: AgentOptions = {
      keepAlive: true,
      keepAliveMsecs: tcpKeepAliveMs,
      maxSockets: socketsMax,
      maxFreeSockets: idleSocketsMax,
      timeout: idleSocketMs,
      ...(through === '' ? {} : { proxyEnv: { HTTP_PROXY: through, HTTPS_PROXY: through } }),
    }
    if (!server.startsWith('https:')) return new HttpAgent(options)
    const fault = certificate === null ? '' : pairFault(certificate, key ?? '')
    if (fault !== '') throw new ConnectionError(`Loading client cert failed: ${fault}`)
    const tls: SecureContextOptions = {
      ca: authority ?? systemAuthorities(),
      // As Go: any certificate of the authority file is a trust anchor, an intermediate one too.
      allowPartialTrustChain: true,
      ...(certificate === null ? {} : { cert: certificate, key: key ?? '' }),
    }
    return new HttpsAgent({
      ...options,
      ...tls,
      rejectUnauthorized: !insecure,
      ...(servername === '' ? {} : { servername }),
    })
  }
}

/** What this machine trusts, and what Node comes with. */
const systemAuthorities = (): string[] => [
  ...new Set([...getCACertificates('default'), ...getCACertificates('system')]),
]

/** No new request gets a socket of it. */
function retire(agent: HttpAgent): void {
  agent.maxFreeSockets = 0
  for (const sockets of Object.values(agent.freeSockets)) for (const socket of sockets ?? []) socket.destroy()
}
