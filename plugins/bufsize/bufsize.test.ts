import t from 'tap'
import { serve, serveError } from '../../test/support/serve.ts'

const records = Array.from({ length: 60 }, (_, index) => `big 60 IN A 192.0.2.${index}`).join('\n')
const files = { zone: `$ORIGIN example.org.\n@ 60 IN SOA ns host 1 2 3 4 5\n@ 60 IN NS ns\n${records}\n` }
const corefile = (line: string) => `example.org {\n ${line}\n file zone\n}`

t.test('the size that a client advertises is bounded in its reply and for truncation', async (t) => {
  const table = [
    { line: 'bufsize 600', asked: 4096, size: 600, truncated: true },
    { line: 'bufsize 600', asked: 512, size: 512, truncated: true },
    { line: 'bufsize 4096', asked: 4096, size: 4096, truncated: false },
    { line: 'bufsize', asked: 4096, size: 1232, truncated: false },
  ]
  for (const { line, asked, size, truncated } of table) {
    const server = await serve(t, { corefile: corefile(line), files })
    for (let round = 0; round < 3; round++) {
      const reply = await server.ask('big.example.org. A', { edns: { size: asked } })
      t.equal(reply?.edns?.udpSize, size, `${line}, asked with ${asked}`)
      t.equal(reply?.flags.includes('tc'), truncated, `${line}, asked with ${asked}: tc`)
      t.ok((reply?.bytes.length ?? 0) <= size)
    }
  }
})

t.test('a stream is never truncated and a query without EDNS stays without', async (t) => {
  const server = await serve(t, { corefile: corefile('bufsize 512'), files })
  t.notOk((await server.ask('big.example.org. A', { transport: 'tcp' }))?.flags.includes('tc'))
  t.equal((await server.ask('big.example.org. A'))?.edns, null)
})

t.test('sizes out of range are refused in the words of CoreDNS, which names the plugin twice', async (t) => {
  for (const [args, token] of [
    ['100', '100'],
    ['4097', '4097'],
    ['x', 'x'],
    ['512 1232', '1232'],
  ] as const) {
    t.equal(
      await serveError({ corefile: `. {\n bufsize ${args}\n whoami\n}` }),
      `plugin/bufsize: plugin/bufsize: Corefile:2 - Error during parsing: Wrong argument count or unexpected line ending after '${token}'`,
    )
  }
})
