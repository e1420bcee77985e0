import t from 'tap'
import { serveError } from '../../test/support/serve.ts'

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
    [kubernetes('multicluster cluster.test'), parsing("'multicluster' is not built yet in Meridian")],
    [kubernetes('ttl 5', '10.0.0.0/8'), 'plugin/kubernetes: non-reverse zone name must be used'],
    [kubernetes('manifests a\n manifests b'), parsing('manifests can only be given once', 4)],
    [
      '. {\n kubernetes a.test\n kubernetes b.test\n}',
      'plugin/kubernetes: this plugin can only be used once per Server Block',
    ],
    [kubernetes('kubeconfig nowhere'), 'plugin/kubernetes: stat nowhere: no such file or directory'],
    [kubernetes('manifests nowhere'), 'plugin/kubernetes: stat nowhere: no such file or directory'],
    [
      kubernetes('kubeconfig Corefile'),
      'plugin/kubernetes: the Kubernetes API client is not built yet in Meridian; use manifests PATH',
    ],
    [
      '. {\n kubernetes cluster.local\n}',
      'plugin/kubernetes: unable to load in-cluster configuration, KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT must be defined',
    ],
  ]
  for (const [corefile, error] of cases) t.equal(await serveError({ corefile }), error, corefile)
})
