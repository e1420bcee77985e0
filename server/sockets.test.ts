import t from 'tap'
import { ConfigError } from '../plugins/directive.ts'
import { respond } from '../plugins/response.ts'
import { EngineRig } from '../test/support/engine-rig.ts'
import type { Engine } from './engine.ts'
import type { ListenerPlan } from './instance.ts'
import type { OpenOptions, Transport } from './net/transport.ts'
import { Routes } from './routes.ts'
import { Sockets, type Transports } from './sockets.ts'

/** Transports that open nothing; what was asked of them is told. */
function fakes(refuse: (network: string, port: number) => boolean = () => false) {
  const told: string[] = []
  const opened = new Map<string, OpenOptions>()
  const drains: (() => void)[] = []
  const fake = (network: 'tcp' | 'udp'): Transport => ({
    async open(options) {
      const where = `${network} ${options.host}:${options.port}`
      if (refuse(network, options.port)) throw new ConfigError(`listen ${where}`)
      told.push(`open ${where}`)
      opened.set(where, options)
      return {
        address: options.host,
        port: options.port === 0 ? 40_053 : options.port,
        drain: () => {
          told.push(`drain ${where}`)
          return new Promise((resolve) => drains.push(resolve))
        },
        close: async () => void told.push(`close ${where}`),
      }
    },
  })
  const transports: Transports = { tcp: fake('tcp'), udp: fake('udp') }
  return { transports, told, opened, drains }
}

function plan(server: string, readMs = 1): ListenerPlan {
  const [, host = '', port = ''] = /^dns:\/\/(.*):(\d+)$/.exec(server) ?? []
  return {
    server,
    host,
    port: Number(port),
    routes: new Routes(),
    timeouts: { readMs, writeMs: 2, idleMs: 3 },
    tcpQueriesMax: 4,
  }
}

const engineOf = (from: string): Engine => new EngineRig({ blocks: { '.': { chain: () => respond(from, {}) } } }).engine
const enginesOf = (...servers: readonly string[]): Map<string, Engine> =>
  new Map(servers.map((server) => [server, engineOf(server)]))
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

t.test('each address is bound once for both transports; a reload keeps the sockets', async (t) => {
  const { transports, told, opened } = fakes()
  const sockets = new Sockets(transports, () => {})
  const first = enginesOf('dns://:53')
  t.match(await sockets.open([plan('dns://:53')], first), [{ boundPort: 53 }])
  t.same(told, ['open udp :53', 'open tcp :53'], 'TCP last: who sees that it listens may send datagrams')
  const next = enginesOf('dns://:53', 'dns://127.0.0.1:54')
  const plans = [plan('dns://:53', 100), plan('dns://127.0.0.1:54')]
  await sockets.open(plans, next)
  t.equal(told.length, 4)
  const settings = opened.get('udp :53')!.settings
  t.equal(settings().readMs, 1, 'nothing changes for the running configuration')
  sockets.swap(plans, next)
  t.same(settings(), { readMs: 100, writeMs: 2, idleMs: 3, queriesMax: 4 })
})

t.test('sockets feed the engine of the running configuration', async (t) => {
  const { transports, opened } = fakes()
  const sockets = new Sockets(transports, () => {})
  const got: string[] = []
  const engine = (name: string): Engine => ({ receive: () => got.push(name) }) as unknown as Engine
  await sockets.open([plan('dns://:53')], new Map([['dns://:53', engine('old')]]))
  const { receive } = opened.get('udp :53')!
  const ask = (): void => receive(new Uint8Array(12), {} as never, () => {})
  ask()
  const engines = new Map([['dns://:53', engine('new')]])
  await sockets.open([plan('dns://:53')], engines)
  ask()
  sockets.swap([plan('dns://:53')], engines)
  ask()
  t.same(got, ['old', 'old', 'new'])
})

t.test('port 0 is one port for both transports', async (t) => {
  const { transports, told } = fakes()
  t.match(await new Sockets(transports, () => {}).open([plan('dns://127.0.0.1:0')], enginesOf('dns://127.0.0.1:0')), [
    { boundPort: 40_053 },
  ])
  t.same(told, ['open udp 127.0.0.1:0', 'open tcp 127.0.0.1:40053'])
})

t.test('an address that cannot be bound leaves nothing behind', async (t) => {
  const { transports, told } = fakes((network, port) => network === 'tcp' && port === 54)
  const sockets = new Sockets(transports, () => {})
  await sockets.open([plan('dns://:53')], enginesOf('dns://:53'))
  told.length = 0
  const engines = enginesOf('dns://:53', 'dns://:55', 'dns://:54')
  await t.rejects(sockets.open([plan('dns://:53'), plan('dns://:55'), plan('dns://:54')], engines), {
    message: 'listen tcp :54',
  })
  await sockets.closeUnused(enginesOf('dns://:53'))
  t.same(told, ['open udp :55', 'open tcp :55', 'open udp :54', 'close udp :54', 'close tcp :55', 'close udp :55'])
})

t.test('an address that the next configuration does not name is read empty before it is closed', async (t) => {
  const { transports, told, drains } = fakes()
  const sockets = new Sockets(transports, () => {})
  await sockets.open([plan('dns://:53'), plan('dns://:54')], enginesOf('dns://:53', 'dns://:54'))
  told.length = 0
  const retired = sockets.retireUnused(enginesOf('dns://:53'))
  await settled()
  t.same(told, ['drain tcp :54', 'drain udp :54'])
  for (const drained of drains) drained()
  await retired
  t.same(told.slice(2), ['close tcp :54', 'close udp :54'])
})

t.test('errors of sockets are told with listener and transport', async (t) => {
  const { transports, opened } = fakes()
  const failures: string[] = []
  const sockets = new Sockets(transports, (server, transport) => failures.push(`${server} ${transport}`))
  await sockets.open([plan('dns://:53')], enginesOf('dns://:53'))
  opened.get('udp :53')?.failed?.(new Error('x'))
  opened.get('tcp :53')?.failed?.(new Error('x'))
  t.same(failures, ['dns://:53 udp', 'dns://:53 tcp'])
})
