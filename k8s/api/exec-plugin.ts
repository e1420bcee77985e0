// Runs an exec credential plugin, as `aws eks get-token` and `gke-gcloud-auth-plugin` are: a command that prints an ExecCredential. (The one of
// @kubernetes/client-node tells the plugin nothing, waits for ever, quotes what was printed in its errors and keeps the time of expiry to itself.)
// https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins

import { spawn } from 'node:child_process'
import { ConnectionError } from './api-connection.ts'
import { type ChosenAccess, listOf, mappingOf, pathIn, textOf } from './kubeconfig.ts'
import { execLimitMs, execOutputMax } from './limits.ts'

/** What a plugin gave; '' for what it didn't. */
export interface ExecCredential {
  readonly token: string
  readonly certificate: string
  readonly key: string
  /** Milliseconds since 1970; null if it never ends. */
  readonly expiresAtMs: number | null
}

/** Runs the plugin of the chosen user. Rejects with ConnectionError; what the plugin printed is in none of them. */
export async function runExecPlugin(
  access: ChosenAccess,
  options: { readonly folder: string; readonly authority: string; readonly limitMs?: number },
): Promise<ExecCredential> {
  const { folder, authority, limitMs = execLimitMs } = options
  const exec = mappingOf(access.user.exec)
  if (exec.interactiveMode === 'Always') {
    throw failure('exec plugin cannot support interactive mode: standard input is not a terminal')
  }
  const command = textOf(exec.command)
  const environment: NodeJS.ProcessEnv = { ...process.env }
  for (const variable of listOf(exec.env)) {
    const { name, value } = mappingOf(variable)
    environment[textOf(name)] = textOf(value)
  }
  environment.KUBERNETES_EXEC_INFO = JSON.stringify(execInfo(access, authority))
  const printed = await run({
    command,
    // A name is looked for in PATH, a path begins where the kubeconfig is.
    path: command.includes('/') ? pathIn(folder, command) : command,
    words: listOf(exec.args).map(textOf),
    environment,
    limitMs,
  })
  return credentialOf(printed, textOf(exec.apiVersion))
}

const failure = (reason: string): ConnectionError => new ConnectionError(`getting credentials: ${reason}`)

/** What the plugin is told: its API's version and, if it wants that, of which cluster it should speak. */
function execInfo({ cluster, user }: ChosenAccess, authority: string): object {
  const exec = mappingOf(user.exec)
  const spec: Record<string, unknown> = { interactive: false }
  if (exec.provideClusterInfo === true) {
    const extension = listOf(cluster.extensions)
      .map(mappingOf)
      .find(({ name }) => name === 'client.authentication.k8s.io/exec')
    spec.cluster = {
      server: cluster.server,
      'tls-server-name': cluster['tls-server-name'],
      'insecure-skip-tls-verify': cluster['insecure-skip-tls-verify'],
      'certificate-authority-data': authority === '' ? undefined : Buffer.from(authority).toString('base64'),
      'proxy-url': cluster['proxy-url'],
      config: extension?.extension,
    }
  }
  return { kind: 'ExecCredential', apiVersion: exec.apiVersion, spec }
}

interface Command {
  /** As the kubeconfig names it. */
  readonly command: string
  readonly path: string
  readonly words: readonly string[]
  readonly environment: NodeJS.ProcessEnv
  readonly limitMs: number
}

/** Resolves with what the command printed. */
function run({ command, path, words, environment, limitMs }: Command): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(path, words, { env: environment, stdio: ['ignore', 'pipe', 'inherit'] })
    const chunks: Buffer[] = []
    let length = 0
    const end = (reason: string): void => {
      clearTimeout(timer)
      child.stdout.destroy()
      child.kill('SIGKILL')
      reject(failure(reason))
    }
    const timer = setTimeout(() => end(`exec: executable ${command} took longer than ${limitMs / 1000} s`), limitMs)
    child.stdout.on('data', (chunk: Buffer) => {
      chunks.push(chunk)
      length += chunk.length
      if (length > execOutputMax) end(`exec: executable ${command} printed more than ${execOutputMax} bytes`)
    })
    child.on('error', (error: NodeJS.ErrnoException) => {
      const isName = path === command && error.code === 'ENOENT'
      end(isName ? `exec: executable ${command} not found` : `exec: fork/exec ${path}: ${systemReason(error)}`)
    })
    child.on('close', (code, signal) => {
      clearTimeout(timer)
      if (code === 0) resolve(Buffer.concat(chunks).toString('utf8'))
      else end(`exec: executable ${command} failed with ${code === null ? `signal ${signal}` : `exit code ${code}`}`)
    })
  })
}

const systemReason = ({ code }: NodeJS.ErrnoException): string =>
  ({ ENOENT: 'no such file or directory', EACCES: 'permission denied' })[code ?? ''] ?? `${code}`

function credentialOf(printed: string, apiVersion: string): ExecCredential {
  let parsed: unknown
  try {
    parsed = JSON.parse(printed)
  } catch {
    throw failure('decoding stdout: it is not JSON')
  }
  const credential = mappingOf(parsed)
  if (credential.kind !== 'ExecCredential') throw failure('decoding stdout: it is no ExecCredential')
  if (credential.apiVersion !== apiVersion) {
    throw failure(
      `exec plugin is configured to use API version ${apiVersion}, plugin returned version ${textOf(credential.apiVersion)}`,
    )
  }
  if (credential.status === undefined || credential.status === null) {
    throw failure("exec plugin didn't return a status field")
  }
  const status = mappingOf(credential.status)
  const token = textOf(status.token)
  const certificate = textOf(status.clientCertificateData)
  const key = textOf(status.clientKeyData)
  if (token === '' && certificate === '' && key === '') {
    throw failure("exec plugin didn't return a token or cert/key pair")
  }
  if ((certificate === '') !== (key === '')) {
    throw failure('exec plugin returned only certificate or key, not both')
  }
  const expiresAtMs = Date.parse(textOf(status.expirationTimestamp))
  return { token, certificate, key, expiresAtMs: Number.isNaN(expiresAtMs) ? null : expiresAtMs }
}
