import t from 'tap'
import { seededRandom } from '../../test/support/questions.ts'
import { type AskOptions, serve } from '../../test/support/serve.ts'

const count = 15
const rounds = 15_000
/** What a chi-square of 14 degrees of freedom passes by chance once in a thousand seeds. */
const chiSquareMax = 36.12

const endpoints = (from: number, to: number): string =>
  Array.from({ length: to - from }, (_, i) => `  - { addresses: [10.244.9.${from + i + 1}] }`).join('\n')

// Two slices that share five addresses: an address counts once.
const manifest = `
apiVersion: v1
kind: Namespace
metadata: { name: prod }
---
apiVersion: v1
kind: Service
metadata: { name: many, namespace: prod }
spec: { clusterIP: None, ports: [{ name: http, port: 80 }] }
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: many-1, namespace: prod, labels: { kubernetes.io/service-name: many } }
addressType: IPv4
ports: [{ name: http, port: 80 }]
endpoints:
${endpoints(0, 10)}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: many-2, namespace: prod, labels: { kubernetes.io/service-name: many } }
addressType: IPv4
ports: [{ name: http, port: 80 }]
endpoints:
${endpoints(5, 15)}
`

// An option that the server does not know keeps a query away from the answer table.
const ways: [way: string, options: AskOptions, more: string][] = [
  ['the answer table', {}, ''],
  ['the chain', { edns: { size: 1232, options: [{ code: 65_001, data: Uint8Array.of(1) }] } }, ''],
  ['the answer table, with a cache', {}, 'cache 30'],
]

for (const [way, options, more] of ways) {
  t.test(`every endpoint of a headless Service comes first equally often, from ${way}`, async (t) => {
    const server = await serve(t, {
      corefile: `cluster.local {\n kubernetes {\n manifests all.yaml\n }\n loadbalance\n ${more}\n}`,
      files: { 'all.yaml': manifest },
      random: seededRandom(7),
    })
    const firsts = new Map<string, number>()
    let incomplete = 0
    for (let i = 0; i < rounds; i++) {
      const answer = (await server.ask('many.prod.svc.cluster.local. A', options))!.answer
      if (answer.length !== count || new Set(answer).size !== count) incomplete++
      firsts.set(answer[0]!, (firsts.get(answer[0]!) ?? 0) + 1)
    }
    t.equal(incomplete, 0, 'each answer has each address once')
    t.equal(firsts.size, count)
    const expected = rounds / count
    const chiSquare = [...firsts.values()].reduce((sum, seen) => sum + (seen - expected) ** 2 / expected, 0)
    t.ok(chiSquare < chiSquareMax, `chi-square ${chiSquare.toFixed(2)}`)
  })
}
