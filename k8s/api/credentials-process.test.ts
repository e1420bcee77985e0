import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { FakeClock } from '../../test/support/fake-clock.ts'
import { folderWith, loopbackApi } from '../../test/support/loopback-api.ts'
import { connect } from './connection.ts'
import { CredentialsProcess } from './credentials-process.ts'

const v1 = 'client.authentication.k8s.io/v1'

/** A kubeconfig whose user is what a plugin says, in a folder with `files`. */
function kubeconfig(
  t: Test,
  exec: object,
  { server = 'https://127.0.0.1:1', files = {} }: { server?: string; files?: Record<string, string> } = {},
) {
  const folder = folderWith(t, files)
  const file = join(folder, 'config')
  const document = {
    'current-context': 'a',
    contexts: [{ name: 'a', context: { cluster: 'c', user: 'u' } }],
    clusters: [{ name: 'c', cluster: { server } }],
    users: [{ name: 'u', user: { exec: { apiVersion: v1, interactiveMode: 'Never', ...exec } } }],
  }
  writeFileSync(file, JSON.stringify(document))
  return { folder, file }
}

t.test('a plugin whose token ends or is refused is run again', async (t) => {
  const plugin = `#!/bin/sh
echo x >> "$(dirname "$0")/runs"
count=$(wc -l < "$(dirname "$0")/runs")
echo '{"apiVersion": "${v1}", "kind": "ExecCredential", "status": {"token": "t'$count'", "expirationTimestamp": "2026-01-01T00:10:00Z"}}'
`
  const server = await loopbackApi(t, ({ headers }, response) => {
    response.statusCode = headers.authorization === 'Bearer t1' ? 200 : 401
    response.end(headers.authorization)
  })
  const { file } = kubeconfig(t, { command: './plugin.sh' }, { server: server.url, files: { 'plugin.sh': plugin } })
  const clock = new FakeClock()
  const limits = { queriesPerSecond: 0, burst: 0, maxInflight: 0 }
  const access = { kind: 'kubeconfig', file, context: '' } as const
  const api = await connect({ access, limits, clock, observe: () => {}, environment: {} })
  t.teardown(() => api.close())
  const ask = async (): Promise<[number, string]> => {
    const { status, body } = await api.get({ path: '/', accept: '*/*', signal: new AbortController().signal })
    return [status, Buffer.concat(await Array.fromAsync(body)).toString()]
  }
  t.same(await ask(), [200, 'Bearer t1'])
  await clock.advance(9 * 60_000)
  t.same(await ask(), [200, 'Bearer t1'])
  await clock.advance(31_000)
  t.same(await ask(), [401, 'Bearer t2'], 'half a minute before the end')
  api.refuse()
  t.same(await ask(), [401, 'Bearer t3'])
})

t.test('a plugin that fails at the start is tried again by later requests', async (t) => {
  const server = await loopbackApi(t, ({ headers }, response) => response.end(headers.authorization))
  const { file, folder } = kubeconfig(t, { command: './plugin.sh' }, { server: server.url })
  const clock = new FakeClock()
  const limits = { queriesPerSecond: 0, burst: 0, maxInflight: 0 }
  const access = { kind: 'kubeconfig', file, context: '' } as const
  const api = await connect({ access, limits, clock, observe: () => {}, environment: {} })
  t.teardown(() => api.close())
  const get = () => api.get({ path: '/x', accept: '*/*', signal: new AbortController().signal })
  await t.rejects(get(), {
    name: 'ConnectionError',
    message: `Get "/x": getting credentials: exec: fork/exec ${folder}/plugin.sh: no such file or directory`,
  })
  const credential = { apiVersion: v1, kind: 'ExecCredential', status: { token: 't' } }
  writeFileSync(join(folder, 'plugin.sh'), `#!/bin/sh\necho '${JSON.stringify(credential)}'\n`, { mode: 0o700 })
  await clock.advance(1_000)
  const { status, body } = await get()
  t.equal(status, 200)
  t.equal(Buffer.concat(await Array.fromAsync(body)).toString(), 'Bearer t')
})

t.test('a process that is still at it ends with the connection', async (t) => {
  const { file } = kubeconfig(t, { command: 'sleep', args: ['1'] })
  const helper = new CredentialsProcess(file, '')
  const resolving = helper.resolve(false)
  setTimeout(() => helper.close(), 50)
  await t.rejects(resolving, { name: 'ConnectionError', message: 'getting credentials: closed' })
  await t.rejects(helper.resolve(false), { message: 'getting credentials: closed' })
})

t.test('a wrong configuration is told apart from one that may work later', async (t) => {
  const helper = new CredentialsProcess('/nosuch/config', '')
  t.teardown(() => helper.close())
  await t.rejects(helper.resolve(false), {
    name: 'AccessError',
    message: 'stat /nosuch/config: no such file or directory',
  })
})
