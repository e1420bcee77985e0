import { writeFileSync } from 'node:fs'
import type { RequestListener } from 'node:http'
import { connect as connectSocket } from 'node:net'
import { join } from 'node:path'
import type { TLSSocket } from 'node:tls'
import t from 'tap'
import {
  clientIdentity,
  intermediateAuthority,
  rootAuthority,
  serverIdentity,
  strangerIdentity,
} from '../../test/support/api-server/certificates.ts'
import { echo, endpoint, plain, rig, serverTls } from '../../test/support/connection-rig.ts'
import { eventually } from '../../test/support/eventually.ts'
import { folderWith, type LoopbackApi, loopbackApi } from '../../test/support/loopback-api.ts'
import { ConnectionError } from './api-connection.ts'

t.test('addresses of version 6 are hosts', async (t) => {
  const server = await loopbackApi(t, echo, { tls: serverTls, host: '::1' })
  const { text } = await rig(t, { access: endpoint(t, server.url, { authority: rootAuthority }) })
  t.match(await text(), [200])
})

t.test('a server is trusted through the root, and through an intermediate authority alone', async (t) => {
  const full = await loopbackApi(t, echo, { tls: serverTls })
  const leafOnly = await loopbackApi(t, echo, { tls: { ...serverTls, cert: serverIdentity.certificate } })
  const table: [server: LoopbackApi, authority: string, name: string][] = [
    [full, rootAuthority, 'root'],
    [full, intermediateAuthority, 'intermediate'],
    [leafOnly, intermediateAuthority, 'intermediate, and the server sends its own certificate only'],
  ]
  for (const [server, authority, name] of table) {
    const { text } = await rig(t, { access: endpoint(t, server.url, { authority }) })
    t.match(await text(), [200], name)
  }
})

t.test('a server that nobody vouches for is not asked', async (t) => {
  const server = await loopbackApi(t, echo, { tls: serverTls })
  const reason = 'tls: failed to verify certificate: x509: certificate signed by unknown authority'
  for (const tls of [{ authority: strangerIdentity.certificate }, {}]) {
    const { get } = await rig(t, { access: endpoint(t, server.url, tls) })
    await t.rejects(get(), new ConnectionError(`Get "${server.url}/api/v1/services": ${reason}`))
  }
  t.same(server.requests, [])
})

t.test('a server with the certificate of another is not asked', async (t) => {
  const server = await loopbackApi(t, echo, { tls: serverTls, host: '127.0.0.2' })
  const { get } = await rig(t, { access: endpoint(t, server.url, { authority: rootAuthority }) })
  await t.rejects(get(), { name: 'ConnectionError', message: /altnames/ })
})

t.test('a client certificate says who asks', async (t) => {
  const who: RequestListener = ({ socket }, response) =>
    response.end((socket as TLSSocket).getPeerCertificate().subject?.CN ?? 'nobody')
  const tls = { ...serverTls, ca: rootAuthority, requestCert: true, rejectUnauthorized: true }
  const server = await loopbackApi(t, who, { tls: { ...tls, ca: [rootAuthority, intermediateAuthority] } })
  const access = endpoint(t, server.url, { authority: rootAuthority, ...clientIdentity })
  const { text } = await rig(t, { access })
  t.same(await text(), [200, 'test-admin'])
  const nobody = await rig(t, { access: endpoint(t, server.url, { authority: rootAuthority }) })
  await t.rejects(nobody.get(), ConnectionError)
  const stranger = await rig(t, { access: endpoint(t, server.url, { authority: rootAuthority, ...strangerIdentity }) })
  await t.rejects(stranger.get(), ConnectionError)
})

t.test("a certificate that does not fit its key is said in CoreDNS's words, and may be mended", async (t) => {
  const server = await loopbackApi(t, echo, { tls: serverTls })
  const tls = { authority: rootAuthority, certificate: clientIdentity.certificate, key: strangerIdentity.key }
  const access = endpoint(t, server.url, tls)
  const { clock, get, text } = await rig(t, { access })
  const reason = 'Loading client cert failed: tls: private key does not match public key'
  await t.rejects(get(), new ConnectionError(`Get "${server.url}/api/v1/services": ${reason}`))
  writeFileSync(access.tls.key, clientIdentity.key)
  await clock.advance(60_000)
  t.match(await text(), [200])
})

