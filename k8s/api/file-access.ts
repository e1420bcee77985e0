// Access that needs nothing but files: a Pod's service account, and `endpoint` with `tls`. No library is loaded for them, because every restart of a server in a
// cluster waits for this.

import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { isIPv6 } from 'node:net'
import type { ApiAccess, ClientTls } from '../cluster-options.ts'
import { checkedAuthority } from './certificates.ts'
import { CredentialFiles, FileError } from './credential-files.ts'
import { AccessError, type Credentials, type Resolved } from './credentials.ts'
import { clientError, serverUrl } from './server-url.ts'

/** Variables of the environment. */
export type Environment = Readonly<Record<string, string | undefined>>

/** Where Kubernetes mounts a Pod's service account. */
export const serviceAccountFolder = '/var/run/secrets/kubernetes.io/serviceaccount'

const nobody = {
  authority: null,
  certificate: null,
  key: null,
  headers: {},
  servername: '',
  insecure: false,
  proxy: '',
  expiresAtMs: null,
} as const

/** What tells one cluster from another without asking it: where a Pod is, its cluster's address and authority; else what the Corefile names. */
export function clusterOf(
  access: ApiAccess,
  environment: Environment = process.env,
  folder = serviceAccountFolder,
): object {
  if (access.kind !== 'in-cluster') return access
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port } = environment
  let authority = ''
  try {
    authority = createHash('sha256')
      .update(readFileSync(`${folder}/ca.crt`))
      .digest('hex')
  } catch {
    // Who connects will tell.
  }
  return { host, port, authority }
}

/** The service account of the Pod that this runs in; `folder` is where it is mounted. */
export async function inClusterCredentials(environment: Environment, folder: string): Promise<Resolved> {
  const host = environment.KUBERNETES_SERVICE_HOST ?? ''
  const port = environment.KUBERNETES_SERVICE_PORT ?? ''
  if (host === '' || port === '') {
    throw new AccessError(
      'unable to load in-cluster configuration, KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT must be defined',
    )
  }
  const files = new CredentialFiles()
  const tokenFile = `${folder}/token`
  const token = (await files.read(tokenFile).catch(refuse)).trim()
  const { authority, warnings } = await clusterAuthority(files, `${folder}/ca.crt`)
  if (token === '') throw emptyToken(tokenFile)
  const { base } = serverUrl(`https://${isIPv6(host) ? `[${host}]` : host}:${port}`, true)
  const credentials: Credentials = { ...nobody, server: base, authority, headers: { Authorization: `Bearer ${token}` } }
  return { credentials, files: files.stamps, warnings }
}

/** As CoreDNS: without a readable CA file it goes on with the certificates that the machine trusts, and says so. */
async function clusterAuthority(files: CredentialFiles, path: string) {
  try {
    const authority = checkedAuthority(await files.read(path))
    if (authority === null) throw new AccessError(`error reading ${path}: the file is empty`)
    return { authority, warnings: [] }
  } catch (error) {
    if (!(error instanceof FileError || error instanceof AccessError)) throw error
    return {
      authority: null,
      warnings: [`Expected to load root CA config from ${path}, but got err: ${error.message}`],
    }
  }
}

/** The API server at `url`, as who the certificate says. */
export async function endpointCredentials(url: string, tls: ClientTls | null): Promise<Resolved> {
  if (url === '') {
    throw new AccessError(
      'invalid configuration: no configuration has been provided, try setting KUBERNETES_MASTER environment variable',
    )
  }
  const { certificate: certificateFile, key: keyFile, authority: authorityFile } = tls ?? noTls
  const files = new CredentialFiles()
  const faults = certificateFile !== '' && keyFile === '' ? [keyMissing('')] : []
  const read = async (label: string, path: string): Promise<string> => {
    if (path === '') return ''
    try {
      return await files.read(path)
    } catch (error) {
      if (!(error instanceof FileError)) throw error
      faults.push(unreadable(label, path, '', error))
      return ''
    }
  }
  const certificate = await read('client-cert', certificateFile)
  const key = certificateFile === '' ? '' : await read('client-key', keyFile)
  const authority = await read('certificate-authority', authorityFile)
  if (faults.length > 0) throw invalid(faults)
  const { base, authorization } = serverUrl(url, certificate !== '' || authority !== '')
  const credentials: Credentials = {
    ...nobody,
    server: base,
    authority: checkedAuthority(authority),
    certificate: certificate === '' ? null : certificate,
    key: certificate === '' ? null : key,
    headers: authorization === '' ? {} : { Authorization: authorization },
  }
  return { credentials, files: files.stamps, warnings: [] }
}

const noTls: ClientTls = { certificate: '', key: '', authority: '' }

/** CoreDNS's words for a token file with nothing in it. */
export const emptyToken = (path: string): AccessError =>
  clientError(`read empty token from file ${JSON.stringify(path)}`)

/** CoreDNS's words for several faults of one configuration. */
export const invalid = (faults: readonly string[]): AccessError =>
  new AccessError(`invalid configuration: ${faults.length === 1 ? faults[0] : `[${faults.join(', ')}]`}`)

/** CoreDNS's words for a certificate without a key; `user` is '' where none is named. */
export const keyMissing = (user: string): string =>
  `client-key-data or client-key must be specified for ${user} to use the clientCert authentication method.`

/** CoreDNS's words for a file that a configuration names; `owner` is whose it is. */
export const unreadable = (label: string, path: string, owner: string, error: FileError): string =>
  `unable to read ${label} ${path} for ${owner} due to ${error.message}`

function refuse(error: unknown): never {
  throw error instanceof FileError ? new AccessError(error.message) : error
}
