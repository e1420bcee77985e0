import { join } from 'node:path'
import t from 'tap'
import { clientIdentity, rootAuthority } from '../../test/support/api-server/certificates.ts'
import { folderWith } from '../../test/support/loopback-api.ts'
import { AccessError } from './credentials.ts'
import { clusterOf, endpointCredentials, inClusterCredentials } from './file-access.ts'

const pod = { KUBERNETES_SERVICE_HOST: '10.96.0.1', KUBERNETES_SERVICE_PORT: '443' }

t.test('a Pod is its service account', async (t) => {
  const folder = folderWith(t, { token: 'secret\n', 'ca.crt': rootAuthority })
  const { credentials, files, warnings } = await inClusterCredentials(pod, folder)
  t.match(credentials, {
    server: 'https://10.96.0.1',
    authority: rootAuthority,
    certificate: null,
    headers: { Authorization: 'Bearer secret' },
    expiresAtMs: null,
  })
  t.same(
    files.map(({ path }) => path),
    [`${folder}/token`, `${folder}/ca.crt`],
  )
  t.same(warnings, [])
})

t.test('an address of version 6 is a host as well', async (t) => {
  const folder = folderWith(t, { token: 'secret', 'ca.crt': rootAuthority })
  const environment = { KUBERNETES_SERVICE_HOST: 'fd00::1', KUBERNETES_SERVICE_PORT: '6443' }
  t.match(await inClusterCredentials(environment, folder), { credentials: { server: 'https://[fd00::1]:6443' } })
})

t.test('without a usable CA file the Pod trusts what the machine trusts, and says so', async (t) => {
  const expected = 'Expected to load root CA config from'
  const missing = folderWith(t, { token: 'secret' })
  const garbled = folderWith(t, { token: 'secret', 'ca.crt': 'garbage' })
  const empty = folderWith(t, { token: 'secret', 'ca.crt': '' })
  const reasons: [folder: string, reason: string][] = [
    [missing, `open ${missing}/ca.crt: no such file or directory`],
    [garbled, 'unable to parse bytes as PEM block'],
    [empty, 'the file is empty'],
  ]
  for (const [folder, reason] of reasons) {
    const { credentials, warnings } = await inClusterCredentials(pod, folder)
    t.equal(credentials.authority, null)
    t.match(warnings, [`${expected} ${folder}/ca.crt, but got err: `])
    t.match(warnings, [reason])
  }
})

t.test("what makes no Pod is said in CoreDNS's words", async (t) => {
  const folder = folderWith(t, { 'ca.crt': rootAuthority })
  const empty = folderWith(t, { token: ' \n', 'ca.crt': rootAuthority })
  const undefinedText =
    'unable to load in-cluster configuration, KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT must be defined'
  await t.rejects(inClusterCredentials({}, folder), new AccessError(undefinedText))
  await t.rejects(inClusterCredentials({ ...pod, KUBERNETES_SERVICE_PORT: '' }, folder), new AccessError(undefinedText))
  await t.rejects(inClusterCredentials(pod, folder), new AccessError(`open ${folder}/token: no such file or directory`))
  await t.rejects(
    inClusterCredentials(pod, empty),
    new AccessError(
      `failed to create kubernetes notification controller: "read empty token from file \\"${empty}/token\\""`,
    ),
  )
})

t.test('an endpoint is a URL and files', async (t) => {
  const { certificate, key } = clientIdentity
  const folder = folderWith(t, { 'ca.pem': rootAuthority, 'client.pem': certificate, 'client.key': key })
  const at = (name: string): string => join(folder, name)
  const all = { certificate: at('client.pem'), key: at('client.key'), authority: at('ca.pem') }
  t.match(await endpointCredentials('10.0.0.1:6443', all), {
    credentials: { server: 'https://10.0.0.1:6443', authority: rootAuthority, certificate, key, headers: {} },
    files: [{ path: all.certificate }, { path: all.key }, { path: all.authority }],
  })
  t.match(await endpointCredentials('10.0.0.1:8080', null), {
    credentials: { server: 'http://10.0.0.1:8080', authority: null, certificate: null, key: null },
    files: [],
  })
  t.match(await endpointCredentials('10.0.0.1', { certificate: '', key: '', authority: all.authority }), {
    credentials: { server: 'https://10.0.0.1', authority: rootAuthority, certificate: null, key: null },
  })
})

