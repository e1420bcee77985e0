// A real API server, for the tests that also run against one: named by MERIDIAN_TEST_KUBECONFIG (client certificate or token). What a test creates there it removes again.

import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { parse } from 'yaml'
import { ApiClient, type Reply } from './api-server/client.ts'
import type { KubernetesObject } from './api-server/kubernetes-object.ts'
import { type ApiResource, apiVersionOf, resourceOf, resourceOfKind } from './api-server/resource-table.ts'

const fieldManager = 'meridian-test'

/** Writes to a real API server. */
export class RealApiServer {
  readonly kubeconfig: string
  readonly client: ApiClient
  /** What was put and not deleted, by path. */
  readonly #kept = new Map<string, KubernetesObject>()

  /** Reads a kubeconfig's current context. Throws if there is no such file. */
  constructor(kubeconfig: string) {
    this.kubeconfig = kubeconfig
    this.client = clientOf(kubeconfig)
  }

  /** The server of the environment, null without one. */
  static fromEnvironment(): RealApiServer | null {
    const file = process.env.MERIDIAN_TEST_KUBECONFIG ?? ''
    return file === '' ? null : new RealApiServer(resolve(file))
  }

  /** Server-side apply of each object, one after another. Rejects with the server's words if it refuses one. */
  async put(objects: readonly KubernetesObject[]): Promise<void> {
    for (const object of objects) {
      const path = pathOf(object)
      await this.#send('PATCH', `${path}?fieldManager=${fieldManager}&force=true`, object)
      this.#kept.set(path, object)
    }
  }

  /** Removes an object (`'services', 'prod', 'web'`); none is none. */
  async delete(plural: string, namespace: string, name: string): Promise<void> {
    const path = pathIn(resourceOf(plural), namespace, name)
    await this.#send('DELETE', path)
    this.#kept.delete(path)
  }

  /** What was put and is still there, as it was put. */
  objects(plural: string): readonly KubernetesObject[] {
    return [...this.#kept.values()].filter(
      (object) => resourceOfKind(object.apiVersion, object.kind)?.plural === plural,
    )
  }

  /** Removes all that was put; namespaces last. */
  async clean(): Promise<void> {
    for (const path of [...this.#kept.keys()].reverse()) await this.#send('DELETE', path)
    this.#kept.clear()
  }

  async #send(method: 'PATCH' | 'DELETE', path: string, body?: unknown): Promise<Reply> {
    const reply = await this.client.ask(path, {
      method,
      accept: 'application/json',
      ...(body !== undefined && { body, type: 'application/apply-patch+yaml' }),
    })
    const isGone = method === 'DELETE' && reply.status === 404
    if (reply.status >= 300 && !isGone) throw new Error(`${method} ${path}: ${reply.status} ${reply.json.message}`)
    return reply
  }
}

function pathOf({ apiVersion, kind, metadata }: KubernetesObject): string {
  const resource = resourceOfKind(apiVersion, kind)
  if (!resource) throw new Error(`no such resource: ${apiVersion} ${kind}`)
  return pathIn(resource, metadata.namespace ?? '', metadata.name)
}

function pathIn(resource: ApiResource, namespace: string, name: string): string {
  const group = resource.group === '' ? '/api' : '/apis'
  const scope = resource.namespaced ? `/namespaces/${namespace}` : ''
  return `${group}/${apiVersionOf(resource)}${scope}/${resource.plural}/${name}`
}

/** Named things of a kubeconfig; what is `FIELD-data` is read as `FIELD`. */
type Fields = Readonly<Record<string, string | undefined>>

function clientOf(kubeconfig: string): ApiClient {
  const document = parse(readFileSync(kubeconfig, 'utf8'))
  const named = (list: string, name: string, field: string): Fields =>
    (document[list] as { name: string }[]).find((one) => one.name === name)?.[field as never] ?? {}
  const context = named('contexts', document['current-context'], 'context')
  const cluster = named('clusters', context.cluster ?? '', 'cluster')
  const user = named('users', context.user ?? '', 'user')
  const pem = (fields: Fields, field: string): string | undefined => {
    const data = fields[`${field}-data`]
    if (data !== undefined) return Buffer.from(data, 'base64').toString()
    const file = fields[field]
    return file === undefined ? undefined : readFileSync(resolve(dirname(kubeconfig), file), 'utf8')
  }
  const options = {
    authority: pem(cluster, 'certificate-authority'),
    certificate: pem(user, 'client-certificate'),
    key: pem(user, 'client-key'),
    token: user.token,
  }
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
  return new ApiClient((cluster.server ?? '').replace(/\/$/, ''), given)
}
