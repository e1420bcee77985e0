// The metrics that dashboards and alerts of CoreDNS read: after queries through the demo's chain, and through blocks that make the rarer things happen, each family is
// there with exactly its type, labels and buckets, and no other `coredns_` family is.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { address, type FakeAnswer, FakeUpstream } from './support/fake-upstream.ts'
import { freePort } from './support/http.ts'
import { serve } from './support/serve.ts'

const examples = fileURLToPath(new URL('../examples', import.meta.url))

/** Bounds: 250 µs doubled, 250 µs times ten, octets. */
const T = Array.from({ length: 16 }, (_, i) => 0.00025 * 2 ** i)
const S = [0.00025, 0.0025, 0.025, 0.25, 2.5]
const B = [0, 100, 200, 300, 400, 511, 1023, 2047, 4095, 8291, 16_000, 32_000, 48_000, 64_000]

interface Family {
  readonly name: string
  readonly type: 'counter' | 'gauge' | 'histogram'
  /** In any order. */
  readonly labels: readonly string[]
  readonly buckets?: readonly number[]
}

const words = (text: string): string[] => text.split(' ').filter((word) => word !== '')
const counter = (name: string, labels = ''): Family => ({ name, type: 'counter', labels: words(labels) })
const gauge = (name: string, labels = ''): Family => ({ name, type: 'gauge', labels: words(labels) })
const histogram = (name: string, buckets: readonly number[], labels = ''): Family => ({
  name,
  type: 'histogram',
  labels: words(labels),
  buckets,
})

const families: readonly Family[] = [
  counter('coredns_panics_total'),
  gauge('coredns_plugin_enabled', 'server zone view name'),
  counter('coredns_dns_requests_total', 'server zone view proto family type'),
  histogram('coredns_dns_request_duration_seconds', T, 'server zone view'),
  histogram('coredns_dns_request_size_bytes', B, 'server zone view proto'),
  counter('coredns_dns_do_requests_total', 'server zone view'),
  histogram('coredns_dns_response_size_bytes', B, 'server zone view proto'),
  counter('coredns_dns_responses_total', 'server zone view rcode plugin'),
  gauge('coredns_cache_entries', 'server type zones view'),
  counter('coredns_cache_requests_total', 'server zones view'),
  counter('coredns_cache_misses_total', 'server zones view'),
  counter('coredns_cache_prefetch_total', 'server zones view'),
  counter('coredns_cache_drops_total', 'server zones view'),
  counter('coredns_cache_served_stale_total', 'server zones view'),
  counter('coredns_cache_hits_total', 'server type zones view'),
  counter('coredns_cache_evictions_total', 'server type zones view'),
  counter('coredns_forward_healthcheck_broken_total'),
  counter('coredns_forward_max_concurrent_rejects_total'),
  histogram('coredns_proxy_request_duration_seconds', T, 'proxy_name to rcode'),
  counter('coredns_proxy_healthcheck_failures_total', 'proxy_name to'),
  counter('coredns_proxy_conn_cache_hits_total', 'proxy_name to proto'),
  counter('coredns_proxy_conn_cache_misses_total', 'proxy_name to proto'),
  histogram('coredns_health_request_duration_seconds', S),
  counter('coredns_health_request_failures_total'),
  gauge('coredns_hosts_entries', 'hostsfile'),
  gauge('coredns_hosts_reload_timestamp_seconds'),
  counter('coredns_reload_failed_total'),
  gauge('coredns_reload_version_info', 'hash value'),
  counter('coredns_local_localhost_requests_total'),
  counter('coredns_template_matches_total', 'server zone view class type'),
  counter('coredns_template_template_failures_total', 'server zone view class type section template'),
  counter('coredns_template_rr_failures_total', 'server zone view class type section template'),
]

