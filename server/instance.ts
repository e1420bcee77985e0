// One configuration set up in one thread: blocks with their chains, and the plan of its listeners. Setting up is synchronous and touches nothing outside: if it
// throws, the running configuration has not noticed.

import { ConfigError, Directive, type Token } from '../plugins/directive.ts'
import type { Handler, Layer, Observer, Plugin } from '../plugins/plugin.ts'
import type { Query } from '../plugins/query.ts'
import { fail } from '../plugins/response.ts'
import type { Name } from '../wire/name.ts'
import { rcodes } from '../wire/registry.ts'
import { defaultSettings, type ServedBlock } from './block.ts'
import type { Configuration } from './configuration.ts'
import { claimProblems } from './corefile/claims.ts'
import { type Endpoint, inspectKeys, preferredSyntaxWarning } from './corefile/keys.ts'
import type { ServerBlock } from './corefile/parser.ts'
import { type BlockInSetup, type HostContext, makeHost } from './host.ts'
import { Routes } from './routes.ts'

/** A socket address that the configuration wants, and which block answers what on it. */
export interface ListenerPlan {
  /** `dns://:53`: metrics' label, and what a socket is known by across reloads. */
  readonly server: string
  /** '' for all addresses. */
  readonly host: string
  readonly port: number
  readonly routes: Routes
  readonly timeouts: { readonly readMs: number; readonly writeMs: number; readonly idleMs: number }
  readonly tcpQueriesMax: number
}

/** A block with what its layers are called, while it is set up. */
interface Setup extends BlockInSetup {
  readonly source: ServerBlock
  readonly endpoints: readonly Endpoint[]
  readonly names: string[]
}

/** Blocks and listeners of one loaded configuration. */
export class Instance {
  readonly blocks: readonly ServedBlock[]
  readonly listeners: readonly ListenerPlan[]
  /** Lines such as `Warning: Domain "X." does not follow RFC1035 preferred syntax`. */
  readonly warnings: readonly string[]
  readonly context: HostContext

  /** Reads every directive in the order of `plugins`; throws ConfigError. */
  constructor(configuration: Configuration, plugins: readonly (Plugin | string)[], context: HostContext) {
    this.context = context
    const report =
      context.report ??
      ((error: unknown): never => {
        throw error
      })
    for (const error of unbuiltDirectives(configuration.blocks, plugins)) report(error)
    const { endpoints, problems } = inspectKeys(configuration.blocks, configuration.port)
    for (const problem of [...problems, ...unbuiltTransports(endpoints.flat())]) report(problem)
    const setups = configuration.blocks.map((block, index) => beginSetup(block, endpoints[index]!, configuration))
    for (const plugin of plugins) {
      if (typeof plugin === 'string') continue
      for (const setup of setups) setUp(plugin, setup, { context, report })
    }
    this.warnings = setups.flatMap((setup) =>
      setup.endpoints.flatMap((endpoint) => preferredSyntaxWarning(endpoint) ?? []),
    )
    const claims = setups.map(({ endpoints, settings }) => ({
      endpoints,
      addresses: settings.addresses,
      hasView: settings.view !== '',
    }))
    for (const problem of claimProblems(claims)) report(problem)
    context.debugging.on = setups.some((setup) => setup.settings.debug)
    const served = setups.map(serve)
    this.blocks = served
    this.listeners = planListeners(setups, served)
  }

  start(): void {
    for (const hook of this.context.startHooks) hook()
  }

  stop(): void {
    for (const hook of this.context.stopHooks) hook()
  }
}

/** An error for each directive of CoreDNS that has no plugin here yet, in Corefile order. */
function* unbuiltDirectives(
  blocks: readonly ServerBlock[],
  plugins: readonly (Plugin | string)[],
): Iterable<ConfigError> {
  const unbuilt = new Set(plugins.filter((plugin) => typeof plugin === 'string'))
  for (const block of blocks) {
    for (const [name, tokens] of block.directives) {
      if (unbuilt.has(name)) yield unbuiltError(name, tokens[0]!)
    }
  }
}

const unbuiltError = (name: string, token: Token): ConfigError =>
  new ConfigError(
    `${token.file}:${token.line} - Error during parsing: directive '${name}' is not built yet in Meridian`,
  )

