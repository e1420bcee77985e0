import t from 'tap'
import { ConfigError } from '../plugins/directive.ts'
import { definePlugin, type RunningService, type ServiceContext } from '../plugins/plugin.ts'
import { Services, type Subscriber } from './services.ts'

/** One started service under a test's control. */
interface Started {
  readonly options: unknown
  readonly context: ServiceContext
  readonly told: string[]
}

/** Services of a plugin `p`: `plain`, `slow` (starts when released), `bad` (is refused), `buggy`. */
function setUp() {
  const started: Started[] = []
  const failures: string[] = []
  const releases: (() => void)[] = []
  const run = (options: unknown, context: ServiceContext, changes: Partial<RunningService> = {}): RunningService => {
    const told: string[] = []
    started.push({ options, context, told })
    let batches = 0
    return {
      snapshot: () => ({ snapshot: ++batches }),
      receive: (message) => void told.push(`message ${JSON.stringify(message)}`),
      drain: async () => void told.push('drain'),
      stop: () => void told.push('stop'),
      ...changes,
    }
  }
  const boom = (): never => {
    throw new Error('boom')
  }
  const plugin = definePlugin({
    name: 'p',
    setup: () => undefined,
    services: {
      plain: { start: (options: object, context: ServiceContext) => run(options, context) },
      slow: {
        start: async (options: object, context: ServiceContext) => {
          await new Promise<void>((resolve) => releases.push(resolve))
          return run(options, context)
        },
      },
      bad: {
        start: () => {
          throw new ConfigError('no such file')
        },
      },
      buggy: {
        start: (options: object, context: ServiceContext) =>
          run(options, context, { receive: boom, drain: async () => boom(), stop: boom }),
      },
      noSnapshot: { start: (options: object, context: ServiceContext) => run(options, context, { snapshot: boom }) },
    },
  })
  const services = new Services(
    new Map([['p', plugin]]),
    (_plugin, publish) => ({ publish }) as ServiceContext,
    (name, error) => failures.push(`${name}: ${error instanceof Error ? error.message : String(error)}`),
  )
  return { services, started, failures, releases }
}

