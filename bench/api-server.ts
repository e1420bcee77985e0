// As much of a Kubernetes API server as CoreDNS needs to know the cluster of the benchmarks: lists of objects that never change, and watches that never tell anything.
// Plain HTTP on loopback, read only.

import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'

/** A running API server. */
export interface ApiServer {
  readonly url: string
  close(): Promise<void>
}

/** A Kubernetes object, as far as it is looked at here. */
interface KubernetesObject {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: object
}

/** What can be listed, by path. */
const lists: Readonly<Record<string, { readonly apiVersion: string; readonly kind: string }>> = {
  '/api/v1/namespaces': { apiVersion: 'v1', kind: 'Namespace' },
  '/api/v1/services': { apiVersion: 'v1', kind: 'Service' },
  '/apis/discovery.k8s.io/v1/endpointslices': { apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice' },
}

/** The one version of everything. */
const resourceVersion = '1'

/** Serves the objects of `manifests` (JSON documents between `---`) on a free port of 127.0.0.1. */
export async function startApiServer(manifests: string): Promise<ApiServer> {
  const objects = manifests
    .split('---\n')
    .filter((text) => text.trim() !== '')
    .map((text) => JSON.parse(text) as KubernetesObject)
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost')
    const list = lists[pathname]
    if (!list) refuse(response, 404, 'NotFound')
    // A client that wants its first list as a watch asks in the old way when this is refused.
    else if (searchParams.has('sendInitialEvents')) refuse(response, 400, 'BadRequest')
    else if (searchParams.has('watch')) response.writeHead(200, { 'content-type': 'application/json' }).flushHeaders()
    else
      answer(response, 200, {
        ...list,
        kind: `${list.kind}List`,
        metadata: { resourceVersion },
        items: itemsOf(objects, list.kind),
      })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const bound = server.address()
  return {
    url: `http://127.0.0.1:${typeof bound === 'object' && bound ? bound.port : 0}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

function itemsOf(objects: readonly KubernetesObject[], kind: string): object[] {
  return objects
    .filter((object) => object.kind === kind)
    .map(({ metadata, ...rest }, index) => ({
      ...rest,
      metadata: { ...metadata, uid: `${kind}-${index}`, resourceVersion },
    }))
}

function refuse(response: ServerResponse, code: number, reason: string): void {
  answer(response, code, { apiVersion: 'v1', kind: 'Status', status: 'Failure', reason, code })
}

function answer(response: ServerResponse, code: number, body: object): void {
  response.writeHead(code, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}
