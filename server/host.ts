// What a plugin may touch, made for each directive of each block while a configuration is set up.

import { join } from 'node:path'
import type {
  Answered,
  BlockSettings,
  Clock,
  Contract,
  Host,
  Layer,
  Log,
  Metrics,
  Observer,
  Offer,
  ServiceLine,
} from '../plugins/plugin.ts'
import { amendQuery, type Query } from '../plugins/query.ts'
import { fail } from '../plugins/response.ts'
import type { Name } from '../wire/name.ts'
import { classes, rcodes } from '../wire/registry.ts'
import { guardedClock } from './clock.ts'
import { resolveDepthMax } from './limits.ts'
import { type LogSink, makeLog } from './log.ts'
import type { Pieces } from './pieces.ts'

/** A block while its directives are read. */
export interface BlockInSetup {
  readonly key: string
  readonly zones: readonly Name[]
  readonly settings: BlockSettings
  /** Filled when the listeners are planned. */
  readonly servers: string[]
  readonly directives: ReadonlySet<string>
  readonly layers: Layer[]
  readonly observers: Observer[]
  readonly offers: Map<string, (query: Query) => string | undefined>
  /** By the contract's name. */
  readonly contracts: Map<string, Offer<unknown>[]>
}

/** A service that a setup asked for. */
export interface Subscription {
  readonly plugin: string
  readonly service: string
  readonly options: object
  readonly receive: (batch: object) => void
}

/** What hosts of one configuration share. */
export interface HostContext {
  readonly clock: Clock
  readonly threads: number
  readonly random: () => number
  readonly sink: LogSink
  readonly metrics: Metrics
  readonly pieces: Pieces
  readonly startHooks: (() => void)[]
  readonly stopHooks: (() => void)[]
  readonly readyChecks: { readonly plugin: string; readonly ready: () => boolean }[]
  /** Something of a plugin threw where no query waits for it: counted and logged. */
  bug(error: unknown, where: string, debug: boolean): void
  /** Takes a subscription; the number it gets identifies it on the line to the main thread. */
  subscribe(subscription: Subscription): number
  send(subscription: number, message: object): void
  /** Takes a ConfigError and goes on (`meridian check`); without it the first one stops the load. */
  readonly report?: (error: unknown) => void
  /** Debug lines are printed once some block has `debug`. */
  readonly debugging: { on: boolean }
  /** Starts an internal look-up on the listener that the query came from. */
  resolve(query: Query): Answered
}

/** The host for `plugin` in `block`. */
export function makeHost(plugin: string, block: BlockInSetup, context: HostContext): Host {
  const log: Log = makeLog(context.sink, `plugin/${plugin}: `, () => context.debugging.on)
  const failed = (error: unknown): void => context.bug(error, `plugin/${plugin}`, block.settings.debug)
  // A hook that throws must not keep others from running.
  const guarded = (task: () => void) => (): void => {
    try {
      task()
    } catch (error) {
      failed(error)
    }
  }
  return {
    block: {
      zones: block.zones,
      key: block.key,
      settings: block.settings,
      servers: block.servers,
      has: (directive) => block.directives.has(directive),
    },
    clock: guardedClock(context.clock, failed),
    threads: context.threads,
    random: context.random,
    log,
    metrics: context.metrics,
    path: (file) => (file.startsWith('/') || block.settings.root === '' ? file : join(block.settings.root, file)),
    onStart: (hook) => context.startHooks.push(guarded(hook)),
    onStop: (hook) => context.stopHooks.push(guarded(hook)),
    onReady: (ready) => {
      const isReady = (): boolean => {
        try {
          return ready()
        } catch (error) {
          failed(error)
          return false
        }
      }
      context.readyChecks.push({ plugin, ready: isReady })
    },
    observe: (observer) => block.observers.push(observer),
    offerMetadata: (label, value) => block.offers.set(label, value),
    offer: (contract, value) => {
      block.contracts.set(contract.name, [...(block.contracts.get(contract.name) ?? []), { plugin, value }])
    },
    offered: <Value>({ name }: Contract<Value>) => (block.contracts.get(name) ?? []) as readonly Offer<Value>[],
    resolve: (query) => {
      if (query.depth >= resolveDepthMax) return fail(rcodes.SERVFAIL, `look-ups nested deeper than ${resolveDepthMax}`)
      // As CoreDNS: what an alias leads to is looked for in class IN.
      return context.resolve(amendQuery(query, { depth: query.depth + 1, class: classes.IN }))
    },
    service: (service, options, receive): ServiceLine => {
      const number = context.subscribe({ plugin, service, options, receive: receive as (batch: object) => void })
      return { send: (message) => context.send(number, message) }
    },
    inPieces: (steps, done) => context.pieces.add(steps, done, failed),
  }
}