t.test('of an authority file every certificate counts that can be read', async (t) => {
  const damaged = rootAuthority.replace(/\n[A-Za-z0-9+/]/, '\n?')
  const folder = folderWith(t, {
    'ca.pem': `# ours\n${damaged}\n${clientIdentity.key}\n# next\n${rootAuthority}`,
    'damaged.pem': damaged,
    'key.pem': clientIdentity.key,
  })
  const authorityOf = (name: string) =>
    endpointCredentials('10.0.0.1', { certificate: '', key: '', authority: join(folder, name) })
  t.equal((await authorityOf('ca.pem')).credentials.authority, rootAuthority)
  const wrap = 'failed to create kubernetes notification controller: "unable to load root certificates:'
  await t.rejects(authorityOf('damaged.pem'), new AccessError(`${wrap} failed to parse certificate"`))
  await t.rejects(authorityOf('key.pem'), new AccessError(`${wrap} no valid certificate authority data seen"`))
})

t.test("what is wrong with an endpoint's files is said at once, in CoreDNS's words", async (t) => {
  const folder = folderWith(t, { 'ca.pem': rootAuthority, 'text.pem': 'just text' })
  process.chdir(folder)
  const wrap = 'failed to create kubernetes notification controller: '
  const table: [url: string, certificate: string, key: string, authority: string, message: string][] = [
    [
      'https://127.0.0.1:1',
      'nope.pem',
      'nopek.pem',
      'nopeca.pem',
      'invalid configuration: [unable to read client-cert nope.pem for  due to open nope.pem: no such file or directory, unable to read client-key nopek.pem for  due to open nopek.pem: no such file or directory, unable to read certificate-authority nopeca.pem for  due to open nopeca.pem: no such file or directory]',
    ],
    [
      'https://127.0.0.1:1',
      '',
      '',
      'nope.pem',
      'invalid configuration: unable to read certificate-authority nope.pem for  due to open nope.pem: no such file or directory',
    ],
    [
      'https://127.0.0.1:1',
      'ca.pem',
      '',
      'ca.pem',
      'invalid configuration: client-key-data or client-key must be specified for  to use the clientCert authentication method.',
    ],
    [
      'https://127.0.0.1:1',
      '',
      '',
      'text.pem',
      `${wrap}"unable to load root certificates: unable to parse bytes as PEM block"`,
    ],
    [
      '',
      '',
      '',
      '',
      'invalid configuration: no configuration has been provided, try setting KUBERNETES_MASTER environment variable',
    ],
    [
      'https://127.0.0.1:1',
      '.',
      '.',
      '',
      'invalid configuration: [unable to read client-cert . for  due to read .: is a directory, unable to read client-key . for  due to read .: is a directory]',
    ],
  ]
  for (const [url, certificate, key, authority, message] of table) {
    await t.rejects(endpointCredentials(url, { certificate, key, authority }), new AccessError(message), message)
  }
})

t.test('a Pod’s cluster is told from another by its address and its authority', async (t) => {
  const folders = {
    one: folderWith(t, { 'ca.crt': 'A' }),
    other: folderWith(t, { 'ca.crt': 'B' }),
    missing: '/nowhere',
  }
  const environment = { KUBERNETES_SERVICE_HOST: '10.96.0.1', KUBERNETES_SERVICE_PORT: '443' }
  const of = (name: keyof typeof folders, variables = environment): object =>
    clusterOf({ kind: 'in-cluster' }, variables, folders[name])
  t.strictSame(of('one'), of('one'))
  t.notSame(of('one'), of('other'))
  t.notSame(of('one'), of('one', { ...environment, KUBERNETES_SERVICE_HOST: '10.0.0.1' }))
  t.ok(of('missing'))
})