function* unbuiltTransports(endpoints: readonly Endpoint[]): Iterable<ConfigError> {
  for (const { transport, key } of endpoints) {
    if (transport === 'dns') continue
    yield new ConfigError(
      `${key.file}:${key.line} - Error during parsing: transport '${transport}://' is not built yet in Meridian`,
    )
  }
}

function beginSetup(source: ServerBlock, endpoints: readonly Endpoint[], configuration: Configuration): Setup {
  return {
    source,
    endpoints,
    key: source.keys[0]?.text ?? '',
    zones: uniqueZones(endpoints),
    settings: defaultSettings(configuration.manifests),
    servers: [],
    directives: new Set(source.directives.keys()),
    layers: [],
    names: [],
    observers: [],
    offers: new Map(),
    contracts: new Map(),
  }
}

function uniqueZones(endpoints: readonly Endpoint[]): Name[] {
  const zones = new Map<string, Name>()
  for (const { zone } of endpoints) if (!zones.has(zone.key)) zones.set(zone.key, zone)
  return [...zones.values()]
}

function setUp(plugin: Plugin, setup: Setup, load: { context: HostContext; report: (error: unknown) => void }): void {
  const tokens = setup.source.directives.get(plugin.name)
  if (!tokens) return
  const directive = new Directive(plugin.name, tokens[0]!.file, tokens)
  try {
    const layer = plugin.setup(directive, makeHost(plugin.name, setup, load.context))
    if (!layer) return
    setup.layers.push(layer)
    setup.names.push(plugin.name)
  } catch (error) {
    load.report(inPlugin(plugin.name, error))
  }
}

/** A setup's error as CoreDNS prints it; bugs pass through. */
export function inPlugin(name: string, error: unknown): unknown {
  if (error instanceof ConfigError || error instanceof RangeError)
    return new ConfigError(`plugin/${name}: ${error.message}`)
  return error
}

function serve(setup: Setup): ServedBlock {
  const { layers, observers, settings } = setup
  const inert = layers.length === 0 && observers.length === 0 && !settings.metadataZones
  return {
    zones: setup.zones,
    settings,
    chain: inert ? null : compose(layers, endOfChain(setup.names.at(-1) ?? '')),
    // As answers come up the chain: `log` tells of a query before `errors` does.
    observers: observers.toReversed() as readonly Observer[],
    offers: setup.offers,
  }
}

/** The first layer is the outermost. */
const compose = (layers: readonly Layer[], end: Handler): Handler =>
  layers.reduceRight((next, layer) => layer(next), end)

function endOfChain(lastPlugin: string): Handler {
  const response = fail(rcodes.SERVFAIL, `plugin/${lastPlugin}: no next plugin found`)
  return Object.assign((_query: Query) => response, { last: true as const })
}

function planListeners(setups: readonly Setup[], served: readonly ServedBlock[]): ListenerPlan[] {
  const plans = new Map<string, ListenerPlan>()
  setups.forEach((setup, index) => {
    const { settings } = setup
    const hosts = settings.addresses.length > 0 ? settings.addresses : ['']
    const firstKey = setup.endpoints[0]?.key
    for (const { zone, port, key } of setup.endpoints) {
      for (const host of hosts) {
        const server = `dns://${bracketed(host)}:${port}`
        const plan = plans.get(server) ?? {
          server,
          host,
          port,
          routes: new Routes(),
          timeouts: settings.timeouts,
          tcpQueriesMax: settings.tcpQueriesMax,
        }
        plans.set(server, plan)
        if (key === firstKey && !setup.servers.includes(server)) setup.servers.push(server)
        plan.routes.add(zone, served[index]!)
      }
    }
  })
  return [...plans.values()]
}

/** An address as it stands before a port. */
const bracketed = (host: string): string => (host.includes(':') ? `[${host}]` : host)

/** `example.org.:1053 on 127.0.0.1`, one line a zone, sorted: what CoreDNS prints at start. */
export function bannerLines(plan: ListenerPlan): string[] {
  const on = plan.host === '' ? '' : ` on ${plan.host}`
  return plan.routes.zones.sort().map((zone) => `${zone}:${plan.port}${on}`)
}
