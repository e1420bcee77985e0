import t from 'tap'
import { type AskedReply, type ServeOptions, serve, serveError, type TestServer } from '../../test/support/serve.ts'

const service = (namespace: string, name: string, address: string): string =>
  `---\napiVersion: v1\nkind: Service\nmetadata: {namespace: ${namespace}, name: ${name}}\nspec: {clusterIP: ${address}, clusterIPs: [${address}]}\n`
const pod = (namespace: string, name: string, address: string): string =>
  `---\napiVersion: v1\nkind: Pod\nmetadata: {namespace: ${namespace}, name: ${name}}\nstatus: {phase: Running, podIP: ${address}, podIPs: [{ip: ${address}}]}\n`
const namespaces = ['prod', 'test']
  .map((name) => `---\napiVersion: v1\nkind: Namespace\nmetadata: {name: ${name}}\n`)
  .join('')
const services = service('prod', 'web', '10.96.0.1') + service('test', 'web', '10.96.0.2')
const prodPod = pod('prod', 'a', '192.0.2.1')
const testPod = pod('test', 'b', '192.0.2.2')

/** The world outside: `www.example.com`, and no other name. */
const outside = `
.:53 {
    template ANY ANY www.example.com {
        match ^www\\.example\\.com\\.$
        answer "{{ .Name }} 60 IN {{ .Type }} {{ if eq .Type \\"A\\" }}198.51.100.1{{ else }}2001:db8::1{{ end }}"
        fallthrough
    }
    template ANY ANY {
        rcode NXDOMAIN
        authority ". 60 IN SOA a. b. 1 2 3 4 5"
    }
}`

const byClient = `cluster.local:53 {
    autopath @kubernetes
    kubernetes {
        manifests objects.yaml
        pods verified
    }
}${outside}`
const byName = byClient.replace('@kubernetes', '@query').replace('pods verified', '')

const withObjects = (corefile: string, ...objects: string[]): ServeOptions => ({
  corefile,
  files: { 'objects.yaml': namespaces + services + objects.join('') },
})

/** Who asks. */
const inProd = '192.0.2.1'
const inTest = '192.0.2.2'
const nobody = '192.0.2.9'

const searched = 'www.example.com.prod.svc.cluster.local.'
const completed = [`${searched} 60 IN CNAME www.example.com.`, 'www.example.com. 60 IN A 198.51.100.1']

/** Asks until the answer table has the answer, and once more. */
async function askOften(server: TestServer, question: string, client: string): Promise<AskedReply> {
  let reply = await server.ask(question, { client })
  for (let i = 0; i < 3; i++) reply = await server.ask(question, { client })
  return reply!
}

t.test('a name from the search of the pod that asks is completed', async (t) => {
  const server = await serve(t, withObjects(byClient, prodPod, testPod))
  const cases: [client: string, question: string, answer: readonly string[] | string][] = [
    [inProd, `${searched} A`, completed],
    [inProd, `${searched} AAAA`, [completed[0]!, 'www.example.com. 60 IN AAAA 2001:db8::1']],
    [inTest, `${searched} A`, 'NXDOMAIN'],
    [nobody, `${searched} A`, 'NXDOMAIN'],
    [
      inTest,
      'www.example.com.test.svc.cluster.local. A',
      [`www.example.com.test.svc.cluster.local. ${completed[0]!.slice(searched.length + 1)}`, completed[1]!],
    ],
    [inProd, 'web.prod.svc.cluster.local. A', ['web.prod.svc.cluster.local. 5 IN A 10.96.0.1']],
    [
      inProd,
      'web.test.prod.svc.cluster.local. A',
      [
        'web.test.prod.svc.cluster.local. 5 IN CNAME web.test.svc.cluster.local.',
        'web.test.svc.cluster.local. 5 IN A 10.96.0.2',
      ],
    ],
    [
      inProd,
      'web.test.svc.prod.svc.cluster.local. A',
      [
        'web.test.svc.prod.svc.cluster.local. 5 IN CNAME web.test.svc.cluster.local.',
        'web.test.svc.cluster.local. 5 IN A 10.96.0.2',
      ],
    ],
    [inProd, 'nope.example.com.prod.svc.cluster.local. A', 'NXDOMAIN'],
    [inProd, 'www.example.com.svc.cluster.local. A', 'NXDOMAIN'],
  ]
  for (let round = 0; round < 3; round++) {
    for (const [client, question, answer] of cases) {
      const reply = await server.ask(question, { client })
      if (typeof answer === 'string') t.match(reply, { rcode: answer, answer: [] }, `${client} ${question}`)
      else t.strictSame(reply?.answer, answer, `${client} ${question}`)
    }
  }
})

