import { hostname } from 'node:os'
import t from 'tap'
import { serve, serveError } from '../../test/support/serve.ts'

t.test('the server tells about itself in class CH', async (t) => {
  const server = await serve(t, { corefile: '. {\n chaos Name-1 b@example a@example b@example\n whoami\n}' })
  const table = [
    ['version.bind.', ['"Name-1"']],
    ['VERSION.server.', ['"Name-1"']],
    ['hostname.bind.', [`"${hostname()}"`]],
    ['id.server.', [`"${hostname()}"`]],
    ['authors.bind.', ['"a@example"', '"b@example"']],
  ] as const
  for (const [name, texts] of table) {
    const reply = await server.ask(`${name} TXT`, { class: 'CH' })
    t.same(
      [...(reply?.answer ?? [])].sort(),
      texts.map((text) => `${name} 0 CH TXT ${text}`),
      name,
    )
    t.same(reply?.flags, ['rd'])
  }
})

t.test('other names, types and classes go on', async (t) => {
  const server = await serve(t, { corefile: '. {\n chaos\n whoami\n}' })
  for (const [question, options] of [
    ['version.bind. TXT', {}],
    ['version.bind. A', { class: 'CH' }],
    ['other.bind. TXT', { class: 'CH' }],
  ] as const) {
    t.same((await server.ask(question, options))?.flags, ['aa', 'rd'], question)
  }
})

t.test('without chaos on the listener class CH is refused', async (t) => {
  const server = await serve(t, { corefile: '. {\n whoami\n}' })
  t.equal((await server.ask('version.bind. TXT', { class: 'CH' }))?.rcode, 'REFUSED')
})

t.test('texts longer than a string are cut, properties refused', async (t) => {
  const server = await serve(t, { corefile: `. {\n chaos ${'v'.repeat(300)}\n}` })
  const reply = await server.ask('version.bind. TXT', { class: 'CH' })
  t.equal(reply?.answer[0], `version.bind. 0 CH TXT "${'v'.repeat(255)}"`)
  t.match(await serveError({ corefile: '. {\n chaos {\n  foo\n }\n}' }), "unknown property 'foo'")
})
