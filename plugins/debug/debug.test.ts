import t from 'tap'
import { serve, serveError } from '../../test/support/serve.ts'

t.test('debug takes no arguments', async (t) => {
  t.equal(
    await serveError({ corefile: '. {\n  debug x\n}' }),
    "plugin/debug: Corefile:2 - Error during parsing: Wrong argument count or unexpected line ending after 'x'",
  )
})

t.test('debug answers as without', async (t) => {
  const server = await serve(t, { corefile: '. {\n  debug\n  debug\n  whoami\n}' })
  t.equal((await server.ask('example.org. A'))?.rcode, 'NOERROR')
})
