import t from 'tap'
import { ConfigError } from '../plugins/directive.ts'
import { definePlugin, defineService, type Plugin, type ServiceContext } from '../plugins/plugin.ts'
import { respond, reuseWhile } from '../plugins/response.ts'
import { Versioned } from '../plugins/version.ts'
import { FakeClock } from '../test/support/fake-clock.ts'
import { answer, ProcessRig, settle } from '../test/support/process-rig.ts'
import { recordsOf } from '../test/support/questions.ts'

/** `data`: answers with what its service publishes; `contexts` are the services' hands. */
function dataPlugin() {
  const contexts: ServiceContext[] = []
  const events: string[] = []
  const state = { address: '192.0.2.1' }
  const watch = defineService<{ file: string }>({
    start({ file }, context) {
      contexts.push(context)
      events.push(`start ${file}`)
      if (file === 'missing') throw new ConfigError('open missing: no such file or directory')
      return { snapshot: () => ({ ...state }), stop: () => void events.push(`stop ${file}`) }
    },
  })
  const plugin = definePlugin({
    name: 'data',
    setup(directive, host) {
      directive.next()
      const [file = 'a'] = directive.remainingArguments()
      const data = new Versioned()
      let address = ''
      host.service<{ address: string }>('watch', { file }, (batch) => {
        if (batch.address === 'boom') throw new Error('bad batch')
        address = batch.address
        data.changed()
      })
      return () => (query) => {
        const records = recordsOf(`x. 60 IN A ${address}`).map((record) => record.withOwner(query.name))
        return respond('data', { answer: records, reuse: reuseWhile(data.version) })
      }
    },
    services: { watch },
  })
  const publish = (address: string): void => {
    state.address = address
    for (const context of contexts) context.publish({ address })
  }
  return { plugin, contexts, events, state, publish }
}

/** `picky`: refuses in the thread of the given number of setups. */
function pickyPlugin(refusing: () => boolean): Plugin {
  return definePlugin({
    name: 'picky',
    setup() {
      if (refusing()) throw new ConfigError('not in this thread')
      return undefined
    },
  })
}

t.test('a configuration is loaded into every thread', async (t) => {
  const rig = new ProcessRig(t, { corefile: '. {\n  answer 192.0.2.1\n}', plugins: [answer], threads: 2 })
  t.match(await rig.start(), [{ lines: ['.:53'], host: '', port: 53 }])
  t.same(await rig.addresses(), ['192.0.2.1', '192.0.2.1'])
  await rig.reload('. {\n  answer 192.0.2.2\n}')
  t.same(await rig.addresses(), ['192.0.2.2', '192.0.2.2'])
})

t.test('if one thread refuses, every thread keeps what it has', async (t) => {
  let setups = 0
  const picky = pickyPlugin(() => ++setups === 2)
  const rig = new ProcessRig(t, { corefile: '. {\n  answer 192.0.2.1\n}', plugins: [picky, answer], threads: 2 })
  await rig.start()
  await t.rejects(rig.reload('. {\n  picky\n  answer 192.0.2.2\n}'), { message: 'plugin/picky: not in this thread' })
  t.same(await rig.addresses(), ['192.0.2.1', '192.0.2.1'])
  await rig.reload('. {\n  picky\n  answer 192.0.2.3\n}')
  t.same(await rig.addresses(), ['192.0.2.3', '192.0.2.3'])
})

t.test('a first configuration that is refused leaves nothing running', async (t) => {
  const { plugin, events } = dataPlugin()
  const rig = new ProcessRig(t, { corefile: '. {\n  data a\n  answer bad\n}', plugins: [plugin, answer], threads: 2 })
  await t.rejects(rig.start(), {
    name: 'ConfigError',
    message: /plugin\/answer: .*Corefile:3 - Error during parsing: not an address/,
  })
  t.same(events, [], 'no service was started')
  t.same(await rig.ask('a. A'), [null, null])
})

