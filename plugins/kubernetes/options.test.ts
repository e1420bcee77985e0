import t from 'tap'
import { serveError } from '../../test/support/serve.ts'
import { Directive } from '../directive.ts'
import type { Host } from '../plugin.ts'
import { type KubernetesOptions, readOptions } from './options.ts'

// The machine that runs this may itself be in a cluster.
delete process.env.KUBERNETES_SERVICE_HOST

t.test('a Corefile that cannot be served is refused in the words of CoreDNS', async (t) => {
  const kubernetes = (options: string, zones = 'cluster.test'): string =>
    `. {\n kubernetes ${zones} {\n ${options}\n }\n}`
  const parsing = (reason: string, line = 3): string =>
    `plugin/kubernetes: Corefile:${line} - Error during parsing: ${reason}`
  const count = (word: string): string => parsing(`Wrong argument count or unexpected line ending after '${word}'`)
  const cases: [corefile: string, error: string][] = [
    [kubernetes('nope'), parsing("unknown property 'nope'")],
    [kubernetes('toString'), parsing("unknown property 'toString'")],
    [
      kubernetes('pods maybe'),
      'plugin/kubernetes: wrong value for pods: maybe,  must be one of: disabled, verified, insecure',
    ],
    ...[
      'pods',
      'namespaces',
      'labels',
      'namespace_labels',
      'endpoint',
      'tls',
      'ttl',
      'kubeconfig',
      'manifests',
      'startup_timeout',
    ].map((option): [string, string] => [kubernetes(option), count(option)]),
    ...['zonal', 'noendpoints', 'endpoint_pod_names'].map((option): [string, string] => [
      kubernetes(`${option} x`),
      count('x'),
    ]),
    [kubernetes('ttl x'), 'plugin/kubernetes: strconv.Atoi: parsing "x": invalid syntax'],
    [kubernetes('ttl 3601'), parsing('ttl must be in range [0, 3600]: 3601')],
    [kubernetes('ignore all'), "plugin/kubernetes: unable to parse ignore value: 'all'"],
    [
      kubernetes('labels a!=b'),
      `plugin/kubernetes: unable to parse label selector value: 'a!=b': "!=" is not a valid label selector operator`,
    ],
    [
      kubernetes('startup_timeout 5'),
      'plugin/kubernetes: failed to parse startup_timeout: 5, time: missing unit in duration "5"',
    ],
    [
      kubernetes('apiserver_qps x'),
      parsing('invalid apiserver_qps "x": strconv.ParseFloat: parsing "x": invalid syntax'),
    ],
    [kubernetes('apiserver_burst -1'), parsing('apiserver_burst must be >= 0')],
    [kubernetes('zonal\n noendpoints'), parsing('zonal requires the endpoint cache; remove noendpoints', 5)],
    [kubernetes('namespaces a\n namespace_labels b'), parsing('namespaces and namespace_labels cannot both be set', 5)],
    [
      kubernetes('multicluster a.test'),
      parsing('is not authoritative for the multicluster zone a.test. (authoritative zones: [cluster.test.])', 4),
    ],
    [kubernetes('endpoints'), count('endpoints')],
    [kubernetes('endpoints some'), parsing('endpoints must be ready, serving or all: some')],
    [kubernetes('snapshot'), count('snapshot')],
    [kubernetes('snapshot a 1h 2h'), count('2h')],
    [kubernetes('snapshot a soon'), parsing('invalid snapshot age "soon": time: invalid duration "soon"')],
    [kubernetes('snapshot a 0s ready'), parsing('snapshot age must be > 0: 0s')],
    [kubernetes('ttl 5', '10.0.0.0/8'), 'plugin/kubernetes: non-reverse zone name must be used'],
    [kubernetes('manifests a\n manifests b'), parsing('manifests can only be given once', 4)],
    [
      '. {\n kubernetes a.test\n kubernetes b.test\n}',
      'plugin/kubernetes: this plugin can only be used once per Server Block',
    ],
    [kubernetes('kubeconfig nowhere'), 'plugin/kubernetes: stat nowhere: no such file or directory'],
    [kubernetes('manifests nowhere'), 'plugin/kubernetes: stat nowhere: no such file or directory'],
    [
      '. {\n kubernetes cluster.local\n}',
      'plugin/kubernetes: unable to load in-cluster configuration, KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT must be defined',
    ],
  ]
  for (const [corefile, error] of cases) t.equal(await serveError({ corefile }), error, corefile)
})

