import t from 'tap'
import { check, type Expected, soa, withCluster } from '../../test/support/cluster-server.ts'
import { serve } from '../../test/support/serve.ts'
import { TestCluster, textOf } from '../../test/support/test-cluster.ts'

/** A headless Service and one with a cluster address, each with an endpoint in each state; and one that has none but ending ones. */
const states = ['headless', 'ending', 'clusterip']
  .map(
    (name) => `
apiVersion: v1
kind: Service
metadata: { name: ${name}, namespace: prod }
spec: { clusterIP: ${name === 'clusterip' ? '10.96.0.50' : 'None'}, ports: [{ name: http, port: 80 }] }
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: ${name}-1, namespace: prod, labels: { kubernetes.io/service-name: ${name} } }
addressType: IPv4
ports: [{ name: http, port: 80 }]
endpoints:
  - { addresses: [10.${name.length}.0.3], hostname: ending, conditions: { ready: false, serving: true, terminating: true } }
${
  name === 'ending'
    ? ''
    : `
  - { addresses: [10.${name.length}.0.1], hostname: unknown }
  - { addresses: [10.${name.length}.0.2], hostname: ready, conditions: { ready: true, serving: true } }
  - { addresses: [10.${name.length}.0.4], hostname: starting, conditions: { ready: false, serving: false } }
  - { addresses: [10.${name.length}.0.5], hostname: gone, conditions: { ready: false, serving: false, terminating: true } }
  - { addresses: [10.${name.length}.0.6], hostname: old, conditions: { ready: false } }
`
}`,
  )
  .join('---')

const arpa = 'in-addr.arpa. 5 IN SOA ns.dns.in-addr.arpa. hostmaster.in-addr.arpa. 1767225600 7200 1800 86400 5'

t.test('endpoints that are not ready count if they are asked for', async (t) => {
  const names = ['unknown', 'ready', 'ending', 'starting', 'gone', 'old']
  const cases: [policy: string, counted: string[]][] = [
    ['', ['unknown', 'ready']],
    ['endpoints ready', ['unknown', 'ready']],
    ['endpoints serving', ['unknown', 'ready', 'ending']],
    ['endpoints all', names],
  ]
  for (const [policy, counted] of cases) {
    const options = withCluster(policy)
    const server = await serve(t, { ...options, files: { ...options.files, 'cluster/states.yaml': states } })
    const questions: [question: string, expected: Expected][] = []
    for (const name of ['headless', 'clusterip']) {
      const service = `${name}.prod.svc.cluster.local.`
      const address = (endpoint: string): string => `10.${name.length}.0.${names.indexOf(endpoint) + 1}`
      const whole = name === 'headless' ? counted.map(address) : ['10.96.0.50']
      questions.push([`${service} A`, { answer: whole.map((ip) => `${service} 5 IN A ${ip}`) }])
      for (const endpoint of names) {
        const owner = `${endpoint}.${service}`
        const reverse = `${address(endpoint).split('.').reverse().join('.')}.in-addr.arpa.`
        const counts = counted.includes(endpoint)
        questions.push([
          `${owner} A`,
          counts ? { answer: [`${owner} 5 IN A ${address(endpoint)}`] } : { rcode: 'NXDOMAIN', authority: [soa] },
        ])
        questions.push([
          `${reverse} PTR`,
          counts ? { answer: [`${reverse} 5 IN PTR ${owner}`] } : { rcode: 'NXDOMAIN', authority: [arpa] },
        ])
      }
    }
    const ending = 'ending.prod.svc.cluster.local.'
    const shown = counted.includes('ending')
    questions.push([
      `${ending} A`,
      shown ? { answer: [`${ending} 5 IN A 10.6.0.3`] } : { rcode: 'NXDOMAIN', authority: [soa] },
    ])
    await check(t, server, questions)
  }
})

t.test('both families are answered, an address that several slices have once', (t) => {
  const cluster = new TestCluster()
  const port = { name: 'http', protocol: 'TCP', port: 80 }
  const endpoint = (address: string, hostname = '') => ({ address, hostname, target: '', zone: '' })
  const slice = { kind: 'EndpointSlice', namespace: 'prod', ports: [port] } as const
  const service = { kind: 'Service', namespace: 'prod', externalName: null, external: [], ports: [port] } as const
  cluster.load([
    { kind: 'Namespace', namespace: '', name: 'prod' },
    { ...service, name: 'vip', headless: false, clusterIPs: ['10.96.0.1', 'fd00:96::1'] },
    { ...service, name: 'pods', headless: true, clusterIPs: [] },
    { ...slice, name: 'a', service: 'pods', family: 4, endpoints: [endpoint('10.0.0.1', 'p-0'), endpoint('10.0.0.2')] },
    { ...slice, name: 'b', service: 'pods', family: 4, endpoints: [endpoint('10.0.0.2'), endpoint('10.0.0.1', 'p-0')] },
    { ...slice, name: 'c', service: 'pods', family: 6, endpoints: [endpoint('fd00::1', 'p-0')] },
  ])
  const records = (question: string): string[] => textOf(cluster.ask(question)).slice(1)
  const vip = 'vip.prod.svc.cluster.local.'
  const pods = 'pods.prod.svc.cluster.local.'
  t.strictSame(records(`${vip} A`), [`answer ${vip} 5 IN A 10.96.0.1`])
  t.strictSame(records(`${vip} AAAA`), [`answer ${vip} 5 IN AAAA fd00:96::1`])
  t.strictSame(records(`${vip} SRV`), [
    `answer ${vip} 5 IN SRV 0 50 80 ${vip}`,
    `additional ${vip} 5 IN A 10.96.0.1`,
    `additional ${vip} 5 IN AAAA fd00:96::1`,
  ])
  t.strictSame(records(`${pods} A`), [`answer ${pods} 5 IN A 10.0.0.1`, `answer ${pods} 5 IN A 10.0.0.2`])
  t.strictSame(records(`${pods} AAAA`), [`answer ${pods} 5 IN AAAA fd00::1`])
  t.strictSame(records(`p-0.${pods} A`), [`answer p-0.${pods} 5 IN A 10.0.0.1`])
  t.strictSame(records(`p-0.${pods} AAAA`), [`answer p-0.${pods} 5 IN AAAA fd00::1`])
  // The weight counts every entry, as CoreDNS's does.
  t.strictSame(records(`_http._tcp.${pods} SRV`), [
    `answer _http._tcp.${pods} 5 IN SRV 0 20 80 10-0-0-2.${pods}`,
    `answer _http._tcp.${pods} 5 IN SRV 0 20 80 p-0.${pods}`,
    `additional 10-0-0-2.${pods} 5 IN A 10.0.0.2`,
    `additional p-0.${pods} 5 IN A 10.0.0.1`,
    `additional p-0.${pods} 5 IN AAAA fd00::1`,
  ])
  t.strictSame(records('1.0.0.10.in-addr.arpa. PTR'), [`answer 1.0.0.10.in-addr.arpa. 5 IN PTR p-0.${pods}`])
  t.strictSame(records('2.0.0.10.in-addr.arpa. PTR'), [`answer 2.0.0.10.in-addr.arpa. 5 IN PTR 10-0-0-2.${pods}`])
  const v6 = `1.${'0.'.repeat(27)}0.0.d.f.ip6.arpa.`
  t.equal(v6.split('.').length, 35)
  t.strictSame(records(`${v6} PTR`), [`answer ${v6} 5 IN PTR p-0.${pods}`])
  t.end()
})
