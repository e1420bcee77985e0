import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { FakeClock } from '../../test/support/fake-clock.ts'
import { folderWith, loopbackApi } from '../../test/support/loopback-api.ts'
import { connect } from './connection.ts'
import type { Credentials, Resolved } from './credentials.ts'
import { SharedCredentials } from './shared-credentials.ts'

const resolved = (token: string, warnings: readonly string[] = []): Resolved => ({
  credentials: { headers: { Authorization: token }, expiresAtMs: null } as unknown as Credentials,
  files: [],
  warnings,
})

/** Credentials whose token counts how often they were had. */
function counting() {
  const counts = { resolved: 0, closed: 0 }
  const make = () => ({
    resolve: async () => resolved(`t${++counts.resolved}`, [`warning ${counts.resolved}`]),
    close: () => void counts.closed++,
  })
  return { counts, make }
}

t.test('the same way is gone once, for all who share it, and ends with the last of them', async (t) => {
  const shared = new SharedCredentials(new FakeClock())
  const { counts, make } = counting()
  const [one, two] = [shared.lease('a', make, () => {}), shared.lease('a', make, () => {})]
  const grants = await Promise.all([one.source.current(), two.source.current()])
  t.same(counts, { resolved: 1, closed: 0 })
  t.equal(grants[0], grants[1])
  one.release()
  one.release()
  t.equal(counts.closed, 0)
  two.release()
  t.equal(counts.closed, 1)
  const later = shared.lease('a', make, () => {})
  await later.source.current()
  t.same(counts, { resolved: 2, closed: 1 })
})

t.test('other ways are gone by themselves', async (t) => {
  const shared = new SharedCredentials(new FakeClock())
  const { counts, make } = counting()
  for (const key of ['a', 'b']) await shared.lease(key, make, () => {}).source.current()
  t.equal(counts.resolved, 2)
})

t.test('what two of them were refused with is renewed once', async (t) => {
  const shared = new SharedCredentials(new FakeClock())
  const { counts, make } = counting()
  const leases = [1, 2].map(() => shared.lease('a', make, () => {}))
  const [grant] = await Promise.all(leases.map(({ source }) => source.current()))
  for (const { source } of leases) {
    source.refuse(grant!.generation)
    await source.current()
  }
  t.equal(counts.resolved, 2)
})

t.test('a warning is told to one of those who are still there', async (t) => {
  const shared = new SharedCredentials(new FakeClock())
  const { make } = counting()
  const told: string[] = []
  const leases = ['one', 'two'].map((name) => shared.lease('a', make, (text) => told.push(`${name}: ${text}`)))
  const { generation } = await leases[0]!.source.current()
  leases[0]!.release()
  leases[1]!.source.refuse(generation)
  await leases[1]!.source.current()
  t.same(told, ['one: warning 1', 'two: warning 2'])
})

/** A kubeconfig with a plugin that keeps count of its runs. */
function kubeconfig(t: Test, server: string): string {
  const credential = { apiVersion: 'client.authentication.k8s.io/v1', kind: 'ExecCredential', status: { token: 't' } }
  const plugin = `#!/bin/sh\necho x >> "$(dirname "$0")/runs"\necho '${JSON.stringify(credential)}'\n`
  const folder = folderWith(t, { 'plugin.sh': plugin })
  const exec = { apiVersion: credential.apiVersion, interactiveMode: 'Never', command: './plugin.sh' }
  const document = {
    'current-context': 'a',
    contexts: [{ name: 'a', context: { cluster: 'c', user: 'u' } }],
    clusters: [{ name: 'c', cluster: { server } }],
    users: [{ name: 'u', user: { exec } }],
  }
  writeFileSync(join(folder, 'config'), JSON.stringify(document))
  return folder
}

t.test('connections of one kubeconfig run its plugin once', async (t) => {
  const server = await loopbackApi(t, ({ headers }, response) => response.end(headers.authorization))
  const folder = kubeconfig(t, server.url)
  const clock = new FakeClock()
  const shared = new SharedCredentials(clock)
  const access = { kind: 'kubeconfig', file: join(folder, 'config'), context: '' } as const
  const limits = { queriesPerSecond: 0, burst: 0, maxInflight: 0 }
  const connections = await Promise.all(
    [1, 2, 3].map(() => connect({ access, limits, clock, observe: () => {}, environment: {}, shared })),
  )
  t.teardown(() => connections.map((api) => api.close()))
  for (const api of connections) {
    const { body } = await api.get({ path: '/', accept: '*/*', signal: new AbortController().signal })
    t.equal(Buffer.concat(await Array.fromAsync(body)).toString(), 'Bearer t')
  }
  t.equal(readFileSync(join(folder, 'runs'), 'utf8'), 'x\n')
})
