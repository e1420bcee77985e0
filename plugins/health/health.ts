// `health`: GET /health says that the process lives, and SIGTERM is drawn out (lameduck). Exists once a process; no layer.

import type { Directive } from '../directive.ts'
import { ConfigError } from '../directive.ts'
import { formatDuration, parseDuration } from '../duration.ts'
import { parseListenDirective } from '../listen-address.ts'
import { definePlugin, defineService } from '../plugin.ts'
import { SelfProbe } from './self-probe.ts'

interface HealthOptions {
  readonly address: string
  readonly lameduckMs: number
}

const endpoint = defineService<HealthOptions>({
  async start({ address, lameduckMs }, { clock, http, log, metrics }) {
    const route = await http.route(address, '/health', () => ({ status: 200, body: 'OK' }))
    const probe = new SelfProbe(route.address, { clock, log, metrics })
    probe.start()
    return {
      snapshot: () => ({}),
      async drain() {
        if (lameduckMs <= 0) return
        log.info(`Going into lameduck mode for ${formatDuration(lameduckMs)}`)
        await new Promise<void>((resolve) => clock.after(lameduckMs, resolve))
      },
      async stop() {
        probe.stop()
        await route.close()
      },
    }
  },
})

export const health = definePlugin({
  name: 'health',
  setup(directive, host) {
    host.service('endpoint', parseOptions(directive), () => {})
    return undefined
  },
  services: { endpoint },
})

function parseOptions(directive: Directive): HealthOptions {
  let lameduckMs = 0
  const address = parseListenDirective(directive, {
    usual: ':8080',
    once: false,
    option() {
      if (directive.value !== 'lameduck') throw directive.error(`unknown property '${directive.value}'`)
      lameduckMs = parseLameduck(directive)
    },
  })
  return { address, lameduckMs }
}

function parseLameduck(directive: Directive): number {
  const args = directive.remainingArguments()
  if (args.length !== 1) throw directive.argumentError()
  try {
    return parseDuration(args[0]!)
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    throw new ConfigError(`unable to parse lameduck duration value: '${args[0]}' : ${error.message}`)
  }
}
