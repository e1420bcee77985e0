import t from 'tap'
import { serve, serveError } from '../../test/support/serve.ts'

t.test('root needs a folder', async (t) => {
  t.equal(
    await serveError({ corefile: '. {\n  root\n}' }),
    "plugin/root: Corefile:2 - Error during parsing: Wrong argument count or unexpected line ending after 'root'",
  )
  t.equal(
    await serveError({ corefile: '. {\n  root a b\n}' }),
    "plugin/root: Corefile:2 - Error during parsing: Wrong argument count or unexpected line ending after 'b'",
  )
})

t.test('a folder that is not there yet is a warning', async (t) => {
  const server = await serve(t, { corefile: '. {\n  root nowhere\n  whoami\n}' })
  t.strictSame(server.log, ['[WARNING] plugin/root: Root path does not exist: nowhere'])
})

t.test('a folder that cannot be looked at is an error', async (t) => {
  t.equal(
    await serveError({ corefile: '. {\n  root Corefile/x\n  whoami\n}' }),
    "plugin/root: unable to access root path 'Corefile/x': ENOTDIR",
  )
})

t.test('file names of other plugins start there, the last one counts', async (t) => {
  const server = await serve(t, {
    corefile: 'example.org {\n  root elsewhere\n  root zones\n  file db\n}',
    files: {
      'zones/db': '@ 60 IN SOA ns hostmaster 1 7200 3600 86400 60\n@ 60 IN NS ns\nwww 60 IN A 192.0.2.1\n',
    },
  })
  t.strictSame((await server.ask('www.example.org. A'))?.answer, ['www.example.org. 60 IN A 192.0.2.1'])
})
