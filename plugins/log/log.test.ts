import t from 'tap'
import { serve, serveError } from '../../test/support/serve.ts'

/** Names that are logged of those asked; `local` denies what is not localhost, and the end of the chain is an error. */
async function logged(t: Parameters<typeof serve>[0], directives: string, ...names: string[]): Promise<string[]> {
  const server = await serve(t, { corefile: `. {\n${directives}\n  local\n}` })
  for (const name of names) await server.ask(`${name} A`)
  return server.log.map((line) => line.replace('[INFO] ', ''))
}

t.test('every query is a line, those that were prepared too', async (t) => {
  const server = await serve(t, { corefile: 'example.org {\n  log\n  whoami\n}' })
  const options = { client: '2001:db8::7', port: 4711, transport: 'tcp', edns: { size: 1232, do: true } } as const
  await server.ask('WWW.Example.org. AAAA', options)
  await server.ask('www.example.org. A', { class: 'CH' })
  t.match(
    server.log[0],
    /^\[INFO\] \[2001:db8::7\]:4711 - \d+ "AAAA IN www\.example\.org\. tcp 44 true 65535" NOERROR qr,aa,rd \d+ 0s$/,
  )
  const hosts = await serve(t, { corefile: 'localhost {\n  log . "{name} {rcode}"\n  local\n}' })
  for (let i = 0; i < 5; i++) await hosts.ask('localhost. A')
  t.strictSame(hosts.log, Array(5).fill('[INFO] localhost. NOERROR'))
})

t.test('names choose what is printed, and the first that fits says how', async (t) => {
  const rules = '  log a.localhost b.localhost "1 {name}"\n  log localhost. "2 {name}"\n  log a{x}b'
  t.strictSame(
    await logged(t, rules, 'x.A.localhost.', 'b.localhost.', 'localhost.', 'a.localhost.example.', 'c.localhost.'),
    ['1 x.a.localhost.', '1 b.localhost.', '2 localhost.', '2 c.localhost.'],
  )
})

t.test('classes choose what is printed', async (t) => {
  const rule = (classes: string) => `  log . "{name} {rcode}" {\n    ${classes}\n  }`
  const names = ['localhost.', 'x.example.'] as const
  const cases: readonly (readonly [string, readonly string[]])[] = [
    ['', ['localhost. NOERROR', 'x.example. SERVFAIL']],
    ['class success', ['localhost. NOERROR']],
    ['class denial\n class error', ['x.example. SERVFAIL']],
    ['class all error', ['localhost. NOERROR', 'x.example. SERVFAIL']],
  ]
  for (const [classes, lines] of cases) t.strictSame(await logged(t, rule(classes), ...names), lines, classes)
})

t.test('a query that the first rule does not print is not printed by another', async (t) => {
  const rules = '  log . "1 {name}" {\n    class denial\n  }\n  log localhost. "2 {name}"'
  t.strictSame(await logged(t, rules, 'localhost.'), [])
})

t.test('{common} and {combined} stand in formats', async (t) => {
  const [line] = await logged(t, '  log . "<{combined}>"', 'localhost.')
  t.match(line, /^<192\.0\.2\.100:40000 - \d+ "A IN localhost\. udp 27 false 512" NOERROR qr,rd \d+ 0s "0">$/)
})

t.test('one word is a name even if it looks like a format', async (t) => {
  t.strictSame(await logged(t, '  log "{name}"', 'localhost.'), [])
})

t.test('a wrong directive is refused', async (t) => {
  const cases: readonly (readonly [string, string])[] = [
    [
      '{\n class\n }',
      "Corefile:3 - Error during parsing: Wrong argument count or unexpected line ending after 'class'",
    ],
    ['{\n class good\n }', 'invalid Class: good'],
    ['{\n klass all\n }', "Corefile:3 - Error during parsing: unknown property 'klass'"],
  ]
  for (const [text, message] of cases)
    t.equal(await serveError({ corefile: `. {\n  log ${text}\n}` }), `plugin/log: ${message}`)
})