t.test('the words of a directive say how the cluster is reached and what of it is wanted', async (t) => {
  const plain = {
    access: { kind: 'in-cluster' },
    limits: { queriesPerSecond: 0, burst: 0, maxInflight: 0 },
    snapshot: null,
    kinds: ['Service', 'Namespace', 'EndpointSlice'],
    trim: { endpoints: 'ready', targets: false, zones: false, podLabels: false },
    labels: '',
    namespaceLabels: '',
  }
  const cases: [words: string, cluster: object | null, more?: object][] = [
    ['', plain, { startupTimeoutMs: 5_000 }],
    ['manifests a', null, { manifests: '/root/a' }],
    ['kubeconfig f c', { ...plain, access: { kind: 'kubeconfig', file: 'f', context: 'c' } }],
    ['kubeconfig f\n endpoint u', { ...plain, access: { kind: 'kubeconfig', file: 'f', context: '' } }],
    ['endpoint u v', { ...plain, access: { kind: 'endpoint', url: 'u', tls: null } }],
    [
      'endpoint u\n tls a b c',
      { ...plain, access: { kind: 'endpoint', url: 'u', tls: { certificate: 'a', key: 'b', authority: 'c' } } },
    ],
    [
      'apiserver_qps 1.5\n apiserver_burst 20\n apiserver_max_inflight 3\n startup_timeout 1m',
      { ...plain, limits: { queriesPerSecond: 1.5, burst: 20, maxInflight: 3 } },
      { startupTimeoutMs: 60_000 },
    ],
    ['snapshot s', { ...plain, snapshot: { path: '/root/s', maxAgeMs: Number.POSITIVE_INFINITY, ready: false } }],
    ['snapshot /s 1h ready', { ...plain, snapshot: { path: '/s', maxAgeMs: 3_600_000, ready: true } }],
    ['snapshot s ready', { ...plain, snapshot: { path: '/root/s', maxAgeMs: Number.POSITIVE_INFINITY, ready: true } }],
    ['noendpoints\n pods verified', { ...plain, kinds: ['Service', 'Namespace', 'Pod'] }],
    [
      'multicluster b.test',
      { ...plain, kinds: [...plain.kinds, 'ServiceImport', 'ImportedSlice'] },
      { primaryZone: 'a.test.', multiclusterZones: ['b.test.'] },
    ],
    ['multicluster a.test b.test', { ...plain, kinds: [...plain.kinds, 'ServiceImport', 'ImportedSlice'] }],
    ['endpoints all', { ...plain, trim: { ...plain.trim, endpoints: 'all' } }],
    [
      'endpoint_pod_names\n zonal\n endpoints serving',
      { ...plain, trim: { ...plain.trim, endpoints: 'serving', targets: true, zones: true } },
    ],
    ['labels a=b,c', { ...plain, labels: 'a=b,c' }],
    ['namespace_labels a in (b)', { ...plain, namespaceLabels: 'a in (b)' }],
  ]
  for (const [words, cluster, more = {}] of cases) {
    const read = optionsOf(words)
    t.strictSame(read.cluster, cluster, words)
    t.match(
      { ...read, primaryZone: String(read.primaryZone), multiclusterZones: read.multiclusterZones.map(String) },
      more,
    )
  }
  t.equal(optionsOf('', ['metadata']).cluster?.trim.podLabels, true, 'labels of pods are for metadata')
})

/** The options of `kubernetes a.test b.test in-addr.arpa { WORDS }` in a block with these other directives. */
function optionsOf(words: string, others: readonly string[] = []): KubernetesOptions {
  const host = {
    block: { zones: [], settings: { manifests: '' }, has: (directive: string) => others.includes(directive) },
    log: { warning: () => {} },
    path: (file: string) => (file.startsWith('/') ? file : `/root/${file}`),
  }
  const lines = [`kubernetes a.test b.test in-addr.arpa {`, ...words.split('\n'), '}']
  const tokens = lines.flatMap((text, line) =>
    text
      .split(' ')
      .filter((word) => word !== '')
      .map((word) => ({ text: word, file: 'Corefile', line: line + 1 })),
  )
  return readOptions(new Directive('kubernetes', 'Corefile', tokens), host as unknown as Host)
}
