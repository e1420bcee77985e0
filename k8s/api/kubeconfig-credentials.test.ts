import { writeFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import {
  clientIdentity,
  intermediateAuthority,
  rootAuthority,
  serverIdentity,
} from '../../test/support/api-server/certificates.ts'
import { folderWith, loopbackApi } from '../../test/support/loopback-api.ts'
import type { OidcTokens } from './credentials-process.ts'
import { type KubeconfigCredentials, kubeconfigCredentials } from './kubeconfig-credentials.ts'

const v1 = 'client.authentication.k8s.io/v1'

/** A kubeconfig with one context, in a folder with `files`. */
function kubeconfig(t: Test, user: object, options: { cluster?: object; files?: Record<string, string> } = {}) {
  const folder = folderWith(t, options.files ?? {})
  const file = join(folder, 'config')
  const cluster = { server: 'https://127.0.0.1:6443', ...options.cluster }
  const document = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'a',
    contexts: [{ name: 'a', context: { cluster: 'c', user: 'u' } }],
    clusters: [{ name: 'c', cluster }],
    users: [{ name: 'u', user }],
  }
  writeFileSync(file, JSON.stringify(document))
  return { folder, file, document }
}

const resolve = (file: string, oidc: OidcTokens | null = null, refused = false): Promise<KubeconfigCredentials> =>
  kubeconfigCredentials({ file, context: '', oidc, refused })

t.test('a kubeconfig may say who somebody is in every usual way', async (t) => {
  const { certificate, key } = clientIdentity
  const pem = { 'cert.pem': certificate, 'key.pem': key, 'ca.pem': rootAuthority, token: 'filed\n' }
  const base64 = (text: string): string => Buffer.from(text).toString('base64')
  const table: [name: string, user: object, cluster: object, expected: object][] = [
    ['token', { token: 't' }, {}, { headers: { Authorization: 'Bearer t' }, authority: null, expiresAtMs: null }],
    ['token file', { token: 't', tokenFile: 'token' }, {}, { headers: { Authorization: 'Bearer filed' } }],
    ['basic', { username: 'u', password: 'p' }, {}, { headers: { Authorization: `Basic ${base64('u:p')}` } }],
    [
      'files',
      { 'client-certificate': 'cert.pem', 'client-key': 'key.pem' },
      { 'certificate-authority': 'ca.pem' },
      { certificate, key, authority: rootAuthority },
    ],
    [
      'data',
      { 'client-certificate-data': base64(certificate), 'client-key-data': base64(key) },
      { 'certificate-authority-data': base64(rootAuthority) },
      { certificate, key, authority: rootAuthority },
    ],
    [
      'nobody',
      {},
      { server: 'http://127.0.0.1:8080/' },
      { server: 'http://127.0.0.1:8080', headers: {}, certificate: null },
    ],
    [
      'impersonation',
      { token: 't', as: 'jane', 'as-groups': ['a', 'b'], 'as-uid': '7', 'as-user-extra': { 'acme.com/p': ['x'] } },
      {},
      {
        headers: {
          Authorization: 'Bearer t',
          'Impersonate-User': 'jane',
          'Impersonate-Group': ['a', 'b'],
          'Impersonate-Uid': '7',
          'Impersonate-Extra-acme.com%2Fp': ['x'],
        },
      },
    ],
    [
      'cluster settings',
      { token: 't' },
      { 'tls-server-name': 'kubernetes', 'insecure-skip-tls-verify': true, 'proxy-url': 'http://p:3128' },
      { servername: 'kubernetes', insecure: true, proxy: 'http://p:3128' },
    ],
  ]
  for (const [name, user, cluster, expected] of table) {
    const { file } = kubeconfig(t, user, { cluster, files: pem })
    t.match((await resolve(file)).resolved, { credentials: expected }, name)
  }
})

t.test('the files that credentials come from are named', async (t) => {
  const user = { tokenFile: 'token', 'client-certificate': 'cert.pem', 'client-key': 'key.pem' }
  const { certificate, key } = clientIdentity
  const files = { 'cert.pem': certificate, 'key.pem': key, 'ca.pem': rootAuthority, token: 't' }
  const { file, folder } = kubeconfig(t, user, { cluster: { 'certificate-authority': 'ca.pem' }, files })
  const { resolved } = await resolve(file)
  t.same(
    resolved.files.map(({ path }) => path).sort(),
    ['ca.pem', 'cert.pem', 'config', 'key.pem', 'token'].map((name) => join(folder, name)),
  )
})

