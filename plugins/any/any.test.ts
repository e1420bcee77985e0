import t from 'tap'
import { serve, serveError } from '../../test/support/serve.ts'

t.test('ANY gets one HINFO, everything else goes on', async (t) => {
  const server = await serve(t, { corefile: '. {\n any\n whoami\n}' })
  for (let i = 0; i < 3; i++) {
    t.match(await server.ask('a.example. ANY'), {
      rcode: 'NOERROR',
      flags: ['rd'],
      answer: ['a.example. 8482 IN HINFO "ANY obsoleted" "See RFC 8482"'],
    })
  }
  t.same((await server.ask('a.example. HINFO'))?.answer, [])
})

t.test('arguments and properties are refused', async (t) => {
  const table = [
    ['. {\n any x\n}', "Wrong argument count or unexpected line ending after 'x'"],
    ['. {\n any {\n  foo\n }\n}', "unknown property 'foo'"],
  ] as const
  for (const [corefile, reason] of table) t.match(await serveError({ corefile }), reason)
})
