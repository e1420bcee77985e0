import t from 'tap'
import { serve, serveError } from '../../test/support/serve.ts'

const soa = (owner: string) => `${owner} 604800 IN SOA localhost. root.localhost. 1 0 0 0 604800`

t.test('names that mean this machine are answered here', async (t) => {
  const server = await serve(t, { corefile: '. {\n local\n whoami\n}' })
  const table = [
    { asked: 'localhost. A', answer: ['localhost. 604800 IN A 127.0.0.1'] },
    { asked: 'localhost. AAAA', answer: ['localhost. 604800 IN AAAA ::1'] },
    { asked: 'localhost. NS', answer: ['localhost. 604800 IN NS localhost.'] },
    { asked: 'localhost. SOA', answer: [soa('localhost.')] },
    { asked: 'localhost. MX', authority: [soa('localhost.')] },
    { asked: 'a.b.localhost. A', answer: ['a.b.localhost. 604800 IN A 127.0.0.1'] },
    { asked: 'a.localhost. TXT', authority: [soa('a.localhost.')] },
    { asked: 'localhost.example.org. A', answer: ['localhost.example.org. 604800 IN A 127.0.0.1'] },
    { asked: '1.0.0.127.in-addr.arpa. PTR', answer: ['1.0.0.127.in-addr.arpa. 604800 IN PTR localhost.'] },
    { asked: '1.0.0.127.in-addr.arpa. A', authority: [soa('127.in-addr.arpa.')] },
    { asked: '127.in-addr.arpa. A', authority: [soa('127.in-addr.arpa.')] },
    { asked: '9.127.in-addr.arpa. PTR', rcode: 'NXDOMAIN', authority: [soa('127.in-addr.arpa.')] },
    { asked: '0.in-addr.arpa. SOA', answer: [soa('0.in-addr.arpa.')] },
    { asked: '1.255.in-addr.arpa. PTR', rcode: 'NXDOMAIN', authority: [soa('255.in-addr.arpa.')] },
  ]
  for (const { asked, rcode = 'NOERROR', answer = [], authority = [] } of table) {
    t.match(await server.ask(asked), { rcode, flags: ['rd'], answer, authority }, asked)
  }
  t.match(await server.metrics(), /^coredns_local_localhost_requests_total 3$/m)
})

t.test('localhost.DOMAIN goes on where localhost_prefix is off', async (t) => {
  const server = await serve(t, { corefile: '. {\n local {\n  localhost_prefix off\n }\n whoami\n}' })
  t.same((await server.ask('localhost.example.org. A'))?.answer, [])
  t.same((await server.ask('a.localhost. A'))?.answer, ['a.localhost. 604800 IN A 127.0.0.1'])
})

t.test('what is not understood is refused', async (t) => {
  const table = [
    ['local x', "Wrong argument count or unexpected line ending after 'x'"],
    ['local {\n  nope\n }', "unknown property 'nope'"],
    ['local {\n  localhost_prefix maybe\n }', "localhost_prefix expects 'on' or 'off', got \"maybe\""],
  ] as const
  for (const [line, reason] of table) t.match(await serveError({ corefile: `. {\n ${line}\n}` }), reason)
})
