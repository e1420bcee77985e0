// Who asks, and whether he may: bearer tokens, client certificates, and a rule that a test gives in RBAC's place.

import type { IncomingMessage } from 'node:http'
import type { TLSSocket } from 'node:tls'
import { ApiError, unauthorized } from './api-status.ts'
import type { ApiResource } from './resource-table.ts'

/** As RBAC names them. */
export type Verb = 'get' | 'list' | 'watch' | 'create' | 'update' | 'patch' | 'delete' | 'deletecollection'

/** True for what must be refused with 403; `resource` is a plural (`nodes`). */
export type Forbidden = (verb: Verb, resource: string) => boolean

const tokenUser = 'system:serviceaccount:kube-system:coredns'

/** Decides about requests. */
export class Access {
  /** Bearer tokens that count; if there are none and no certificates are asked for, everybody may come in. */
  tokens: ReadonlySet<string>
  /** Set by a fault: no token counts. */
  tokensExpired = false
  forbidden: Forbidden
  readonly #asksCertificate: boolean

  constructor(tokens: readonly string[], asksCertificate: boolean, forbidden: Forbidden) {
    this.tokens = new Set(tokens)
    this.#asksCertificate = asksCertificate
    this.forbidden = forbidden
  }

  /** The user of a request. Throws 401. */
  authenticate(request: IncomingMessage): string {
    const header = request.headers.authorization ?? ''
    if (header !== '') {
      const token = /^Bearer (.+)$/.exec(header)?.[1]
      if (this.tokensExpired || token === undefined || (this.tokens.size > 0 && !this.tokens.has(token)))
        throw unauthorized()
      return tokenUser
    }
    const socket = request.socket as Partial<TLSSocket>
    const certificate = socket.getPeerCertificate?.()
    if (this.#asksCertificate && certificate && Object.keys(certificate).length > 0) {
      if (!socket.authorized) throw unauthorized()
      return String(certificate.subject.CN)
    }
    if (this.tokensExpired || this.tokens.size > 0 || this.#asksCertificate) throw unauthorized()
    return 'system:anonymous'
  }

  /** Throws 403 in RBAC's words. */
  authorize(question: { user: string; verb: Verb; resource: ApiResource; namespace: string; name: string }): void {
    const { user, verb, resource, namespace, name } = question
    const { group, plural } = resource
    if (!this.forbidden(verb, plural)) return
    const scope = namespace === '' ? 'at the cluster scope' : `in the namespace "${namespace}"`
    const subject = `${plural}${group === '' ? '' : `.${group}`}${name === '' ? '' : ` "${name}"`}`
    throw new ApiError(
      403,
      'Forbidden',
      `${subject} is forbidden: User "${user}" cannot ${verb} resource "${plural}" in API group "${group}" ${scope}`,
      { details: { ...(name !== '' && { name }), ...(group !== '' && { group }), kind: plural } },
    )
  }
}
