// What goes wrong between a client and an API server, on demand or by seed. A list never lies: it can fail to come, be refused or be damaged, but what it says is so.
//
//   at the socket    dropConnections, refuseConnections
//   at a request     delay, freeze, status, expireTokens, garbage
//   in a watch       freeze, swallow, cut, garbage
//   in objects       wrongShape, compact

import type { Socket } from 'node:net'

/** A fault that lasts until it is lifted. */
export interface Fault {
  /** What it is, for logs of random runs. */
  readonly name: string
  lift(): void
}

/** Which requests and watches a fault hits; a plural (`services`), all resources without one. */
export interface FaultScope {
  readonly resource?: string
}

/** A refusal. */
export interface StatusFault extends FaultScope {
  readonly code: number
  /** Seconds, 0 for none (default). */
  readonly retryAfter: number
  /** Requests it still hits. */
  times: number
}

interface Times extends FaultScope {
  times: number
}

/** What the faults need of the server. */
export interface FaultTarget {
  readonly sockets: ReadonlySet<Socket>
  /** Freezes the watches that are open now, for good. */
  freezeWatches(resource: string | undefined): void
  expireTokens(expired: boolean): void
  compact(): void
}

const covers = (scope: FaultScope, resource: string): boolean =>
  scope.resource === undefined || scope.resource === resource

/** All faults of one server. */
export class Faults {
  readonly #target: FaultTarget
  readonly #active = new Set<Fault>()
  readonly #delays = new Set<{ ms: number }>()
  readonly #statuses = new Set<StatusFault>()
  readonly #garbage = new Set<Times>()
  readonly #cuts = new Set<Times>()
  readonly #swallows = new Set<FaultScope>()
  readonly #shapes = new Set<FaultScope>()
  readonly #frozen = new Set<FaultScope>()
  #refusals = 0
  #thaw = Promise.withResolvers<void>()

  constructor(target: FaultTarget) {
    this.#target = target
  }

  /** Destroys every connection that is open now. */
  dropConnections(): void {
    for (const socket of this.#target.sockets) socket.destroy()
  }

  /** Destroys every connection, and each new one as soon as it comes. */
  refuseConnections(): Fault {
    this.#refusals++
    this.dropConnections()
    return this.#fault('refuseConnections', () => void this.#refusals--)
  }

  /** Every answer comes later by `ms`; events of open watches don't. */
  delay(ms: number): Fault {
    return this.#rule('delay', this.#delays, { ms })
  }

  /**
   * A connection that is dead and doesn't know it: open watches never say anything again, not even after the fault is lifted, and no socket is closed.
   * Requests hang until it is lifted, unless `watchesOnly`.
   */
  freeze({ watchesOnly = false, ...scope }: FaultScope & { readonly watchesOnly?: boolean } = {}): Fault {
    this.#target.freezeWatches(scope.resource)
    return watchesOnly ? this.#fault('freeze', () => {}) : this.#rule('freeze', this.#frozen, scope)
  }

  /** Open watches lose every event while it lasts, and go on afterwards as if nothing had happened; bookmarks come. */
  swallow(scope: FaultScope = {}): Fault {
    return this.#rule('swallow', this.#swallows, scope)
  }

  /** The next event is cut in its middle, and its connection destroyed. */
  cut({ times = 1, ...scope }: FaultScope & { readonly times?: number } = {}): Fault {
    return this.#rule('cut', this.#cuts, { ...scope, times })
  }

  /** No bearer token counts: 401. Lifted also by new tokens (`ApiServer.acceptTokens`). */
  expireTokens(): Fault {
    this.#target.expireTokens(true)
    return this.#fault('expireTokens', () => this.#target.expireTokens(false))
  }

  /** Requests are refused with a code (403, 429, 500, …). `retryAfter` in seconds; `times` is how many (default all). */
  status(
    code: number,
    { retryAfter = 0, times = Number.POSITIVE_INFINITY, ...scope }: FaultScope & Partial<StatusFault> = {},
  ): Fault {
    return this.#rule(`status ${code}`, this.#statuses, { ...scope, code, retryAfter, times })
  }

  /** The next list, or the next event of a watch, is neither JSON nor protobuf. */
  garbage({ times = 1, ...scope }: FaultScope & { readonly times?: number } = {}): Fault {
    return this.#rule('garbage', this.#garbage, { ...scope, times })
  }

  /** Objects of a resource have a right name and nonsense in all other fields, in lists, watches and single. */
  wrongShape(resource: string): Fault {
    return this.#rule('wrongShape', this.#shapes, { resource })
  }

  /** Old resource versions and continue tokens are gone (410). */
  compact(): void {
    this.#target.compact()
  }

  /** Lifts every fault. */
  lift(): void {
    for (const fault of this.#active) fault.lift()
  }

  /** One of all faults, chosen by `random` (0 to 1); those that last end when the fault that comes back is lifted. */
  strike(random: () => number): Fault {
    const scope: FaultScope[] = [
      {},
      { resource: 'services' },
      { resource: 'endpointslices' },
      { resource: 'namespaces' },
    ]
    const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)]!
    const at = pick(scope)
    const instant = (name: string, strike: () => void) => (): Fault => {
      strike()
      return this.#fault(name, () => {})
    }
    return pick<() => Fault>([
      instant('dropConnections', () => this.dropConnections()),
      instant('compact', () => this.compact()),
      instant('compact and drop', () => {
        this.compact()
        this.dropConnections()
      }),
      () => this.refuseConnections(),
      () => this.delay(1 + Math.floor(random() * 300)),
      () => this.freeze({ ...at, watchesOnly: random() < 0.5 }),
      () => this.swallow(at),
      () => this.cut(at),
      () => this.expireTokens(),
      () => this.status(pick([403, 429, 500, 503, 504]), { ...at, times: 1 + Math.floor(random() * 5) }),
      () => this.status(429, { ...at, retryAfter: 1, times: 1 }),
      () => this.garbage(at),
      () => this.wrongShape(pick(['services', 'endpointslices'])),
    ])()
  }

