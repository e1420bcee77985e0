// This end of a line to the k8s thread: one watch on one cluster, from its beginning until it is stopped or its thread dies.

import type { MessagePort } from 'node:worker_threads'
import type { ClusterNews, ClusterOrder } from '../../k8s/cluster-line.ts'
import type { ClusterOptions } from '../../k8s/cluster-options.ts'
import type { ChangeBatch } from '../../k8s/store.ts'
import type { Clock } from '../plugin.ts'
import { stopMsMax } from './limits.ts'

/** What a session is made of. */
export interface WatchSessionOptions {
  readonly cluster: ClusterOptions
  /** Opens the line. */
  readonly open: () => MessagePort
  readonly hear: (news: ClusterNews) => void
  /** The thread has died, or the line broke. */
  readonly died: () => void
}

/** One watch on one cluster. */
export class WatchSession {
  readonly #options: WatchSessionOptions
  readonly #asked = new Map<number, (batch: ChangeBatch | null) => void>()
  readonly #stopped = Promise.withResolvers<void>()
  #line: MessagePort | null = null
  #ask = 0
  #ended = false

  constructor(options: WatchSessionOptions) {
    this.#options = options
  }

  /** Begins to watch. */
  begin(): void {
    if (this.#ended) return
    const line = this.#options.open()
    this.#line = line
    line.on('message', (news: ClusterNews) => this.#hear(news))
    line.on('close', () => this.#closed())
    this.#order({ order: 'watch', options: this.#options.cluster })
    for (const ask of this.#asked.keys()) this.#order({ order: 'snapshot', ask })
  }

  /** Everything that is known now, or when the session has begun; from then on every change is heard. Null if it ends first. */
  snapshot(): Promise<ChangeBatch | null> {
    if (this.#ended) return Promise.resolve(null)
    const ask = ++this.#ask
    this.#order({ order: 'snapshot', ask })
    return new Promise((resolve) => this.#asked.set(ask, resolve))
  }

  /** Ends the watch; what the thread has to write gets a while. */
  async stop(clock: Clock): Promise<void> {
    if (this.#ended) return
    this.#ended = true
    this.#settle()
    if (!this.#line) return
    const timer = clock.after(stopMsMax, () => this.#stopped.resolve())
    this.#order({ order: 'stop' })
    await this.#stopped.promise
    timer.cancel()
    this.#line.close()
  }

  #order(order: ClusterOrder): void {
    this.#line?.postMessage(order)
  }

  #hear(news: ClusterNews): void {
    if (news.news === 'stopped') this.#stopped.resolve()
    else if (news.news === 'snapshot') {
      this.#asked.get(news.ask)?.(news.batch)
      this.#asked.delete(news.ask)
    } else this.#options.hear(news)
  }

  #closed(): void {
    this.#stopped.resolve()
    if (this.#ended) return
    this.#ended = true
    this.#settle()
    this.#options.died()
  }

  #settle(): void {
    for (const resolve of this.#asked.values()) resolve(null)
    this.#asked.clear()
  }
}