t.test('a denial is that of the name asked for', async (t) => {
  const server = await serve(t, withObjects(byClient, prodPod))
  const reply = await askOften(server, 'nope.example.com.prod.svc.cluster.local. A', inProd)
  t.match(reply.authority, [/^cluster\.local\. 5 IN SOA /])
})

t.test('what exists without the type asked for ends the search', async (t) => {
  const server = await serve(t, withObjects(byClient, prodPod))
  t.match(await askOften(server, 'web.test.prod.svc.cluster.local. AAAA', inProd), {
    rcode: 'NOERROR',
    answer: [],
    authority: [/^cluster\.local\. 5 IN SOA /],
  })
})

t.test('the answer follows the address from pod to pod at once', async (t) => {
  const server = await serve(t, withObjects(byClient, prodPod))
  const write = async (...objects: string[]): Promise<void> => {
    await server.write('objects.yaml', namespaces + services + objects.join(''))
  }
  t.strictSame((await askOften(server, `${searched} A`, inProd)).answer, completed)
  t.equal((await askOften(server, `${searched} A`, inTest)).rcode, 'NXDOMAIN')
  await write()
  await t.resolves(
    server.until(async () => (await server.ask(`${searched} A`, { client: inProd }))?.rcode === 'NXDOMAIN'),
    'the pod is gone',
  )
  await write(pod('prod', 'c', inTest), pod('test', 'd', inProd))
  await t.resolves(
    server.until(async () => (await server.ask(`${searched} A`, { client: inTest }))?.answer.length === 2),
  )
  t.equal((await server.ask(`${searched} A`, { client: inProd }))?.rcode, 'NXDOMAIN', 'now a pod of another namespace')
})

t.test('an address that several pods have is completed for none of them', async (t) => {
  const server = await serve(t, withObjects(byClient, prodPod, pod('test', 'host', inProd)))
  t.equal((await askOften(server, `${searched} A`, inProd)).rcode, 'NXDOMAIN')
})

t.test('a name that appears is found at once, wherever it stands in the search', async (t) => {
  const server = await serve(t, withObjects(byClient, prodPod))
  const question = 'new.test.prod.svc.cluster.local. A'
  t.equal((await askOften(server, question, inProd)).rcode, 'NXDOMAIN')
  await server.write('objects.yaml', namespaces + services + service('test', 'new', '10.96.0.3') + prodPod)
  await t.resolves(server.until(async () => (await server.ask(question, { client: inProd }))?.answer.length === 2))
})

t.test('the search path that a name shows needs no pods', async (t) => {
  const server = await serve(t, withObjects(byName, service('prod', 'example', '10.96.0.4')))
  const cases: [question: string, answers: boolean][] = [
    [`${searched} A`, true],
    [`${searched} AAAA`, true],
    [`${searched} MX`, false],
    ['web.test.prod.svc.cluster.local. A', true],
    ['www.example.com.missing.svc.cluster.local. A', false],
    ['nope.example.com.prod.svc.cluster.local. A', false],
    ['missing.prod.svc.cluster.local. A', false],
    ['_http._tcp.web.prod.svc.cluster.local. A', true],
    ['_http._tcp.www.example.com.prod.svc.cluster.local. A', false],
    ['pod-7.web.prod.svc.cluster.local. A', false],
    ['www.example.com.prod.pod.cluster.local. A', false],
  ]
  for (const [question, answers] of cases) {
    const reply = await askOften(server, question, nobody)
    t.equal(
      reply.answer.length > 0 && reply.rcode === 'NOERROR',
      answers && !question.startsWith('_http._tcp.web'),
      question,
    )
  }
})

t.test('a namespace or a Service that comes changes what a name is taken for', async (t) => {
  const server = await serve(t, withObjects(byName))
  const later = 'www.example.com.later.svc.cluster.local. A'
  t.equal((await askOften(server, later, nobody)).rcode, 'NXDOMAIN')
  t.strictSame((await askOften(server, `${searched} A`, nobody)).answer, completed)
  const namespace = '---\napiVersion: v1\nkind: Namespace\nmetadata: {name: later}\n'
  await server.write('objects.yaml', namespaces + namespace + services + service('prod', 'com', '10.96.0.5'))
  await t.resolves(server.until(async () => (await server.ask(later, { client: nobody }))?.answer.length === 2))
  t.equal(
    (await server.ask(`${searched} A`, { client: nobody }))?.rcode,
    'NXDOMAIN',
    'an endpoint that com does not have',
  )
})

