import t from 'tap'
import { definePlugin, type Host } from '../plugins/plugin.ts'
import { amendQuery, type Query } from '../plugins/query.ts'
import { respond } from '../plugins/response.ts'
import { answer, ProcessRig } from '../test/support/process-rig.ts'
import { Name } from '../wire/name.ts'
import { resolveDepthMax } from './limits.ts'

/** A plugin whose setup hands out its host. */
async function hostOf(t: { teardown(handler: () => unknown): void }, corefile: string): Promise<Host> {
  const hosts: Host[] = []
  const plugin = definePlugin({
    name: 'plugin',
    setup(_directive, host) {
      hosts.push(host)
      return undefined
    },
  })
  const root = definePlugin({
    name: 'root',
    setup(directive, host) {
      directive.next()
      host.block.settings.root = directive.remainingArguments()[0] ?? ''
      return undefined
    },
  })
  const rig = new ProcessRig(t, { corefile, plugins: [root, plugin, answer] })
  await rig.start()
  return hosts[0]!
}

t.test('paths start at the block’s root', async (t) => {
  const plain = await hostOf(t, '. {\n  plugin\n}')
  t.same(['a/b', '/a'].map(plain.path), ['a/b', '/a'])
  const rooted = await hostOf(t, '. {\n  root /zones\n  plugin\n}')
  t.same(['a/b', './a', '/a'].map(rooted.path), ['/zones/a/b', '/zones/a', '/a'])
})

t.test('a plugin knows its block', async (t) => {
  const { block } = await hostOf(t, 'Example.ORG:1053 10.0.0.0/22 {\n  plugin\n  answer 192.0.2.1\n}')
  t.equal(block.key, 'Example.ORG:1053')
  t.same(block.zones.map(String), [
    'example.org.',
    '0.0.10.in-addr.arpa.',
    '1.0.10.in-addr.arpa.',
    '2.0.10.in-addr.arpa.',
    '3.0.10.in-addr.arpa.',
  ])
  t.same(
    ['answer', 'plugin', 'root'].map((directive) => block.has(directive)),
    [true, true, false],
  )
})

t.test('look-ups that lead to look-ups end', async (t) => {
  let depth = 0
  const loop = definePlugin({
    name: 'loop',
    setup(_directive, host) {
      return () => async (query: Query) => {
        depth = Math.max(depth, query.depth)
        const response = await host.resolve(amendQuery(query, { name: Name.parse(`n${query.depth}.example.org.`) }))
        return response && respond('loop', { rcode: response.rcode })
      }
    },
  })
  const rig = new ProcessRig(t, { corefile: '. {\n  loop\n}', plugins: [loop] })
  await rig.start()
  t.match(await rig.ask('a. A'), [{ rcode: 'SERVFAIL' }])
  t.equal(depth, resolveDepthMax)
})

t.test('a look-up nobody answers is refused, silence is silence', async (t) => {
  const answers: unknown[] = []
  const asking = definePlugin({
    name: 'asking',
    setup(_directive, host) {
      return () => async (query: Query) => {
        for (const name of ['x.other.', 'x.quiet.'])
          answers.push(await host.resolve(amendQuery(query, { name: Name.parse(name) })))
        return respond('asking', {})
      }
    },
  })
  const quiet = definePlugin({ name: 'quiet', setup: () => () => () => null })
  const rig = new ProcessRig(t, { corefile: 'a {\n  asking\n}\nquiet {\n  quiet\n}', plugins: [asking, quiet] })
  await rig.start()
  await rig.ask('a. A')
  t.match(answers, [{ rcode: 5, from: '' }, null])
})