t.test("what is wrong is said in CoreDNS's words, and no secret with it", async (t) => {
  const table: [
    name: string,
    user: object,
    options: Parameters<typeof kubeconfig>[2],
    error: { name: string; message: string },
  ][] = [
    [
      'both insecure and an authority',
      { token: 'sekret' },
      {
        cluster: { 'certificate-authority': 'ca.pem', 'insecure-skip-tls-verify': true },
        files: { 'ca.pem': rootAuthority },
      },
      {
        name: 'AccessError',
        message:
          'failed to create kubernetes notification controller: "specifying a root certificates file with the insecure flag is not allowed"',
      },
    ],
    [
      'no token file',
      { tokenFile: '/nosuch/token' },
      {},
      { name: 'AccessError', message: 'open /nosuch/token: no such file or directory' },
    ],
    [
      'an empty token file',
      { tokenFile: '/dev/null' },
      {},
      {
        name: 'AccessError',
        message: 'failed to create kubernetes notification controller: "read empty token from file \\"/dev/null\\""',
      },
    ],
    [
      'a plugin that fails',
      { exec: { apiVersion: v1, command: 'false', args: ['sekret'], interactiveMode: 'Never' } },
      {},
      { name: 'ConnectionError', message: 'getting credentials: exec: executable false failed with exit code 1' },
    ],
    [
      'a token of a provider that has ended',
      {
        'auth-provider': {
          name: 'oidc',
          config: { 'idp-issuer-url': 'https://127.0.0.1:1', 'client-id': 'c', 'id-token': 'e30.eyJleHAiOjF9.' },
        },
      },
      {},
      { name: 'ConnectionError', message: 'No valid id-token, and cannot refresh without refresh-token' },
    ],
  ]
  for (const [name, user, options, error] of table) {
    await t.rejects(resolve(kubeconfig(t, user, options).file), error, name)
  }
  const folder = folderWith(t, {})
  await t.rejects(resolve(folder), {
    name: 'AccessError',
    message: `error loading config file "${folder}": read ${folder}: is a directory`,
  })
})

/** A JSON Web Token that nobody signed. */
const jwt = (claims: object): string =>
  [{ alg: 'none' }, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .concat('c2ln')
    .join('.')

/** An OpenID provider whose tokens last an hour; each refresh token works once. With a secret it wants that in the body. */
async function openIdProvider(t: Test, secret = '') {
  const expiresAt = Math.floor(Date.now() / 1000) + 3600
  const grants: string[] = []
  const tls = { cert: serverIdentity.certificate + intermediateAuthority, key: serverIdentity.key }
  const handle = (request: IncomingMessage, response: ServerResponse): void => {
    response.setHeader('Content-Type', 'application/json')
    if (request.url !== '/token') {
      response.end(JSON.stringify({ issuer: server.url, token_endpoint: `${server.url}/token` }))
      return
    }
    request.setEncoding('utf8').once('data', (text: string) => {
      const form = new URLSearchParams(text)
      if (form.get('client_id') !== 'cluster' || (form.get('client_secret') ?? '') !== secret) {
        response.writeHead(401).end('{"error": "invalid_client"}')
        return
      }
      grants.push(form.get('refresh_token') ?? '')
      const count = grants.length
      response.end(JSON.stringify({ id_token: jwt({ exp: expiresAt, count }), refresh_token: `r${count}` }))
    })
  }
  const server = await loopbackApi(t, handle, { tls })
  return { expiresAt, grants, url: server.url }
}

const oidcUser = (url: string, config: object = {}) => ({
  'auth-provider': {
    name: 'oidc',
    config: {
      'idp-issuer-url': url,
      'idp-certificate-authority': 'idp.pem',
      'client-id': 'cluster',
      'id-token': jwt({ exp: 1 }),
      'refresh-token': 'r0',
      ...config,
    },
  },
})

const countOf = ({ resolved }: KubeconfigCredentials): unknown =>
  JSON.parse(
    Buffer.from(String(resolved.credentials.headers.Authorization).split('.')[1] ?? '', 'base64url').toString(),
  ).count

t.test('an ended token of an OpenID provider is refreshed, with a refresh token that works once', async (t) => {
  const { expiresAt, grants, url } = await openIdProvider(t)
  const { document, file } = kubeconfig(t, oidcUser(url), { files: { 'idp.pem': rootAuthority } })
  const first = await resolve(file)
  t.equal(countOf(first), 1)
  t.equal(first.resolved.credentials.expiresAtMs, expiresAt * 1000)
  t.equal(countOf(await resolve(file, first.oidc)), 1, 'it is good for an hour')
  const second = await resolve(file, first.oidc, true)
  t.equal(countOf(second), 2, 'but it was refused')
  const user = oidcUser(url, { 'refresh-token': 'r9' })
  writeFileSync(file, JSON.stringify({ ...document, users: [{ name: 'u', user }] }))
  t.equal(countOf(await resolve(file, second.oidc)), 3, 'somebody has logged in again')
  t.same(grants, ['r0', 'r1', 'r9'])
})

t.test('a client of an OpenID provider may have a secret', async (t) => {
  const { url } = await openIdProvider(t, 's3')
  const files = { 'idp.pem': rootAuthority }
  const right = kubeconfig(t, oidcUser(url, { 'client-secret': 's3' }), { files })
  t.equal(countOf(await resolve(right.file)), 1)
  const wrong = kubeconfig(t, oidcUser(url, { 'client-secret': 's4' }), { files })
  await t.rejects(resolve(wrong.file), {
    name: 'ConnectionError',
    message: 'failed to refresh token: the provider says 401 invalid_client',
  })
})

t.test('a token of an OpenID provider that is good is used as it is', async (t) => {
  const idToken = jwt({ exp: Math.floor(Date.now() / 1000) + 3600 })
  const { file } = kubeconfig(t, oidcUser('https://127.0.0.1:1', { 'id-token': idToken }))
  t.match((await resolve(file)).resolved, { credentials: { headers: { Authorization: `Bearer ${idToken}` } } })
})
