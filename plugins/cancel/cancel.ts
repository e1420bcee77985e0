// `cancel`: how long a query may take. What waits on `query.signal` (forward) gives up then, and the client gets SERVFAIL.

import { ConfigError } from '../directive.ts'
import { parseDuration } from '../duration.ts'
import { definePlugin } from '../plugin.ts'
import { amendQuery } from '../query.ts'

/** Just longer than the five seconds after which a resolver library asks again. */
const defaultMs = 5001

export const cancel = definePlugin({
  name: 'cancel',
  setup(directive, host) {
    let limitMs = defaultMs
    while (directive.next()) {
      const args = directive.remainingArguments()
      if (args.length > 1) throw directive.argumentError()
      limitMs = args.length === 0 ? defaultMs : limitOf(args[0]!)
    }
    return (next) => (query) => {
      const controller = new AbortController()
      const timer = host.clock.after(limitMs, () => controller.abort(new Error('context deadline exceeded')))
      const answered = next(amendQuery(query, { signal: controller.signal }))
      if (answered instanceof Promise) return answered.finally(() => timer.cancel())
      timer.cancel()
      return answered
    }
  },
})

function limitOf(text: string): number {
  let limitMs: number
  try {
    limitMs = parseDuration(text)
  } catch {
    throw new ConfigError(`invalid duration: ${JSON.stringify(text)}`)
  }
  if (limitMs <= 0) throw new ConfigError(`invalid negative duration: ${JSON.stringify(text)}`)
  return limitMs
}
