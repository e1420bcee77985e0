// `ready`: GET /ready says whether all plugins that take part in readiness are ready. Exists once a process; no layer.

import type { Directive } from '../directive.ts'
import { parseListenDirective } from '../listen-address.ts'
import { definePlugin, defineService, type HttpReply } from '../plugin.ts'

interface ReadyOptions {
  readonly address: string
  /** False: a plugin that was ready once is not asked again. */
  readonly continuously: boolean
}

const endpoint = defineService<ReadyOptions>({
  async start({ address, continuously }, { http, log, process }) {
    const monitor = new Monitor(process.notReady, continuously)
    // While the first configuration starts nobody is ready; later ones start beside one that serves.
    let started = process.runningHash() !== ''
    const answer = (): HttpReply => {
      if (!started) return { status: 503, body: 'starting' }
      const notReady = monitor.notReady().join(',')
      if (notReady === '') return { status: 200, body: 'OK' }
      log.info(`Plugins not ready: "${notReady}"`)
      return { status: 503, body: notReady }
    }
    const route = await http.route(address, '/ready', answer)
    return {
      snapshot: () => ({}),
      receive() {
        started = true
      },
      // From SIGTERM on no new traffic is wanted: a refused connection is the fastest "no".
      drain: () => route.close(),
      stop: () => route.close(),
    }
  },
})

export const ready = definePlugin({
  name: 'ready',
  setup(directive, host) {
    const line = host.service('endpoint', parseOptions(directive), () => {})
    host.onStart(() => line.send({ started: true }))
    return undefined
  },
  services: { endpoint },
})

/** Remembers which plugins have been ready. */
export class Monitor {
  readonly #ask: () => readonly string[]
  readonly #continuously: boolean
  /** Those never seen ready; null before the first look. */
  #waiting: readonly string[] | null = null

  constructor(ask: () => readonly string[], continuously: boolean) {
    this.#ask = ask
    this.#continuously = continuously
  }

  /** Names of the plugins that count as not ready, sorted. */
  notReady(): readonly string[] {
    const now = this.#ask()
    if (this.#continuously) return now
    this.#waiting = this.#waiting?.filter((name) => now.includes(name)) ?? now
    return this.#waiting
  }
}

function parseOptions(directive: Directive): ReadyOptions {
  let continuously = false
  const address = parseListenDirective(directive, {
    usual: ':8181',
    once: true,
    option() {
      if (directive.value !== 'monitor') throw directive.error(`unknown property '${directive.value}'`)
      continuously = parseMonitor(directive)
    },
  })
  return { address, continuously }
}

function parseMonitor(directive: Directive): boolean {
  const args = directive.remainingArguments()
  if (args.length !== 1) throw directive.argumentError()
  if (args[0] === 'continuously') return true
  if (args[0] === 'until-ready') return false
  throw directive.error(`monitor type '${args[0]}' not supported`)
}
