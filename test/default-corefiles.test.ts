// Every default Corefile of the field (examples/corefiles) loads unchanged and serves the cluster: paths and upstream addresses filled in, nothing else.

import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { serve } from './support/serve.ts'

const folder = fileURLToPath(new URL('../examples/corefiles/', import.meta.url))
const cluster = fileURLToPath(new URL('../examples/cluster/', import.meta.url))

/** What a cluster's installer fills in; upstreams stay on the loopback address. */
const fillings: readonly (readonly [RegExp, string])[] = [
  [/\/etc\/resolv\.conf/g, 'resolv.conf'],
  [/\/etc\/coredns\//g, ''],
  [/169\.254\.20\.10/g, '127.0.0.1'],
  [/10\.96\.0\.10/g, '127.0.0.2'],
  [/(?<=forward \. )(?:\d+\.\d+\.\d+\.\d+[ \t]*)+/g, '127.0.0.1:9 '],
  [/__PILLAR__CLUSTER__DNS__|__PILLAR__UPSTREAM__SERVERS__/g, '127.0.0.1:9'],
  [/%\{CLUSTER_DOMAIN\}%/g, 'cluster.local'],
]

const files = {
  'resolv.conf': 'nameserver 127.0.0.1\n',
  NodeHosts: '192.0.2.1 node-1\n',
  'custom/none': '',
  'db.aikernel.local': '@ 60 IN SOA ns host 1 2 3 4 5\n@ 60 IN NS ns\nns 60 IN A 10.96.0.10\n',
}

for (const file of readdirSync(folder)) {
  t.test(`${file} loads and answers for the cluster`, async (t) => {
    let corefile = readFileSync(folder + file, 'utf8')
    for (const [pattern, text] of fillings) corefile = corefile.replace(pattern, text)
    const server = await serve(t, { corefile, files, manifests: cluster, anyHttpPort: true })
    if (!/^\s*kubernetes /m.test(corefile)) return
    const listener = `dns://:${/^\S*:(\d+) \{/m.exec(corefile)?.[1]}`
    t.match(await server.ask('kubernetes.default.svc.cluster.local. A', { server: listener }), {
      rcode: 'NOERROR',
      flags: ['aa', 'rd'],
      answer: [/^kubernetes\.default\.svc\.cluster\.local\. \d+ IN A 10\.96\.0\.1$/],
    })
    // The seed's block takes no reverse names, whatever its plugin line says.
    if (!corefile.startsWith('.')) return
    t.match(await server.ask('1.0.96.10.in-addr.arpa. PTR', { server: listener }), {
      answer: [/IN PTR kubernetes\.default\.svc\.cluster\.local\.$/],
    })
    if (!/rewrite stop/.test(corefile)) return
    const doubled = 'kubernetes.default.svc.cluster.local.svc.cluster.local.'
    t.match(await server.ask(`${doubled} A`, { server: listener }), {
      answer: [new RegExp(`^${doubled} \\d+ IN A 10\\.96\\.0\\.1$`)],
    })
  })
}
