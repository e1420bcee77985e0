// Writes to an API server as controllers do: over connections that stay open, as whoever a kubeconfig's current context names (certificate or token).

import { readFileSync } from 'node:fs'
import { Agent, request } from 'node:https'
import { parse } from 'yaml'
import type { KubernetesObject } from './cluster-data.ts'
import { writersMax } from './limits.ts'

/** A request that the API server has answered. */
export interface Written {
  readonly status: number
  /** When the answer's head came, on the clock of `performance.now()`. */
  readonly atMs: number
  readonly body: string
}

interface Kubeconfig {
  readonly 'current-context': string
  readonly contexts: readonly {
    readonly name: string
    readonly context: { readonly cluster: string; readonly user: string }
  }[]
  readonly clusters: readonly { readonly name: string; readonly cluster: Readonly<Record<string, string>> }[]
  readonly users: readonly { readonly name: string; readonly user: Readonly<Record<string, string>> }[]
}

/** One API server to write to. */
export class ApiWriter {
  readonly #server: string
  readonly #agent: Agent
  readonly #headers: Readonly<Record<string, string>>

  /** Throws for a kubeconfig without a server, and for files that it names and cannot be read. */
  constructor(kubeconfig: string) {
    const config = parse(readFileSync(kubeconfig, 'utf8')) as Kubeconfig
    const { context } = config.contexts.find(({ name }) => name === config['current-context'])!
    const { cluster } = config.clusters.find(({ name }) => name === context.cluster)!
    const { user } = config.users.find(({ name }) => name === context.user)!
    const ca = pem(cluster, 'certificate-authority')
    const cert = pem(user, 'client-certificate')
    const key = pem(user, 'client-key')
    this.#server = (cluster.server ?? '').replace(/\/+$/, '')
    if (!this.#server.startsWith('https:')) throw new Error(`${kubeconfig}: the server must be an https: URL`)
    const tls = { ca, cert, key, allowPartialTrustChain: true }
    this.#agent = new Agent({ keepAlive: true, maxSockets: writersMax, ...tls })
    this.#headers = user.token === undefined ? {} : { authorization: `Bearer ${user.token}` }
  }

  /** Creates an object; rejects if it is refused, unless it is there already. */
  async create(object: KubernetesObject): Promise<Written> {
    const written = await this.#send('POST', collectionPath(object), object)
    return written.status === 409 ? written : accepted(written)
  }

  /** Puts an object in the place of the one of its name, whatever the version. */
  replace = async (object: KubernetesObject): Promise<Written> =>
    accepted(await this.#send('PUT', objectPath(object), object))

  /** Removes an object; false if there is none. */
  async remove(object: KubernetesObject): Promise<Written | null> {
    const written = await this.#send('DELETE', objectPath(object), null)
    return written.status === 404 ? null : accepted(written)
  }

  close(): void {
    this.#agent.destroy()
  }

  #send(method: string, path: string, body: object | null): Promise<Written> {
    const text = body === null ? '' : JSON.stringify(body)
    const headers = {
      ...this.#headers,
      ...(body !== null && { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }),
    }
    return new Promise((resolve, reject) => {
      const sent = request(`${this.#server}${path}`, { method, headers, agent: this.#agent }, (response) => {
        const atMs = performance.now()
        let answer = ''
        response.setEncoding('utf8')
        response.on('data', (piece: string) => {
          answer += piece
        })
        response.once('error', reject)
        response.once('end', () => resolve({ status: response.statusCode ?? 0, atMs, body: answer }))
      })
      sent.once('error', reject)
      sent.end(text)
    })
  }
}

/** Writes everything, several requests at once. */
export async function writeAll<Item>(items: Iterable<Item>, write: (item: Item) => Promise<unknown>): Promise<void> {
  const left = items[Symbol.iterator]()
  const writer = async (): Promise<void> => {
    for (let next = left.next(); !next.done; next = left.next()) await write(next.value)
  }
  await Promise.all(Array.from({ length: writersMax }, writer))
}

function accepted(written: Written): Written {
  if (written.status >= 300) throw new Error(`the API server says ${written.status}: ${written.body}`)
  return written
}

/** PEM that stands in the kubeconfig itself, or in a file that it names. */
function pem(holder: Readonly<Record<string, string>>, field: string): string | undefined {
  const data = holder[`${field}-data`]
  if (data !== undefined) return Buffer.from(data, 'base64').toString()
  const file = holder[field]
  return file === undefined ? undefined : readFileSync(file, 'utf8')
}

const plurals: Readonly<Record<string, string>> = {
  Namespace: 'namespaces',
  Service: 'services',
  EndpointSlice: 'endpointslices',
}

function collectionPath({ apiVersion, kind, metadata }: KubernetesObject): string {
  const base = apiVersion === 'v1' ? '/api/v1' : `/apis/${apiVersion}`
  const namespace = metadata.namespace === undefined ? '' : `/namespaces/${metadata.namespace}`
  return `${base}${namespace}/${plurals[kind]}`
}

const objectPath = (object: KubernetesObject): string => `${collectionPath(object)}/${object.metadata.name}`
