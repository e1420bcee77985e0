import t from 'tap'
import { serve, serveError } from '../../test/support/serve.ts'

/** A world in which every name has both kinds of addresses, and an alias leads to one of them. */
const corefile = (family: string): string => `. {
  ${family}
  template ANY CNAME {
    answer "{{ .Name }} 60 IN CNAME target.test."
  }
  template ANY A {
    match ^alias[.]
    answer "{{ .Name }} 60 IN CNAME target.test."
    fallthrough
  }
  template ANY AAAA {
    match ^alias[.]
    answer "{{ .Name }} 60 IN CNAME target.test."
    fallthrough
  }
  template ANY A {
    answer "{{ .Name }} 60 IN A 192.0.2.1"
  }
  template ANY AAAA {
    answer "{{ .Name }} 60 IN AAAA 2001:db8::1"
  }
  template ANY TXT {
    answer "{{ .Name }} 60 IN TXT here"
  }
}
example.org {
  ${family}
  whoami
}`

const soa = 'SOA . . 1 7200 1800 86400 30'

t.test('addresses of the family that is not there are NODATA, and all else stays', async (t) => {
  const cases: [family: string, question: string, expected: object][] = [
    ['family v4', 'a.test. A', { answer: ['a.test. 60 IN A 192.0.2.1'], authority: [] }],
    [
      'family v4',
      'a.test. AAAA',
      { rcode: 'NOERROR', flags: ['aa', 'rd'], answer: [], authority: [`a.test. 30 IN ${soa}`] },
    ],
    ['family v4', 'A.b.test. AAAA', { authority: [`A.b.test. 30 IN ${soa}`] }],
    ['family v4', 'a.EXAMPLE.org. AAAA', { authority: [`EXAMPLE.org. 30 IN ${soa}`] }],
    ['family v4', 'a.test. TXT', { answer: ['a.test. 60 IN TXT "here"'] }],
    ['family v6', 'a.test. A', { rcode: 'NOERROR', answer: [], authority: [`a.test. 30 IN ${soa}`] }],
    ['family v6', 'a.test. AAAA', { answer: ['a.test. 60 IN AAAA 2001:db8::1'] }],
    ['family v4 except b.test', 'a.test. AAAA', { answer: [] }],
    ['family v4 except b.test', 'a.B.test. AAAA', { answer: ['a.B.test. 60 IN AAAA 2001:db8::1'] }],
    [
      'family v4 except b.test',
      'alias.b.test. AAAA',
      { answer: ['alias.b.test. 60 IN CNAME target.test.', 'target.test. 60 IN AAAA 2001:db8::1'] },
    ],
    [
      'family v4',
      'alias.b.test. A',
      { answer: ['alias.b.test. 60 IN CNAME target.test.', 'target.test. 60 IN A 192.0.2.1'] },
    ],
  ]
  for (const [family, question, expected] of cases) {
    const server = await serve(t, { corefile: corefile(family) })
    for (let i = 0; i < 3; i++) t.match(await server.ask(question), expected, `${family}: ${question}`)
  }
})

const service = (name: string, ...addresses: string[]): string =>
  `---\napiVersion: v1\nkind: Service\nmetadata: {namespace: default, name: ${name}}\nspec: {clusterIP: "${addresses[0]}", clusterIPs: [${addresses.map((address) => `"${address}"`).join()}]}\n`
const endpoint = (family: string, address: string): string =>
  `---\napiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: {namespace: default, name: s, labels: {kubernetes.io/service-name: s}}\naddressType: ${family}\nendpoints: [{addresses: ["${address}"]}]\n`
const namespace = '---\napiVersion: v1\nkind: Namespace\nmetadata: {name: default}\n'
const v4 = service('kubernetes', '10.96.0.1')

const clusterCorefile = `. {
  family auto
  kubernetes cluster.local {
    manifests objects.yaml
  }
  template ANY ANY {
    answer "{{ .Name }} 60 IN {{ .Type }} {{ if eq .Type \\"A\\" }}192.0.2.1{{ else }}2001:db8::1{{ end }}"
  }
}`

t.test('auto follows the cluster at once', async (t) => {
  const server = await serve(t, { corefile: clusterCorefile, files: { 'objects.yaml': namespace + v4 } })
  const families = async (): Promise<string> => {
    const a = await server.ask('a.test. A')
    const aaaa = await server.ask('a.test. AAAA')
    return `${a?.answer.length} ${aaaa?.answer.length}`
  }
  const becomes = async (objects: string, wanted: string, why: string): Promise<void> => {
    await server.write('objects.yaml', namespace + objects)
    await t.resolves(
      server.until(async () => (await families()) === wanted),
      why,
    )
    for (let i = 0; i < 3; i++) t.equal(await families(), wanted)
  }
  for (let i = 0; i < 3; i++) t.equal(await families(), '1 0')
  await becomes(v4 + service('web', '10.96.0.2', 'fd00::2'), '1 1', 'a Service with both')
  await becomes(v4, '1 0', 'it is gone')
  await becomes(v4 + endpoint('IPv6', 'fd00::7'), '1 1', 'an endpoint')
  await becomes(v4 + endpoint('IPv4', '10.244.0.7'), '1 0', 'which changed')
  await becomes(service('kubernetes', 'fd00::1'), '0 1', 'the other family')
  await becomes('', '1 1', 'nothing is known of a cluster without addresses')
})

t.test('every query that was answered here counts', async (t) => {
  const server = await serve(t, { corefile: corefile('family v4') })
  for (let i = 0; i < 5; i++) await server.ask('a.test. AAAA')
  await server.ask('a.test. A')
  const metrics = await server.metrics()
  t.match(metrics, 'meridian_family_answered_requests_total{server="dns://:53",type="AAAA"} 5\n')
  t.notMatch(metrics, 'type="A"}')
})

t.test('Corefiles that are refused', async (t) => {
  const at = 'plugin/family: Corefile:2 - Error during parsing: '
  const cases: [words: string, error: string][] = [
    ['family', `${at}Wrong argument count or unexpected line ending after 'family'`],
    ['family v5', `${at}unknown family 'v5', expected v4, v6 or auto`],
    ['family v4 but a.test', `${at}unknown property 'but'`],
    ['family v4 except', `${at}Wrong argument count or unexpected line ending after 'except'`],
    ['family v4\n family v6', 'plugin/family: this plugin can only be used once per Server Block'],
    ['family v4 {\n except a.test\n }', "plugin/family: Corefile:3 - Error during parsing: unknown property 'except'"],
    ['family auto', `${at}auto needs one of these plugins in the server block: kubernetes`],
  ]
  for (const [words, error] of cases) t.equal(await serveError({ corefile: `. {\n ${words}\n whoami\n}` }), error)
})
