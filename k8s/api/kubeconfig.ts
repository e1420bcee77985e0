// Reads a kubeconfig as far as CoreDNS judges it before anything is asked: which context, which cluster, which user, and everything that is wrong with them at once.
// Only what the chosen context names is looked at. Runs in the process that resolves credentials (credentials-worker.ts).

import { isAbsolute, join } from 'node:path'
import { parseDocument } from 'yaml'
import { type CredentialFiles, FileError } from './credential-files.ts'
import { AccessError } from './credentials.ts'
import { invalid, keyMissing, unreadable } from './file-access.ts'
import { clientError, withoutUser } from './server-url.ts'

/** A mapping of the file. */
export type Mapping = Readonly<Record<string, unknown>>

/** What the chosen context says. */
export interface ChosenAccess {
  readonly clusterName: string
  readonly cluster: Mapping
  readonly userName: string
  /** Empty for a context that names nobody that the file has. */
  readonly user: Mapping
}

/** The parts of a kubeconfig that are looked at. */
interface Kubeconfig {
  readonly currentContext: string
  readonly contexts: ReadonlyMap<string, Mapping>
  readonly clusters: ReadonlyMap<string, Mapping>
  readonly users: ReadonlyMap<string, Mapping>
}

const nothingConfigured = 'no configuration has been provided, try setting KUBERNETES_MASTER environment variable'

/** Chooses by the context's name, or by the file's current context if that is ''. Throws AccessError. */
export function chooseAccess(text: string, file: string, contextName: string): ChosenAccess {
  const kubeconfig = readKubeconfig(text, file)
  if (contextName !== '' && !kubeconfig.contexts.has(contextName)) {
    throw new AccessError(`context ${JSON.stringify(contextName)} does not exist`)
  }
  const name = contextName || kubeconfig.currentContext
  const context = kubeconfig.contexts.get(name)
  if (!context) {
    throw invalid(
      name === ''
        ? [nothingConfigured]
        : [`context was not found for specified context: ${name}`, 'cluster has no server defined'],
    )
  }
  const clusterName = textOf(context.cluster)
  const userName = textOf(context.user)
  const cluster = kubeconfig.clusters.get(clusterName)
  if (!cluster) throw invalid([nothingConfigured])
  return { clusterName, cluster, userName, user: kubeconfig.users.get(userName) ?? {} }
}

function readKubeconfig(text: string, file: string): Kubeconfig {
  const fault = (reason: string): AccessError =>
    new AccessError(`error loading config file ${JSON.stringify(file)}: ${reason}`)
  let document: unknown
  try {
    // Without frames: they would quote the file, and it holds secrets. As Go: the first document counts, and of equal keys the last.
    const parsed = parseDocument(text, { prettyErrors: false, logLevel: 'error', merge: true, uniqueKeys: false })
    const error = parsed.errors.find(({ code }) => code !== 'MULTIPLE_DOCS')
    if (error) throw error
    document = parsed.toJS() ?? {}
  } catch (error) {
    throw fault(`yaml: ${(error as Error).message.split('\n')[0]}`)
  }
  if (!isMapping(document))
    throw fault(`couldn't get version/kind; json parse error: cannot unmarshal ${kindOf(document)}`)
  const { apiVersion = 'v1', kind = 'Config' } = document
  if (apiVersion !== 'v1' || kind !== 'Config') {
    throw fault(`no kind ${JSON.stringify(kind)} is registered for version ${JSON.stringify(apiVersion)}`)
  }
  const byName = (list: string, item: string): ReadonlyMap<string, Mapping> => {
    const entries = document[list] ?? []
    if (!Array.isArray(entries)) throw fault(`${list}: cannot unmarshal ${kindOf(entries)} into a list`)
    const found = new Map<string, Mapping>()
    for (const entry of entries.map(mappingOf)) {
      const name = textOf(entry.name)
      if (found.has(name)) throw fault(`duplicate name ${JSON.stringify(name)} in ${list}`)
      found.set(name, mappingOf(entry[item]))
    }
    return found
  }
  return {
    currentContext: textOf(document['current-context']),
    contexts: byName('contexts', 'context'),
    clusters: byName('clusters', 'cluster'),
    users: byName('users', 'user'),
  }
}

/** The PEM texts that cluster and user name; '' for one that is not given. */
export interface PemTexts {
  readonly authority: string
  readonly certificate: string
  readonly key: string
}

