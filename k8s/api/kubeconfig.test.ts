import t from 'tap'
import { clientIdentity } from '../../test/support/api-server/certificates.ts'
import { folderWith } from '../../test/support/loopback-api.ts'
import { CredentialFiles } from './credential-files.ts'
import { AccessError } from './credentials.ts'
import { checkAccess, checkProvider, chooseAccess } from './kubeconfig.ts'

const head = 'apiVersion: v1\nkind: Config\ncurrent-context: a\ncontexts: [{name: a, context: {cluster: c, user: u}}]\n'
const cluster = 'clusters: [{name: c, cluster: {server: "https://127.0.0.1:1"}}]\n'

const kubeconfigOf = (user: string, clusterText = '{server: "https://127.0.0.1:1"}'): string =>
  `${head}clusters: [{name: c, cluster: ${clusterText}}]\nusers: [{name: u, user: ${user}}]\n`

t.test('a context chooses cluster and user, by name or as the current one', async (t) => {
  const text = `
current-context: a
contexts: [{name: a, context: {cluster: c, user: u}}, {name: b, context: {cluster: d, user: nobody}}]
clusters: [{name: c, cluster: {server: s1}}, {name: d, cluster: {server: s2}}]
users: [{name: u, user: {token: t}}]
`
  t.same(chooseAccess(text, 'f', ''), {
    clusterName: 'c',
    cluster: { server: 's1' },
    userName: 'u',
    user: { token: 't' },
  })
  t.same(chooseAccess(text, 'f', 'b'), { clusterName: 'd', cluster: { server: 's2' }, userName: 'nobody', user: {} })
  t.same(
    chooseAccess(
      JSON.stringify({
        'current-context': 'a',
        contexts: [{ name: 'a', context: { cluster: 'c' } }],
        clusters: [{ name: 'c', cluster: { server: 's' } }],
      }),
      'f',
      '',
    ).cluster,
    { server: 's' },
    'JSON is YAML',
  )
})

t.test('anchors, merged and repeated keys, and documents behind the first are read as Go reads them', async (t) => {
  const texts = [
    `${head}clusters: [{name: b, cluster: &one {server: s}}, {name: c, cluster: *one}]`,
    `${head}clusters: [{name: b, cluster: &one {server: s}}, {name: c, cluster: {<<: *one}}]`,
    `${head}clusters: [{name: c, cluster: {server: r, server: s}}]`,
    `${head}clusters: [{name: c, cluster: {server: s}}]\n---\nkind: Pod\n--- [`,
  ]
  for (const text of texts) t.same(chooseAccess(text, 'f', '').cluster, { server: 's' }, text)
})

t.test("a file that leads nowhere is refused in CoreDNS's words", async (t) => {
  const nothing =
    'invalid configuration: no configuration has been provided, try setting KUBERNETES_MASTER environment variable'
  const table: [text: string, context: string, message: string][] = [
    ['', '', nothing],
    ['apiVersion: v1\nkind: Config\n', '', nothing],
    ['clusters: []', '', nothing],
    [head, '', nothing],
    [`${head}${cluster}`, 'other', 'context "other" does not exist'],
    [
      `${head.replace('current-context: a', 'current-context: zzz')}${cluster}`,
      '',
      'invalid configuration: [context was not found for specified context: zzz, cluster has no server defined]',
    ],
    ['apiVersion: v1\nkind: Pod', '', 'error loading config file "f": no kind "Pod" is registered for version "v1"'],
    [
      'apiVersion: v9\nkind: Config',
      '',
      'error loading config file "f": no kind "Config" is registered for version "v9"',
    ],
    [
      'just text',
      '',
      `error loading config file "f": couldn't get version/kind; json parse error: cannot unmarshal string`,
    ],
    [
      '[1, 2]',
      '',
      `error loading config file "f": couldn't get version/kind; json parse error: cannot unmarshal array`,
    ],
    [
      'users: [{name: u, user: {token: one}}, {name: u, user: {token: two}}]',
      '',
      'error loading config file "f": duplicate name "u" in users',
    ],
    ['clusters: 3', '', 'error loading config file "f": clusters: cannot unmarshal number into a list'],
  ]
  for (const [text, context, message] of table) {
    t.throws(() => chooseAccess(text, 'f', context), new AccessError(message), message)
  }
})

