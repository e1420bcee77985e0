import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { FakeClock } from '../../test/support/fake-clock.ts'
import { folderWith } from '../../test/support/loopback-api.ts'
import { ConnectionError } from './api-connection.ts'
import { CredentialFiles } from './credential-files.ts'
import { AccessError, CredentialSource, type Credentials, type Resolved } from './credentials.ts'

const credentials = (token: string, expiresAtMs: number | null = null): Credentials => ({
  server: 'https://127.0.0.1:6443',
  authority: null,
  certificate: null,
  key: null,
  headers: { Authorization: token },
  servername: '',
  insecure: false,
  proxy: '',
  expiresAtMs,
})

/** A source whose credentials are said by the test, and what it did. */
function sourceOf(script: (count: number, refused: boolean) => Promise<Resolved> | Resolved) {
  const clock = new FakeClock()
  const warnings: string[] = []
  let count = 0
  const source = new CredentialSource({
    clock,
    warning: (text) => warnings.push(text),
    resolve: async (refused) => script(++count, refused),
  })
  const token = async (): Promise<unknown> => (await source.current()).credentials.headers.Authorization
  return { clock, warnings, source, token }
}

const resolved = (token: string, expiresAtMs: number | null = null): Resolved => ({
  credentials: credentials(token, expiresAtMs),
  files: [],
  warnings: [],
})

t.test('credentials are had once, also by requests at the same time', async (t) => {
  const { clock, token } = sourceOf((count) => resolved(`t${count}`))
  t.same(await Promise.all([token(), token(), token()]), ['t1', 't1', 't1'])
  await clock.advance(3_600_000)
  t.equal(await token(), 't1')
})

t.test('a file that has changed is read within a minute', async (t) => {
  const folder = folderWith(t, { token: 'one' })
  const { clock, token } = sourceOf(async () => {
    const files = new CredentialFiles()
    return { credentials: credentials(await files.read(join(folder, 'token'))), files: files.stamps, warnings: [] }
  })
  t.equal(await token(), 'one')
  writeFileSync(join(folder, 'token'), 'two')
  t.equal(await token(), 'one', 'it is not looked at for every request')
  await clock.advance(60_000)
  t.equal(await token(), 'two')
})

t.test('what cannot be renewed goes on being used, with one warning', async (t) => {
  const folder = folderWith(t, { token: 'one' })
  const { clock, token, warnings } = sourceOf(async () => {
    const files = new CredentialFiles()
    const text = await files.read(join(folder, 'token')).catch((error: Error) => {
      throw new AccessError(error.message)
    })
    return { credentials: credentials(text), files: files.stamps, warnings: [] }
  })
  await token()
  rmSync(join(folder, 'token'))
  for (let i = 0; i < 3; i++) {
    await clock.advance(60_000)
    t.equal(await token(), 'one')
  }
  t.same(warnings, [
    `credentials for the API server could not be renewed: open ${folder}/token: no such file or directory`,
  ])
  writeFileSync(join(folder, 'token'), 'two')
  await clock.advance(60_000)
  t.equal(await token(), 'two')
})

t.test('refused credentials are had anew before the next request, later ones are left alone', async (t) => {
  const refusals: boolean[] = []
  const { source, token } = sourceOf((count, refused) => {
    refusals.push(refused)
    return resolved(`t${count}`)
  })
  const { generation } = await source.current()
  source.refuse(generation)
  t.equal(await token(), 't2')
  source.refuse(generation)
  t.equal(await token(), 't2', 'the refusal was of the first ones')
  t.same(refusals, [false, true])
})

t.test('credentials are renewed before they expire', async (t) => {
  const { clock, token } = sourceOf((count) => resolved(`t${count}`, clock.wall() + 600_000))
  t.equal(await token(), 't1')
  await clock.advance(569_000)
  t.equal(await token(), 't1')
  await clock.advance(1_000)
  t.equal(await token(), 't2', '30 s before the end')
})

t.test('short-lived credentials are not renewed for every request', async (t) => {
  const { clock, token } = sourceOf((count) => resolved(`t${count}`, clock.wall() + 10_000))
  t.equal(await token(), 't1')
  await clock.advance(8_900)
  t.equal(await token(), 't1')
  await clock.advance(200)
  t.equal(await token(), 't2')
})

t.test('credentials that come expired are tried, and asked for once a second', async (t) => {
  const { clock, token } = sourceOf((count) => resolved(`t${count}`, clock.wall() - 1))
  t.same([await token(), await token()], ['t1', 't1'])
  await clock.advance(1_000)
  t.equal(await token(), 't2')
})

t.test('expired credentials that cannot be renewed are not used', async (t) => {
  const { clock, token, warnings } = sourceOf((count) => {
    if (count > 1) throw new ConnectionError('getting credentials: exec: executable x failed with exit code 1')
    return resolved('t1', clock.wall() + 100_000)
  })
  t.equal(await token(), 't1')
  await clock.advance(95_000)
  t.equal(await token(), 't1', 'they are still good')
  t.equal(warnings.length, 1)
  await clock.advance(10_000)
  await t.rejects(token(), new ConnectionError('getting credentials: exec: executable x failed with exit code 1'))
})

t.test('a wrong configuration is told apart from one that may work later', async (t) => {
  const wrong = sourceOf(() => {
    throw new AccessError('context "b" does not exist')
  })
  await t.rejects(wrong.token(), AccessError)
  const later = sourceOf((count) => {
    if (count === 1) throw new ConnectionError('getting credentials: exec: executable x not found')
    return resolved(`t${count}`)
  })
  await t.rejects(later.token(), ConnectionError)
  await t.rejects(later.token(), ConnectionError, 'it is not tried again at once')
  await later.clock.advance(1_000)
  t.equal(await later.token(), 't2')
})

t.test('what is odd is said', async (t) => {
  const { token, warnings } = sourceOf(() => ({ ...resolved('t'), warnings: ['odd'] }))
  await token()
  t.same(warnings, ['odd'])
})
