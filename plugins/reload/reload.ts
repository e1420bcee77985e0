// `reload`: looks every now and then whether the Corefile has changed, and loads it if so. Exists once a process; no layer.

import { ConfigError, type Directive } from '../directive.ts'
import { parseDuration } from '../duration.ts'
import { definePlugin, defineService } from '../plugin.ts'
import { CorefileWatch, type WatchTimes } from './corefile-watch.ts'

const intervalMsDefault = 30_000
const intervalMsMin = 2000
const jitterMsDefault = 15_000
const jitterMsMin = 1000

// One watch whatever the blocks ask for: two would load the same change twice. The last block says how often, as with CoreDNS.
const watch = defineService({
  start(_options, context) {
    const corefile = new CorefileWatch(context)
    return {
      snapshot: () => ({}),
      receive: (times) => corefile.loaded(times as WatchTimes),
      stop: () => corefile.stop(),
    }
  },
})

export const reload = definePlugin({
  name: 'reload',
  setup(directive, host) {
    const times = parseTimes(directive)
    const line = host.service('watch', {}, () => {})
    host.onStart(() => line.send(times))
    return undefined
  },
  services: { watch },
})

function parseTimes(directive: Directive): WatchTimes {
  directive.next()
  const args = directive.remainingArguments()
  if (args.length > 2) throw directive.argumentError()
  const intervalMs = args[0] === undefined ? intervalMsDefault : parseDuration(args[0])
  if (intervalMs < intervalMsMin) throw new ConfigError('interval value must be greater or equal to 2s')
  const jitterMs = args[1] === undefined ? jitterMsDefault : parseDuration(args[1])
  if (jitterMs !== 0 && jitterMs < jitterMsMin) {
    throw new ConfigError('jitter value must be 0 or greater or equal to 1s')
  }
  return { intervalMs, jitterMs: Math.min(jitterMs, intervalMs / 2) }
}
