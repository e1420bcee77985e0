// The token of a user whom an OpenID provider vouches for, and its renewal. (That of @kubernetes/client-node 1.4 hands openid-client 6 a text where that wants a URL,
// so every refresh fails; it knows no client secret and no authority of the provider's own.)
// https://kubernetes.io/docs/reference/access-authn-authz/authentication/#openid-connect-tokens, RFC 6749 section 6, OpenID Connect Discovery 1.0

import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { ConnectionError } from './api-connection.ts'
import { type CredentialFiles, FileError } from './credential-files.ts'
import type { OidcTokens } from './credentials-process.ts'
import { type Mapping, mappingOf, pathIn, textOf } from './kubeconfig.ts'
import { oidcLeewaySeconds, oidcLimitMs } from './limits.ts'
import { clientError } from './server-url.ts'

/** The token to be somebody with, and what must be known for the next time. */
export interface OidcGrant {
  readonly idToken: string
  readonly expiresAtMs: number
  readonly tokens: OidcTokens
}

interface OidcOptions {
  readonly folder: string
  readonly files: CredentialFiles
  /** The last token was refused. */
  readonly refused: boolean
  readonly oidc: OidcTokens | null
}

/** Null if the user has no provider. Rejects with ConnectionError if neither the token nor a refresh can help. */
export async function oidcGrant(user: Mapping, options: OidcOptions): Promise<OidcGrant | null> {
  const provider = mappingOf(user['auth-provider'])
  if (provider.name !== 'oidc') return null
  const config = mappingOf(provider.config)
  const origin = textOf(config['refresh-token'])
  const known = options.oidc?.origin === origin ? options.oidc : null
  let idToken = known?.idToken ?? textOf(config['id-token'])
  let refreshToken = known?.refreshToken ?? origin
  if (options.refused || endOf(idToken) < Date.now() / 1000 + oidcLeewaySeconds) {
    if (refreshToken !== '') {
      await trustProvider(config, options)
      ;({ idToken, refreshToken } = await refresh(config, refreshToken))
    } else if (endOf(idToken) < Date.now() / 1000) {
      throw new ConnectionError('No valid id-token, and cannot refresh without refresh-token')
    }
  }
  return { idToken, expiresAtMs: endOf(idToken) * 1000, tokens: { origin, idToken, refreshToken } }
}

/** When a JSON Web Token ends, in seconds since 1970; 0 if it doesn't say. */
function endOf(token: string): number {
  try {
    const { exp } = mappingOf(JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8')))
    return typeof exp === 'number' ? exp : 0
  } catch {
    return 0
  }
}

/** The provider's own authority: it counts in this whole process, which asks nobody else. */
async function trustProvider(config: Mapping, { files, folder }: OidcOptions): Promise<void> {
  const path = textOf(config['idp-certificate-authority'])
  const data = textOf(config['idp-certificate-authority-data'])
  if (path === '' && data === '') return
  const pem =
    path === '' ? Buffer.from(data, 'base64').toString('utf8') : await files.read(pathIn(folder, path)).catch(refuse)
  setDefaultCACertificates([...getCACertificates('default'), pem])
}

function refuse(error: unknown): never {
  throw error instanceof FileError ? clientError(error.message) : error
}

/** New tokens for a refresh token. */
async function refresh(config: Mapping, refreshToken: string): Promise<{ idToken: string; refreshToken: string }> {
  const issuer = textOf(config['idp-issuer-url']).replace(/\/$/, '')
  const discovered = await ask(`${issuer}/.well-known/openid-configuration`, {})
  const endpoint = textOf(discovered.answer.token_endpoint)
  if (!URL.canParse(endpoint)) throw failure('the provider names no token endpoint')
  const client = textOf(config['client-id'])
  const secret = textOf(config['client-secret'])
  const form = { grant_type: 'refresh_token', refresh_token: refreshToken }
  const basic = Buffer.from(`${encodeURIComponent(client)}:${encodeURIComponent(secret)}`).toString('base64')
  const inHeader = { headers: { Authorization: `Basic ${basic}` }, body: new URLSearchParams(form) }
  const inBody = {
    body: new URLSearchParams({ ...form, client_id: client, ...(secret === '' ? {} : { client_secret: secret }) }),
  }
  // Clients with a secret say it in the header; some providers read only the body (RFC 6749, 2.3.1).
  let granted = await ask(endpoint, { method: 'POST', ...(secret === '' ? inBody : inHeader) })
  if (!granted.ok && secret !== '') granted = await ask(endpoint, { method: 'POST', ...inBody })
  if (!granted.ok) throw failure(`the provider says ${granted.status} ${textOf(granted.answer.error).slice(0, 100)}`)
  const idToken = textOf(granted.answer.id_token)
  if (idToken === '') throw failure('the provider gave no id_token')
  return { idToken, refreshToken: textOf(granted.answer.refresh_token) || refreshToken }
}

const failure = (reason: string): ConnectionError => new ConnectionError(`failed to refresh token: ${reason}`)

async function ask(url: string, init: RequestInit): Promise<{ ok: boolean; status: number; answer: Mapping }> {
  try {
    const response = await fetch(url, { ...init, redirect: 'error', signal: AbortSignal.timeout(oidcLimitMs) })
    return { ok: response.ok, status: response.status, answer: mappingOf(await response.json().catch(() => ({}))) }
  } catch (error) {
    const { cause, message } = error as Error
    throw failure(`${url}: ${cause instanceof Error ? cause.message : message}`)
  }
}