class Ear implements Subscriber {
  readonly heard: string[] = []
  started(batch: object | undefined): void {
    this.heard.push(`started ${JSON.stringify(batch)}`)
  }
  refused(error: string): void {
    this.heard.push(`refused ${error}`)
  }
  batch(batch: object): void {
    this.heard.push(`batch ${JSON.stringify(batch)}`)
  }
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
const plain = (options: object) => ({ plugin: 'p', service: 'plain', options })

t.test('equal options share one service, other options have their own', async (t) => {
  const { services, started } = setUp()
  const ears = [new Ear(), new Ear(), new Ear()] as const
  services.subscribe(ears[0], plain({ file: 'a' }))
  services.subscribe(ears[1], plain({ file: 'a' }))
  services.subscribe(ears[2], plain({ file: 'b' }))
  await settled()
  t.same(
    started.map(({ options }) => options),
    [{ file: 'a' }, { file: 'b' }],
  )
  started[0]?.context.publish({ n: 1 })
  t.same(ears[0].heard, ['started {"snapshot":1}', 'batch {"n":1}'])
  t.same(ears[1].heard, ['started {"snapshot":2}', 'batch {"n":1}'])
  t.same(ears[2].heard, ['started {"snapshot":1}'])
  services.message(ears[2], { hello: 1 })
  t.same(started[1]?.told, ['message {"hello":1}'])
})

t.test('who joins late starts from the snapshot of then', async (t) => {
  const { services, started } = setUp()
  const early = new Ear()
  services.subscribe(early, plain({}))
  await settled()
  started[0]?.context.publish({ n: 1 })
  const late = new Ear()
  services.subscribe(late, plain({}))
  await settled()
  t.same(late.heard, ['started {"snapshot":2}'])
  t.equal(started.length, 1)
})

t.test('a service lives until the last subscriber has left', async (t) => {
  const { services, started } = setUp()
  const [one, two] = [new Ear(), new Ear()]
  services.subscribe(one, plain({}))
  services.subscribe(two, plain({}))
  await settled()
  services.unsubscribe(one)
  services.unsubscribe(one)
  started[0]?.context.publish({ n: 1 })
  t.same(started[0]?.told, [])
  t.equal(one.heard.length, 1)
  services.unsubscribe(two)
  await settled()
  t.same(started[0]?.told, ['stop'])
  services.subscribe(one, plain({}))
  await settled()
  t.equal(started.length, 2, 'the next one starts anew')
})

t.test('whoever leaves while the service starts hears nothing, and the service ends', async (t) => {
  const { services, started, releases } = setUp()
  const ear = new Ear()
  services.subscribe(ear, { plugin: 'p', service: 'slow', options: {} })
  await settled()
  services.unsubscribe(ear)
  releases[0]?.()
  await settled()
  t.same(ear.heard, [])
  t.same(started[0]?.told, ['stop'])
})

t.test('what is published while the service starts is part of its snapshot', async (t) => {
  const { services, started, releases } = setUp()
  const ear = new Ear()
  services.subscribe(ear, { plugin: 'p', service: 'slow', options: {} })
  await settled()
  releases[0]?.()
  await settled()
  t.same(ear.heard, ['started {"snapshot":1}'])
  t.equal(started.length, 1)
})

t.test('a service that cannot start refuses all, with its text, and is tried again next time', async (t) => {
  const { services } = setUp()
  for (const ear of [new Ear(), new Ear()]) {
    services.subscribe(ear, { plugin: 'p', service: 'bad', options: {} })
    await settled()
    t.same(ear.heard, ['refused no such file'])
  }
  const ear = new Ear()
  services.subscribe(ear, { plugin: 'p', service: 'noSnapshot', options: {} })
  await settled()
  t.same(ear.heard, ['refused boom'])
  t.throws(() => services.subscribe(ear, { plugin: 'p', service: 'unknown', options: {} }), {
    message: 'plugin p has no service unknown',
  })
})

t.test('a bug in a service is told and harms nobody else', async (t) => {
  const { services, started, failures } = setUp()
  const [ear, other] = [new Ear(), new Ear()]
  services.subscribe(ear, { plugin: 'p', service: 'buggy', options: {} })
  services.subscribe(other, plain({}))
  await settled()
  services.message(ear, {})
  await services.drain()
  services.unsubscribe(ear)
  await services.stop()
  t.same(failures, ['p: boom', 'p: boom', 'p: boom'])
  t.same(started[1]?.told, ['drain', 'stop'])
})

t.test('stopping waits for services that take their time, not for one that never starts', async (t) => {
  const { services, started } = setUp()
  services.subscribe(new Ear(), { plugin: 'p', service: 'slow', options: {} })
  services.subscribe(new Ear(), plain({}))
  await settled()
  await services.stop()
  t.same(
    started.map(({ told }) => told),
    [['stop']],
  )
})

t.test(
  'a snapshot may take its time: what is published meanwhile is part of it, what comes after follows it',
  async (t) => {
    const made = Promise.withResolvers<object>()
    let context!: ServiceContext
    const plugin = definePlugin({
      name: 'p',
      setup: () => undefined,
      services: {
        patient: {
          start: (_options: object, given: ServiceContext): RunningService => {
            context = given
            return { snapshot: () => made.promise, stop: () => {} }
          },
        },
      },
    })
    const services = new Services(
      new Map([['p', plugin]]),
      (_plugin, publish) => ({ publish }) as ServiceContext,
      (_name, error) => t.fail(String(error)),
    )
    const ear = new Ear()
    const leaver = new Ear()
    for (const each of [ear, leaver]) services.subscribe(each, { plugin: 'p', service: 'patient', options: {} })
    await settled()
    // A serving thread passes over batches that come before it has started.
    context.publish({ early: 1 })
    services.unsubscribe(leaver)
    made.resolve({ all: 1 })
    await made.promise
    await settled()
    context.publish({ late: 1 })
    t.same(ear.heard, ['batch {"early":1}', 'started {"all":1}', 'batch {"late":1}'])
    t.same(leaver.heard, ['batch {"early":1}'])
  },
)
