// One line of the k8s thread: the watch that it asked for, and what it hears of it. Until somebody has asked for a snapshot no batch is sent: that snapshot will
// have it all, and the first list of a large cluster is not sent twice.

import type { MessagePort } from 'node:worker_threads'
import { connect } from './api/connection.ts'
import type { SharedCredentials } from './api/shared-credentials.ts'
import { watchTiming } from './api/watch-timing.ts'
import type { Clock } from './clock.ts'
import type { ClusterNews, ClusterOrder } from './cluster-line.ts'
import { type ClusterListener, ClusterWatch } from './cluster-watch.ts'
import type { ChangeBatch } from './store.ts'

/** What a session works with. */
export interface ClusterSessionParts {
  readonly line: Pick<MessagePort, 'postMessage'>
  readonly clock: Clock
  /** Of all sessions of the thread. */
  readonly credentials: SharedCredentials
  /** Takes bugs: nothing that is thrown here is forgiven. */
  readonly failed: (error: unknown) => void
}

/** Answers one line. */
export class ClusterSession {
  readonly #line: Pick<MessagePort, 'postMessage'>
  readonly #clock: Clock
  readonly #credentials: SharedCredentials
  #watch: ClusterWatch | null = null
  /** The other end has a snapshot, so it needs what changes. */
  #following = false
  readonly #failed: (error: unknown) => void

  constructor({ line, clock, credentials, failed }: ClusterSessionParts) {
    this.#line = line
    this.#clock = clock
    this.#credentials = credentials
    this.#failed = failed
  }

  /** Does what the main thread says. */
  obey(order: ClusterOrder): void {
    switch (order.order) {
      case 'watch':
        this.#begin(order)
        return
      case 'snapshot':
        this.#following = true
        if (this.#watch)
          this.#sendBatch(this.#watch.snapshot(), (batch) => ({ news: 'snapshot', ask: order.ask, batch }))
        return
      case 'stop':
        void this.end().then(() => this.#line.postMessage({ news: 'stopped' }))
    }
  }

  /** The watch ends; the line may be closed already. */
  async end(): Promise<void> {
    const watch = this.#watch
    this.#watch = null
    await watch?.stop()
  }

  #begin({ options, timing }: Extract<ClusterOrder, { order: 'watch' }>): void {
    const line = this.#line
    const clock = this.#clock
    const send = (news: ClusterNews): void => line.postMessage(news)
    const listener: ClusterListener = {
      batch: (batch) => {
        if (this.#following) this.#sendBatch(batch, (sent) => ({ news: 'batch', batch: sent }))
      },
      synced: () => send({ news: 'synced' }),
      restored: (ageMs) => send({ news: 'restored', ageMs }),
      figures: (figures) => send({ news: 'figures', figures }),
      log: (level, text) => send({ news: 'log', level, text }),
    }
    const watch = new ClusterWatch({
      options,
      clock,
      random: Math.random,
      timing: { ...watchTiming, ...timing },
      connect: (observe) => {
        const { access, limits } = options
        const warning = (text: string): void => listener.log('warning', text)
        return connect({ access, limits, clock, observe, warning, shared: this.#credentials })
      },
      listener,
    })
    this.#watch = watch
    watch.start(this.#failed).catch((error: unknown) => {
      line.postMessage({ news: 'refused', error: error instanceof Error ? error.message : String(error) })
    })
  }

  /** Gives the batch away: the bytes are copied only where they share their memory with others. */
  #sendBatch(batch: ChangeBatch, newsOf: (batch: ChangeBatch) => ClusterNews): void {
    const { records } = batch
    const own = records.byteLength === records.buffer.byteLength ? records : new Uint8Array(records)
    this.#line.postMessage(newsOf({ ...batch, records: own }), [own.buffer as ArrayBuffer])
  }
}
