import t from 'tap'
import { serve, serveError } from '../../test/support/serve.ts'

const files = {
  zone: `$ORIGIN example.org.
@ 60 IN SOA ns host 1 2 3 4 5
@ 60 IN NS ns
ns 60 IN A 192.0.2.1
www 60 IN A 192.0.2.2
sub 60 IN NS ns.sub
ns.sub 60 IN A 192.0.2.3
`,
}

t.test('positive answers lose authority and additional records, others keep what they need', async (t) => {
  const server = await serve(t, { corefile: 'example.org {\n minimal\n file zone\n}', files })
  const table = [
    { asked: 'www.example.org. A', counts: [1, 0, 0] },
    { asked: 'example.org. NS', counts: [1, 0, 0] },
    { asked: 'www.example.org. MX', counts: [0, 1, 0] },
    { asked: 'none.example.org. A', counts: [0, 1, 0] },
    { asked: 'a.sub.example.org. A', counts: [0, 1, 1] },
  ]
  for (const { asked, counts } of table) {
    const reply = await server.ask(asked)
    t.same([reply?.answer.length, reply?.authority.length, reply?.additional.length], counts, asked)
  }
})

t.test('arguments are refused', async (t) => {
  t.match(
    await serveError({ corefile: '. {\n minimal x\n}' }),
    "plugin/minimal: Corefile:2 - Error during parsing: Wrong argument count or unexpected line ending after 'x'",
  )
})
