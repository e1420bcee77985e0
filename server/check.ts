// All problems of a configuration: what the parser, the keys, every plugin's setup and every service's start say, in the order in which a load would meet them.

import { ConfigError } from '../plugins/directive.ts'
import type { Clock, HttpListeners, Plugin, ProcessControl, ServiceContext } from '../plugins/plugin.ts'
import { systemClock } from './clock.ts'
import { unreadable } from './configuration.ts'
import { type CorefileSource, defaultCorefile, parseAll } from './corefile/parser.ts'
import type { HostContext, Subscription } from './host.ts'
import { Instance, inPlugin } from './instance.ts'
import { type LogSink, makeLog } from './log.ts'
import { ThreadMetrics } from './metrics/thread-metrics.ts'
import { Pieces } from './pieces.ts'

/** What is to be checked. */
export interface CheckOptions {
  readonly file: string
  readonly port: number
  readonly manifests: string
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly plugins: readonly (Plugin | string)[]
  readonly read: (file: string) => Promise<string>
}

/** Nothing that was set up here ever runs. */
const stillClock: Clock = { ...systemClock, after: () => ({ cancel: () => {} }) }

/** The texts of all problems, first the one that would stop a load; none if the Corefile can be served. */
export async function configurationProblems(options: CheckOptions): Promise<string[]> {
  const problems: string[] = []
  const source = await readCorefile(options)
  const directives = new Set(options.plugins.map((plugin) => (typeof plugin === 'string' ? plugin : plugin.name)))
  const parse = (corefile: CorefileSource) =>
    parseAll(corefile, { directives, environment: options.environment, warn: () => {} })
  const parsed = parse(source)
  for (const problem of parsed.problems) problems.push(problem.message)
  if (parsed.blocks.length === 0 && problems.length > 0) return problems
  const blocks = parsed.blocks.length > 0 ? parsed.blocks : parse(defaultCorefile(options.port)).blocks
  const subscriptions: Subscription[] = []
  const context = setupContext(subscriptions)
  const report = (error: unknown): void => {
    if (!(error instanceof ConfigError)) throw error
    problems.push(error.message)
  }
  const { file, port, manifests } = options
  const instance = new Instance({ file, blocks, port, manifests, hash: '', warnings: [] }, options.plugins, {
    ...context,
    report,
  })
  for (const error of await serviceProblems(subscriptions, options.plugins)) problems.push(error.message)
  instance.stop()
  return problems
}

async function readCorefile(options: CheckOptions): Promise<CorefileSource> {
  try {
    return { text: await options.read(options.file), file: options.file }
  } catch (error) {
    throw unreadable(options.file, error)
  }
}

function setupContext(subscriptions: Subscription[]): HostContext {
  return {
    clock: stillClock,
    threads: 1,
    random: Math.random,
    sink: () => {},
    metrics: new ThreadMetrics(() => {}),
    pieces: new Pieces(stillClock),
    startHooks: [],
    stopHooks: [],
    readyChecks: [],
    debugging: { on: false },
    bug: (error) => {
      throw error
    },
    subscribe: (subscription) => subscriptions.push(subscription) - 1,
    send: () => {},
    resolve: () => null,
  }
}

// Services are started one by one and stopped once they have said where a thread starts from: what they need (files, names) is looked at, nothing is bound.
async function serviceProblems(
  subscriptions: readonly Subscription[],
  plugins: readonly (Plugin | string)[],
): Promise<ConfigError[]> {
  const problems: ConfigError[] = []
  const sink: LogSink = () => {}
  const known = new Set<string>()
  for (const { plugin: name, service, options, receive } of subscriptions) {
    const key = `${name}/${service} ${JSON.stringify(options)}`
    if (known.has(key)) continue
    known.add(key)
    const plugin = plugins.find(
      (candidate): candidate is Plugin => typeof candidate !== 'string' && candidate.name === name,
    )
    try {
      const running = await plugin?.services?.[service]?.start(options as never, serviceContext(name, sink))
      const batch = await running?.snapshot()
      await running?.stop()
      if (batch !== undefined) receive(batch)
    } catch (error) {
      const problem = inPlugin(name, error)
      if (!(problem instanceof ConfigError)) throw error
      problems.push(problem)
    }
  }
  return problems
}

function serviceContext(plugin: string, sink: LogSink): ServiceContext {
  return {
    clock: stillClock,
    random: Math.random,
    log: makeLog(sink, `plugin/${plugin}: `),
    metrics: new ThreadMetrics(() => {}),
    http: nowhere,
    process: idleProcess,
    checking: true,
    isReload: false,
    thread: () => {
      throw new Error('a check starts no threads')
    },
    publish: () => {},
  }
}

const nowhere: HttpListeners = { route: async (address) => ({ address, close: async () => {} }) }

const idleProcess: ProcessControl = {
  notReady: () => [],
  metricsText: async () => '',
  metricsType: () => 'text/plain',
  runningHash: () => '',
  diskHash: async () => '',
  reload: async () => null,
}
