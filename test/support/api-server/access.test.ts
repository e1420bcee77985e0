// Who may come in, over plain HTTP and over TLS, and what he may do; and the documents that every client reads first.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { parse } from 'yaml'
import { ApiServer, type ApiServerOptions } from './api-server.ts'
import { clientIdentity, rootAuthority, strangerIdentity } from './certificates.ts'
import { ApiClient, type ClientOptions } from './client.ts'

async function start(t: Test, options: ApiServerOptions) {
  const api = await ApiServer.start(options)
  t.teardown(() => api.close())
  const asked = async (client: ClientOptions = {}, path = '/api/v1/services') =>
    (await new ApiClient(api.url, client).ask(path)).status
  return { api, asked }
}

t.test('without tokens everybody may come in, with them only who has one that counts', async (t) => {
  const open = await start(t, {})
  t.equal(await open.asked(), 200)
  t.equal(await open.asked({ token: 'any' }), 200)
  const { api, asked } = await start(t, { tokens: ['one', 'two'] })
  t.equal(await asked(), 401)
  t.equal(await asked({ token: 'three' }), 401)
  t.equal(await asked({ token: 'two' }), 200)
  t.equal(api.requests.at(-1)?.user, 'system:serviceaccount:kube-system:coredns')
  t.equal(await asked({}, '/healthz'), 200)
  api.acceptTokens('three')
  t.equal(await asked({ token: 'two' }), 401)
  t.equal(await asked({ token: 'three' }), 200)
})

t.test('over TLS a certificate of the authority counts too', async (t) => {
  const { api, asked } = await start(t, { tls: true, clientCertificates: true, tokens: ['one'] })
  const authority = rootAuthority
  t.equal(await asked({ authority, ...clientIdentity }), 200)
  t.equal(api.requests.at(-1)?.user, 'test-admin')
  t.equal(await asked({ authority, ...strangerIdentity }), 401)
  t.equal(await asked({ authority }), 401)
  t.equal(await asked({ authority, token: 'one' }), 200)
  await t.rejects(
    asked({ token: 'one' }),
    { code: 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY' },
    'nobody trusts its authority unasked',
  )
  const own = await start(t, { tls: true, clientAuthority: strangerIdentity.certificate })
  t.equal(await own.asked({ authority, ...clientIdentity }), 401, 'another authority of clients')
})

t.test('an intermediate certificate can be all that clients get', async (t) => {
  const { api, asked } = await start(t, { tls: true, intermediateOnly: true })
  const authority = readFileSync(api.certificateFiles.authority, 'utf8')
  t.not(authority, rootAuthority)
  t.equal(await asked({ authority }), 200)
})

t.test('what is forbidden is refused in the words of RBAC', async (t) => {
  const { api } = await start(t, {
    tokens: ['one'],
    forbidden: (verb, resource) => resource === 'nodes' || (verb === 'watch' && resource === 'endpointslices'),
  })
  const client = new ApiClient(api.url, { token: 'one' })
  t.match(await client.ask('/api/v1/nodes'), {
    status: 403,
    json: {
      reason: 'Forbidden',
      message:
        'nodes is forbidden: User "system:serviceaccount:kube-system:coredns" cannot list resource "nodes" in API group "" at the cluster scope',
    },
  })
  const slices = '/apis/discovery.k8s.io/v1/namespaces/prod/endpointslices'
  t.equal((await client.ask(slices)).status, 200)
  t.match(await client.ask(`${slices}?watch=true`), {
    status: 403,
    json: {
      message:
        'endpointslices.discovery.k8s.io is forbidden: User "system:serviceaccount:kube-system:coredns" cannot watch resource "endpointslices" in API group "discovery.k8s.io" in the namespace "prod"',
    },
  })
  api.forbid(() => false)
  t.equal((await client.ask('/api/v1/nodes')).status, 200)
})

t.test('kubeconfigs and service account folders are files that go with the server', async (t) => {
  const { api } = await start(t, { tls: true, tokens: ['one'] })
  const user = (path: string) => parse(readFileSync(path, 'utf8')).users[0].user
  t.same(user(api.kubeconfig()), { token: 'one' })
  t.match(user(api.kubeconfig({ certificate: clientIdentity })), { 'client-certificate-data': /./ })
  t.equal(parse(readFileSync(api.kubeconfig(), 'utf8')).clusters[0].cluster.server, api.url)
  const folder = api.serviceAccount('first')
  t.equal(readFileSync(join(folder, 'token'), 'utf8'), 'first')
  t.equal(readFileSync(join(folder, 'ca.crt'), 'utf8'), rootAuthority)
  t.equal(api.serviceAccount('second'), folder)
  t.equal(readFileSync(join(folder, 'token'), 'utf8'), 'second')
  await api.close()
  t.throws(() => readFileSync(join(folder, 'token')), { code: 'ENOENT' })
})

t.test('discovery leads to every resource', async (t) => {
  const { api } = await start(t, {})
  const client = new ApiClient(api.url)
  const ask = async (path: string) => (await client.ask(path)).json
  t.match(await ask('/api'), { kind: 'APIVersions', versions: ['v1'] })
  t.match(await ask('/version'), { gitVersion: /^v1\./ })
  const groups = (await ask('/apis')).groups as { name: string; preferredVersion: { groupVersion: string } }[]
  const versions = ['/api/v1', ...groups.map((group) => `/apis/${group.preferredVersion.groupVersion}`)]
  for (const version of versions) {
    const { resources } = (await ask(version)) as unknown as { resources: { name: string; namespaced: boolean }[] }
    t.ok(resources.length > 0, version)
    for (const { name } of resources.filter((each) => !each.name.includes('/')))
      t.match(await ask(`${version}/${name}`), { kind: /List$/ }, name)
    t.match(await ask(`/openapi/v3${version}`), { openapi: '3.0.0' })
  }
  for (const path of ['/apis/none', '/apis/none/v1', '/api/v2', '/openapi/v3/api/v9', '/nothing'])
    t.match(await client.ask(path), { status: 404, json: { kind: 'Status', code: 404 } }, path)
  t.equal((await client.ask('/version', { accept: 'text/html' })).status, 406)
})
