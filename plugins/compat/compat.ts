// `compat coredns`: copies those answers of CoreDNS that Meridian gives differently on purpose (docs/differences.md): AA, TTLs, hosts, OPT.

import { definePlugin } from '../plugin.ts'

export const compat = definePlugin({
  name: 'compat',
  setup(directive, host) {
    while (directive.next()) {
      const args = directive.remainingArguments()
      if (args.length !== 1) throw directive.argumentError()
      if (args[0] !== 'coredns') throw directive.error(`compat knows 'coredns' only, not '${args[0]}'`)
      if (directive.nextBlock()) throw directive.error(`unknown property '${directive.value}'`)
      host.block.settings.compat = true
    }
    return undefined
  },
})
