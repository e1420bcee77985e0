import t from 'tap'
import { serve, serveError } from '../../test/support/serve.ts'

// Nothing in this chain answers: every query is the error "no next plugin found".
const failing = (block = '') => `example.org {\n  errors ${block}\n  local\n}`
const text = 'plugin/local: no next plugin found'

t.test('an error is a line with response code, name in lower case and type', async (t) => {
  const server = await serve(t, { corefile: failing() })
  await server.ask('WWW.Example.org. AAAA')
  await server.ask('other.example.org. TYPE65280')
  t.strictSame(server.log, [
    `[ERROR] plugin/errors: 2 www.example.org. AAAA: ${text}`,
    `[ERROR] plugin/errors: 2 other.example.org. TYPE65280: ${text}`,
  ])
})

t.test('what is answered is no error', async (t) => {
  const server = await serve(t, { corefile: 'example.org {\n  errors\n  whoami\n}' })
  await server.ask('www.example.org. A')
  await server.ask('www.example.net. A')
  t.strictSame(server.log, [])
})

t.test('errors that look alike are counted for a period from the first on', async (t) => {
  const server = await serve(t, {
    corefile: failing(
      'stdout {\n stacktrace\n consolidate 30s "^no match$" error\n consolidate 1m30s "no next .* found$" warning\n }',
    ),
  })
  for (let i = 0; i < 3; i++) await server.ask('www.example.org. A')
  await server.clock.advance(89_999)
  t.strictSame(server.log, [])
  await server.clock.advance(1)
  t.strictSame(server.log, ["[WARNING] plugin/errors: 3 errors like 'no next .* found$' occurred in last 1m30s"])
  await server.clock.advance(200_000)
  await server.ask('www.example.org. A')
  await server.clock.advance(90_000)
  t.equal(server.log[1], "[WARNING] plugin/errors: 1 errors like 'no next .* found$' occurred in last 1m30s")
})

t.test('show_first prints the first of a period, and a count only if there were more', async (t) => {
  const server = await serve(t, { corefile: failing('{\n consolidate 10s . info show_first\n }') })
  await server.ask('one.example.org. A')
  await server.clock.advance(10_000)
  t.strictSame(server.log, [`[INFO] plugin/errors: 2 one.example.org. A: ${text}`])
  await server.ask('two.example.org. A')
  await server.ask('three.example.org. A')
  await server.clock.advance(10_000)
  t.strictSame(server.log.slice(1), [
    `[INFO] plugin/errors: 2 two.example.org. A: ${text}`,
    "[INFO] plugin/errors: 2 errors like '.' occurred in last 10s",
  ])
})

t.test('what was counted is printed when the configuration is replaced', async (t) => {
  const server = await serve(t, { corefile: failing('{\n consolidate 1h next\n }') })
  await server.ask('one.example.org. A')
  await server.reload('example.org {\n  whoami\n}')
  await server.until(() => server.log.some((line) => line.includes('errors like')))
  t.ok(server.log.includes("[ERROR] plugin/errors: 1 errors like 'next' occurred in last 1h0m0s"))
})

t.test('a wrong block is refused', async (t) => {
  const at = (line: number) => `plugin/errors: Corefile:${line} - `
  const cases: readonly (readonly [string, string])[] = [
    ['file', `${at(2)}Error during parsing: invalid log file: file`],
    ['stdout x', `${at(2)}Error during parsing: Wrong argument count or unexpected line ending after 'x'`],
    ['{\n nope\n }', `${at(3)}Syntax error: Unexpected token 'nope', expecting 'Unknown field nope'`],
    [
      '{\n consolidate 1m\n }',
      `${at(3)}Error during parsing: Wrong argument count or unexpected line ending after '1m'`,
    ],
    ['{\n consolidate 1 x\n }', `${at(3)}Error during parsing: time: missing unit in duration "1"`],
    ['{\n consolidate 1m "("\n }', `${at(3)}Error during parsing: error parsing regexp: missing closing ): \`(\``],
    ['{\n consolidate 1m x loud\n }', `${at(3)}Error during parsing: unknown option in consolidate: loud`],
    [
      '{\n consolidate 1m x info error\n }',
      `${at(3)}Error during parsing: multiple log levels specified in consolidate`,
    ],
    [
      '{\n consolidate 1m x show_first info\n }',
      `${at(3)}Error during parsing: log level must come before show_first in consolidate`,
    ],
    [
      `{\n consolidate 1m ${'x'.repeat(10_001)}\n }`,
      `${at(3)}Error during parsing: regex pattern too long: 10001 > 10000`,
    ],
    ['\n  errors', 'plugin/errors: this plugin can only be used once per Server Block'],
  ]
  for (const [block, message] of cases) t.equal(await serveError({ corefile: failing(block) }), message)
})
