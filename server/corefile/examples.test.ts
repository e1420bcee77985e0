// The Corefiles of the field, as they are found in clusters: every one must be read without a change.

import { readdirSync, readFileSync } from 'node:fs'
import t from 'tap'
import { claimProblems } from './claims.ts'
import { formatEndpoint, inspectKeys } from './keys.ts'
import { parseAll, parseCorefile } from './parser.ts'

const folder = new URL('../../examples/corefiles/', import.meta.url)

const directives = new Set([
  ...['bind', 'bufsize', 'cache', 'chaos', 'errors', 'file', 'forward', 'health', 'hosts', 'kubernetes', 'loadbalance'],
  ...['log', 'loop', 'prometheus', 'ready', 'reload', 'rewrite', 'template'],
])

const kubeadm = 'cache errors forward health kubernetes loadbalance loop prometheus ready reload'
const node = 'bind cache errors forward loop prometheus reload'

/** By file: each block's endpoints and directives. */
const expected: Record<string, [endpoints: string, directives: string][]> = {
  aks: [['dns://.:53', `${kubeadm} template`]],
  eks: [['dns://.:53', kubeadm]],
  'eks-older': [['dns://.:53', kubeadm.replace('ready ', '')]],
  gardener: [
    ['dns://.:8053', 'cache errors forward health kubernetes loadbalance log loop prometheus ready reload rewrite'],
  ],
  helm: [['dns://.:53', kubeadm]],
  k3s: [['dns://.:53', kubeadm.replace('health ', 'health hosts ')]],
  kind: [['dns://.:53', kubeadm]],
  kubeadm: [['dns://.:53', kubeadm]],
  'kubernetes-addon': [['dns://.:53', kubeadm]],
  minikube: [['dns://.:53', kubeadm.replace('health ', 'health hosts ').replace('loop', 'log loop')]],
  nodelocal: [
    ['dns://cluster.local.:53', node.replace('forward ', 'forward health ')],
    ['dns://in-addr.arpa.:53', node],
    ['dns://ip6.arpa.:53', node],
    ['dns://.:53', node],
  ],
  openshift: [
    ['dns://.:5353', 'bufsize cache errors forward health kubernetes log prometheus ready reload'],
    ['dns://hostname.bind.:5353', 'chaos'],
    ['dns://example.org.:5353', 'bufsize cache errors forward log prometheus'],
  ],
  rke2: [['dns://.:53', kubeadm]],
  seed: [
    ['dns://cluster.local.:53', kubeadm.replace('forward ', '')],
    ['dns://aikernel.local.:53', 'cache errors file loadbalance prometheus reload'],
    ['dns://.:53', 'cache errors forward loadbalance loop prometheus reload'],
  ],
}

t.test('every example is listed', async (t) => {
  t.same(
    readdirSync(folder).sort(),
    Object.keys(expected)
      .sort()
      .map((name) => `${name}.Corefile`)
      .sort(),
  )
})

for (const [name, blocksExpected] of Object.entries(expected)) {
  t.test(`the Corefile of ${name} is read as it is`, async (t) => {
    const file = new URL(`${name}.Corefile`, folder)
    const source = { text: readFileSync(file, 'utf8'), file: file.pathname }
    const options = { directives, environment: {}, warn() {} }
    const blocks = parseCorefile(source, options)
    const { endpoints, problems } = inspectKeys(blocks, 53)
    t.same(problems, [])
    t.same(
      blocks.map(({ directives }, i) => [
        endpoints[i]!.map((endpoint) => formatEndpoint(endpoint)).join(' '),
        [...directives.keys()].sort().join(' '),
      ]),
      blocksExpected,
    )
    t.same(claimProblems(endpoints.map((endpoints) => ({ endpoints, addresses: [], hasView: false }))), [])
    t.same(parseAll(source, options), { blocks, problems: [] })
  })
}