/** What the exposition says of each family whose name begins with `coredns_`. */
function familiesOf(text: string): Family[] {
  const types = [...text.matchAll(/^# TYPE (coredns_\w+) (counter|gauge|histogram)$/gm)]
  return types.map(([, name = '', type]) => {
    const series = [...text.matchAll(new RegExp(`^${name}(?:_bucket|_sum|_count)?(?:\\{(.*)\\})? `, 'gm'))]
    const labelled = series.map(([, labels = '']) => [...labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)])
    const sets = new Set(
      labelled.map((labels) => labels.flatMap(([, label = '']) => (label === 'le' ? [] : [label])).join(' ')),
    )
    const bounds = new Set(
      labelled.flatMap((labels) => labels.flatMap(([, label, value]) => (label === 'le' ? [Number(value)] : []))),
    )
    return {
      name,
      type: type as Family['type'],
      labels: [...sets].flatMap(words),
      ...(type === 'histogram' ? { buckets: [...bounds].filter(Number.isFinite) } : {}),
    }
  })
}

const blocks = (dead: number): string => `
small.test:1053 {
  import common
  cache 30 {
    success 1
  }
  forward . {$UPSTREAM}
}
dead.test:1053 {
  import common
  forward . 127.0.0.1:${dead}
}
names.test:1053 {
  import common
  hosts names
}
extra.test:1053 {
  import common
  local
  template IN A extra.test {
    match "^good[.]"
    answer "{{ .Name }} 60 IN A 192.0.2.1"
  }
  template IN TXT extra.test {
    answer "{{ .Nothing.At.All }}"
  }
  template IN MX extra.test {
    answer "{{ .Name }} 60 IN MX nonsense"
  }
}
`

t.test('every family has its type, labels and buckets', async (t) => {
  const upstream = await FakeUpstream.start(t, {
    answer: (question): FakeAnswer =>
      question.name === 'odd.example'
        ? address({ ...question, name: 'unrelated.example' }, '192.0.2.1')
        : address(question, '192.0.2.1'),
  })
  const server = await serve(t, {
    corefile: readFileSync(join(examples, 'demo/Corefile'), 'utf8') + blocks(await freePort()),
    files: { names: '192.0.2.7 a.names.test\n' },
    environment: {
      MERIDIAN_EXAMPLES: examples,
      UPSTREAM: upstream.label,
      UPSTREAM_2: upstream.label,
      UPSTREAM_3: upstream.label,
    },
    anyHttpPort: true,
  })
  const metric = async (name: string): Promise<boolean> => (await server.metrics()).includes(`\n${name}`)
  for (let i = 0; i < 12; i++) await server.ask('www.example. A', { edns: { do: i === 0 } })
  for (const question of [
    'kubernetes.default.svc.cluster.local. A',
    'api.aikernel.local. A',
    'a.names.test. A',
    'good.extra.test. A',
    'localhost.extra.test. A',
    'x.extra.test. TXT',
    'x.extra.test. MX',
    'odd.example. A',
    'dead.test. A',
  ]) {
    await server.ask(question)
  }
  // Within the last tenth of its 30 seconds.
  await server.clock.advance(28_000)
  await server.ask('www.example. A')
  await server.until(() => upstream.count('www.example') > 1)
  for (let i = 0; i < 1200; i += 100) {
    await Promise.all(Array.from({ length: 100 }, (_, j) => server.ask(`n${i + j}.small.test. A`)))
  }
  await upstream.close()
  upstream.close = async () => {}
  await server.clock.advance(60_000)
  await server.ask('www.example. A')
  await server.until(() => metric('coredns_cache_served_stale_total'))
  await server.write('Corefile', `# changed\n${readFileSync(server.path('Corefile'), 'utf8')}`)
  await server.until(async () => {
    await server.clock.advance(1_000)
    return (await metric('coredns_reload_version_info')) && (await metric('coredns_proxy_healthcheck_failures_total'))
  })
  const text = await server.metrics()
  const found = familiesOf(text)
  const byName = (name: string) => found.find((family) => family.name === name)
  for (const family of families) {
    const actual = byName(family.name)
    t.strictSame(
      actual && { ...actual, labels: actual.labels.toSorted() },
      { ...family, labels: family.labels.toSorted() },
      family.name,
    )
  }
  t.strictSame(
    found.map(({ name }) => name).filter((name) => !families.some((family) => family.name === name)),
    [],
    'nothing else takes the name of CoreDNS',
  )
})
