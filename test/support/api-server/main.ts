// The fake API server as a process of its own, for benchmarks (its CPU time and memory are not the client's) and for trying things by hand:
//
//   node test/support/api-server/main.ts [--manifests FILE|FOLDER] [--port N] [--tls] [--token TOKEN] [--no-watch-list] [--no-protobuf]
//   node test/support/api-server/main.ts --manifests test/conformance/cluster.yaml     then: KUBECONFIG=(what it prints) kubectl get services -A

import { parseArgs } from 'node:util'
import { ApiServer } from './api-server.ts'

const { values } = parseArgs({
  allowNegative: true,
  options: {
    manifests: { type: 'string' },
    port: { type: 'string', default: '0' },
    tls: { type: 'boolean', default: false },
    token: { type: 'string', multiple: true, default: [] },
    'watch-list': { type: 'boolean', default: true },
    protobuf: { type: 'boolean', default: true },
  },
})

const api = await ApiServer.start({
  port: Number(values.port),
  tls: values.tls,
  tokens: values.token,
  clientCertificates: values.tls,
  watchList: values['watch-list'],
  protobuf: values.protobuf,
  ...(values.manifests !== undefined && { manifests: values.manifests }),
})
// One line that a program can read.
console.log(
  JSON.stringify({
    url: api.url,
    kubeconfig: api.kubeconfig(),
    serviceAccount: api.serviceAccount(values.token[0] ?? ''),
  }),
)

for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => void api.close().then(() => process.exit(0)))