const byFile = `a.test:53 {
    autopath resolv.conf
    template ANY ANY {
        match ^(here|found\\.b)\\.a\\.test\\.$
        answer "{{ .Name }} 60 IN A 192.0.2.7"
        fallthrough
    }
    template ANY ANY {
        match ^broken\\.a\\.test\\.$
        rcode SERVFAIL
        fallthrough
    }
    template ANY ANY {
        rcode NXDOMAIN
        authority "a.test. 60 IN SOA a. b. 1 2 3 4 5"
    }
}
b.test:53 {
    acl {
        drop net 192.0.2.66
    }
    template ANY ANY {
        match ^found\\.b\\.test\\.$
        answer "{{ .Name }} 60 IN A 192.0.2.8"
        fallthrough
    }
    template ANY ANY {
        rcode NXDOMAIN
    }
}`
const files = { 'resolv.conf': 'domain x.test\nsearch a.test b.test\n' }

t.test('the search path of a resolv.conf leads through the server block that owns each name', async (t) => {
  const server = await serve(t, { corefile: byFile, files })
  const cases: [question: string, expected: object][] = [
    ['here.a.test. A', { rcode: 'NOERROR', answer: ['here.a.test. 60 IN A 192.0.2.7'] }],
    ['found.a.test. A', { answer: ['found.a.test. 60 IN CNAME found.b.test.', 'found.b.test. 60 IN A 192.0.2.8'] }],
    ['FOUND.a.test. A', { answer: ['FOUND.a.test. 60 IN CNAME found.b.test.', 'found.b.test. 60 IN A 192.0.2.8'] }],
    ['nope.a.test. A', { rcode: 'NXDOMAIN', authority: ['a.test. 60 IN SOA a. b. 1 2 3 4 5'] }],
    ['a.test. A', { rcode: 'SERVFAIL' }],
  ]
  for (const [question, expected] of [...cases, ...cases]) t.match(await server.ask(question), expected, question)
})

t.test('the rules of a block hold for the names of a walk', async (t) => {
  const server = await serve(t, { corefile: byFile, files })
  t.equal((await askOften(server, 'found.a.test. A', nobody)).answer.length, 2)
  t.match(
    await askOften(server, 'found.a.test. A', '192.0.2.66'),
    { rcode: 'NXDOMAIN', answer: [] },
    'nothing of what it may not ask',
  )
  t.equal((await askOften(server, 'found.a.test. A', nobody)).answer.length, 2)
})

t.test('a search path that changes counts from the next reload', async (t) => {
  const server = await serve(t, { corefile: byFile, files })
  t.equal((await askOften(server, 'found.a.test. A', nobody)).answer.length, 2)
  await server.write('resolv.conf', 'search a.test\n')
  t.equal(await server.reload(), true)
  t.equal((await server.ask('found.a.test. A'))?.rcode, 'NXDOMAIN')
})

t.test('every query that found something is counted, prepared answers too', async (t) => {
  const server = await serve(t, withObjects(byClient, prodPod))
  for (let i = 0; i < 5; i++) await server.ask(`${searched} A`, { client: inProd })
  await server.ask('nope.prod.svc.cluster.local. A', { client: inProd })
  await server.ask('web.prod.svc.cluster.local. A', { client: nobody })
  t.match(await server.metrics(), /^coredns_autopath_success_total\{server="dns:\/\/:53"\} 5$/m)
})

t.test('what is wrong with a directive is told', async (t) => {
  const block = (autopath: string): string => `. {\n ${autopath}\n whoami\n}`
  const cases: [directive: string, error: string][] = [
    ['autopath', 'plugin/autopath: no resolv-conf specified'],
    ['autopath nowhere', 'plugin/autopath: failed to parse "nowhere": open nowhere: no such file or directory'],
    ['autopath ""', 'plugin/autopath: failed to parse "": open : no such file or directory'],
    ['autopath @whoami', 'plugin/autopath: whoami does not implement the AutoPather interface'],
    ['autopath @query', 'plugin/autopath: @query needs one of these plugins in the server block: kubernetes'],
  ]
  for (const [directive, error] of cases) t.equal(await serveError({ corefile: block(directive) }), error)
})

t.test('without pods nothing is completed, and the log says why', async (t) => {
  const server = await serve(t, withObjects(byClient.replace('pods verified', ''), prodPod))
  t.equal((await server.ask(`${searched} A`, { client: inProd }))?.rcode, 'NXDOMAIN')
  t.match(server.log.join('\n'), /\[WARNING\] plugin\/autopath: kubernetes does not know whose addresses are whose/)
})