t.test('a rotated token is used within a minute, and at once if the old one is refused', async (t) => {
  let valid = 'Bearer one'
  const server = await loopbackApi(
    t,
    ({ headers }, response) => {
      response.statusCode = headers.authorization === valid ? 200 : 401
      response.end(headers.authorization)
    },
    { tls: serverTls },
  )
  const folder = folderWith(t, { token: 'one', 'ca.crt': rootAuthority })
  const environment = { KUBERNETES_SERVICE_HOST: '127.0.0.1', KUBERNETES_SERVICE_PORT: String(server.port) }
  const access = { kind: 'in-cluster' } as const
  const { api, clock, text } = await rig(t, { access, environment, serviceAccountFolder: folder })
  t.same(await text(), [200, 'Bearer one'])
  writeFileSync(join(folder, 'token'), 'two')
  t.same(await text(), [200, 'Bearer one'])
  await clock.advance(60_000)
  valid = 'Bearer two'
  t.same(await text(), [200, 'Bearer two'])
  writeFileSync(join(folder, 'token'), 'three')
  valid = 'Bearer three'
  t.same(await text(), [401, 'Bearer two'])
  api.refuse()
  t.same(await text(), [200, 'Bearer three'])
  t.equal(server.connections, 1, 'a new token needs no new connection')
})

t.test('a rotated authority is used for new connections, and old ones are let go', async (t) => {
  const server = await loopbackApi(t, echo, { tls: serverTls })
  const folder = folderWith(t, { token: 'one', 'ca.crt': rootAuthority })
  const environment = { KUBERNETES_SERVICE_HOST: '127.0.0.1', KUBERNETES_SERVICE_PORT: String(server.port) }
  const { clock, get, text } = await rig(t, {
    access: { kind: 'in-cluster' },
    environment,
    serviceAccountFolder: folder,
  })
  await text()
  writeFileSync(join(folder, 'ca.crt'), strangerIdentity.certificate)
  await clock.advance(60_000)
  await t.rejects(get(), { message: /unknown authority/ })
  await eventually(async () => server.sockets.size === 0)
  writeFileSync(join(folder, 'ca.crt'), intermediateAuthority)
  await clock.advance(60_000)
  t.match(await text(), [200])
})

t.test('a proxy that the environment names is gone through', async (t) => {
  const server = await loopbackApi(t, echo, { tls: serverTls, host: '127.0.0.1' })
  const tunnels: string[] = []
  const proxy = await loopbackApi(t, () => {})
  proxy.server.on('connect', ({ url }, socket) => {
    tunnels.push(url!)
    const onward = connectSocket(server.port, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n')
      onward.pipe(socket).pipe(onward)
    })
    for (const end of [onward, socket]) end.on('error', () => {})
    t.teardown(() => onward.destroy())
  })
  const access = endpoint(t, 'https://kubernetes.default.svc:6443', { authority: intermediateAuthority })
  const { text } = await rig(t, { access, environment: { HTTPS_PROXY: proxy.url, NO_PROXY: '10.0.0.0/8' } })
  t.match(await text(), [200])
  t.same(tunnels, ['kubernetes.default.svc:6443'])
})

t.test('a proxy that cannot be spoken to is never gone around', async (t) => {
  const { port, requests } = await loopbackApi(t, echo)
  const url = `http://kubernetes.default.svc:${port}`
  const reason = 'not a URL of scheme http or https'
  const table: [proxy: string, message: string][] = [
    ['socks5://me:sekret@127.0.0.1:1080', `proxy "socks5://127.0.0.1:1080": ${reason}`],
    ['http://[me', `proxy "http://[me": ${reason}`],
  ]
  for (const [proxy, message] of table) {
    const { get } = await rig(t, { access: plain(url), environment: { HTTP_PROXY: proxy } })
    await t.rejects(get(), new ConnectionError(`Get "${url}/api/v1/services": ${message}`))
  }
  t.same(requests, [])
})