t.test('a service that refuses stops the load with its plugin’s name, and what was started for it ends', async (t) => {
  const { plugin, events } = dataPlugin()
  const rig = new ProcessRig(t, { corefile: 'a {\n  data a\n}\nb {\n  data missing\n}', plugins: [plugin], threads: 2 })
  await t.rejects(rig.start(), { message: 'plugin/data: open missing: no such file or directory' })
  await settle()
  t.same(events, ['start a', 'start missing', 'stop a'])
})

t.test('services exist once however many threads and blocks ask, and survive a reload', async (t) => {
  const { plugin, events, publish } = dataPlugin()
  const rig = new ProcessRig(t, {
    corefile: 'a {\n  data a\n}\nb {\n  data a\n}',
    plugins: [plugin, answer],
    threads: 2,
  })
  await rig.start()
  t.same(events, ['start a'])
  t.same(await rig.addresses('www.a. A'), ['192.0.2.1', '192.0.2.1'], 'the first batch is there before the first query')
  publish('192.0.2.2')
  await settle()
  t.same(await rig.addresses('www.b. A'), ['192.0.2.2', '192.0.2.2'])
  await rig.reload('a {\n  data a\n  answer 192.0.2.9\n}')
  await settle()
  t.same(events, ['start a'])
  t.same(await rig.addresses('www.a. A'), ['192.0.2.2', '192.0.2.2'])
  await rig.reload('a {\n  data b\n}')
  await settle()
  t.same(events, ['start a', 'start b', 'stop a'])
  await rig.supervisor.stop()
  t.same(events.at(-1), 'stop b')
})

t.test('a change is right in every thread at once, also for what the tables hold', async (t) => {
  const { plugin, publish } = dataPlugin()
  const rig = new ProcessRig(t, { corefile: '. {\n  data a\n}', plugins: [plugin], threads: 2 })
  await rig.start()
  for (let i = 0; i < 4; i++) t.same(await rig.addresses(), ['192.0.2.1', '192.0.2.1'])
  publish('192.0.2.2')
  await settle()
  for (let i = 0; i < 4; i++) t.same(await rig.addresses(), ['192.0.2.2', '192.0.2.2'])
})

t.test('a batch that a plugin chokes on is logged and counted; the thread goes on', async (t) => {
  const { plugin, publish } = dataPlugin()
  const rig = new ProcessRig(t, { corefile: '. {\n  data a\n}', plugins: [plugin] })
  await rig.start()
  publish('boom')
  await settle()
  t.same(await rig.addresses(), ['192.0.2.1'])
  t.match(rig.log, [/^\[ERROR\] Recovered from bug in plugin\/data: Error: bad batch\n/])
  t.equal(await rig.metric('coredns_panics_total'), 'coredns_panics_total 1')
})

t.test('a first batch that a plugin chokes on stops the load', async (t) => {
  const { plugin, state } = dataPlugin()
  state.address = 'boom'
  const rig = new ProcessRig(t, { corefile: '. {\n  data a\n}', plugins: [plugin], threads: 2 })
  await t.rejects(rig.start(), { message: /bad batch/ })
})

t.test('hooks run in order; one that throws is logged and the others run', async (t) => {
  const told: string[] = []
  const hooks = definePlugin({
    name: 'hooks',
    setup(directive, host) {
      directive.next()
      const [name = ''] = directive.remainingArguments()
      host.onStart(() => {
        told.push(`start ${name}`)
        if (name === 'boom') throw new Error('in a hook')
      })
      host.onStop(() => {
        told.push(`stop ${name}`)
        if (name === 'boom') throw new Error('in a hook')
      })
      return undefined
    },
  })
  const rig = new ProcessRig(t, { corefile: 'a {\n  hooks boom\n}\nb {\n  hooks b\n}', plugins: [hooks, answer] })
  await rig.start()
  t.same(told, ['start boom', 'start b'])
  await rig.reload('. {\n  answer 192.0.2.1\n}')
  await settle()
  t.same(told.slice(2), ['stop boom', 'stop b'])
  t.equal(
    rig.log.filter((line) => line.startsWith('[ERROR] Recovered from bug in plugin/hooks: Error: in a hook')).length,
    2,
  )
})

