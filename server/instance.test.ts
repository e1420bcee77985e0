import t from 'tap'
import { definePlugin, type Layer, type Plugin } from '../plugins/plugin.ts'
import { amend, fail, respond } from '../plugins/response.ts'
import { FakeClock } from '../test/support/fake-clock.ts'
import { queryOf } from '../test/support/query.ts'
import { parseCorefile } from './corefile/parser.ts'
import type { HostContext } from './host.ts'
import { bannerLines, Instance } from './instance.ts'
import { ThreadMetrics } from './metrics/thread-metrics.ts'
import { Pieces } from './pieces.ts'

/** A plugin whose layer puts its name in front of the error text, so that the order shows. */
const passing = (name: string): Plugin =>
  definePlugin({
    name,
    setup: (): Layer => (next) => (query) => {
      const response = next(query)
      if (response === null || response instanceof Promise) return response
      return amend(response, { error: `${name} ${response.error ?? ''}` })
    },
  })

const bind = definePlugin({
  name: 'bind',
  setup(directive, host) {
    directive.next()
    host.block.settings.addresses = directive.remainingArguments()
    return undefined
  },
})
const final = definePlugin({ name: 'final', setup: () => () => () => respond('final', {}) })
const observing = definePlugin({
  name: 'observing',
  setup(_directive, host) {
    host.observe(() => {})
    return undefined
  },
})
const plugins = [bind, passing('first'), 'unbuilt', passing('second'), observing, final]

function load(corefile: string): Instance {
  const clock = new FakeClock()
  const context: HostContext = {
    clock,
    threads: 1,
    random: () => 0,
    sink: () => {},
    metrics: new ThreadMetrics(() => {}),
    pieces: new Pieces(clock),
    startHooks: [],
    stopHooks: [],
    readyChecks: [],
    debugging: { on: false },
    bug: (error) => {
      throw error
    },
    subscribe: () => 0,
    send: () => {},
    resolve: () => fail(2),
  }
  const directives = new Set(plugins.map((plugin) => (typeof plugin === 'string' ? plugin : plugin.name)))
  const blocks = parseCorefile({ text: corefile, file: 'Corefile' }, { directives, environment: {}, warn: () => {} })
  return new Instance({ file: 'Corefile', blocks, port: 53, manifests: '', hash: '', warnings: [] }, plugins, context)
}

const query = queryOf('www.example.org. A')

t.test('layers stand in the order of the plugins, whatever the order in the Corefile', async (t) => {
  const [block] = load('. {\n  final\n  second\n  first\n}').blocks
  t.match(block?.chain?.(query), { from: 'final', error: 'first second ' })
})

t.test('past the last layer the answer is SERVFAIL and names it', async (t) => {
  const [block] = load('. {\n  second\n  first\n}').blocks
  t.match(block?.chain?.(query), { rcode: 2, from: '', error: 'first second plugin/second: no next plugin found' })
})

t.test('a block without layers refuses; one that only observes has an empty chain', async (t) => {
  const { blocks } = load('a {\n  bind 127.0.0.1\n}\nb {\n  observing\n}')
  t.equal(blocks[0]?.chain, null)
  t.match(blocks[1]?.chain?.(query), { rcode: 2 })
})

t.test('there is one listener for each address and port, with the blocks that share it', async (t) => {
  const corefile = `
a.test b.test:54 {
  bind 127.0.0.1 ::1
  final
}
c.test {
  final
}
d.test {
  bind 127.0.0.1
  final
}
10.0.0.0/23:55 {
  final
}
`
  const { listeners } = load(corefile)
  t.same(
    listeners.map((plan) => [plan.server, plan.host, plan.port, plan.routes.zones.sort()]),
    [
      ['dns://127.0.0.1:53', '127.0.0.1', 53, ['a.test.', 'd.test.']],
      ['dns://[::1]:53', '::1', 53, ['a.test.']],
      ['dns://127.0.0.1:54', '127.0.0.1', 54, ['b.test.']],
      ['dns://[::1]:54', '::1', 54, ['b.test.']],
      ['dns://:53', '', 53, ['c.test.']],
      ['dns://:55', '', 55, ['0.0.10.in-addr.arpa.', '1.0.10.in-addr.arpa.']],
    ],
  )
  t.same(bannerLines(listeners[0]!), ['a.test.:53 on 127.0.0.1', 'd.test.:53 on 127.0.0.1'])
  t.same(bannerLines(listeners[5]!), ['0.0.10.in-addr.arpa.:55', '1.0.10.in-addr.arpa.:55'])
})

t.test('what cannot be served is refused in words that name the place', async (t) => {
  const cases: [corefile: string, message: string][] = [
    ['. {\n  unbuilt\n}', "Corefile:2 - Error during parsing: directive 'unbuilt' is not built yet in Meridian"],
    ['quic://. {\n  final\n}', "Corefile:1 - Error during parsing: transport 'quic://' is not built yet in Meridian"],
    ['. {\n  final\n}\n. {\n  final\n}', 'cannot serve dns://.:53 - it is already defined'],
  ]
  for (const [corefile, message] of cases) t.throws(() => load(corefile), { name: 'ConfigError', message })
})

t.test('zones that are no usual names are warned of', async (t) => {
  t.same(load('exa_mple!.test {\n  final\n}').warnings, [
    'Warning: Domain "exa_mple!.test." does not follow RFC1035 preferred syntax',
  ])
})
