import t from 'tap'
import { serve, serveError } from '../../test/support/serve.ts'

const files = {
  'cluster.yaml': `apiVersion: v1
kind: Namespace
metadata: { name: shop }
---
apiVersion: v1
kind: Service
metadata: { name: cart, namespace: shop }
spec: { clusterIP: 10.96.0.7, clusterIPs: [10.96.0.7], ports: [{ name: http, port: 80 }] }
`,
}

t.test('log reads what kubernetes knows, under the zones that carry metadata', async (t) => {
  const table = [
    { line: 'metadata', logged: 'shop' },
    { line: 'metadata cluster.local', logged: 'shop' },
    { line: 'metadata other.example', logged: '-' },
    { line: '', logged: '-' },
  ]
  for (const { line, logged } of table) {
    const corefile = `. {\n ${line}\n log . "{name} {/kubernetes/namespace}"\n kubernetes cluster.local {\n  manifests cluster.yaml\n }\n}`
    const server = await serve(t, { corefile, files })
    // Asked three times: the third answer comes from the answer table and must be logged alike.
    for (let i = 0; i < 3; i++) await server.ask('cart.shop.svc.cluster.local. A')
    const lines = server.log.filter((text) => text.includes('cart.shop'))
    t.same(lines, Array(3).fill(`[INFO] cart.shop.svc.cluster.local. ${logged}`), line)
  }
})

t.test('a second metadata is refused', async (t) => {
  t.equal(
    await serveError({ corefile: '. {\n metadata\n metadata\n}' }),
    "plugin/metadata: Corefile:3 - Error during parsing: Wrong argument count or unexpected line ending after 'metadata'",
  )
})