  // ---- asked by the server ----

  get refusesConnections(): boolean {
    return this.#refusals > 0
  }

  /** Milliseconds by which an answer is late. */
  get delayMs(): number {
    let sum = 0
    for (const { ms } of this.#delays) sum += ms
    return sum
  }

  /** Resolves when requests for a resource are answered again. */
  async thawed(resource: string): Promise<void> {
    while ([...this.#frozen].some((scope) => covers(scope, resource))) await this.#thaw.promise
  }

  /** The refusal that hits the next request for a resource. */
  takeStatus(resource: string): StatusFault | null {
    return take(this.#statuses, resource)
  }

  takeGarbage(resource: string): boolean {
    return take(this.#garbage, resource) !== null
  }

  takeCut(resource: string): boolean {
    return take(this.#cuts, resource) !== null
  }

  swallows(resource: string): boolean {
    return [...this.#swallows].some((scope) => covers(scope, resource))
  }

  breaksShape(resource: string): boolean {
    return [...this.#shapes].some((scope) => covers(scope, resource))
  }

  #rule<T extends object>(name: string, rules: Set<T>, rule: T): Fault {
    rules.add(rule)
    const about = JSON.stringify({
      ...rule,
      ...('times' in rule && rule.times === Number.POSITIVE_INFINITY && { times: 'all' }),
    })
    return this.#fault(`${name} ${about}`, () => {
      rules.delete(rule)
      this.#thaw.resolve()
      this.#thaw = Promise.withResolvers()
    })
  }

  #fault(name: string, end: () => void): Fault {
    const fault = {
      name,
      lift: () => {
        if (this.#active.delete(fault)) end()
      },
    }
    this.#active.add(fault)
    return fault
  }
}

/** The first rule for a resource, which has been used once more. */
function take<T extends Times>(rules: Set<T>, resource: string): T | null {
  for (const rule of rules) {
    if (!covers(rule, resource)) continue
    if (--rule.times <= 0) rules.delete(rule)
    return rule
  }
  return null
}
