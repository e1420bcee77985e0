import t from 'tap'
import { startApiServer } from './api-server.ts'
import { makeServices, manifestsOf } from './data.ts'

interface List {
  readonly kind: string
  readonly items: readonly { readonly metadata: { readonly name: string; readonly uid: string } }[]
}

async function start(count: number): Promise<string> {
  const server = await startApiServer(manifestsOf(makeServices(count)))
  t.teardown(() => server.close())
  return server.url
}

t.test('each kind is listed with all its objects, each under a uid of its own', async (t) => {
  const url = await start(60)
  for (const [path, kind, count] of [
    ['/api/v1/namespaces', 'NamespaceList', 2],
    ['/api/v1/services', 'ServiceList', 60],
    ['/apis/discovery.k8s.io/v1/endpointslices', 'EndpointSliceList', 60],
  ] as const) {
    const list = (await (await fetch(`${url}${path}?limit=500`)).json()) as List
    t.equal(list.kind, kind)
    t.equal(new Set(list.items.map(({ metadata }) => metadata.uid)).size, count)
  }
})

t.test('a watch stays open and tells nothing, a list by watch and other paths are refused', async (t) => {
  const url = await start(1)
  const watch = await fetch(`${url}/api/v1/services?watch=true&resourceVersion=1`)
  t.equal(watch.status, 200)
  await watch.body?.cancel()
  t.equal((await fetch(`${url}/api/v1/services?watch=true&sendInitialEvents=true`)).status, 400)
  t.equal((await fetch(`${url}/api/v1/pods`)).status, 404)
})

t.test('no manifests are an empty cluster', async (t) => {
  const server = await startApiServer('')
  t.teardown(() => server.close())
  const list = (await (await fetch(`${server.url}/api/v1/services`)).json()) as List
  t.same(list.items, [])
})