t.test('the secrets of a damaged file are not quoted', async (t) => {
  const damaged = [
    'users: [{name: u, user: {token: sekret',
    '{a: "sekret',
    'token: *sekret',
    '%%% {sekret',
    '\t- sekret: [',
  ]
  for (const text of damaged) {
    try {
      chooseAccess(text, 'f', '')
      t.fail(`${text} was read`)
    } catch (error) {
      t.match(error, { name: 'AccessError', message: /^error loading config file "f": / }, text)
      t.notMatch((error as Error).message, /token: .*sekret|"sekret|\{sekret|\n/, (error as Error).message)
    }
  }
})

t.test("everything that is wrong with cluster and user is said at once, in CoreDNS's words", async (t) => {
  const folder = folderWith(t, { 'cert.pem': clientIdentity.certificate, 'key.pem': clientIdentity.key })
  const missing = (label: string, file: string, owner: string): string =>
    `unable to read ${label} ${folder}/${file} for ${owner} due to open ${folder}/${file}: no such file or directory`
  const exec = 'apiVersion: client.authentication.k8s.io/v1'
  const table: [user: string, cluster: string | undefined, faults: string][] = [
    ['{token: t}', '{}', 'no server found for cluster "c"'],
    ['{token: t}', '{insecure-skip-tls-verify: true}', 'no server found for cluster "c"'],
    ['{token: t}', '{server: s, certificate-authority: nope.pem}', missing('certificate-authority', 'nope.pem', 'c')],
    [
      '{client-certificate: nope.pem, client-key: nopek.pem}',
      undefined,
      `[${missing('client-cert', 'nope.pem', 'u')}, ${missing('client-key', 'nopek.pem', 'u')}]`,
    ],
    [
      '{client-certificate: cert.pem}',
      undefined,
      'client-key-data or client-key must be specified for u to use the clientCert authentication method.',
    ],
    [
      '{client-certificate-data: AAAA, client-certificate: cert.pem, client-key: key.pem, client-key-data: AAAA}',
      '{server: s, certificate-authority: cert.pem, certificate-authority-data: AAAA}',
      '[client-cert-data and client-cert are both specified for u. client-cert-data will override., client-key-data and client-key are both specified for u; client-key-data will override, certificate-authority-data and certificate-authority are both specified for c. certificate-authority-data will override.]',
    ],
    [
      '{token: t, username: a, password: b}',
      undefined,
      'more than one authentication method found for u; found [token basicAuth], only one is allowed',
    ],
    ['{as-groups: [x]}', undefined, 'requesting uid, groups or user-extra for u without impersonating a user'],
    [
      '{token: t}',
      '{server: s, proxy-url: "ftp://u:sekret@x"}',
      `invalid 'proxy-url' "ftp://x" for cluster "c": unsupported scheme "ftp", must be http or https`,
    ],
    [
      `{exec: {${exec}, command: x}}`,
      undefined,
      'interactiveMode must be specified for u to use exec authentication plugin',
    ],
    [`{exec: {${exec}, command: x, interactiveMode: Foo}}`, undefined, 'invalid interactiveMode for u: "Foo"'],
    [
      `{exec: {${exec}, interactiveMode: Never}}`,
      undefined,
      'command must be specified for u to use exec authentication plugin',
    ],
    [
      '{exec: {command: x, interactiveMode: Never}}',
      undefined,
      'apiVersion must be specified for u to use exec authentication plugin',
    ],
    [
      `{exec: {${exec}, command: x, interactiveMode: Never}, auth-provider: {name: oidc}}`,
      undefined,
      'authProvider cannot be provided in combination with an exec plugin for u',
    ],
  ]
  for (const [user, clusterText, faults] of table) {
    const access = chooseAccess(kubeconfigOf(user, clusterText), 'f', '')
    const message = `invalid configuration: ${faults}`
    await t.rejects(checkAccess(access, folder, new CredentialFiles()), new AccessError(message), message)
  }
})

t.test('certificates come from files beside the kubeconfig or from the kubeconfig itself', async (t) => {
  const folder = folderWith(t, { 'cert.pem': 'C', 'key.pem': 'K', 'ca.pem': 'A' })
  const check = (user: string, clusterText: string) =>
    checkAccess(chooseAccess(kubeconfigOf(user, clusterText), 'f', ''), folder, new CredentialFiles())
  const files = await check(
    '{client-certificate: cert.pem, client-key: key.pem}',
    '{server: s, certificate-authority: ca.pem}',
  )
  t.same(files, { authority: 'A', certificate: 'C', key: 'K' })
  const data = await check(
    `{client-certificate-data: ${btoa('C')}, client-key-data: ${btoa('K')}}`,
    `{server: s, certificate-authority-data: ${btoa('A')}}`,
  )
  t.same(data, { authority: 'A', certificate: 'C', key: 'K' })
  await t.rejects(check('{}', '{server: s, certificate-authority-data: "!!"}'), {
    name: 'AccessError',
    message: /certificate-authority-data: illegal base64 data/,
  })
})

t.test("ways to authenticate that nobody knows are refused in CoreDNS's words", async (t) => {
  const wrap = (reason: string): string => `failed to create kubernetes notification controller: "${reason}"`
  const table: [user: object, message: string][] = [
    [{ exec: { apiVersion: 'foo/v1', command: 'x' } }, wrap('exec plugin: invalid apiVersion \\"foo/v1\\"')],
    [{ 'auth-provider': { name: 'gcp' } }, wrap('no Auth Provider found for name \\"gcp\\"')],
    [{ 'auth-provider': { name: 'oidc', config: { 'client-id': 'x' } } }, wrap('Must provide idp-issuer-url')],
    [{ 'auth-provider': { name: 'oidc', config: { 'idp-issuer-url': 'x' } } }, wrap('Must provide client-id')],
  ]
  for (const [user, message] of table) t.throws(() => checkProvider({ ...user }), new AccessError(message), message)
  t.doesNotThrow(() => checkProvider({ token: 't' }))
})