t.test('a timer, a long job and a readiness check that throw are logged', async (t) => {
  const clock = new FakeClock()
  const boom = (): never => {
    throw new Error('boom')
  }
  const buggy = definePlugin({
    name: 'buggy',
    setup(_directive, host) {
      host.onStart(() => {
        host.clock.after(50, boom)
        host.inPieces([undefined][Symbol.iterator]() as Iterator<void>, boom)
      })
      host.onReady(boom)
      return undefined
    },
  })
  const rig = new ProcessRig(t, { corefile: '. {\n  buggy\n  answer 192.0.2.1\n}', plugins: [buggy, answer], clock })
  await rig.start()
  await clock.advance(60)
  t.equal(
    rig.log.filter((line) => line.startsWith('[ERROR] Recovered from bug in plugin/buggy: Error: boom')).length,
    3,
  )
  t.same(await rig.addresses(), ['192.0.2.1'])
})

t.test(
  'a reload waits for nobody, and what was asked before it is still answered by the old configuration',
  async (t) => {
    const told: string[] = []
    const release: (() => void)[] = []
    const slow = definePlugin({
      name: 'slow',
      setup(_directive, host) {
        host.onStop(() => void told.push('stop'))
        return () => async (query) => {
          await new Promise<void>((resolve) => release.push(resolve))
          return respond('slow', {
            answer: recordsOf('x. 1 IN A 192.0.2.7').map((record) => record.withOwner(query.name)),
          })
        }
      },
    })
    const rig = new ProcessRig(t, { corefile: '. {\n  slow\n}', plugins: [slow, answer] })
    await rig.start()
    const asked = rig.addresses()
    await settle()
    await rig.reload('. {\n  answer 192.0.2.8\n}')
    await settle()
    t.same(told, [], 'its pools and services live on')
    t.same(await rig.addresses(), ['192.0.2.8'])
    release[0]?.()
    t.same(await asked, ['192.0.2.7'])
    await settle()
    t.same(told, ['stop'])
  },
)

t.test('an old configuration that never answers is let go after five seconds', async (t) => {
  const clock = new FakeClock()
  let stopped = false
  const stuck = definePlugin({
    name: 'stuck',
    setup(_directive, host) {
      host.onStop(() => {
        stopped = true
      })
      return () => () => new Promise(() => {})
    },
  })
  const rig = new ProcessRig(t, { corefile: '. {\n  stuck\n}', plugins: [stuck, answer], clock })
  await rig.start()
  void rig.addresses()
  await rig.reload('. {\n  answer 192.0.2.8\n}')
  await clock.advance(4999)
  t.equal(stopped, false)
  await clock.advance(1)
  t.equal(stopped, true)
})

t.test('stopping while a load is under way ends the load', async (t) => {
  const never = definePlugin({
    name: 'never',
    setup(_directive, host) {
      host.service('start', {}, () => {})
      return undefined
    },
    services: { start: { start: () => new Promise<never>(() => {}) } },
  })
  const rig = new ProcessRig(t, { corefile: '. {\n  answer 192.0.2.1\n}', plugins: [never, answer], threads: 2 })
  await rig.start()
  const loading = rig.reload('. {\n  never\n}')
  loading.catch(() => {})
  await settle()
  await rig.supervisor.stop()
  await t.rejects(loading, { message: /loading was given up|the server is stopping/ })
  await t.rejects(rig.reload('. {\n  answer 192.0.2.1\n}'), { message: 'the server is stopping' })
})

