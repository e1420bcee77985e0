// `npm run conformance:api`: replays the recorded suites of a cluster (test/conformance) through an API server instead of manifests: the fake one, or the real one that
// MERIDIAN_TEST_KUBECONFIG names, to which the cluster must have been written. More options are those of test/conformance/main.ts.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { ApiServer } from './support/api-server/api-server.ts'

const here = import.meta.dirname

/** Suites whose Corefiles name a kubeconfig. */
const clusterSuites = '^(0[1-9]|10)-'

const own = process.env.MERIDIAN_TEST_KUBECONFIG
const api = own
  ? null
  : await ApiServer.start({ manifests: join(here, 'conformance/cluster.yaml'), tls: true, tokens: ['conformance'] })
const options = ['--kubeconfig', '--strict', '--suite', clusterSuites, ...process.argv.slice(2)]
const runner = spawn(process.execPath, [join(here, 'conformance/main.ts'), ...options], {
  stdio: 'inherit',
  env: { ...process.env, KUBECONFIG: own ?? api?.kubeconfig() },
})
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => runner.kill(signal))
const [code] = (await once(runner, 'exit')) as [number | null]
await api?.close()
process.exitCode = code ?? 1
