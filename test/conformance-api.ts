// `npm run conformance:api`: the conformance suites of the cluster, with an API server in place of the manifests. The runner itself (test/conformance) shares nothing with the
// server under test, so the fake API server is started here and the runner is told of a kubeconfig.
//
//   npm run conformance:api                                     protobuf with WatchList, then JSON with list and watch
//   npm run conformance:api -- --form json+watchlist            one form: protobuf or json, watchlist or list
//   npm run conformance:api -- --kubeconfig FILE                at this API server, which must hold test/conformance/cluster.yaml
//   npm run conformance:api -- -- --suite '^05' --verbose 100   what follows the second -- goes to the runner

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { ApiServer } from './support/api-server/api-server.ts'

const runner = fileURLToPath(new URL('./conformance/main.ts', import.meta.url))
const manifests = fileURLToPath(new URL('./conformance/cluster.yaml', import.meta.url))
/** The suites with a cluster. */
const suites = '^(0[1-9]|10)-'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    form: { type: 'string', multiple: true, default: ['protobuf+watchlist', 'json+list'] },
    kubeconfig: { type: 'string' },
  },
})

/** Replays the suites; `N passed, N failed` is the last line. */
async function replay(kubeconfig: string): Promise<boolean> {
  const args = [runner, '--kubeconfig', '--strict', '--suite', suites, ...positionals]
  const child = spawn(process.execPath, args, { stdio: 'inherit', env: { ...process.env, KUBECONFIG: kubeconfig } })
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => child.kill(signal))
  const [code] = (await once(child, 'exit')) as [number | null]
  return code === 0
}

async function replayForm(form: string): Promise<boolean> {
  const [, encoding, listing] = /^(protobuf|json)\+(watchlist|list)$/.exec(form) ?? []
  if (encoding === undefined) throw new Error(`no such form: ${form}`)
  console.log(`\n${form}`)
  const api = await ApiServer.start({
    manifests,
    tls: true,
    clientCertificates: true,
    protobuf: encoding === 'protobuf',
    watchList: listing === 'watchlist',
  })
  try {
    return await replay(api.kubeconfig())
  } finally {
    await api.close()
  }
}

let good = true
if (values.kubeconfig !== undefined) good = await replay(values.kubeconfig)
else for (const form of values.form) good = (await replayForm(form)) && good
process.exitCode = good ? 0 : 1
