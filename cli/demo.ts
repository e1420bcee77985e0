// `meridian demo` (npm start): the seed's three server blocks on 127.0.0.1:1053, or any Corefile with --conf.

import { fileURLToPath } from 'node:url'
import { type ServeFlags, serve } from './serve.ts'

const examples = fileURLToPath(new URL('../examples', import.meta.url))

/** Serves the demo's Corefile unless the flags name another. */
export function demo(flags: ServeFlags, extra: readonly string[]): Promise<void> {
  if (flags.conf !== '') return serve(flags, extra)
  const environment = { ...process.env, MERIDIAN_EXAMPLES: examples, ...upstreams(process.env.UPSTREAM ?? '') }
  return serve({ ...flags, conf: `${examples}/demo/Corefile` }, extra, { environment, serving: () => introduction })
}

/** UPSTREAM may name up to three servers; one that is left out repeats the first, which `forward` counts once. */
function upstreams(text: string): Record<'UPSTREAM' | 'UPSTREAM_2' | 'UPSTREAM_3', string> {
  const [first = '/etc/resolv.conf', second = first, third = first] = text.split(/[\s,]+/).filter((word) => word !== '')
  return { UPSTREAM: first, UPSTREAM_2: second, UPSTREAM_3: third }
}

const introduction: readonly string[] = [
  '',
  'Serving on 127.0.0.1:1053 (UDP and TCP):',
  `  cluster.local    a Kubernetes cluster from ${examples}/cluster/*.yaml (edit them: answers follow at once)`,
  `  aikernel.local   the zone file ${examples}/demo/db.aikernel.local (raise its serial when you edit it)`,
  '  .                everything else, forwarded, cached, prefetched',
  'Health http://127.0.0.1:8080/health, readiness http://127.0.0.1:8181/ready, metrics http://127.0.0.1:9153/metrics.',
  'Try:',
  '  dig @127.0.0.1 -p 1053 kubernetes.default.svc.cluster.local',
  '  dig @127.0.0.1 -p 1053 _grpc._tcp.scheduler.aikernel.local SRV',
  '  dig @127.0.0.1 -p 1053 -x 10.96.0.1',
]