/** Checks cluster and user as a whole, and reads their files; paths are relative to `folder`. Rejects with AccessError, which names all faults. */
export async function checkAccess(
  { clusterName, cluster, userName, user }: ChosenAccess,
  folder: string,
  files: CredentialFiles,
): Promise<PemTexts> {
  const faults: string[] = []
  const pem = async (source: Mapping, field: string, label: string, owner: string): Promise<string> => {
    const path = textOf(source[field])
    const data = textOf(source[`${field}-data`])
    if (path === '') return decodeBase64(data, field)
    const absolute = pathIn(folder, path)
    if (data !== '') faults.push(bothGiven(label, owner))
    try {
      return await files.read(absolute)
    } catch (error) {
      if (!(error instanceof FileError)) throw error
      faults.push(unreadable(label, absolute, owner, error))
      return ''
    }
  }
  const methods = methodsOf(user)
  const certificate = await pem(user, 'client-certificate', 'client-cert', userName)
  const key = await pem(user, 'client-key', 'client-key', userName)
  const isCertified = has(user, 'client-certificate') || has(user, 'client-certificate-data')
  if (isCertified && !has(user, 'client-key') && !has(user, 'client-key-data')) faults.unshift(keyMissing(userName))
  faults.push(...execFaults(user, userName))
  if (methods.length > 1) {
    faults.push(
      `more than one authentication method found for ${userName}; found [${methods.join(' ')}], only one is allowed`,
    )
  }
  if (!has(user, 'as') && ['as-uid', 'as-groups', 'as-user-extra'].some((field) => has(user, field))) {
    faults.push(`requesting uid, groups or user-extra for ${userName} without impersonating a user`)
  }
  if (!has(cluster, 'server')) faults.push(`no server found for cluster ${JSON.stringify(clusterName)}`)
  faults.push(...proxyFaults(cluster, clusterName))
  const authority = await pem(cluster, 'certificate-authority', 'certificate-authority', clusterName)
  if (faults.length > 0) throw invalid(faults)
  return { authority, certificate, key: isCertified ? key : '' }
}

function methodsOf(user: Mapping): string[] {
  const basic = has(user, 'username') || has(user, 'password')
  return [...(has(user, 'token') ? ['token'] : []), ...(basic ? ['basicAuth'] : [])]
}

const bothGiven = (label: string, owner: string): string =>
  label === 'client-key'
    ? `${label}-data and ${label} are both specified for ${owner}; ${label}-data will override`
    : `${label}-data and ${label} are both specified for ${owner}. ${label}-data will override.`

function execFaults(user: Mapping, userName: string): string[] {
  if (user.exec === undefined || user.exec === null) return []
  const exec = mappingOf(user.exec)
  const faults: string[] = []
  const demand = (field: string): void => {
    faults.push(`${field} must be specified for ${userName} to use exec authentication plugin`)
  }
  if (has(user, 'auth-provider')) {
    faults.push(`authProvider cannot be provided in combination with an exec plugin for ${userName}`)
  }
  if (!has(exec, 'command')) demand('command')
  if (!has(exec, 'apiVersion')) demand('apiVersion')
  for (const variable of listOf(exec.env)) if (!has(mappingOf(variable), 'name')) demand('env variable name')
  const mode = textOf(exec.interactiveMode)
  if (mode === '' && !textOf(exec.apiVersion).endsWith('/v1beta1')) demand('interactiveMode')
  if (mode !== '' && !['Never', 'IfAvailable', 'Always'].includes(mode)) {
    faults.push(`invalid interactiveMode for ${userName}: ${JSON.stringify(mode)}`)
  }
  return faults
}

function proxyFaults(cluster: Mapping, clusterName: string): string[] {
  const proxy = textOf(cluster['proxy-url'])
  if (proxy === '') return []
  const scheme = URL.parse(proxy)?.protocol.slice(0, -1)
  if (scheme === 'http' || scheme === 'https') return []
  // CoreDNS speaks socks5 too.
  const reason =
    scheme === undefined ? 'not a URL' : `unsupported scheme ${JSON.stringify(scheme)}, must be http or https`
  return [
    `invalid 'proxy-url' ${JSON.stringify(withoutUser(proxy))} for cluster ${JSON.stringify(clusterName)}: ${reason}`,
  ]
}

/** A path of the file: relative ones begin where the file is. */
export const pathIn = (folder: string, path: string): string => (isAbsolute(path) ? path : join(folder, path))

function decodeBase64(data: string, field: string): string {
  if (data === '') return ''
  if (!/^[A-Za-z0-9+/\s]*=*\s*$/.test(data))
    throw new AccessError(`error loading config file: ${field}-data: illegal base64 data`)
  return Buffer.from(data, 'base64').toString('utf8')
}

/** The mapping, or an empty one for anything else. */
export const mappingOf = (value: unknown): Mapping => (isMapping(value) ? value : {})
/** The text, or '' for anything else. */
export const textOf = (value: unknown): string => (typeof value === 'string' ? value : '')
/** The list, or an empty one for anything else. */
export const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])

const isMapping = (value: unknown): value is Mapping =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const has = (mapping: Mapping, field: string): boolean => {
  const value = mapping[field]
  return value !== undefined && value !== null && value !== ''
}

const kindOf = (value: unknown): string => (Array.isArray(value) ? 'array' : typeof value)

/** Checks what the library behind CoreDNS says only when the client is made. */
export function checkProvider(user: Mapping): void {
  const exec = mappingOf(user.exec)
  const version = textOf(exec.apiVersion)
  if (has(exec, 'command') && !/^client\.authentication\.k8s\.io\/(v1|v1beta1)$/.test(version)) {
    throw clientError(`exec plugin: invalid apiVersion ${JSON.stringify(version)}`)
  }
  if (!has(user, 'auth-provider')) return
  const { name, config } = mappingOf(user['auth-provider'])
  if (name !== 'oidc') throw clientError(`no Auth Provider found for name ${JSON.stringify(name ?? '')}`)
  for (const field of ['idp-issuer-url', 'client-id']) {
    if (!has(mappingOf(config), field)) throw clientError(`Must provide ${field}`)
  }
}
