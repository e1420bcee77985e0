// `npm run conformance:api`: the conformance suites of the cluster, with an API server in place of the manifests. The runner itself (test/conformance) shares nothing with the
// server under test, so the fake API server is started here and the runner is told of a kubeconfig.
//
//   npm run conformance:api                               protobuf with WatchList, then JSON with list and watch
//   npm run conformance:api -- --form json+watchlist      one form: protobuf or json, watchlist or list
//   npm run conformance:api -- --kubeconfig FILE          at this API server (or MERIDIAN_TEST_KUBECONFIG's), which must hold test/conformance/cluster.yaml
//   npm run conformance:api -- --suite '^05' --verbose 9  all other options are the runner's

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join, resolve } from 'node:path'
import { ApiServer } from './support/api-server/api-server.ts'

const folder = join(import.meta.dirname, 'conformance')
/** The suites whose Corefiles name a kubeconfig. */
const suites = '^(0[1-9]|10)-'

const rest = process.argv.slice(2)
const forms = take('--form')
const kubeconfig = take('--kubeconfig').at(-1) ?? process.env.MERIDIAN_TEST_KUBECONFIG

let good = true
if (kubeconfig !== undefined) good = await replay(resolve(kubeconfig))
else
  for (const form of forms.length > 0 ? forms : ['protobuf+watchlist', 'json+list'])
    good = (await replayForm(form)) && good
process.exitCode = good ? 0 : 1

/** Takes an option with its values out of the arguments. */
function take(option: string): string[] {
  const values: string[] = []
  for (let at = rest.indexOf(option); at >= 0; at = rest.indexOf(option)) {
    const [, value = ''] = rest.splice(at, 2)
    values.push(value)
  }
  return values
}

async function replayForm(form: string): Promise<boolean> {
  const [, encoding, listing] = /^(protobuf|json)\+(watchlist|list)$/.exec(form) ?? []
  if (encoding === undefined) throw new Error(`no such form: ${form}`)
  console.log(`\n${form}`)
  const api = await ApiServer.start({
    manifests: join(folder, 'cluster.yaml'),
    tls: true,
    tokens: ['conformance'],
    protobuf: encoding === 'protobuf',
    watchList: listing === 'watchlist',
  })
  try {
    return await replay(api.kubeconfig())
  } finally {
    await api.close()
  }
}

/** Replays the suites; `N passed, N failed` is the last line. */
async function replay(file: string): Promise<boolean> {
  const args = [join(folder, 'main.ts'), '--kubeconfig', '--strict', '--suite', suites, ...rest]
  const runner = spawn(process.execPath, args, { stdio: 'inherit', env: { ...process.env, KUBECONFIG: file } })
  const pass = (signal: NodeJS.Signals): void => void runner.kill(signal)
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, pass)
  const [code] = (await once(runner, 'exit')) as [number | null]
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, pass)
  return code === 0
}