t.test('loads happen one after another', async (t) => {
  const rig = new ProcessRig(t, { corefile: '. {\n  answer 192.0.2.1\n}', plugins: [answer], threads: 2 })
  await rig.start()
  const addresses = ['192.0.2.2', 'bad', '192.0.2.3']
  const results = await Promise.allSettled([
    ...addresses.slice(0, 2).map((address) => rig.reload(`. {\n  answer ${address}\n}`)),
    rig.reload('. {\n  answer 192.0.2.3\n}'),
  ])
  // Each load reads the file when its turn comes: all find what was written last.
  t.same(
    results.map(({ status }) => status),
    ['fulfilled', 'fulfilled', 'fulfilled'],
  )
  t.same(await rig.addresses(), ['192.0.2.3', '192.0.2.3'])
})

t.test('readiness is that of all threads; hash and reload are at hand for services', async (t) => {
  const clock = new FakeClock()
  const ready = [false, false]
  let thread = 0
  const checked = definePlugin({
    name: 'checked',
    setup(_directive, host) {
      const mine = thread++ % 2
      host.onReady(() => ready[mine] ?? false)
      host.service('control', {}, () => {})
      return undefined
    },
    services: {
      control: defineService({
        start(_options, context) {
          contexts.push(context)
          return { snapshot: () => ({}), stop: () => {} }
        },
      }),
    },
  })
  const contexts: ServiceContext[] = []
  const rig = new ProcessRig(t, { corefile: '. {\n  checked\n}', plugins: [checked, answer], threads: 2, clock })
  await rig.start()
  const control = contexts[0]!.process
  await clock.advance(100)
  t.same(control.notReady(), ['checked'])
  ready[0] = true
  await clock.advance(100)
  t.same(control.notReady(), ['checked'], 'one thread is not enough')
  ready[1] = true
  await clock.advance(100)
  t.same(control.notReady(), [])
  t.equal(control.runningHash(), await control.diskHash())
  const before = control.runningHash()
  await t.rejects(rig.reload('. {\n  checked\n  answer bad\n}'))
  t.not(await control.diskHash(), before)
  t.equal(control.runningHash(), before, 'what is refused does not run')
  t.match(await control.reload(), /^plugin\/answer: /)
  t.match(rig.log.slice(-2), ['[INFO] Reloading', /^\[ERROR\] Restart failed: plugin\/answer: /])
  t.match(await control.metricsText(), /^coredns_panics_total 0$/m)
})

t.test('a reload says how it went', async (t) => {
  const rig = new ProcessRig(t, { corefile: '. {\n  answer 192.0.2.1\n}', plugins: [answer] })
  await rig.start()
  t.equal(await rig.supervisor.reload(), null)
  t.same(rig.log.slice(-2), ['[INFO] Reloading', '[INFO] Reloading complete'])
})

t.test('drain asks services first and sockets after', async (t) => {
  const told: string[] = []
  const lame = definePlugin({
    name: 'lame',
    setup(_directive, host) {
      host.service('duck', {}, () => {})
      return undefined
    },
    services: {
      duck: defineService({
        start: (_options, { clock }) => ({
          snapshot: () => undefined,
          drain: () =>
            new Promise<void>((resolve) =>
              clock.after(2000, () => {
                told.push('lameduck over')
                resolve()
              }),
            ),
          stop: () => void told.push('stop'),
        }),
      }),
    },
  })
  const clock = new FakeClock()
  const rig = new ProcessRig(t, { corefile: '. {\n  lame\n  answer 192.0.2.1\n}', plugins: [lame, answer], clock })
  await rig.start()
  const drained = rig.supervisor.drain().then(() => told.push('drained'))
  await clock.advance(1999)
  t.same(await rig.addresses(), ['192.0.2.1'], 'everything answers during the lameduck')
  t.same(told, [])
  await clock.advance(1)
  await drained
  await rig.supervisor.stop()
  t.same(told, ['lameduck over', 'drained', 'stop'])
})
