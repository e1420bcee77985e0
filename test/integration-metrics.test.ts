// /metrics of the real process after traffic through every plugin that is built: what promtool says of it, and the series that no plugin counts (build, process,
// runtime).

import { fileURLToPath } from 'node:url'
import t from 'tap'
import { order } from '../plugins/order.ts'
import { run, serveCommand, skipWithout } from './support/command.ts'
import { address, FakeUpstream } from './support/fake-upstream.ts'
import { httpGet } from './support/http.ts'

const cluster = fileURLToPath(new URL('../examples/cluster', import.meta.url))

/** Every built plugin in some block. */
const corefile = (upstream: string): string => `(common) {
  bind 127.0.0.1
  root zones
  metadata
  cancel 5s
  bufsize 1232
  debug
  prometheus 127.0.0.1:PORT1 {
    runtime_metrics
  }
  errors
  log
}
.:PORT {
  import common
  reload 2s 0s
  ready 127.0.0.1:PORT2
  health 127.0.0.1:PORT3
  local
  any
  loadbalance
  cache 30
  header {
    response set ra
  }
  minimal
  rewrite name old.test new.test
  template IN A extra.test {
    answer "{{ .Name }} 60 IN A 192.0.2.1"
  }
  hosts names {
    fallthrough
  }
  loop
  forward . ${upstream}
}
cluster.local:PORT 10.96.0.0/12:PORT {
  import common
  compat coredns
  family auto
  autopath @query
  kubernetes {
    manifests ${cluster}
  }
}
lb.test:PORT {
  import common
  k8s_external
  kubernetes cluster.local {
    manifests ${cluster}
  }
}
example.org:PORT {
  import common
  transfer {
    to *
  }
  file db.example.org
}
auto.test:PORT {
  import common
  acl {
    filter type TXT
    block type MX
  }
  auto {
    directory .
  }
}
who.test:PORT {
  import common
  whoami
}
version.bind:PORT id.server:PORT {
  import common
  chaos Meridian "an author"
}
`

const files = {
  'zones/db.example.org': '@ 60 IN SOA ns host 1 2 3 4 5\n@ 60 IN NS ns\nns 60 IN A 192.0.2.53\n',
  'zones/db.auto.test': '@ 60 IN SOA ns host 1 2 3 4 5\n@ 60 IN NS ns\nns 60 IN A 192.0.2.54\n',
  'zones/names': '192.0.2.7 a.test\n',
}

const questions = [
  ...[
    'www.test A',
    'www.test A +tcp',
    'www.test A +dnssec',
    'old.test A',
    'any.test ANY',
    'x.localhost A',
    'a.extra.test A',
    'a.test A',
  ],
  ...['kubernetes.default.svc.cluster.local A', 'missing.default.svc.cluster.local A', '1.0.96.10.in-addr.arpa PTR'],
  ...['kubernetes.default.svc.cluster.local AAAA', 'www.test.default.svc.cluster.local A', 'x.lb.test A'],
  ...['ns.auto.test A', 'ns.auto.test TXT', 'example.org AXFR'],
  ...['ns.example.org A', 'nope.example.org A', 'x.who.test A', 'version.bind TXT CH'],
]

const skip = skipWithout('dig', 'bind9-dnsutils')

t.test('promtool accepts what is exported after traffic through every built plugin', { skip }, async (t) => {
  const upstream = await FakeUpstream.start(t, { answer: (question) => address(question, '192.0.2.9') })
  const text = corefile(upstream.label)
  const missing = order.flatMap((plugin) =>
    typeof plugin === 'string' || new RegExp(`^\\s+${plugin.name}\\b`, 'm').test(text) ? [] : [plugin.name],
  )
  t.strictSame(missing, [], 'every built plugin is used')
  const { dig, ports } = await serveCommand(t, { corefile: text, files })
  for (const question of questions) {
    for (let i = 0; i < 2; i++)
      t.match(await dig(...question.split(' ')), /status: (NOERROR|NXDOMAIN)|XFR size/, question)
  }
  const { body } = await httpGet(`http://127.0.0.1:${ports[1]}/metrics`)
  t.test('promtool', { skip: skipWithout('promtool', 'prometheus') }, async (t) => {
    t.strictSame(await run('promtool', ['check', 'metrics'], { input: body }), { code: 0, output: '' })
  })
  const series = [
    /^coredns_build_info\{goversion="node26\.\d+\.\d+",revision="[0-9a-f]*",version="\d+\.\d+\.\d+"\} 1$/m,
    /^process_cpu_seconds_total \d/m,
    /^process_open_fds [1-9]/m,
    /^process_max_fds [1-9]/m,
    /^process_virtual_memory_bytes [1-9]/m,
    /^process_resident_memory_bytes [1-9]/m,
    /^process_start_time_seconds 1[0-9.e+]+$/m,
    /^meridian_nodejs_heap_used_bytes\{thread="[^"]+"\} [1-9]/m,
    /^coredns_hosts_entries\{hostsfile="[^"]*names"\} 2$/m,
  ]
  for (const pattern of series) t.ok(pattern.test(body), `${pattern}`)
  for (const foreign of [/^nodejs_/m, /^go_/m, /^promhttp_/m]) t.notOk(foreign.test(body), `no ${foreign}`)
})

t.test('metrics without labels are there from the start, whatever is configured', async (t) => {
  const { ports } = await serveCommand(t, {
    corefile: '.:PORT {\n bind 127.0.0.1\n prometheus 127.0.0.1:PORT1\n whoami\n}\n',
  })
  const { body } = await httpGet(`http://127.0.0.1:${ports[1]}/metrics`)
  for (const name of [
    'coredns_panics_total',
    'coredns_forward_healthcheck_broken_total',
    'coredns_forward_max_concurrent_rejects_total',
    'coredns_health_request_duration_seconds_count',
    'coredns_health_request_failures_total',
    'coredns_hosts_reload_timestamp_seconds',
    'coredns_local_localhost_requests_total',
    'coredns_reload_failed_total',
  ]) {
    t.match(body, new RegExp(`^${name} 0$`, 'm'))
  }
})
