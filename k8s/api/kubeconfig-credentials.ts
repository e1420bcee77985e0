// From a kubeconfig to credentials: what has to be read, checked, run and renewed first is in kubeconfig.ts, exec-plugin.ts and oidc.ts; @kubernetes/client-node makes
// of it what a request needs. Loading this costs what that library costs: only the process of credentials-process.ts does.

import { stat } from 'node:fs/promises'
import type { RequestOptions } from 'node:https'
import { dirname, resolve as resolvePath } from 'node:path'
import { KubeConfig } from '@kubernetes/client-node'
import { checkedAuthority } from './certificates.ts'
import { CredentialFiles, FileError, reasonOf } from './credential-files.ts'
import { AccessError, type Credentials, type Resolved } from './credentials.ts'
import type { CredentialsOrder, OidcTokens } from './credentials-process.ts'
import { type ExecCredential, runExecPlugin } from './exec-plugin.ts'
import { emptyToken } from './file-access.ts'
import {
  type ChosenAccess,
  checkAccess,
  checkProvider,
  chooseAccess,
  listOf,
  type Mapping,
  mappingOf,
  type PemTexts,
  pathIn,
  textOf,
} from './kubeconfig.ts'
import { oidcGrant } from './oidc.ts'
import { clientError, serverUrl } from './server-url.ts'

/** Credentials, and the tokens to remember for the next time. */
export interface KubeconfigCredentials {
  readonly resolved: Resolved
  readonly oidc: OidcTokens | null
}

/** Rejects with AccessError where the configuration is wrong, ConnectionError where it may work later. */
export async function kubeconfigCredentials(order: CredentialsOrder): Promise<KubeconfigCredentials> {
  const { context, file, oidc, refused } = order
  const files = new CredentialFiles()
  const access = chooseAccess(await readConfig(file, files), file, context)
  const folder = dirname(resolvePath(file))
  const pem = await checkAccess(access, folder, files)
  checkProvider(access.user)
  const authority = checkedAuthority(pem.authority)
  const insecure = access.cluster['insecure-skip-tls-verify'] === true
  if (insecure && authority !== null) {
    throw clientError('specifying a root certificates file with the insecure flag is not allowed')
  }
  const isCertified = pem.certificate !== ''
  const { base, authorization } = serverUrl(
    textOf(access.cluster.server),
    authority !== null || isCertified || insecure,
  )
  const exec = access.user.exec ? await runExecPlugin(access, { folder, authority: pem.authority }) : null
  const grant = await oidcGrant(access.user, { folder, files, refused, oidc })
  const token = exec?.token || grant?.idToken || (await tokenOf(access, folder, files))
  const options = await loadWithLibrary({ access, pem, token, exec, base })
  const credentials: Credentials = {
    server: base,
    authority,
    certificate: pemText(options.cert),
    key: pemText(options.key),
    headers: { ...(authorization === '' ? {} : { Authorization: authorization }), ...headersOf(options, access.user) },
    servername: textOf(options.servername),
    insecure,
    proxy: textOf(access.cluster['proxy-url']),
    expiresAtMs: exec?.expiresAtMs ?? grant?.expiresAtMs ?? null,
  }
  return { resolved: { credentials, files: files.stamps, warnings: [] }, oidc: grant?.tokens ?? null }
}

async function readConfig(file: string, files: CredentialFiles): Promise<string> {
  await stat(file).catch((error: unknown) => {
    throw new AccessError(`stat ${file}: ${reasonOf(error)}`)
  })
  return files.read(file).catch((error: unknown) => {
    throw error instanceof FileError
      ? new AccessError(`error loading config file ${JSON.stringify(file)}: ${error.message}`)
      : error
  })
}

/** The token of the file or of the token file, which is the newer one; '' without. (The library knows only `token`.) */
async function tokenOf({ user }: ChosenAccess, folder: string, files: CredentialFiles): Promise<string> {
  if (textOf(user.tokenFile) === '') return textOf(user.token)
  const path = pathIn(folder, textOf(user.tokenFile))
  const token = await files.read(path).catch((error: unknown) => {
    throw error instanceof FileError ? new AccessError(error.message) : error
  })
  if (token.trim() === '') throw emptyToken(path)
  return token.trim()
}

interface LibraryInput {
  readonly access: ChosenAccess
  readonly pem: PemTexts
  readonly token: string
  readonly exec: ExecCredential | null
  readonly base: string
}

/** What the library makes of cluster and user, once what it cannot do has been done for it. */
async function loadWithLibrary({ access, pem, token, exec, base }: LibraryInput): Promise<RequestOptions> {
  const { user, cluster } = access
  const certificate = exec?.certificate || pem.certificate
  const key = exec?.key || pem.key
  const library = new KubeConfig()
  library.loadFromOptions({
    clusters: [
      {
        name: 'cluster',
        server: base,
        // The library asks for it where there is no TLS.
        skipTLSVerify: cluster['insecure-skip-tls-verify'] === true || base.startsWith('http:'),
        tlsServerName: textOf(cluster['tls-server-name']) || undefined,
      },
    ],
    users: [
      {
        name: 'user',
        certData: certificate && Buffer.from(certificate).toString('base64'),
        keyData: key && Buffer.from(key).toString('base64'),
        token,
        username: textOf(user.username),
        password: textOf(user.password),
        impersonateUser: textOf(user.as) || undefined,
      },
    ],
    contexts: [{ name: 'context', cluster: 'cluster', user: 'user' }],
    currentContext: 'context',
  })
  const options: RequestOptions = {}
  await library.applyToHTTPSOptions(options)
  return options
}

const pemText = (pem: RequestOptions['cert'] | RequestOptions['key']): string | null =>
  typeof pem === 'string' || Buffer.isBuffer(pem) ? pem.toString() : null

/** Headers of the library, basic authentication and the parts of impersonation that the library leaves out. */
function headersOf(options: RequestOptions, user: Mapping): Record<string, string | string[]> {
  const headers: Record<string, string | string[]> = {}
  if (options.auth) headers.Authorization = `Basic ${Buffer.from(options.auth).toString('base64')}`
  for (const [name, value] of Object.entries(options.headers ?? {})) headers[name] = String(value)
  const groups = listOf(user['as-groups']).map(textOf)
  if (groups.length > 0) headers['Impersonate-Group'] = groups
  if (textOf(user['as-uid']) !== '') headers['Impersonate-Uid'] = textOf(user['as-uid'])
  for (const [key, values] of Object.entries(mappingOf(user['as-user-extra']))) {
    headers[`Impersonate-Extra-${encodeURIComponent(key)}`] = listOf(values).map(textOf)
  }
  return headers
}
