// A serving thread's sockets, by the address that the Corefile names. A socket outlives the configuration that opened it: a reload only changes whose engine it
// feeds, new addresses are bound before old ones are let go, so no query is lost.

import type { Engine } from './engine.ts'
import type { ListenerPlan } from './instance.ts'
import { tcpTransport } from './net/tcp.ts'
import type { Listener, Receive, Transport, TransportSettings } from './net/transport.ts'
import { udpTransport } from './net/udp.ts'

/** A plan with the port that it got (another one if the plan says 0). */
export type BoundPlan = ListenerPlan & { readonly boundPort: number }

/** What opens sockets; null where nothing is bound and queries come through `inject`. */
export interface Transports {
  readonly tcp: Transport
  readonly udp: Transport
}

/** Node's own sockets. */
export const nodeTransports: Transports = { tcp: tcpTransport, udp: udpTransport }

/** Told of each socket error, with the listener's name and the transport's. */
export type TransportFailed = (server: string, transport: 'tcp' | 'udp') => void

interface Bound {
  engine: Engine
  settings: TransportSettings
  listeners: readonly Listener[]
  port: number
}

/** UDP and TCP sockets of one thread. */
export class Sockets {
  readonly #transports: Transports | null
  readonly #failed: TransportFailed
  readonly #bound = new Map<string, Bound>()

  constructor(transports: Transports | null, failed: TransportFailed) {
    this.#transports = transports
    this.#failed = failed
  }

  /** Binds what is not bound yet; new sockets feed the new engines from the start. Throws ConfigError, leaving what was bound before as it was. */
  async open(plans: readonly ListenerPlan[], engines: ReadonlyMap<string, Engine>): Promise<BoundPlan[]> {
    const bound: BoundPlan[] = []
    for (const plan of plans) {
      const boundPort = this.#transports ? await this.#portOf(plan, engines, this.#transports) : plan.port
      bound.push({ ...plan, boundPort })
    }
    return bound
  }

  async #portOf(plan: ListenerPlan, engines: ReadonlyMap<string, Engine>, transports: Transports): Promise<number> {
    const known = this.#bound.get(plan.server)
    if (known) return known.port
    const bound: Bound = { engine: engines.get(plan.server)!, settings: settingsOf(plan), listeners: [], port: 0 }
    await this.#bind(bound, plan, transports)
    this.#bound.set(plan.server, bound)
    return bound.port
  }

  // One port for both transports; with port 0 TCP takes the port that UDP was given. TCP comes last: who sees that it listens may send datagrams.
  async #bind(bound: Bound, plan: ListenerPlan, { tcp, udp }: Transports): Promise<void> {
    const { host, port, server } = plan
    const receive: Receive = (bytes, client, reply, stream) => bound.engine.receive(bytes, client, reply, stream)
    const settings = (): TransportSettings => bound.settings
    const datagram = await udp.open({ host, port, receive, settings, failed: () => this.#failed(server, 'udp') })
    try {
      const failed = (): void => this.#failed(server, 'tcp')
      const stream = await tcp.open({ host, port: datagram.port, receive, settings, failed })
      bound.listeners = [stream, datagram]
      bound.port = datagram.port
    } catch (error) {
      await datagram.close()
      throw error
    }
  }

  /** From now on the sockets feed these engines, as these plans say. */
  swap(plans: readonly ListenerPlan[], engines: ReadonlyMap<string, Engine>): void {
    for (const plan of plans) {
      const bound = this.#bound.get(plan.server)
      if (!bound) continue
      bound.engine = engines.get(plan.server)!
      bound.settings = settingsOf(plan)
    }
  }

  /** Closes sockets that no engine in `engines` answers on, at once. */
  async closeUnused(engines: ReadonlyMap<string, Engine>): Promise<void> {
    await closeAll(this.#takeUnused(engines))
  }

  /** The same once they are read empty and what came is answered: a reload that drops an address loses no query. */
  async retireUnused(engines: ReadonlyMap<string, Engine>): Promise<void> {
    const unused = this.#takeUnused(engines)
    await Promise.allSettled(unused.map((listener) => listener.drain()))
    await closeAll(unused)
  }

  #takeUnused(engines: ReadonlyMap<string, Engine>): Listener[] {
    const unused = [...this.#bound].filter(([server]) => !engines.has(server))
    for (const [server] of unused) this.#bound.delete(server)
    return unused.flatMap(([, bound]) => bound.listeners)
  }

  /** Reads every socket until it is empty and all that came is answered; then the sockets can be closed. */
  async drain(): Promise<void> {
    await Promise.allSettled(
      [...this.#bound.values()].flatMap((bound) => bound.listeners.map((listener) => listener.drain())),
    )
  }
}

async function closeAll(listeners: readonly Listener[]): Promise<void> {
  await Promise.allSettled(listeners.map((listener) => listener.close()))
}

const settingsOf = (plan: ListenerPlan): TransportSettings => ({ ...plan.timeouts, queriesMax: plan.tcpQueriesMax })
