// The loop plugin: notices that an upstream leads back to this server. It makes names that nobody can guess; forward asks each upstream for one; if the
// question arrives at a listener of ours, the upstream is a loop. It answers such a question at once, so that the probe itself never goes round.

import { rcodes, types } from '../../wire/registry.ts'
import { ConfigError } from '../directive.ts'
import { definePlugin } from '../plugin.ts'
import { respond } from '../response.ts'
import { ThreadLoopGuard } from './guard.ts'
import { type NamesBatch, namesService } from './names-service.ts'

/** The plugin. */
export const loop = definePlugin({
  name: 'loop',
  services: { names: namesService },
  setup(directive, host) {
    let blocks = 0
    while (directive.next()) {
      if (blocks++ > 0) throw new ConfigError('this plugin can only be used once per Server Block')
      if (directive.nextArgument()) throw directive.argumentError()
    }
    const line = host.service<NamesBatch>('names', {}, (batch) => guard.learn(batch))
    const guard = new ThreadLoopGuard(line)
    host.block.settings.loopGuard = guard
    return (next) => (query) => {
      if (query.type !== types.HINFO || !guard.knows(query.name)) return next(query)
      guard.arrived(query)
      return respond('loop', { rcode: rcodes.REFUSED })
    }
  },
})
