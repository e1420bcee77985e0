import t from 'tap'
import { serve, serveError } from '../../test/support/serve.ts'

const corefile = (...rules: string[]) => `. {\n header {\n ${rules.join('\n ')}\n }\n whoami\n}`

t.test('bits of queries and responses are set and cleared, the last rule counts', async (t) => {
  const table = [
    { rules: ['response set ra'], flags: ['aa', 'rd', 'ra'] },
    { rules: ['response clear aa rd'], flags: [] },
    { rules: ['response set ra aa', 'response clear ra'], flags: ['aa', 'rd'] },
    { rules: ['query clear rd'], flags: ['aa'] },
    { rules: ['RESPONSE SET RA'], flags: ['aa', 'rd', 'ra'] },
  ]
  for (const { rules, flags } of table) {
    const server = await serve(t, { corefile: corefile(...rules) })
    t.same((await server.ask('a.example. A'))?.flags, flags, rules.join('; '))
  }
})

t.test('rules that mean nothing are refused', async (t) => {
  const table = [
    ['set ra', 'plugin/header: setting up rule: invalid selector=set should be query or response'],
    ['response', 'plugin/header: setting up rule: no flag action provided'],
    ['response set', 'plugin/header: setting up rule: invalid length for flags, at least one should be provided'],
    ['response toggle ra', 'plugin/header: setting up rule: unknown flag action=toggle, should be set or clear'],
    ['response set xx', 'plugin/header: setting up rule: unknown/unsupported flag=xx'],
  ] as const
  for (const [rule, error] of table) t.equal(await serveError({ corefile: corefile(rule) }), error)
  t.match(await serveError({ corefile: '. {\n header\n}' }), 'Wrong argument count')
})
